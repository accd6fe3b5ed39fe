"""`--understudy-n-plus-one` in a run: with pytest-xdist, without a database, and if tests fail."""

from __future__ import annotations

import re

import pytest

from tests.plugin.conftest import Project

APP = """
    import psycopg

    def totals(dsn):
        with psycopg.connect(dsn) as conn:
            users = conn.execute("SELECT id FROM users").fetchall()
            return [conn.execute(ONE, user).fetchone() for user in users]

    ONE = "SELECT count(*) FROM users WHERE id = %s"
"""


@pytest.fixture
def suite(project: Project) -> Project:
    project.configure("[tool.understudy]\nschema = ['schema.sql']")
    project.write_text(project.path / "schema.sql", "CREATE TABLE users (id serial PRIMARY KEY);")
    return project.write(
        app=APP,
        test_it="""
            import app, pytest

            @pytest.fixture(autouse=True)
            def rows(request, real_postgres):
                for _ in range(2):
                    real_postgres.insert("users")

            @pytest.mark.parametrize("which", ["a b", "ção", "[x]"])
            def test_totals(which, real_postgres):
                assert len(app.totals(real_postgres.dsn)) == 2

            def test_fails(real_postgres):
                app.totals(real_postgres.dsn)
                assert False
        """,
    )


@pytest.mark.slow
@pytest.mark.parametrize("workers", [[], ["-n2"]])
def test_a_place_is_reported_once(suite: Project, workers: list[str]) -> None:
    result = suite.run("--understudy-n-plus-one", *workers, subprocess=True)
    result.assert_outcomes(passed=3, failed=1)
    text = result.stdout.str()
    assert re.findall("^N.1 in .*", text, re.M) == [
        "N+1 in " + re.search(r"test_it.py::test_totals\S* ?\S*: 2 statements.*", text)[0]  # type: ignore[index] # it is there
    ]
    assert "1 repeated statement tried with more rows, 1 of them N+1" in text


def test_without_a_database(project: Project) -> None:
    project.write(test_it="def test_nothing(fake_postgres): pass")
    result = project.run("--understudy-n-plus-one")
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.OK
    assert "no test sends a statement repeatedly after one with as many rows" in result.stdout.str()


def test_rows_that_stay_are_told(suite: Project) -> None:
    suite.write(
        test_it="""
            import app, psycopg

            def test_totals(real_postgres_server):
                with psycopg.connect(real_postgres_server.dsn) as connection:
                    connection.execute("INSERT INTO users VALUES (DEFAULT), (DEFAULT)")
                assert app.totals(real_postgres_server.dsn)
        """
    )
    result = suite.run("--understudy-n-plus-one", "-v")
    result.assert_outcomes(passed=1)
    assert (
        "0 repeated statements tried with more rows, 0 of them N+1; 1 could not be tried "
        "(-v lists them)\n  app.py:7 in totals"
    ) in result.stdout.str()
