"""A pytest plugin that runs tests several times in a random order, for `understudy write`."""

from __future__ import annotations

import random

import pytest

from understudy.project import pytest_process


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Repeat the tests, in another order each time; the orders are the same in each run."""
    shuffled: list[pytest.Item] = []
    for number in range(pytest_process.requested()["runs"]):
        round_ = list(items)
        random.Random(number).shuffle(round_)
        shuffled += round_
    items[:] = shuffled


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Answer what has failed."""
    if report.failed:
        name = report.nodeid.rpartition("::")[2].partition("[")[0]
        errors = pytest_process.error_lines(report.longreprtext.splitlines())
        why = errors[0] if errors else report.longreprtext.strip().partition("\n")[0]
        pytest_process.answer({"test": name, "why": why})
