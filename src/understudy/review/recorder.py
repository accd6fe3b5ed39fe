"""A pytest plugin for the runs of a review: it orders the tests and records their results.

It measures coverage itself instead of using pytest-cov, so that the data stays in memory and the
tests that ran a line are recorded.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Generator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from understudy.project import pytest_process

if TYPE_CHECKING:
    from coverage import Coverage

    from understudy.script.expectations import Recorded


class Recorder:
    """Records one run.

    Args:
        order: "as collected", "twice" (all of them, and then all of them again), "reverse" or
            "random".
        seed: the seed of the random order.
        only: the node ids of the tests to run; None for all.
        measured: the files whose coverage is measured.
    """

    def __init__(self, order: str, seed: int, only: list[str] | None, measured: list[str]) -> None:
        self._order = order
        self._seed = seed
        self._only = None if only is None else set(only)
        self._measured = measured
        self._coverage: Coverage | None = None
        self._tests: dict[str, dict[str, Any]] = {}
        self._not_collected: list[str] = []
        self._statements: dict[str, dict[str, Any]] = {}
        self._scripts: list[Recorded] = []

    def start(self) -> None:
        """Start to record, before anything of the project is imported."""
        from understudy.script import expectations

        expectations.observers.append(self._scripts.append)
        if not self._measured:
            return
        import coverage

        found = coverage.Coverage(data_file=None, branch=True)
        # The review decides what to measure. The project's settings for what to exclude, and for
        # the kind of concurrency, apply.
        options = ["source", "source_pkgs", "omit", "include"]
        options += ["patch"] if coverage.version_info >= (7, 10) else []
        for option in options:
            found.set_option(f"run:{option}", [])
        # SQLAlchemy's async code runs in greenlets: coverage loses what comes after an await there.
        if not found.get_option("run:concurrency") and find_spec("greenlet"):
            found.set_option("run:concurrency", ["greenlet", "thread"])
        found.set_option("run:include", self._measured)
        # sys.monitoring, the default from Python 3.14, reports only the first test of a line.
        if coverage.version_info >= (7, 9):
            found.set_option("run:core", "ctrace")
        found.start()
        self._coverage = found

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Select the tests and order them."""
        if self._only is not None:
            items[:] = [item for item in items if item.nodeid in self._only]
        if self._order == "reverse":
            items.reverse()
        elif self._order == "random":
            random.Random(self._seed).shuffle(items)
        elif self._order == "twice":
            items.extend(list(items))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> Generator[None, object, object]:
        """Record the test for each line that it runs."""
        if nextitem is item:
            return (yield)  # the call in `_TornDown` is recorded
        test = self._tests.setdefault(item.nodeid, {"path": item.location[0], "outcomes": []})
        test["fixtures"] = sorted(getattr(item, "fixturenames", ()))
        test["outcomes"].append("passed")
        if self._coverage is not None:
            self._coverage.switch_context(item.nodeid)
        try:
            return (yield)
        finally:
            if self._coverage is not None:
                self._coverage.switch_context("")

    def pytest_runtest_teardown(self, item: pytest.Item, nextitem: pytest.Item | None) -> None:
        """Record the statements that the test sent to fakes, and whether it looked at them."""
        for script in self._scripts:
            unread = script.calls.unread()
            for call in script.calls:
                sent = self._statements.setdefault(
                    call.sql,
                    {
                        "place": str(call.origin),
                        "tests": [],
                        "is_read": False,
                        "has_parameters": False,
                    },
                )
                sent["is_read"] = sent["is_read"] or call not in unread
                sent["has_parameters"] = sent["has_parameters"] or bool(call.parameters)
                if item.nodeid not in sent["tests"]:
                    sent["tests"].append(item.nodeid)
        self._scripts.clear()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Record the outcome of a test."""
        outcomes = self._tests[report.nodeid]["outcomes"]
        if report.skipped:
            outcomes[-1] = "skipped"
        elif report.failed:
            outcomes[-1] = "failed" if report.when == "call" else "error"
            self._tests[report.nodeid].setdefault("why", _why(report))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Record what could not be collected."""
        if report.failed:
            self._not_collected.append(report.nodeid)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Report the record."""
        files = {} if self._coverage is None else self._covered(self._coverage)
        pytest_process.answer(
            {
                "tests": self._tests,
                "not_collected": self._not_collected,
                "files": files,
                "statements": self._statements,
            }
        )

    def _covered(self, measured: Coverage) -> dict[str, Any]:
        from coverage.exceptions import NoDataError, NoSource

        measured.stop()
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "coverage.json")
            try:
                measured.json_report(outfile=str(file), show_contexts=True, ignore_errors=True)
            except (NoDataError, NoSource):
                return {}
            files: dict[str, Any] = json.loads(file.read_bytes())["files"]
        return {str(Path(path).resolve()): report for path, report in files.items()}


class _TornDown:
    """Lets pytest tear down a test that runs again next, as it does before any other test."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> object | None:
        if nextitem is not item:
            return None
        done: object = item.ihook.pytest_runtest_protocol(item=item, nextitem=None)
        return done


def _why(report: pytest.TestReport) -> str:
    """Return the line of a failure in pytest's short summary."""
    crash = getattr(report.longrepr, "reprcrash", None)
    text = str(report.longrepr) if crash is None else crash.message
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[0] if lines else ""


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Begin before the first conftest.py is imported."""
    recorder = Recorder(**pytest_process.requested())
    recorder.start()
    early_config.pluginmanager.register(recorder, "understudy-review")
    early_config.pluginmanager.register(_TornDown())
