"""The fixture `real_postgres`, isolated by clones: a database for each test that asks."""

from __future__ import annotations

import re

import psycopg
import pytest

from tests.plugin.conftest import Project, section

CONFIGURED = "[tool.understudy]\nschema = ['db/*.sql']\nisolation = 'clone'"


@pytest.fixture
def database(project: Project) -> Project:
    """A project with a schema."""
    project.configure(CONFIGURED)
    project.write_text(project.path / "db" / "1.sql", "CREATE TABLE users (name text);")
    return project


def test_each_test_has_a_database_of_its_own(database: Project) -> None:
    database.write(
        test_it="""
            import psycopg
            import pytest

            names = set()

            @pytest.mark.parametrize("n", range(2))
            def test_it(real_postgres, n):
                with psycopg.connect(real_postgres.dsn) as connection:
                    assert connection.execute("SELECT name FROM users").fetchall() == []
                    connection.execute("INSERT INTO users VALUES ('Ana')")
                    [name] = connection.execute("SELECT current_database()").fetchone()
                    names.add(name)

            def test_end(real_postgres):
                assert len(names) == 2
                with psycopg.connect(real_postgres.dsn) as connection:
                    query = "SELECT datname FROM pg_database WHERE datname = ANY(%s)"
                    while connection.execute(query, [list(names)]).fetchall():
                        pass  # they are dropped in the background
        """
    )
    database.passes(passed=3)


def test_an_async_test_may_use_it(database: Project) -> None:
    database.write(
        test_it="""
            import asyncpg
            import pytest

            @pytest.mark.asyncio
            async def test_it(real_postgres):
                connection = await asyncpg.connect(real_postgres.dsn)
                assert await connection.fetch("SELECT * FROM users") == []
                await connection.close()
        """
    )
    database.passes()


def test_a_connection_left_open_does_not_keep_the_database(database: Project) -> None:
    database.write(
        test_it="""
            import psycopg
            import pytest

            left = []

            def test_one(real_postgres):
                left.append(psycopg.connect(real_postgres.dsn))

            def test_two():
                with left[0] as connection, pytest.raises(psycopg.errors.AdminShutdown):
                    connection.execute("SELECT 1")
        """
    )
    database.passes(passed=2)


def test_no_server_is_started_for_a_run_that_asks_for_none(database: Project) -> None:
    database.write(
        test_it="import sys\ndef test_it(): assert 'understudy.embedded.server' not in sys.modules"
    )
    result = database.run(subprocess=True)
    result.assert_outcomes(passed=1)


def test_a_schema_that_is_refused_is_one_message_and_is_tried_once(database: Project) -> None:
    database.write_text(database.path / "db" / "2.sql", "CREATE TABLE roles (id imt);\n")
    database.write(
        conftest="""
            from understudy.embedded import TestDatabases

            start, starts = TestDatabases.start, []

            def counted(self):
                starts.append(self)
                return start(self)

            TestDatabases.start = counted

            def pytest_unconfigure():
                TestDatabases.start = start
                print("starts:", len(starts))
        """,
        test_it="""
            def test_one(real_postgres): pass
            def test_two(real_postgres): pass
        """,
    )
    result = database.run("-s", "--show-capture=no")
    result.assert_outcomes(errors=2)
    assert "starts: 1" in result.stdout.str()
    expected = (
        "PostgreSQL refused the schema file db/2.sql, line 1, column 24\n"
        "  CREATE TABLE roles (id imt);\n"
        "                         ^\n"
        'ERROR 42704 (undefined_object): type "imt" does not exist'
    )
    assert section(result, "test_one").split("\nHINT")[0] == expected
    assert section(result, "test_two") == section(result, "test_one")


def test_a_server_that_is_gone_is_one_message(database: Project) -> None:
    database.write(
        test_it="""
            from understudy.plugin.databases import shared

            def test_one(real_postgres, pytestconfig):
                shared(pytestconfig).stop()

            def test_two(real_postgres): pass
        """
    )
    result = database.run()
    result.assert_outcomes(passed=1, errors=2)
    gone = section(result, "test_one", "teardown")
    assert "Traceback" not in gone
    assert gone == section(result, "test_two")


@pytest.mark.parametrize("workers", [0, 2])
def test_a_server_that_will_not_stop_is_one_message_and_fails_the_run(
    database: Project, workers: int
) -> None:
    database.write(
        test_it="""
            from understudy.plugin.databases import shared
            from understudy.embedded import PostgresUnavailable

            def test_one(real_postgres, pytestconfig):
                databases = shared(pytestconfig)
                stop = databases.stop

                def unwilling():
                    stop()
                    raise PostgresUnavailable("PostgreSQL would not stop.")

                databases.stop = unwilling
        """
    )
    result = database.run("-n", str(workers), subprocess=bool(workers))
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    text = result.stdout.str()
    assert text.count("PostgreSQL would not stop.") == 1
    assert "- understudy -" in text
    assert "\nERROR: PostgreSQL would not stop.\n" in text
    assert "Traceback" not in text + result.stderr.str()


def test_another_plugin_that_breaks_the_end_of_a_run_leaves_no_server_running(
    database: Project,
) -> None:
    database.write(
        conftest="""
            import pytest

            def pytest_sessionfinish():
                raise pytest.UsageError("broken")
        """,
        test_it="""
            def test_one(real_postgres):
                print("FOLDER", real_postgres.dsn)
        """,
    )
    result = database.run("-s")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    (dsn,) = re.findall("FOLDER (.*)", result.stdout.str())
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(dsn)


def test_a_server_that_will_not_stop_so_late_is_not_kept_silent(database: Project) -> None:
    database.write(
        conftest="""
            import pytest

            def pytest_sessionfinish():
                raise pytest.UsageError("broken")
        """,
        test_it="""
            from understudy.plugin.databases import shared
            from understudy.embedded import PostgresUnavailable

            def test_one(real_postgres, pytestconfig):
                databases = shared(pytestconfig)
                stop = databases.stop

                def unwilling():
                    stop()
                    raise PostgresUnavailable("PostgreSQL would not stop.")

                databases.stop = unwilling
        """,
    )
    result = database.run(subprocess=True)
    assert result.ret != pytest.ExitCode.OK
    assert result.stderr.lines[-1] == (
        "understudy.embedded.errors.PostgresError: PostgreSQL would not stop."
    )
