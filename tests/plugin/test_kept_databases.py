"""--understudy-keep-databases: a failed test keeps its database and shows the URL."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest

from tests.plugin.conftest import Project
from understudy.embedded import EmbeddedServer
from understudy.embedded.workspace import sweep

pytestmark = pytest.mark.slow

TESTS = """
    import psycopg
    import pytest

    @pytest.mark.parametrize("name", ["Ana", "Bea"])
    def test_it(real_postgres, name):
        with psycopg.connect(real_postgres.dsn) as connection:
            connection.execute("INSERT INTO users VALUES (%s)", [name])
        assert name == "Bea"
"""
KEPT = re.compile(r"^-+ understudy -+\n(Kept until .*):\n(postgresql://\S+)$", re.M)


@pytest.fixture
def database(project: Project) -> Project:
    """A project with a schema, and a test that fails."""
    project.configure("[tool.understudy]\nschema = ['db/*.sql']\nisolation = 'clone'")
    project.write_text(project.path / "db" / "1.sql", "CREATE TABLE users (name text);")
    return project.write(test_it=TESTS)


def kept(result: pytest.RunResult) -> tuple[str, str]:
    """What is said of the one database that was kept."""
    ((until, url),) = KEPT.findall(result.stdout.str())
    return until, url


def users(url: str) -> list[tuple[str]]:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT name FROM users").fetchall()


def test_on_the_embedded_server_it_stays_until_the_next_server(database: Project) -> None:
    result = database.run("--understudy-keep-databases", subprocess=True)
    result.assert_outcomes(passed=1, failed=1)
    until, url = kept(result)
    assert until == "Kept until the next time that a run starts a server"
    assert users(url) == [("Ana",)]
    with psycopg.connect(url) as connection:
        [(data,)] = connection.execute("SHOW data_directory").fetchall()
    folder = Path(data).parent
    assert folder.is_dir()

    assert folder in sweep(folder.parent)  # as every start of a server does
    with pytest.raises(psycopg.OperationalError):
        users(url)


def test_on_a_server_by_url_it_stays_until_the_next_run(database: Project) -> None:
    with EmbeddedServer() as server:
        flags = ("--understudy-postgres-url", server.dsn())
        result = database.run("--understudy-keep-databases", *flags)
        result.assert_outcomes(passed=1, failed=1)
        until, url = kept(result)
        assert until == "Kept until the next time that a run begins there"
        assert users(url) == [("Ana",)]

        result = database.run(*flags)
        result.assert_outcomes(passed=1, failed=1)
        assert "Kept until" not in result.stdout.str()
        with psycopg.connect(server.dsn()) as connection:
            rows = connection.execute("SELECT datname FROM pg_database ORDER BY 1").fetchall()
    assert [name for (name,) in rows if re.match("understudy_[0-9a-f]{8}_", name)] == []


def test_where_no_test_fails_nothing_stays(database: Project) -> None:
    result = database.run("--understudy-keep-databases", "-k", "Bea", "-s")
    result.assert_outcomes(passed=1)
    assert "Kept until" not in result.stdout.str()


def test_a_server_that_is_gone_keeps_nothing_and_says_so(database: Project) -> None:
    database.write(
        test_it="""
            from understudy.plugin.databases import shared

            def test_gone(real_postgres, pytestconfig):
                shared(pytestconfig).stop()
                raise AssertionError("failed")
        """
    )
    result = database.run("--understudy-keep-databases")
    result.assert_outcomes(failed=1, errors=1)
    said = "TestDatabases is not running: call start(), or use it in a `with` block."
    assert re.search(rf"^-+ understudy -+\n{re.escape(said)}$", result.stdout.str(), re.M)
