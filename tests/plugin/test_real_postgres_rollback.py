"""The fixture `real_postgres`, isolated by rollback: whole runs, and each starts a server."""

from __future__ import annotations

import re

import pytest

import understudy.real_postgres.forwarding  # noqa: F401 # loaded once: see test_summary.py
from tests.plugin.conftest import Project, section

CONFIGURED = """
    [tool.understudy]
    schema = ["db/*.sql"]
    real_postgres_env = {APP_DATABASE_URL = "{dsn}", APP_PLACE = "{host}|{port}|{database}"}
"""


@pytest.fixture
def database(project: Project) -> Project:
    """A project with a schema, whose app reads the environment."""
    project.configure(CONFIGURED)
    project.write_text(project.path / "db" / "1.sql", "CREATE TABLE users (name text);")
    return project


def test_an_app_that_read_its_environment_once_is_isolated_and_what_was_asked_is_told(
    database: Project,
) -> None:
    database.write(
        app="""
            import os

            import psycopg

            URL = os.environ["APP_DATABASE_URL"]  # before any test asks for a database

            def add(name):
                with psycopg.connect(URL) as connection:
                    connection.execute("INSERT INTO users VALUES (%s)", [name])
                    return connection.execute("SELECT  name FROM users").fetchall()
        """,
        conftest="import app",
        test_it="""
            import os

            import app
            import pytest
            from understudy import FakeConnection, db_error

            @pytest.mark.parametrize("n", range(2))
            def test_it(real_postgres, n):
                assert app.URL == real_postgres.dsn
                place = real_postgres.host, real_postgres.port, real_postgres.database
                assert os.environ["APP_PLACE"] == "|".join(map(str, place))
                assert app.add("Ana") == [("Ana",)]

            @pytest.mark.asyncio
            async def test_on_a_fake_too():
                conn = FakeConnection()
                conn.on("INSERT INTO users VALUES ($1)", "Ana").tag("INSERT 0 1")
                await conn.execute("INSERT INTO users VALUES ($1)", ["Ana"])
        """,
    )
    result = database.passes(passed=3)
    lines = result.stdout.lines
    [begin] = [at for at, line in enumerate(lines) if line.strip("-") == " understudy "]
    assert lines[begin + 1] == "1 call on fakes, 1 different statement"
    assert "4 calls on real_postgres, 2 different statements" in lines[begin + 2 :]


def test_what_outlives_a_test_has_the_address_and_a_script_of_its_own(database: Project) -> None:
    database.write(
        test_it="""
            import psycopg
            import pytest
            from understudy import db_error

            @pytest.fixture(scope="session")
            def connection(real_postgres_server):
                real_postgres_server.on("SELECT pg_reload_conf()").value(True).optional()
                with psycopg.connect(real_postgres_server.dsn, autocommit=True) as connection:
                    connection.execute("INSERT INTO users VALUES ('of no test')")
                    yield connection

            @pytest.mark.parametrize("n", range(2))
            def test_its_idle_connection_serves_each_test(connection, real_postgres, n):
                assert connection.execute("SELECT pg_reload_conf()").fetchone() == (True,)
                assert connection.execute("SELECT name FROM users").fetchall() == []
                connection.execute("INSERT INTO users VALUES ('Ana')")

            def test_a_rule_of_the_test_goes_before_it(connection, real_postgres):
                real_postgres.on("SELECT pg_reload_conf()").raises(
                    db_error("42501", driver="psycopg", message="no")
                )
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute("SELECT pg_reload_conf()")
        """
    )
    database.passes(passed=3)


def test_what_a_test_leaves_open_fails_it_alone(database: Project) -> None:
    database.write(
        test_it="""
            import psycopg
            import pytest

            left = []

            def test_left(real_postgres):
                left.append(psycopg.connect(real_postgres.dsn))
                left[0].execute("INSERT INTO users VALUES ('Ana')")

            def test_next(real_postgres):
                left[0].close()  # else it complains whenever it is collected
                with real_postgres.psycopg.connect_sync() as connection:
                    assert connection.execute("SELECT name FROM users").fetchall() == []
        """
    )
    result = database.run()
    result.assert_outcomes(passed=2, errors=1)
    assert section(result, "test_left", "teardown").splitlines()[0] == (
        "TransactionLeftOpen: transaction #1 was never ended (1 call in it)"
    )


def test_copies_are_made_ahead_for_the_tests_that_are_marked_and_no_others(
    database: Project,
) -> None:
    database.write(
        conftest="""
            import pytest
            from understudy.plugin import clones

            @pytest.hookimpl(trylast=True)
            def pytest_collection_finish(session):
                print("WANTED", clones.wanted(session.config))
        """,
        test_it="""
            import pytest

            @pytest.mark.parametrize("n", range(7))
            def test_rolled_back(real_postgres, n): pass

            @pytest.mark.understudy(isolation="clone")
            class TestCopies:
                def test_one(self, real_postgres): pass
                def test_other(self, real_postgres): pass
                def test_of_none(self): pass

                @pytest.mark.understudy(isolation="rollback")
                def test_nearest_wins(self, real_postgres): pass
        """,
    )
    wanted = {
        flags: re.findall("WANTED .*", database.run("--collect-only", "-s", *flags).stdout.str())
        for flags in [(), ("--understudy-isolation", "clone")]
    }
    assert wanted == {(): ["WANTED 2"], ("--understudy-isolation", "clone"): ["WANTED 9"]}


def test_a_server_that_is_killed_in_a_test_is_started_again_and_leaves_nothing(
    database: Project,
) -> None:
    database.write(
        test_it="""
            import psutil
            import psycopg
            import pytest

            def test_killed(real_postgres):
                with real_postgres.psycopg.connect_sync(autocommit=True) as connection:
                    [folder] = connection.execute("SHOW data_directory").fetchone()
                    print("FOLDER", folder, "END")
                    with open(f"{folder}/postmaster.pid") as file:
                        server = psutil.Process(int(file.readline()))
                    everyone = [server, *server.children(recursive=True)]
                    server.kill()
                    psutil.wait_procs(everyone[1:], timeout=30)
                    with pytest.raises(psycopg.OperationalError) as caught:
                        connection.execute("SELECT 1")
                assert "real PostgreSQL" in str(caught.value)

            def test_next(real_postgres): pass

            def test_without(): pass
        """
    )
    result = database.run("-rA")
    result.assert_outcomes(passed=3)
    [folder] = re.findall("FOLDER (.*) END", result.stdout.str())
    assert not database.path.joinpath(folder).exists()
    database.passes("-k", "test_next", passed=1)


@pytest.mark.slow
def test_the_answers_of_rules_are_checked_as_on_fakes(database: Project) -> None:
    database.write(
        test_it="""
            from contextlib import suppress

            import psycopg
            import pytest
            from understudy import db_error

            COUNT = "SELECT count(*) FROM users"

            @pytest.fixture
            def conn(real_postgres):
                with psycopg.connect(real_postgres.dsn) as conn:
                    yield conn

            def test_fine(real_postgres, conn):
                real_postgres.on(COUNT).row(count=7)
                assert conn.execute(COUNT).fetchone() == (7,)

            def test_a_table_of_the_session(real_postgres, conn):
                real_postgres.on("SELECT n FROM made").row(n=1)
                real_postgres.on("INSERT INTO made VALUES (1)").raises(
                    db_error("23505", constraint="made_pkey")
                )
                conn.execute("CREATE TEMP TABLE made (n int PRIMARY KEY)")
                assert conn.execute("SELECT n FROM made").fetchone() == (1,)
                with suppress(psycopg.Error):
                    conn.execute("INSERT INTO made VALUES (1)")

            def test_what_the_session_altered(real_postgres, conn):
                real_postgres.on("INSERT INTO users VALUES (NULL)").tag("INSERT 0 1")
                real_postgres.on("SELECT first FROM users").row(first="Ana")
                conn.execute("ALTER TABLE users RENAME COLUMN name TO first")
                conn.execute("INSERT INTO users VALUES (NULL)")
                assert conn.execute("SELECT first FROM users").fetchone() == ("Ana",)

            def test_red_count(real_postgres, conn):
                real_postgres.on(COUNT).rows()
                with suppress(Exception):
                    conn.execute(COUNT)

            def test_red_error(real_postgres, conn):
                real_postgres.on(COUNT).raises(db_error("23505", constraint="nope"))
                with suppress(Exception):
                    conn.execute(COUNT)
        """
    )
    result = database.run("-q", "-o", "filterwarnings=ignore")
    red = {line.split("::")[1].split(" ")[0] for line in result.outlines if line[:6] == "FAILED"}
    assert red == {"test_red_count", "test_red_error"}, result.stdout.str()
