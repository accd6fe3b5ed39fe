"""Run a test again on a clone, at once, if one rolled-back transaction was not enough for it.

The first run leaves no trace: its reports, warnings, output and calls are dropped, and what it did
to the database is rolled back. Fixtures of the test's own scope are set up again.
"""

from __future__ import annotations

import bdb
import sys
import warnings
from collections.abc import Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import pytest
from _pytest.runner import runtestprotocol  # as pytest-rerunfailures and pytest-xdist do

from understudy.plugin import isolation
from understudy.plugin.servers import interruption, rollback_server_of
from understudy.rerun import quiet
from understudy.rerun.quiet import Report

if TYPE_CHECKING:
    from understudy.real_postgres.limits import Limits

_LOOP = "WrongEventLoop: "
_COUNTS = "understudy.script.call_counts"


def protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Run a test that may have to run again; return None if pytest is to run it as always.

    A test that another plugin runs again after a failure is left to that plugin.
    """
    is_repeated = getattr(item.config.option, "reruns", 0) or item.get_closest_marker("flaky")
    options = item.config.option
    if not isolation.may_move(item) or is_repeated or options.setuponly or options.setupshow:
        return None
    hook = item.ihook
    hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    before = len(item.user_properties), _counts()
    with (
        warnings.catch_warnings(record=True) as caught,
        quiet.held_reports(item.config) as subtests,
    ):
        found, reasons, is_certain = _first_run(item, nextitem, subtests)
        if reasons:
            found.clear()
            warnings.simplefilter("ignore")
            quiet.forget(item)
            quiet.collect(item.config)  # else another test would get the warnings
    if not reasons:
        log(item, found, subtests, caught)
    else:
        del item.user_properties[before[0] :]
        _restore_counts(before[1])
        isolation.move(item, reasons[0])
        reports = runtestprotocol(item, nextitem=nextitem)
        has_passed = not any(report.failed for report in reports)
        isolation.note_outcome(item, is_certain=is_certain, has_passed=has_passed)
    hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def log(
    item: pytest.Item,
    found: Sequence[Report],
    subtests: Sequence[pytest.TestReport] = (),
    caught: Sequence[warnings.WarningMessage] = (),
) -> None:
    """Log the reports of a run that were held back, and show its warnings."""
    hook = item.ihook
    for warning in caught:
        _warn(warning)
    for report in subtests:
        hook.pytest_runtest_logreport(report=report)
    for call, report in found:
        hook.pytest_runtest_logreport(report=report)
        if _is_interactive(call, report):
            hook.pytest_exception_interact(node=item, call=call, report=report)


def _first_run(
    item: pytest.Item, nextitem: pytest.Item | None, subtests: Sequence[pytest.TestReport]
) -> tuple[list[Report], list[str], bool]:
    """Run a test; return its reports, the reasons to run it again, and whether one is certain.

    Args:
        item: the test.
        nextitem: the test after it.
        subtests: gets the reports of its subtests.
    """
    with quiet.with_request(item):
        interrupted = interruption(item.config)
        with interrupted.handled():
            found = [quiet.run_phase(item, "setup", {})]
            if found[0][1].passed:
                found.append(quiet.run_phase(item, "call", {}))
        limits = _limits(item)  # None also if it has used what only a rollback has
        reasons, is_certain = _reasons(limits, found, subtests)
        if limits is not None:
            limits.moves = False  # its teardown runs to the end
        if item.session.shouldfail or item.session.shouldstop:
            nextitem = None
        # What outlives the test stays for the second run.
        following = item.parent if reasons else nextitem
        with interrupted.ending_threads() if reasons else nullcontext():
            found.append(quiet.run_phase(item, "teardown", {"nextitem": following}))
    if not reasons:
        reasons, is_certain = _reasons(limits, found, subtests)
    return found, reasons, is_certain


def _limits(item: pytest.Item) -> Limits | None:
    """Return the limits that a test has met, or None if it stays isolated by rollback."""
    server = rollback_server_of(item.config)
    if server is None or not server.scheduler.limits.moves:
        return None
    return server.scheduler.limits


def _reasons(
    limits: Limits | None, found: list[Report], subtests: Sequence[pytest.TestReport]
) -> tuple[list[str], bool]:
    """Return the reasons to run a test again, and whether one is certain."""
    if limits is None:
        return [], False
    certain = limits.reasons(has_failed=False)
    # A clone would hide the use of another event loop, because it renews the pools.
    reports = [*subtests, *(report for _, report in found)]
    has_failed = any(report.failed and _LOOP not in report.longreprtext for report in reports)
    return certain or limits.reasons(has_failed=has_failed), bool(certain)


def _warn(warning: warnings.WarningMessage) -> None:
    """Show a warning of the first run, which pytest collects."""
    warnings.showwarning(
        warning.message, warning.category, warning.filename, warning.lineno, None, warning.line
    )


def _is_interactive(call: pytest.CallInfo[None], report: pytest.TestReport) -> bool:
    """Return whether a debugger is to be offered, as in pytest's runner."""
    if call.excinfo is None or hasattr(report, "wasxfail"):
        return False
    return not isinstance(call.excinfo.value, pytest.skip.Exception | bdb.BdbQuit)


def _counts() -> tuple[int, set[str]]:
    module: Any = sys.modules.get(_COUNTS)
    return (0, set()) if module is None else (module.REAL.calls, set(module.REAL.statements))


def _restore_counts(counts: tuple[int, set[str]]) -> None:
    module: Any = sys.modules.get(_COUNTS)
    if module is not None:
        module.REAL.calls, module.REAL.statements = counts
