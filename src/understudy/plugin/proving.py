"""A pytest plugin that runs tests several times in a random order, for `understudy write`."""

from __future__ import annotations

import copy
import random
import time
from typing import Any, cast

import pytest

from understudy.project import pytest_process


class _Runs:
    """Counts the tests, and ends after the test that runs when the time is up.

    Args:
        tests: how many a run has. One run is always whole.
        seconds: the time for all.
    """

    def __init__(self, tests: int, seconds: float) -> None:
        self._tests = tests
        self._until = time.monotonic() + seconds
        self._begun = 0

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Leave out the tests for which there is no time."""
        self._begun += 1
        if self._begun >= self._tests and time.monotonic() > self._until:
            del item.session.items[self._begun + 1 :]  # pytest has chosen the next one already

    def pytest_sessionfinish(self) -> None:
        """Answer how often all tests have run."""
        pytest_process.answer({"runs": self._begun // self._tests})


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Repeat the tests, in another order each time; the orders are the same in each run."""
    request = pytest_process.requested()
    if items:
        config.pluginmanager.register(_Runs(len(items), request["seconds"]))
    shuffled: list[pytest.Item] = []
    for number in range(request["runs"]):
        round_ = [_again(item) for item in items]
        random.Random(number).shuffle(round_)
        shuffled += round_
    items[:] = shuffled


def pytest_runtestloop(session: pytest.Session) -> None:
    """Describe failures in the quickest way: expected failures fail in each run."""
    session.config.option.tbstyle = "native"


def _again(item: pytest.Item) -> pytest.Item:
    """Return another item of the same test: one that follows itself would not be torn down."""
    found: Any = copy.copy(item)
    found._initrequest()
    return cast("pytest.Item", found)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Answer what has failed."""
    if report.failed:
        file, *_, name = report.nodeid.partition("[")[0].split("::")
        crash = getattr(report.longrepr, "reprcrash", None)
        text = report.longreprtext.strip() if crash is None else crash.message
        pytest_process.answer({"file": file, "test": name, "why": text.partition("\n")[0]})
