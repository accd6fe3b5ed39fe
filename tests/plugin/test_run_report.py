"""`--understudy-trace`: whole runs, and what the file says of them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

import understudy.fakes
import understudy.real_postgres.forwarding
import understudy.run_report.assembly  # noqa: F401 # loaded once: see test_summary.py
from tests.plugin.conftest import Project, without

Plain = dict[str, Any]
TIMES = ("at", "seconds", "started")
SETTINGS = """
    [tool.understudy]
    schema = ["schema.sql"]
    report_redact = ["users.email"]
"""
SCHEMA = "CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL, email text NOT NULL UNIQUE);"
ON_REAL_POSTGRES = """
    import psycopg
    import pytest

    USER = (1, "Ana", "ana@example.com")

    def add(connection):
        sql = "INSERT INTO users (id, name, email) VALUES (%s, %s, %s)"
        connection.execute(sql, USER)

    def test_rows(real_postgres):
        with psycopg.connect(real_postgres.dsn) as connection:
            add(connection)
            user = connection.execute("SELECT id, email AS e, name FROM users").fetchone()
            with connection.cursor("users") as cursor:
                cursor.execute("SELECT id FROM users")
        assert user == (1, "ana@example.com", "Ana")

    def test_error(real_postgres):
        with psycopg.connect(real_postgres.dsn) as connection:
            add(connection)
            with connection.transaction():
                add(connection)

    @pytest.mark.understudy(isolation="clone")
    def test_clone(real_postgres):
        with psycopg.connect(real_postgres.dsn) as connection:
            add(connection)

    def test_again(real_postgres):
        with psycopg.connect(real_postgres.dsn) as connection:
            connection.execute("SELECT now()")
            assert False
"""
ON_FAKES = """
    import pytest
    from understudy import FakeConnection, db_error

    async def test_fakes():
        connection = FakeConnection()
        connection.on("SELECT id, name FROM users").rows({"id": 1, "name": "Ana"})
        connection.on("DELETE FROM users WHERE id = $1", 1).raises(db_error("40001"))
        async with connection.transaction():
            await connection.fetch("SELECT id, name FROM users")
            with pytest.raises(Exception, match="could not serialize"):
                await connection.execute("DELETE FROM users WHERE id = $1", [1])
"""
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
    """A record without what differs from run to run: an address and a worker in a failure, too."""
    if isinstance(value, str):
        return re.sub(r"^\[gw\d\] .*\n\n|0x[0-9a-f]+", "", value)
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


def test_one_file_for_the_page_and_the_record(project: Project) -> None:
    project.write(test_it="def test_it():\n    assert True\n")

    result = project.run("--understudy-html=report", "--understudy-trace=report", subprocess=True)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "--understudy-html and --understudy-trace both name report." in result.stderr.str()


def test_a_run_on_fakes(project: Project) -> None:
    project.write(test_it=ON_FAKES)
    project.passes("-o", "asyncio_mode=auto", "--understudy-trace=run.ndjson")

    found = records(project)

    [test] = of_kind("test", found)
    assert [(event["type"], event.get("text", "")) for event in test["events"]] == [
        ("begin", "BEGIN"),
        ("statement", ""),
        ("statement", ""),
        ("commit", "COMMIT"),
    ]
    rows, error = test["events"][1:3]
    assert (rows["columns"], rows["rows"], rows["count"]) == (["id", "name"], [["1", "Ana"]], 1)
    assert (error["parameters"], error["error"]["sqlstate"]) == (["1"], "40001")
    assert found[-1]["fakes"] == [2, 2] == list(counted(found, "fakes"))


def test_a_run_on_real_postgres(project: Project) -> None:
    """Rows and parameters without a redacted column, and what PostgreSQL says of the statements."""
    project.configure(SETTINGS).write(test_it=ON_REAL_POSTGRES)
    project.write_text(project.path / "schema.sql", SCHEMA)
    result = project.run("--understudy-trace=run.ndjson")

    found = records(project)

    assert "ana@example.com" not in (project.path / "run.ndjson").read_text()
    rows, error, clone, again = of_kind("test", found)
    insert, select, cursor = (event for event in rows["events"] if event["type"] == "statement")
    assert "is_counted" not in cursor
    assert insert["parameters"] == ["1", "Ana", "[redacted]"]
    assert (select["columns"], select["rows"]) == (
        ["id", "e", "name"],
        [["1", "[redacted]", "Ana"]],
    )
    failed = [event for event in error["events"] if "error" in event]
    assert [event["error"]["sqlstate"] for event in failed] == ["23505"]
    assert [event["type"] for event in error["events"]] == [
        "connect", "begin", "statement", "savepoint", "statement", "rollback to", "release",
        "rollback",
    ]  # fmt: skip
    assert (error["outcome"], error["isolation"]) == ("failed", "rollback")
    assert clone["unseen"] == "it ran on a clone, where Understudy does not read its statements"
    assert [event["type"] for event in clone["events"]] == ["connect"]
    assert again["isolation"] == "clone"
    assert again["unseen"] == (
        "it ran again on a clone, where Understudy does not read its statements; these are the "
        "calls of its first run, which was rolled back"
    )
    assert [event["type"] for event in again["events"]] == [
        "connect", "begin", "statement", "rollback"
    ]  # fmt: skip
    statements = of_kind("statement", found)
    assert [statement["verdict"] for statement in statements] == ["checked"] * 4
    assert (statements[0]["writes"], statements[1]["reads"]) == (["users"], ["users"])
    assert statements[1]["columns"][1] == {"name": "e", "type": "text", "nullable": False}
    summary = found[-1]
    assert summary["outcomes"] == {"passed": 2, "failed": 2}
    assert summary["lines"] == ["4 calls on real_postgres, 2 different statements"]
    assert summary["lines"][0] in result.outlines
    assert summary["real_postgres"] == [4, 2] == list(counted(found, "real_postgres"))


@pytest.mark.slow  # starts two processes
def test_workers_and_one_process_write_the_same(project: Project) -> None:
    project.write(test_it=ON_FAKE_POSTGRES)
    project.run("--understudy-trace=one.ndjson")
    project.run("--understudy-trace=two.ndjson", "-n2")

    one, two = (without_times(records(project, name)) for name in ("one.ndjson", "two.ndjson"))

    assert [record for record in one if record["kind"] != "run"] == [
        record for record in two if record["kind"] != "run"
    ]


def test_what_was_there_when_the_run_was_interrupted(project: Project) -> None:
    project.write(
        test_it="""
            from understudy import FakeConnection

            async def test_one():
                await FakeConnection(strict=False).execute("SELECT 1")

            def test_two():
                raise KeyboardInterrupt

            def test_three():
                pass
        """
    )
    options = (*without("randomly", "xdist"), "-o", "asyncio_mode=auto")
    loop_scope = ("-o", "asyncio_default_fixture_loop_scope=function")
    result = project.pytester.runpytest_inprocess(
        *options, *loop_scope, "--understudy-trace=run.ndjson", no_reraise_ctrlc=True
    )

    found = records(project)

    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert [test["id"] for test in of_kind("test", found)] == ["test_it.py::test_one"]
    assert found[-1]["fakes"] == [1, 1]


def test_only_the_first_events_of_a_test(project: Project) -> None:
    project.write(
        test_it="""
            from understudy import FakeConnection

            async def test_it():
                connection = FakeConnection(strict=False)
                for number in range(10):
                    await connection.execute("SELECT $1", [str(number) * 9])
        """
    )
    limits = ("--understudy-report-events=4", "--understudy-report-value-length=3")
    project.passes("-o", "asyncio_mode=auto", "--understudy-trace=run.ndjson", *limits)

    [test] = of_kind("test", records(project))

    assert (len(test["events"]), test["left_out"]) == (4, 6)
    assert test["events"][3]["parameters"] == ["333 ... (9 characters)"]


@pytest.mark.parametrize(
    ("setup", "outcome", "outcomes"),
    [
        ("@pytest.mark.skip", "skipped", {"skipped": 1}),
        ("@pytest.mark.xfail", "xpassed", {"xpassed": 1}),
        (
            "@pytest.fixture(autouse=True)\ndef f(): yield; 1 / 0\n",
            "error",
            {"passed": 1, "error": 1},
        ),
    ],
)
def test_outcomes(project: Project, setup: str, outcome: str, outcomes: dict[str, int]) -> None:
    project.write(test_it=f"import pytest\n{setup}\ndef test_it(): pass")
    project.run("--understudy-trace=run.ndjson")

    found = records(project)

    assert [test["outcome"] for test in of_kind("test", found)] == [outcome]
    assert found[-1]["outcomes"] == outcomes


def test_the_results_of_other_commands(project: Project) -> None:
    project.configure(
        """
        [tool.understudy]
        trace = "out/run.ndjson"
        report_review = "review.json"
        report_mutants = "mutants.json"
        """
    )
    (project.path / "review.json").write_text('{"modules": [{"module": "app"}]}')
    (project.path / "mutants.json").write_text("{")
    project.write(test_it="def test_it(): pass")

    result = project.run()

    summary = records(project, "out/run.ndjson")[-1]
    assert summary["checklist"] == [{"module": "app"}]
    assert "mutants" not in summary
    error = next(line for line in result.outlines if line.startswith("ERROR: report_mutants"))
    assert f"{project.path}/mutants.json cannot be read: Expecting property name" in error


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://me:secret@localhost/x", "postgresql://me:...@localhost/x"),
        ("postgresql://me:sec/r@t@localhost/x", "postgresql://me:...@localhost/x"),
        (
            "postgresql://localhost/x?password=secret&a=b",
            "postgresql://localhost/x?password=...&a=b",
        ),
        ("password = 'sec ret' user=me", "password = ... user=me"),
    ],
)
def test_the_password_of_an_address_is_not_written(
    project: Project, address: str, shown: str
) -> None:
    project.write(test_it="def test_it(): pass")
    url = f"--understudy-postgres-url={address}"
    project.passes("--understudy-trace=run.ndjson", url)

    arguments = records(project)[0]["arguments"]

    assert url.replace(address, shown) in arguments


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_module_that_cannot_be_collected(project: Project, workers: str) -> None:
    project.write(test_it="import nothing_of_this_name")

    project.run("--understudy-trace=run.ndjson", "-n", workers)

    [test] = of_kind("test", records(project))
    assert (test["id"], test["outcome"]) == ("test_it.py", "error")
    assert "No module named 'nothing_of_this_name'" in test["failure"]


AS_RERUNFAILURES = """
    import pytest

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(item, call):
        report = yield
        if report.failed:
            report.outcome = "rerun"
        return report
"""


def test_a_test_that_runs_again_has_not_passed(project: Project) -> None:
    project.write(conftest=AS_RERUNFAILURES, test_it="def test_it(): assert 1 == 2")

    project.run("--understudy-trace=run.ndjson")

    [test] = of_kind("test", records(project))
    assert test["outcome"] == "rerun"
    assert "assert 1 == 2" in test["failure"]
