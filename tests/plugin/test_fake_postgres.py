"""The fixture `fake_postgres` in whole runs: what it fails, and how it says so."""

from __future__ import annotations

import os
import re

import pytest

from tests.plugin.conftest import Project

ASYNC = """
    [tool.pytest.ini_options]
    asyncio_mode = "auto"
    asyncio_default_fixture_loop_scope = "function"
"""


@pytest.fixture
def bare(project: Project) -> Project:
    """A project whose async tests are run."""
    return project.configure(ASYNC)


def failure(project: Project, *args: str, subprocess: bool = False) -> str:
    """What pytest printed of the one error or failure of a run."""
    text = project.run(*args, subprocess=subprocess).stdout.str()
    found = re.search(r"^_+ (?:ERROR at \w+ of )?test_\w+ _+\n(.*?)^[-_=]{3}", text, re.M | re.S)
    assert found is not None, text
    return found[1].rstrip("\n")


def test_a_statement_nobody_expected_fails_the_test_that_hid_it(bare: Project) -> None:
    bare.write(
        test_it="""
        import contextlib

        async def test_it(fake_postgres):
            connection = await fake_postgres.asyncpg.connect()
            with contextlib.suppress(Exception):
                await connection.execute("DELETE FROM users")
        """
    )

    assert failure(bare) == (
        "UnexpectedStatement: execute() matched no rule\n"
        "  sql:    DELETE FROM users\n"
        "  params: none    at: test_it.py:7 in test_it\n"
        "No rules: nothing was scripted on this fake.\n"
        "To allow it:\n"
        '  fake_postgres.on("DELETE FROM users").tag("DELETE 1")\n'
        "(It was raised, and caught before it reached the test.)"
    )


def test_a_failure_that_the_driver_raised_is_told_once(bare: Project) -> None:
    bare.write(
        test_it="""
        async def test_it(fake_postgres):
            connection = await fake_postgres.asyncpg.connect()
            await connection.execute("DELETE FROM users")
        """
    )

    text = bare.run().stdout.str()

    assert text.count("sql:    DELETE FROM users") == 1
    assert "It was raised, and caught" not in text


def test_an_answer_nobody_asked_for(bare: Project) -> None:
    bare.write(
        test_it="""
        def test_it(fake_postgres):
            fake_postgres.on("SELECT 1").value(1)
        """
    )

    assert failure(bare) == (
        "UnusedAnswers: a rule was never used\n"
        '  test_it.py:3  on("SELECT 1")\n'
        "  the fake was never called\n"
        "If it need not happen, say so with .optional()."
    )


def test_a_transaction_that_is_left_open(bare: Project) -> None:
    bare.write(
        test_it="""
        def test_it(fake_postgres):
            fake_postgres.on("DELETE FROM users").tag("DELETE 3")
            connection = fake_postgres.psycopg.connect_sync()
            connection.execute("DELETE FROM users")

        def test_what_only_reads_may(fake_postgres):
            fake_postgres.on("SELECT 1").value(1)
            fake_postgres.psycopg.connect_sync().execute("SELECT 1")
        """
    )

    assert failure(bare) == (
        "TransactionLeftOpen: transaction #1 was never ended (1 call in it)\n"
        "  begun at: test_it.py:5 in test_it\n"
        "Commit it, roll it back, or give its connection back to its pool."
    )
    bare.run().assert_outcomes(passed=2, errors=1)


def test_a_connection_that_the_code_under_test_never_closes(bare: Project) -> None:
    bare.write(
        app="""
        import asyncpg

        async def connection(dsn):
            return await asyncpg.connect(dsn)
        """,
        test_it="""
        import app

        kept = []

        async def test_it(fake_postgres):
            kept.append(await app.connection(fake_postgres.dsn))
        """,
    )

    # In a child process: its leaks would be found in the next test of this suite.
    assert failure(bare, subprocess=True) == (
        "ConnectionNotReturned: a connection was opened and never closed; opened at:\n"
        "  app.py:5 in connection\n"
        "Close it, or use `async with`, so that it goes back."
    )


def test_a_connection_that_is_not_given_back_to_its_pool(bare: Project) -> None:
    bare.write(
        test_it="""
        async def test_it(fake_postgres):
            fake_postgres.on("SELECT 1").value(1)
            pool = await fake_postgres.asyncpg.pool()
            connection = await pool.acquire()
            await connection.fetchval("SELECT 1")

        async def test_given_back(fake_postgres):
            fake_postgres.on("SELECT 1").value(1)
            pool = await fake_postgres.asyncpg.pool()
            async with pool.acquire() as connection:
                await connection.fetchval("SELECT 1")
        """
    )

    assert failure(bare) == (
        "ConnectionNotReturned: a connection was used and not given back to its pool; "
        "first used at:\n"
        "  test_it.py:6 in test_it\n"
        "Close it, or use `async with`, so that it goes back."
    )
    bare.run().assert_outcomes(passed=2, errors=1)


def test_a_statement_that_still_runs(bare: Project) -> None:
    bare.write(
        test_it="""
        import threading, time

        def test_it(fake_postgres):
            fake_postgres.on("SELECT 1").hangs()
            connection = fake_postgres.psycopg.connect_sync(autocommit=True)

            def ask():
                try:
                    connection.execute("SELECT 1")
                except Exception:
                    pass

            thread = threading.Thread(target=ask)
            thread.start()
            while not fake_postgres.calls:
                time.sleep(0.001)
        """
    )

    assert failure(bare) == (
        "ConnectionNotReturned: a statement was still running when the test ended; sent at:\n"
        "  test_it.py:10 in test_it.ask\n"
        "Close it, or use `async with`, so that it goes back."
    )


def test_a_test_that_failed_is_not_told_what_it_left_behind(bare: Project) -> None:
    bare.write(
        test_it="""
        def test_it(fake_postgres):
            fake_postgres.on("DELETE FROM users").tag("DELETE 3")
            connection = fake_postgres.psycopg.connect_sync()
            connection.execute("DELETE FROM users")
            assert connection is None
        """
    )

    bare.run().assert_outcomes(failed=1)


def test_a_pool_that_outlives_its_tests_serves_each_with_its_own_script(bare: Project) -> None:
    bare.write(
        conftest="""
        import psycopg, pytest

        @pytest.fixture(scope="session")
        def connection(fake_postgres_server):
            fake_postgres_server.on("SELECT 'always'").value("always")
            with psycopg.connect(fake_postgres_server.dsn, autocommit=True) as connection:
                yield connection
        """,
        test_it="""
        def test_one(connection, fake_postgres):
            fake_postgres.on("SELECT 1").value("one")
            assert connection.execute("SELECT 1").fetchone() == ("one",)

        def test_two(connection, fake_postgres):
            fake_postgres.on("SELECT 1").value("two")
            assert connection.execute("SELECT 1").fetchone() == ("two",)
            assert connection.execute("SELECT 'always'").fetchone() == ("always",)
            assert len(fake_postgres.calls) == 2
        """,
    )

    bare.passes(passed=2)


def test_the_verdict_is_shown_once_and_in_place_of_a_drivers_error(bare: Project) -> None:
    """With every driver, through SQLAlchemy, from a fixture and from a task group."""
    bare.write(
        service="""
        import asyncio
        import asyncpg, psycopg, psqlpy
        from sqlalchemy import text
        from sqlalchemy.ext.asyncio import create_async_engine

        ASKED = "SELECT 'unscripted'"

        async def by_asyncpg(dsn):
            connection = await asyncpg.connect(dsn)
            try:
                await connection.fetch(ASKED)
            finally:
                await connection.close()

        async def by_psycopg(dsn):
            async with await psycopg.AsyncConnection.connect(dsn) as connection:
                await connection.execute(ASKED)

        async def by_psqlpy(dsn):
            pool = psqlpy.ConnectionPool(dsn=dsn, max_db_pool_size=2)
            try:
                connection = await pool.connection()
                await connection.fetch(ASKED)
            finally:
                pool.close()

        async def by_sqlalchemy(dsn):
            engine = create_async_engine(dsn.replace("postgresql:", "postgresql+asyncpg:"))
            try:
                async with engine.connect() as connection:
                    await connection.execute(text(ASKED))
            finally:
                await engine.dispose()

        async def by_a_task_group(dsn):
            async with asyncio.TaskGroup() as group:
                group.create_task(by_asyncpg(dsn))
        """,
        test_it="""
        import pytest
        import service

        WAYS = [
            service.by_asyncpg, service.by_psycopg, service.by_psqlpy, service.by_sqlalchemy,
            service.by_a_task_group,
        ]

        @pytest.mark.parametrize("way", WAYS)
        async def test_it(fake_postgres, way):
            await way(fake_postgres.dsn)

        @pytest.fixture
        async def stored(fake_postgres):
            await service.by_asyncpg(fake_postgres.dsn)

        async def test_in_a_fixture(stored):
            pass
        """,
    )

    text = bare.run().stdout.str()

    shown, _, summary = text.partition("short test summary info")
    reports = re.split(r"^_+ .*test_.* _+$", shown, flags=re.M)[1:]
    assert len(reports) == 6
    for report in reports:
        assert report.count("UnexpectedStatement: execute() matched no rule") == 1
        assert "(It reached the test as " in report
        assert "site-packages" not in report
        assert ">       await way(" in report or ">       await service.by_asyncpg" in report
    assert summary.count(" - understudy.UnexpectedStatement: ") == 5


@pytest.mark.parametrize("server", ["fake_postgres", "real_postgres"])
@pytest.mark.parametrize("driver", ["psycopg", "asyncpg", "psqlpy"])
def test_a_connection_before_the_server_is_started(bare: Project, server: str, driver: str) -> None:
    """As from a fixture of the session that makes the first rows."""
    connecting = {
        "psycopg": "psycopg.connect(os.environ['DATABASE_URL'])",
        "asyncpg": "asyncio.run(asyncpg.connect(os.environ['DATABASE_URL']))",
        "psqlpy": "asyncio.run(connect())",
    }[driver]
    bare.configure(f'[tool.understudy]\n{server}_env = {{DATABASE_URL = "{{dsn}}"}}\n')
    bare.write(
        test_it=f"""
        import asyncio, os
        import asyncpg, psqlpy, psycopg, pytest

        async def connect():
            return await psqlpy.ConnectionPool(dsn=os.environ["DATABASE_URL"]).connection()

        @pytest.fixture(scope="session", autouse=True)
        def first_rows():
            {connecting}

        def test_it(): pass
        """
    )

    text = bare.run().stdout.str()

    assert f" yet: {server} starts with its first fixture." in text
    assert f"Let the fixture that connects request `{server}_server`, which lives" in text


def test_a_statement_while_no_test_has_the_fixture(bare: Project) -> None:
    bare.write(
        test_it="""
        import contextlib, psycopg

        def test_it(fake_postgres_server):
            with psycopg.connect(fake_postgres_server.dsn) as connection:
                with contextlib.suppress(psycopg.Error):
                    connection.execute("DELETE FROM users")
        """
    )

    assert failure(bare) == (
        "UnexpectedStatement: a statement came to fake_postgres while no test had that "
        "fixture\n"
        "  sql: DELETE FROM users\n"
        "  at:  test_it.py:7 in test_it\n"
        "Let the test have `fake_postgres`, named before the fixture that sends the statement, or "
        "script it on `fake_postgres_server`, which lives as long as the app.\n"
        "(It was raised, and caught before it reached the test.)"
    )


def test_the_environment_points_the_app_at_it_before_anything_is_imported(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "as it was before")
    monkeypatch.delenv("DB_HOST", raising=False)
    project.configure(
        """
        [tool.understudy.fake_postgres_env]
        DATABASE_URL = "{dsn}"
        DB_HOST = "{host}"
        DB = "{user}/{database}:{port}"

        [tool.pytest.ini_options]
        pythonpath = ["."]
        """
    ).write(
        app="""
        import os, psycopg

        URL = os.environ["DATABASE_URL"]

        def count():
            with psycopg.connect(URL) as connection:
                return connection.execute("SELECT count(*) FROM users").fetchone()[0]
        """,
        conftest="import app",
        test_it="""
        import os
        import app

        def test_it(fake_postgres):
            fake_postgres.on("SELECT count(*) FROM users").value(3)
            assert app.count() == 3
            assert app.URL == fake_postgres.dsn
            assert os.environ["DB_HOST"] == fake_postgres.host
            assert os.environ["DB"] == f"understudy/understudy:{fake_postgres.port}"
        """,
    )

    project.passes()
    assert os.environ["DATABASE_URL"] == "as it was before"
    assert "DB_HOST" not in os.environ


@pytest.mark.parametrize("mode", ["strict", "auto"])
def test_both_modes_of_pytest_asyncio(project: Project, mode: str) -> None:
    project.write(
        test_it="""
        import pytest

        @pytest.mark.asyncio
        async def test_it(fake_postgres):
            fake_postgres.on("SELECT 1").value(1)
            connection = await fake_postgres.asyncpg.connect()
            assert await connection.fetchval("SELECT 1") == 1
        """
    )

    result = project.run("-o", f"asyncio_mode={mode}")

    result.assert_outcomes(passed=1)


def test_anyio(project: Project) -> None:
    project.write(
        test_it="""
        import pytest

        @pytest.fixture
        def anyio_backend():
            return "asyncio"

        @pytest.mark.anyio
        async def test_it(fake_postgres):
            fake_postgres.on("SELECT 1").value(1)
            connection = await fake_postgres.asyncpg.connect()
            assert await connection.fetchval("SELECT 1") == 1
        """
    )

    project.passes(asyncio=False)


def test_what_postgresql_refuses_is_refused_as_strictly_as_configured(project: Project) -> None:
    project.configure(f'{ASYNC}\n    [tool.understudy]\n    schema = ["schema.sql"]\n')
    project.write_text(project.path / "schema.sql", "CREATE TABLE users (name text NOT NULL);")
    project.write(
        test_it="""
        import asyncpg
        import psycopg

        STATEMENT = "SELECT nome FROM users"

        async def test_it(fake_postgres):
            fake_postgres.on(STATEMENT).optional().row(nome="Ana")
            memory = await fake_postgres.asyncpg.connect()
            socket = await fake_postgres.psycopg.connect()
            try:
                print("asyncpg:", await memory.fetchval(STATEMENT))
            except asyncpg.UndefinedColumnError as error:
                print("asyncpg:", error, error.position, error.hint)
            try:
                print("psycopg:", await (await socket.execute(STATEMENT)).fetchall())
            except psycopg.errors.UndefinedColumn as error:
                print("psycopg:", error)
        """
    )
    refusal = (
        "StatementRefused: PostgreSQL refuses this statement (42703 undefined_column)\n"
        '  column "nome" does not exist\n'
        "  SELECT nome FROM users\n"
        "         ^\n"
        '  HINT: Perhaps you meant to reference the column "users.name".\n'
        "  at: test_it.py:{} in test_it\n"
    )

    error, warn, off = (
        project.run("-s", "-W", "default", f"--understudy-check-statements={level}")
        for level in ("error", "warn", "off")
    )

    error.assert_outcomes(failed=1)
    text = error.stdout.str()
    assert refusal.format(12) in text
    assert refusal.format(16) in text
    assert (
        'asyncpg: column "nome" does not exist\n'
        'HINT:  Perhaps you meant to reference the column "users.name". 8 '
        'Perhaps you meant to reference the column "users.name".\n'
        'psycopg: column "nome" does not exist\n'
        "LINE 1: SELECT nome FROM users\n"
        "               ^\n"
        'HINT:  Perhaps you meant to reference the column "users.name".\n'
    ) in text
    warn.assert_outcomes(passed=1, warnings=2)
    assert refusal.format(12).replace("\n", "\n  ") in warn.stdout.str()
    off.assert_outcomes(passed=1)
    assert "StatementRefused" not in off.stdout.str()
    for run in (warn, off):
        assert "asyncpg: Ana\npsycopg: [('Ana',)]\n" in run.stdout.str()


@pytest.mark.parametrize("arguments", ['"SELECT id FROM t"', '"SELECT id FROM t LIMIT %s", [1]'])
def test_a_catalog_that_cannot_be_read_fails_the_statement(
    project: Project, arguments: str
) -> None:
    project.configure("[tool.understudy]\nschema = 'db/*.sql'")
    project.write(
        test_it=f"""
        import psycopg

        def test_it(fake_postgres):
            with psycopg.connect(fake_postgres.dsn) as connection:
                connection.execute({arguments})
        """
    )

    text = failure(project, "--understudy-locked")

    assert (  # the rest of the text is the driver's traceback
        "It is locked (--understudy-locked): run the tests once without that, and commit the file."
        "\nE             at: test_it.py:6 in test_it"
    ) in text
    assert "StatementUnknown: the catalog " in text
    assert "ServerBroke" not in text
