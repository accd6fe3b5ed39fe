"""The fixture `fake_mysql` in whole runs: what it fails, and how it says so."""

from __future__ import annotations

import re

import pytest

from tests.plugin.conftest import Project

ASYNC = """
    [tool.pytest.ini_options]
    asyncio_mode = "auto"
    asyncio_default_fixture_loop_scope = "function"
"""
LEAKS = """
    import aiomysql
    import asyncmy
    import pymysql

    SELECT = "SELECT name FROM users"

    async def run(connection, statement=SELECT):
        async with connection.cursor() as cursor:
            await cursor.execute(statement)

    async def test_open_transaction(fake_mysql):
        fake_mysql.on("DELETE FROM users").affected(1)
        connection = await fake_mysql.aiomysql.connect()
        await run(connection, "DELETE FROM users")

    async def test_reading_leaves_nothing(fake_mysql):
        fake_mysql.on(SELECT).row(name="a")
        connection = await fake_mysql.aiomysql.connect()
        await run(connection)

    async def test_unclosed(fake_mysql):
        connection = await asyncmy.connect(
            host=fake_mysql.host, port=fake_mysql.port, user="a", password=fake_mysql.password
        )
        fake_mysql.kept = connection

    async def test_not_given_back(fake_mysql):
        fake_mysql.on(SELECT).row(name="a")
        pool = await asyncmy.create_pool(
            host=fake_mysql.host, port=fake_mysql.port, user="a", password=fake_mysql.password,
            autocommit=True,
        )
        async with pool.acquire() as connection:
            pass
        connection = await pool.acquire()
        await run(connection)

    async def test_given_back(fake_mysql):
        fake_mysql.on(SELECT).row(name="a")
        pool = await aiomysql.create_pool(
            host=fake_mysql.host, port=fake_mysql.port, user="a", password=fake_mysql.password,
            autocommit=True,
        )
        async with pool.acquire() as connection:
            await run(connection)
        pool.close()
        await pool.wait_closed()

    async def test_still_runs(fake_mysql):
        import asyncio
        fake_mysql.on(SELECT).hangs()
        connection = await fake_mysql.asyncmy.connect(autocommit=True)
        task = asyncio.create_task(run(connection))
        await asyncio.sleep(0.02)
        task.cancel()

    def test_unclosed_pymysql(fake_mysql):
        connection = pymysql.connect(
            host=fake_mysql.host, port=fake_mysql.port, user="a", password=fake_mysql.password
        )
        fake_mysql.kept = connection

    async def test_reading_in_the_spelling_of_mysql_leaves_nothing(fake_mysql):
        select = "# all\\nSELECT name FROM `users` WHERE name = 'it\\\\'s'"
        fake_mysql.on(select).row(name="a")
        connection = await fake_mysql.aiomysql.connect()
        await run(connection, select)
"""


def failures(project: Project) -> dict[str, str]:
    """What pytest printed of the errors and failures of a run, by their tests."""
    text = project.run("-W", "ignore").stdout.str()
    found = re.findall(
        r"^_+ (?:ERROR at \w+ of )?(test_\w+) _+\n(.*?)(?=^[-_=]{3})", text, re.M | re.S
    )
    assert found, text
    return {name: body.rstrip("\n") for name, body in found}


@pytest.fixture
def bare(project: Project) -> Project:
    return project.configure(ASYNC)


def test_what_a_test_leaves_open(bare: Project) -> None:
    bare.write(test_it=LEAKS)

    assert failures(bare) == {
        "test_open_transaction": (
            "TransactionLeftOpen: transaction #1 was never ended (1 call in it)\n"
            "  begun at: test_it.py:10 in run\n"
            "Commit it, roll it back, or give its connection back to its pool."
        ),
        "test_unclosed": (
            "ConnectionNotReturned: a connection was opened and never closed; opened at:\n"
            "  test_it.py:23 in test_unclosed\n"
            "Close it, or use `async with`, so that it goes back."
        ),
        "test_not_given_back": (
            "ConnectionNotReturned: a connection was used and not given back to its pool; first "
            "used at:\n"
            "  test_it.py:10 in run\n"
            "Close it, or use `async with`, so that it goes back."
        ),
        "test_unclosed_pymysql": (
            "ConnectionNotReturned: a connection was opened and never closed; opened at:\n"
            "  test_it.py:59 in test_unclosed_pymysql\n"
            "Close it, or use `async with`, so that it goes back."
        ),
    }


def test_the_environment_points_the_app_at_it_before_anything_is_imported(bare: Project) -> None:
    bare.configure(
        ASYNC
        + """
        [tool.understudy.fake_mysql_env]
        DATABASE_URL = "{dsn:asyncmy}"
        DB_PORT = "{port}"
        """
    )
    bare.write(
        test_it="""
        import os
        from sqlalchemy import text
        from sqlalchemy.ext.asyncio import create_async_engine

        engine = create_async_engine(os.environ["DATABASE_URL"])

        async def test_it(fake_mysql):
            assert os.environ["DB_PORT"] == str(fake_mysql.port)
            assert os.environ["DATABASE_URL"].startswith("mysql+asyncmy://understudy:")
            fake_mysql.on("SELECT name FROM users").row(name="Ana")
            async with engine.connect() as connection:
                assert (await connection.scalar(text("SELECT name FROM users"))) == "Ana"
            await engine.dispose()
        """
    )

    bare.run().assert_outcomes(passed=1)


def test_a_server_that_outlives_a_test(bare: Project) -> None:
    bare.write(
        test_it="""
        import pymysql
        import pytest

        @pytest.fixture(scope="module", autouse=True)
        def connection(fake_mysql_server):
            fake_mysql_server.on("SELECT name FROM settings").row(name="always")
            connection = pymysql.connect(
                host=fake_mysql_server.host, port=fake_mysql_server.port, user="a",
                password=fake_mysql_server.password, autocommit=True,
            )
            yield connection
            connection.close()

        def name(connection, table):
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT name FROM {table}")
                return cursor.fetchone()[0]

        @pytest.mark.parametrize("own", ["first", "second"])
        def test_it(fake_mysql, connection, own):
            fake_mysql.on("SELECT name FROM users").row(name=own)
            assert (name(connection, "users"), name(connection, "settings")) == (own, "always")
        """
    )

    bare.run().assert_outcomes(passed=2)


def test_a_pool_that_outlives_a_test_gets_another_connection(bare: Project) -> None:
    """A transaction that was left open ends its connection, which SQLAlchemy keeps in its pool."""
    bare.write(
        test_it="""
        import pytest
        from sqlalchemy import create_engine, text
        from understudy.serving import pool_renewal

        @pytest.fixture(scope="module")
        def engine(fake_mysql_server):
            url = fake_mysql_server.dsn.replace("mysql:", "mysql+pymysql:")
            engine = create_engine(url, connect_args={"ssl_disabled": True})
            yield engine
            engine.dispose()

        @pytest.mark.parametrize("test", ["first", "second"])
        def test_it(fake_mysql, engine, test):
            fake_mysql.on("SELECT name FROM users").row(name=test)
            with engine.connect() as connection:
                assert connection.scalar(text("SELECT name FROM users")) == test
            pool_renewal.renew(fake_mysql._server.end_connections())
        """
    )

    bare.run().assert_outcomes(passed=2)


def test_bytes_in_a_statement_reach_the_controller_of_xdist(bare: Project) -> None:
    bare.write(
        test_it="""
            import asyncio
            import asyncmy

            async def insert(fake):
                connection = await asyncmy.connect(
                    host=fake.host, port=fake.port, user="a", password=fake.password
                )
                try:
                    async with connection.cursor() as cursor:
                        await cursor.execute("INSERT INTO t (a) VALUES (%s)", (b"\\xff",))
                        await cursor.execute(b"SELECT a FROM t WHERE b = 'no end \\xff")
                finally:
                    connection.close()

            def test_unexpected(fake_mysql):
                asyncio.run(insert(fake_mysql))

            def test_broken_statement(fake_mysql):
                fake_mysql.on("INSERT INTO t (a) VALUES (%s)", b"\\xff").affected(1)
                asyncio.run(insert(fake_mysql))
        """
    )

    result = bare.run("-n", "1")

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "*sql: *INSERT INTO t (a) VALUES (_binary'[\\]xff')",
            "*sql: *SELECT a FROM t WHERE b = 'no end [\\]xff",
        ]
    )
