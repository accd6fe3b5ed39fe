"""A pytest plugin that a review loads with ``-p``: it orders the tests and writes down how they go.

Coverage is taken here and not by pytest-cov: the data stays in memory, and each line knows the
tests that ran it.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from understudy.project import pytest_process

if TYPE_CHECKING:
    from coverage import Coverage

    from understudy.script.expectations import Recorded


class Recorder:
    """What one run is to do, and what it has seen.

    Args:
        order: "as collected", "twice" (all of them, then all of them once more), "reverse" or
            "random".
        seed: of the random order.
        only: the tests to run, by node id; None for all.
        measured: the files whose coverage is taken; empty for none.
    """

    def __init__(self, order: str, seed: int, only: list[str] | None, measured: list[str]) -> None:
        self._order = order
        self._seed = seed
        self._only = None if only is None else set(only)
        self._measured = measured
        self._coverage: Coverage | None = None
        self._tests: dict[str, dict[str, Any]] = {}
        self._problems: list[str] = []
        self._asked: dict[str, dict[str, Any]] = {}
        self._scripts: list[Recorded] = []

    def start(self) -> None:
        """Begin to look on, before anything of the project is imported."""
        from understudy.script import expectations

        expectations.observers.append(self._made)
        if not self._measured:
            return
        import coverage

        found = coverage.Coverage(data_file=None, branch=True)
        # What to look at is the review's to say; what to exclude, and the kind of concurrency, is
        # the project's.
        for option in ("source", "source_pkgs", "omit", "include", "patch"):
            found.set_option(f"run:{option}", [])
        found.set_option("run:include", self._measured)
        # sys.monitoring, coverage's default from Python 3.14, tells only the first test of a line.
        found.set_option("run:core", "ctrace")
        found.start()
        self._coverage = found

    def _made(self, script: Recorded) -> None:
        self._scripts.append(script)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Take the tests that are wanted, in the order that is wanted."""
        if self._only is not None:
            items[:] = [item for item in items if item.nodeid in self._only]
        if self._order == "reverse":
            items.reverse()
        elif self._order == "random":
            random.Random(self._seed).shuffle(items)
        elif self._order == "twice":
            items.extend(list(items))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Have each line know which test ran it."""
        path, line, _ = item.location
        known = self._tests.setdefault(
            item.nodeid, {"path": path, "line": (line or 0) + 1, "outcomes": []}
        )
        known["fixtures"] = sorted(getattr(item, "fixturenames", ()))
        known["outcomes"].append("passed")
        if self._coverage is not None:
            self._coverage.switch_context(item.nodeid)
        try:
            return (yield)
        finally:
            if self._coverage is not None:
                self._coverage.switch_context("")

    def pytest_runtest_teardown(self, item: pytest.Item, nextitem: pytest.Item | None) -> None:
        """Note which statements the test asked of fakes, and which it did not look at."""
        made, self._scripts = self._scripts, []
        for script in made:
            unread = script.calls.unread()
            for call in script.calls:
                nothing = {"place": str(call.origin), "tests": [], "read": False, "takes": False}
                entry = self._asked.setdefault(call.sql, nothing)
                entry["read"] = entry["read"] or call not in unread
                entry["takes"] = entry["takes"] or bool(call.parameters)
                if item.nodeid not in entry["tests"]:
                    entry["tests"].append(item.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what became of a test."""
        outcomes = self._tests[report.nodeid]["outcomes"]
        if report.skipped:
            outcomes[-1] = "skipped"
        elif report.failed:
            outcomes[-1] = "failed" if report.when == "call" else "error"
            self._tests[report.nodeid].setdefault("why", _why(report))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note what could not be collected."""
        if report.failed:
            self._problems.append(report.nodeid)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Report what was seen."""
        files = {} if self._coverage is None else self._covered(self._coverage)
        pytest_process.answer(
            {
                "tests": self._tests,
                "not_collected": self._problems,
                "files": files,
                "asked": self._asked,
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
        return {str(Path(path).resolve()): each for path, each in files.items()}


def _why(report: pytest.TestReport) -> str:
    """The line that pytest's short summary gives for a failure."""
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
