"""The fixture `real_mysql` in whole runs."""

from __future__ import annotations

import pytest

from tests.mysql_places import installation_or_skip
from tests.plugin.conftest import Project

CONFIGURED = """
    [tool.understudy]
    mysql_schema = "schema.sql"
    real_mysql_env = {URL = "{dsn:asyncmy}", PORT = "{port}", PASSWORD = "{password}"}

    [tool.pytest.ini_options]
    asyncio_mode = "auto"
"""
SCHEMA = "CREATE TABLE users (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40) NOT NULL);"
APP = """
    import os
    import pymysql
    from sqlalchemy.ext.asyncio import create_async_engine
    from sqlalchemy.pool import NullPool

    engine = create_async_engine(os.environ["URL"], poolclass=NullPool)

    def connect():
        return pymysql.connect(
            host="127.0.0.1", port=int(os.environ["PORT"]), user="understudy",
            password=os.environ["PASSWORD"], database="understudy", autocommit=True,
        )
"""


@pytest.fixture
def configured(project: Project) -> Project:
    project.write_text(project.path / "schema.sql", SCHEMA)
    return project.configure(CONFIGURED)


@pytest.mark.slow
def test_an_app_reads_its_address_on_import(configured: Project) -> None:
    installation_or_skip()
    configured.write(
        app=APP,
        test_it="""
        import app
        import pytest
        from sqlalchemy import text

        def names():
            with app.connect() as connection, connection.cursor() as cursor:
                cursor.execute("SELECT name FROM users")
                return cursor.fetchall()

        async def test_rolled_back(real_mysql):
            real_mysql.insert("users", name="Ana")
            async with app.engine.begin() as connection:
                await connection.execute(text("INSERT INTO users (name) VALUES ('Bob')"))
            assert names() == (("Ana",), ("Bob",))
            assert real_mysql.isolation == "rollback"
            real_mysql.assert_called("INSERT INTO users (name) VALUES (%s)", "Bob")

        @pytest.mark.understudy(isolation="delete")
        async def test_committed(real_mysql):
            assert names() == ()
            assert real_mysql.insert("users", name="Cy").id == 1
            assert names() == (("Cy",),)

        @pytest.mark.understudy(isolation="clone")
        def test_cloned(real_mysql):
            with app.connect() as connection:
                connection.cursor().execute("DROP TABLE users")

        def test_after_them(real_mysql):
            assert names() == ()
        """,
    )

    result = configured.run()

    result.assert_outcomes(passed=4)


@pytest.mark.slow
def test_one_server_serves_all_workers(configured: Project) -> None:
    installation_or_skip()
    configured.write(
        app=APP,
        test_it="""
        import os
        import pytest

        @pytest.mark.understudy(isolation="delete")
        @pytest.mark.parametrize("number", range(6))
        def test_alone(real_mysql, number):
            assert real_mysql.insert("users").id == 1
            with real_mysql.pymysql.connect() as connection, connection.cursor() as cursor:
                cursor.execute("SELECT @@pid_file, COUNT(*) FROM users")
                [(pid, count)] = cursor.fetchall()
                connection.commit()
            assert count == 1
            with open("pids", "a") as file:
                print(pid, os.getpid(), file=file)
        """,
    )

    result = configured.run("-n", "2", "-p", "xdist")

    result.assert_outcomes(passed=6)
    lines = (configured.path / "pids").read_text().splitlines()
    assert len({line.split()[0] for line in lines}) == 1
    assert len({line.split()[1] for line in lines}) == 2


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [[], ["-n1"]])
def test_a_server_that_was_killed_is_replaced(configured: Project, arguments: list[str]) -> None:
    installation_or_skip()
    configured.write(
        test_it="""
        import socket

        import psutil

        def test_killed(real_mysql):
            real_mysql.insert("users")
            with real_mysql.pymysql.connect(autocommit=True) as connection:
                cursor = connection.cursor()
                cursor.execute("SELECT @@pid_file, @@socket")
                [(file, path)] = cursor.fetchall()
            with open(file) as text:
                server = psutil.Process(int(text.read()))
            server.kill()
            is_open = True
            while is_open:  # it ends a moment after it was killed
                with socket.socket(socket.AF_UNIX) as probe:
                    is_open = probe.connect_ex(path) == 0

        def test_after_it(real_mysql):
            assert real_mysql.insert("users", name="Ana").name == "Ana"
        """,
    )

    result = configured.run(*arguments)

    result.assert_outcomes(passed=2)


def test_no_server_is_one_message(configured: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    configured.write(
        test_it="""
        def test_one(real_mysql): pass
        def test_two(real_mysql): pass
        """,
    )
    monkeypatch.setenv("UNDERSTUDY_MYSQL_URL", "mysql://ana:secret@127.0.0.1:1/")

    result = configured.run()

    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(
        ["Cannot connect to MySQL at mysql://ana:***@127.0.0.1:1/: Can't connect*"]
    )
    result.stdout.no_fnmatch_line("*Traceback*")


@pytest.mark.slow
def test_delete_is_refused_on_real_postgres(project: Project) -> None:
    project.write(
        test_it="""
        import pytest

        @pytest.mark.understudy(isolation="delete")
        def test_one(real_postgres): pass
        """,
    )

    result = project.run()

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [
            'isolation = "delete" is for real_mysql; real_postgres has "rollback" and "clone".',
            'Set it for single tests: @pytest.mark.understudy(isolation="delete").',
        ]
    )


POOLS = """
    import os

    import aiomysql
    import asyncmy
    from sqlalchemy import text
    from sqlalchemy.ext.asyncio import create_async_engine

    on_asyncmy = create_async_engine(os.environ["URL"])
    on_aiomysql = create_async_engine(os.environ["URL"].replace("asyncmy", "aiomysql"))
    kept = {}

    async def of_engine(engine):
        async with engine.connect() as connection:
            return await connection.scalar(text("SELECT COUNT(*) FROM users"))

    async def of_pool(driver):
        if driver not in kept:
            kept[driver] = await driver.create_pool(
                host="127.0.0.1", port=int(os.environ["PORT"]), user="understudy",
                password=os.environ["PASSWORD"], db="understudy", autocommit=True,
            )
        async with kept[driver].acquire() as connection, connection.cursor() as cursor:
            await cursor.execute("SELECT COUNT(*) FROM users")
            return (await cursor.fetchone())[0]

    async def counts():
        return [
            await of_engine(on_asyncmy), await of_engine(on_aiomysql),
            await of_pool(asyncmy), await of_pool(aiomysql),
        ]
"""


@pytest.mark.slow
def test_pools_of_a_module_connect_again_for_another_database(configured: Project) -> None:
    installation_or_skip()
    configured.write(
        app=POOLS,
        test_it="""
        import app
        import pytest

        async def test_rollback(real_mysql):
            real_mysql.insert("users", name="Ana")
            assert await app.counts() == [1, 1, 1, 1]

        @pytest.mark.understudy(isolation="delete")
        async def test_delete(real_mysql):
            assert await app.counts() == [0, 0, 0, 0]

        @pytest.mark.understudy(isolation="clone")
        async def test_clone(real_mysql):
            assert await app.counts() == [0, 0, 0, 0]

        async def test_rollback_again(real_mysql):
            assert await app.counts() == [0, 0, 0, 0]

        async def test_fake(fake_mysql):
            fake_mysql.on("SELECT COUNT(*) FROM users").value(7)
            assert await app.counts() == [7, 7, 7, 7]

        async def test_real_after_the_fake(real_mysql):
            assert await app.counts() == [0, 0, 0, 0]
        """,
    )
    fake = 'fake_mysql_env = {URL = "{dsn:asyncmy}", PORT = "{port}", PASSWORD = "{password}"}'
    configured.configure(
        CONFIGURED.replace("    real_mysql_env", f"    {fake}\n    real_mysql_env")
    )
    loops = [f"asyncio_default_{kind}_loop_scope=session" for kind in ("fixture", "test")]

    result = configured.run(
        "-p",
        "no:randomly",
        "-W",
        "default",
        *(word for loop in loops for word in ("-o", loop)),
        subprocess=True,
    )

    result.assert_outcomes(passed=6)
