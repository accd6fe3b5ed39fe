"""The command that runs the drivers' own tests; its results are in docs/conformance.md."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psycopg
import pytest
from benchmarks.driver_suites import __main__, report, suite_run, targets
from benchmarks.driver_suites.suite_run import Outcome

REPORT = """\
<testsuites><testsuite>
<testcase classname="tests.a.B" name="works"/>
<testcase classname="tests.a.B" name="fails">
<failure message="Wrong: 1&#10;more">where</failure>
</testcase>
<testcase classname="tests.a.B" name="rests"><skipped message="why"/></testcase>
<testcase classname="tests.a.B" name="ends"><failure message="Wrong: 2"/></testcase>
<testcase classname="tests.a.B" name="ends"><error message="at its end"/></testcase>
</testsuite></testsuites>
"""
PASSED, SKIPPED, FAILED = Outcome("passed"), Outcome("skipped"), Outcome("failed", "Wrong: 1")
OUTCOMES = {
    "embedded PostgreSQL": {"a": PASSED, "b": PASSED, "c": PASSED, "d": FAILED, "e": SKIPPED},
    "fake_postgres": {"a": PASSED, "b": FAILED, "c": SKIPPED, "d": PASSED, "e": PASSED},
    "real_postgres": {"a": PASSED, "b": PASSED},
}


def test_a_report_is_read() -> None:
    assert suite_run.read(REPORT) == {
        "tests.a.B.works": PASSED,
        "tests.a.B.fails": FAILED,
        "tests.a.B.rests": SKIPPED,
        "tests.a.B.ends": Outcome("failed", "Wrong: 2"),
    }


def test_only_tests_that_pass_on_a_real_server_are_compared() -> None:
    assert report.table("a suite", OUTCOMES) == (
        "a suite                     passed  failed  skipped  not applicable\n"
        "  embedded PostgreSQL            3       0        0               2\n"
        "  fake_postgres                  1       1        1               2\n"
        "  real_postgres                  2       1        0               2"
    )
    assert report.differences(OUTCOMES) == [
        "fake_postgres | failed | b: Wrong: 1",
        "fake_postgres | skipped | c",
        "real_postgres | failed | c: not run",
    ]


def test_failed_tests_are_run_once_more(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(suite_run.CONFTEST)
    (tmp_path / "test_it.py").write_text(
        "import os, pathlib\n"
        "def test_races():\n"
        "    been = pathlib.Path('been')\n"
        "    assert been.exists() or been.touch()\n"
        "def test_fails():\n"
        "    raise ValueError(os.environ['GIVEN'])\n"
        "def test_works():\n"
        "    pass\n"
    )

    assert suite_run.run(tmp_path, ["test_it.py"], {"GIVEN": "no\nmore"}) == {
        "test_it.test_races": PASSED,
        "test_it.test_fails": Outcome("failed", "ValueError: no"),
        "test_it.test_works": PASSED,
    }


def test_an_unknown_suite_is_rejected(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        __main__.main(["asyncpg", "psycopg2"])

    assert capsys.readouterr().err.endswith(
        "error: no such suite: psycopg2; there are asyncpg, sqlalchemy+asyncpg, "
        "sqlalchemy+psycopg\n"
    )


@pytest.fixture(scope="module")
def dsn() -> Iterator[str]:
    with targets.port(targets.FAKE_POSTGRES, "CREATE TYPE mood AS ENUM ('sad', 'happy')") as port:
        yield f"postgresql://{targets.USER}@127.0.0.1:{port}/{targets.USER}"


def test_answers_come_from_a_real_server_by_value(dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        notices: list[str | None] = []
        connection.add_notice_handler(lambda notice: notices.append(notice.message_primary))
        row = connection.execute("SELECT 'sad'::mood, %s::numeric[], NULL::int", [[1, 2]])
        connection.execute("CREATE TABLE t (mood mood PRIMARY KEY)")
        connection.execute("DO $$BEGIN RAISE NOTICE 'hello'; END$$")

        assert row.fetchone() == ("sad", [1, 2], None)
        assert notices == ["hello"]
        with pytest.raises(psycopg.errors.UniqueViolation) as raised:
            connection.cursor().executemany("INSERT INTO t VALUES (%s)", [["sad"], ["sad"]])
        assert raised.value.diag.constraint_name == "t_pkey"
        with connection.cursor().copy("COPY t FROM STDIN") as copy:
            copy.write_row(["happy"])
        with connection.cursor().copy("COPY t TO STDOUT") as out:
            assert list(out.rows()) == [("happy",)]
        with connection.transaction(force_rollback=True):
            assert connection.execute("DELETE FROM t").rowcount == 1
        assert connection.execute("SELECT * FROM t").fetchall() == [("happy",)]


def test_a_statement_of_a_real_server_is_cancelled_and_a_connection_ended(dsn: str) -> None:
    async def scenario() -> None:
        connection = await asyncpg.connect(dsn, server_settings={"work_mem": "77kB"})
        with pytest.raises(TimeoutError):
            await connection.fetch("SELECT pg_sleep(60)", timeout=0.05)
        assert await connection.fetchval("SELECT current_setting('work_mem')") == "77kB"
        other = await asyncpg.connect(dsn)
        ended = asyncio.Event()
        other.add_termination_listener(lambda _: ended.set())
        await connection.execute("SELECT pg_terminate_backend($1)", other.get_server_pid())
        await asyncio.wait_for(ended.wait(), 60)
        await connection.close()

    asyncio.run(scenario())
    with pytest.raises(psycopg.OperationalError, match='database "nope" does not exist'):
        psycopg.connect(dsn.replace("/postgres", "/nope").replace("//nope", "//postgres"))
