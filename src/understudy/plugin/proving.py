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
