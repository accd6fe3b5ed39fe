"""`--understudy-sql-cov`: whole runs, and what they report."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

import understudy.real_postgres.forwarding  # noqa: F401 # loaded once: see test_summary.py
from tests.plugin.conftest import Project

CONFIGURED = '[tool.understudy]\nschema = ["db/*.sql"]\n'
SCHEMA = "CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL, boss int);"
APP = '''
    def name_of(connection, user_id):
        return connection.execute("SELECT name FROM users WHERE id = %s", [user_id]).fetchall()

    def delete(connection, user_id):
        connection.execute(
            """
            DELETE FROM users
            WHERE id = %s
              AND boss IS NULL
            """,
            [user_id],
        )

    def rename(connection, name):
        connection.execute("UPDATE users SET name = %s", [name])

    def find(connection, column):
        return connection.execute(f"SELECT name FROM users ORDER BY {column}").fetchall()
'''
TESTS = """
    import psycopg
    import pytest

    import app

    @pytest.fixture
    def connection(real_postgres):
        with psycopg.connect(real_postgres.dsn) as connection:
            connection.execute("INSERT INTO users VALUES (1, 'Ana')")
            yield connection

    def test_name(connection):
        assert app.name_of(connection, 1) == [("Ana",)]
        assert app.find(connection, "id") == [("Ana",)]

    def test_delete(connection):
        app.delete(connection, 1)
        assert app.name_of(connection, 1) == []
"""
TABLE = """
Statement         Sent  Seen  Missing
--------------------------------------------------------------------------------
app.py:3 SELECT      2   3/4  no row spared
app.py:8 DELETE      1   4/8  no row spared; id = %s never false; boss IS NULL
                              never false; never zero rows
app.py:16 UPDATE     0        not reached
app.py:19 SELECT     1   1/3  never zero rows; never several rows
statements 2 of 3, outcomes on real_postgres 8 of 15, 1 put together at run time and not counted
"""


@pytest.fixture
def users(project: Project) -> Project:
    """A project with an app, a schema, and tests of both."""
    project.write_text(project.path / "db" / "1.sql", SCHEMA)
    return project.configure(CONFIGURED).write(app=APP, test_it=TESTS)


def table(result: pytest.RunResult) -> str:
    """What a run printed about the coverage of SQL."""
    text = result.stdout.str()
    found = re.search(r"^-+ understudy: coverage of SQL -+\n(.*?)^[-=]{3,} ", text, re.M | re.S)
    assert found is not None, text
    return f"\n{found[1].rstrip()}\n"


def test_the_table_of_a_run(users: Project) -> None:
    result = users.run("--understudy-sql-cov")
    result.assert_outcomes(passed=2)
    assert table(result) == TABLE


def test_reports_in_files(users: Project) -> None:
    reports = ("lcov:out/sql.lcov", "json:sql.json")
    result = users.run(*(f"--understudy-sql-cov-report={report}" for report in reports))
    result.assert_outcomes(passed=2)
    assert table(result) == "\nlcov written to out/sql.lcov\njson written to sql.json\n"
    assert (users.path / "out" / "sql.lcov").read_text().splitlines() == [
        *("TN:", "SF:app.py"),
        *("DA:3,2", "DA:8,1", "DA:9,1", "DA:10,1", "DA:16,0", "DA:19,1", "LF:6", "LH:5"),
        *("BRDA:3,0,0,1", "BRDA:3,0,1,0", "BRDA:3,0,2,1", "BRDA:3,0,3,1"),
        *("BRDA:9,1,0,1", "BRDA:9,1,1,0", "BRDA:9,1,2,1", "BRDA:9,1,3,0"),
        *("BRDA:10,1,4,1", "BRDA:10,1,5,0", "BRDA:8,1,6,0", "BRDA:8,1,7,1"),
        *("BRDA:19,3,0,0", "BRDA:19,3,1,1", "BRDA:19,3,2,0", "BRF:15", "BRH:8", "end_of_record"),
    ]
    document: dict[str, Any] = json.loads((users.path / "sql.json").read_text())
    assert document["totals"] == {
        "statements": 3, "reached": 2, "outcomes": 15, "seen": 8, "composed": 1,
    }  # fmt: skip
    first, *_ = document["files"]["app.py"]["statements"]
    assert first == {
        "line": 3,
        "end_line": 3,
        "sql": "SELECT name FROM users WHERE id = %s",
        "is_literal": True,
        "sent": 2,
        "executed": 2,
        "evaluated": 2,
        "outcomes": [
            {"text": "a row is found", "line": 3, "seen": True},
            {"text": "a row is spared", "line": 3, "seen": False},
            {"text": "zero rows", "line": 3, "seen": True},
            {"text": "one row", "line": 3, "seen": True},
        ],
        "missing": ["no row spared"],
        "missing_conditions": ["no row spared"],
        "not_looked_at": [],
    }


@pytest.mark.slow
def test_workers_are_counted_together(users: Project) -> None:
    result = users.run("--understudy-sql-cov", "-n2")
    result.assert_outcomes(passed=2)
    assert table(result) == TABLE


@pytest.mark.slow
def test_an_interrupted_run_reports_what_it_has_seen(users: Project) -> None:
    users.write(test_it=TESTS.replace("app.delete(connection, 1)", "raise KeyboardInterrupt"))
    result = users.run("--understudy-sql-cov", subprocess=True)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert "app.py:3 SELECT      1   2/4  no row spared; never zero rows" in table(result)
    assert "statements 1 of 3" in table(result)


def test_without_a_database(project: Project) -> None:
    project.write(
        app='async def one(conn):\n    await conn.execute("SELECT id FROM users WHERE id = 1")\n',
        test_it="""
            import pytest
            from understudy import FakeConnection
            import app

            @pytest.mark.asyncio
            async def test_one():
                conn = FakeConnection()
                conn.on("SELECT id FROM users WHERE id = 1").row(id=1)
                await app.one(conn)
                conn.calls.assert_called("SELECT id FROM users WHERE id = 1")
        """,
    )
    result = project.run("--understudy-sql-cov")
    result.assert_outcomes(passed=1)
    assert table(result) == (
        "\nstatements 1 of 1, 1 statement with nothing missing not listed\n"
        "no statement reached real_postgres, where conditions are evaluated\n"
    )


def test_mysql_is_not_measured(project: Project) -> None:
    project.configure('[tool.understudy]\nmysql_schema = "schema.sql"\n')
    project.write(test_it="def test_one(): pass\n")
    result = project.run("--understudy-sql-cov")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["Not measured: the project is on MySQL (mysql_schema)."])


def test_the_tests_on_a_clone_count_too(users: Project) -> None:
    result = users.run("--understudy-sql-cov", "--understudy-isolation=clone")
    result.assert_outcomes(passed=2)
    # The line that sent a statement is not known, and so a text that is put together has none.
    expected = re.sub(r"app.py:19.*\n", "", TABLE).replace("8 of 15", "7 of 12")
    assert table(result) == expected


@pytest.mark.parametrize("value", ["html", "lcov", "json:", "xml:sql.xml"])
def test_a_report_that_does_not_exist(project: Project, value: str) -> None:
    result = project.run(f"--understudy-sql-cov-report={value}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert result.stderr.str().strip() == (
        f"ERROR: --understudy-sql-cov-report: '{value}' is none of term, lcov:FILE, json:FILE."
    )


def test_a_run_without_tests_has_no_coverage(users: Project) -> None:
    result = users.run("--understudy-sql-cov", "--collect-only")
    assert "coverage of SQL" not in result.stdout.str()


def test_a_report_that_cannot_be_written(users: Project) -> None:
    users.write_text(users.path / "taken", "")
    result = users.run("--understudy-sql-cov-report=json:taken/sql.json")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "ERROR: taken/sql.json cannot be written: Not a directory" in result.stdout.str()


def test_statements_without_a_text_in_the_source(users: Project) -> None:
    users.write(
        app="""
            def both(connection, columns):
                queries = [f"SELECT {column} FROM users" for column in columns]
                return [connection.execute(query).fetchall() for query in queries]
        """,
        test_it="""
            import psycopg
            import app

            def test_both(real_postgres):
                with psycopg.connect(real_postgres.dsn) as connection:
                    assert app.both(connection, ["id", "name"]) == [[], []]
        """,
    )
    result = users.run("--understudy-sql-cov")
    result.assert_outcomes(passed=1)
    assert "\noutcomes on real_postgres " in table(result)
