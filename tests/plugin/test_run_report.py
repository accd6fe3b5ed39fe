"""`--understudy-trace`: whole runs, and what the file says of them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

import understudy.fakes
import understudy.real_postgres.forwarding
import understudy.run_report.assembly  # noqa: F401 # loaded once: see test_summary.py
from tests.plugin.conftest import Project

Plain = dict[str, Any]
TIMES = ("at", "seconds", "started")
ON_FAKE_POSTGRES = """
    import psycopg
    import pytest
    from understudy import db_error

    def names(connection, boss):
        return connection.execute("SELECT name FROM users WHERE boss = %s", [boss]).fetchall()

    def test_rows(fake_postgres):
        fake_postgres.on("SELECT name FROM users WHERE boss = $1", 7).rows({"name": "Ana"})
        with psycopg.connect(fake_postgres.dsn) as connection:
            assert names(connection, 7) == [("Ana",)]

    def test_error(fake_postgres):
        fake_postgres.on("DELETE FROM users").raises(db_error("40001"))
        with psycopg.connect(fake_postgres.dsn, autocommit=True) as connection:
            with pytest.raises(psycopg.errors.SerializationFailure):
                connection.execute("DELETE FROM users")
        assert False, "seen"
"""


def records(project: Project, name: str = "run.ndjson") -> list[Plain]:
    """The records that a run has written."""
    return [json.loads(line) for line in (project.path / name).read_text().splitlines()]


def of_kind(kind: str, found: list[Plain]) -> list[Plain]:
    return [record for record in found if record["kind"] == kind]


def without_times(value: Any) -> Any:
    """A record without what differs from run to run."""
    if isinstance(value, dict):
        return {key: without_times(item) for key, item in value.items() if key not in TIMES}
    return [without_times(item) for item in value] if isinstance(value, list) else value


def counted(found: list[Plain], *servers: str) -> tuple[int, int]:
    """How many calls of some servers the events count, and how many different statements."""
    events = [
        event
        for test in of_kind("test", found)
        for event in test["events"]
        if event.get("is_counted") and event["server"] in servers
    ]
    return len(events), len({event["statement"] for event in events})


def test_a_run_on_fake_postgres(project: Project) -> None:
    project.write(test_it=ON_FAKE_POSTGRES)
    result = project.run("--understudy-trace=run.ndjson")

    found = records(project)

    assert [record["kind"] for record in found] == [
        "run", "statement", "statement", "test", "test", "summary"
    ]  # fmt: skip
    rows, error = of_kind("test", found)
    assert without_times(rows) == {
        "kind": "test",
        "id": "test_it.py::test_rows",
        "outcome": "passed",
        "place": "test_it.py:9",
        "events": [
            {
                "type": "connect",
                "phase": "call",
                "server": "fake_postgres",
                "connection": 1,
                "tag": "",
                "place": "test_it.py:11",
                "function": "test_rows",
                "source": "with psycopg.connect(fake_postgres.dsn) as connection:",
            },
            {
                "type": "begin",
                "phase": "call",
                "server": "fake_postgres",
                "connection": 1,
                "transaction": 1,
                "text": "BEGIN",
                "tag": "BEGIN",
                "place": "test_it.py:7",
                "function": "names",
                "source": 'return connection.execute("SELECT name FROM users WHERE boss = %s",'
                " [boss]).fetchall()",
            },
            {
                "type": "statement",
                "phase": "call",
                "server": "fake_postgres",
                "connection": 1,
                "transaction": 1,
                "statement": 1,
                "parameters": ["7"],
                "columns": ["name"],
                "rows": [["Ana"]],
                "count": 1,
                "tag": "SELECT 1",
                "rule": "test_it.py:10",
                "is_counted": True,
                "place": "test_it.py:7",
                "function": "names",
                "source": 'return connection.execute("SELECT name FROM users WHERE boss = %s",'
                " [boss]).fetchall()",
            },
            {
                "type": "commit",
                "phase": "call",
                "server": "fake_postgres",
                "connection": 1,
                "transaction": 1,
                "text": "COMMIT",
                "tag": "COMMIT",
                "place": "test_it.py:11",
                "function": "test_rows",
                "source": "with psycopg.connect(fake_postgres.dsn) as connection:",
            },
        ],
    }
    assert error["outcome"] == "failed"
    assert "AssertionError: seen" in error["failure"]
    failed = error["events"][-1]
    assert (failed["error"]["sqlstate"], failed["fault"]) == ("40001", "scripted 40001")
    summary = found[-1]
    assert summary["outcomes"] == {"passed": 1, "failed": 1}
    assert summary["lines"][0] in result.stdout.str()
    assert summary["fakes"] == [2, 2] == list(counted(found, "fake_postgres", "fakes"))


def test_the_statements_that_took_the_most_time(project: Project) -> None:
    project.write(
        test_it="""
            import psycopg

            def test_it(fake_postgres):
                fake_postgres.on("SELECT 1").delay(0.05).rows({"x": 1}).then.rows({"x": 1})
                fake_postgres.on("SELECT 2 AS y").rows({"y": 2})
                with psycopg.connect(fake_postgres.dsn, autocommit=True) as connection:
                    for statement in ("SELECT 1", "SELECT 2 AS y", "SELECT  1"):
                        connection.execute(statement)
        """
    )

    lines = project.passes("--understudy-durations=1").outlines

    start = next(number for number, line in enumerate(lines) if "slowest statements" in line)
    assert [re.sub(r"\d\.\d{3}s", "0.000s", line) for line in lines[start + 1 : start + 4]] == [
        "   0.000s in 2 calls: SELECT ?",
        "          slowest 0.000s at test_it.py:9, in test_it.py::test_it",
        "1 more statement not shown",
    ]


def test_the_page(project: Project) -> None:
    project.write(test_it="def test_it(): ...")

    project.passes("--understudy-html=out/run.html")

    assert (project.path / "out" / "run.html").read_text().lower().startswith("<!doctype html>")


def test_a_file_that_cannot_be_written(project: Project) -> None:
    project.write(test_it="def test_it(): ...")
    (project.path / "run.ndjson").mkdir()

    result = project.run("--understudy-trace=run.ndjson")

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert f"ERROR: {project.path}/run.ndjson cannot be written: Is a directory" in result.outlines
