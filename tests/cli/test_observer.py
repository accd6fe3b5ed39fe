from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.plugin.conftest import without
from understudy import FakeConnection
from understudy.project import pytest_process
from understudy.script import call_counts

OBSERVED = ["-p", "understudy.cli.observer", *without("randomly", "faker", "hypothesispytest")]

ALL_OUTCOMES = """
    import pytest
    from understudy import FakeConnection

    async def ask(statement):
        await FakeConnection().execute(statement)

    async def test_asks_one():
        await ask("SELECT 1")

    async def test_asks_the_same_and_another():
        await ask("SELECT 1")
        await ask("SELECT 2")

    def test_fails():
        assert False

    @pytest.fixture
    def broken():
        raise LookupError

    def test_has_a_broken_fixture(broken):
        pass

    def test_skips():
        pytest.skip("a reason")

    @pytest.mark.xfail
    def test_fails_as_expected():
        assert False

    @pytest.mark.xfail
    def test_passes_unexpectedly():
        pass
"""


@pytest.fixture
def figures(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the tests given, and return what the observer reports."""
    answers = pytester.path / "figures.json"
    monkeypatch.setenv(pytest_process.REQUEST_VARIABLE, '{"figures": true}')
    monkeypatch.setenv(pytest_process.ANSWERS_VARIABLE, str(answers))

    def run(tests: str, *arguments: str) -> dict[str, Any]:
        pytester.makepyprojecttoml(
            """
            [tool.pytest.ini_options]
            asyncio_mode = "auto"
            asyncio_default_fixture_loop_scope = "function"
            """
        )
        pytester.makepyfile(tests)
        pytester.runpytest_inprocess(*OBSERVED, *arguments)
        report: dict[str, Any] = json.loads(answers.read_bytes())
        return report

    return run


def test_counts_every_outcome(figures: Any) -> None:
    assert figures(ALL_OUTCOMES)["tests"] == {
        "passed": 2,
        "failed": 1,
        "error": 1,
        "skipped": 1,
        "xfailed": 1,
        "xpassed": 1,
    }


def test_counts_what_was_asked_of_the_fakes_on_workers_too(figures: Any) -> None:
    report = figures(ALL_OUTCOMES, "-n", "2")

    assert report["calls_on_fakes"] == 3
    assert report["statements_on_fakes"] == 2
    assert report["tests"]["passed"] == 2


def test_counts_a_run_for_itself(figures: Any) -> None:
    asyncio.run(FakeConnection().execute("SELECT 'outside'"))
    before = call_counts.FAKES.calls, set(call_counts.FAKES.statements)

    report = figures(ALL_OUTCOMES)

    assert (report["calls_on_fakes"], report["statements_on_fakes"]) == (3, 2)
    assert (call_counts.FAKES.calls, call_counts.FAKES.statements) == before


def test_names_no_server_where_no_test_asked_for_one(figures: Any) -> None:
    assert figures("def test_a(): pass")["postgres"] is None


def test_names_the_server_that_the_tests_had(figures: Any, pytester: pytest.Pytester) -> None:
    pytester.path.joinpath("schema.sql").write_text("CREATE TABLE t (id int);")
    report = figures(
        """
        import pathlib, psycopg

        def test_one(real_postgres):
            with psycopg.connect(real_postgres.dsn) as connection:
                row = connection.execute("SHOW server_version").fetchone()
            pathlib.Path("version.txt").write_text(row[0])

        def test_two(real_postgres):
            assert real_postgres.dsn
        """,
        "--understudy-schema=schema.sql",
    )

    assert report["tests"]["passed"] == 2
    assert report["postgres"] == {
        "version": (pytester.path / "version.txt").read_text(),
        "embedded": True,
    }


def test_names_no_server_that_could_not_be_had(figures: Any) -> None:
    report = figures(
        "def test_one(real_postgres): pass", "--understudy-schema=there/is/no/such/file.sql"
    )

    assert report["tests"]["error"] == 1
    assert report["postgres"] is None


def test_writes_nothing_unasked(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function")
    pytester.makepyfile("def test_a(): pass")

    pytester.runpytest_inprocess("-p", "understudy.cli.observer").assert_outcomes(passed=1)

    assert [path.name for path in pytester.path.glob("*.json")] == []
