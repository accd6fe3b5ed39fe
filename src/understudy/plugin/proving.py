"""A pytest plugin that runs tests several times in a random order, for `understudy write`."""

from __future__ import annotations

import copy
import random
from typing import Any, cast

import pytest

from understudy.project import pytest_process


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Repeat the tests, in another order each time; the orders are the same in each run."""
    shuffled: list[pytest.Item] = []
    for number in range(pytest_process.requested()["runs"]):
        round_ = [_again(item) for item in items]
        random.Random(number).shuffle(round_)
        shuffled += round_
    items[:] = shuffled


def _again(item: pytest.Item) -> pytest.Item:
    """Return another item of the same test: one that follows itself would not be torn down."""
    found: Any = copy.copy(item)
    found._initrequest()
    return cast("pytest.Item", found)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Answer what has failed."""
    if report.failed:
        file, *_, name = report.nodeid.partition("[")[0].split("::")
        errors = pytest_process.error_lines(report.longreprtext.splitlines())
        why = errors[0] if errors else report.longreprtext.strip().partition("\n")[0]
        pytest_process.answer({"file": file, "test": name, "why": why})
