"""The record of a test, from pytest's reports of it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from understudy.run_report.assembly import Finished
    from understudy.run_report.records import Outcome


def finished_test(reports: Sequence[pytest.TestReport], recorded: Mapping[str, Any]) -> Finished:
    """Return the record of a test, from its reports and what was recorded of it."""
    from understudy.run_report.assembly import Finished
    from understudy.run_report.ndjson import events_from
    from understudy.run_report.records import Test

    path, line, _ = reports[-1].location
    failed = [report for report in reports if report.failed or _is_rerun(report)]
    found = dict(recorded.get("test", {}))
    found["events"] = events_from(found.get("events", []))
    test = Test(
        reports[-1].nodeid,
        _outcome(reports),
        round(sum(report.duration for report in reports), 6),
        f"{path}:{(line or 0) + 1}",
        "\n".join(report.longreprtext for report in failed),
        **found,
    )
    return Finished(recorded.get("order", sys.maxsize), test, recorded.get("statements", ()))


def _is_rerun(report: pytest.TestReport) -> bool:
    """Return whether it failed, and pytest-rerunfailures runs the test again."""
    return str(report.outcome) == "rerun"


def _outcome(reports: Sequence[pytest.TestReport]) -> Outcome:
    """Return how pytest counts a test; an error of its fixtures counts more than the test."""
    if any(report.failed and report.when in ("setup", "teardown") for report in reports):
        return "error"
    if any(report.failed for report in reports):
        return "failed"
    if any(map(_is_rerun, reports)):
        return "rerun"
    is_expected = any(hasattr(report, "wasxfail") for report in reports)
    if any(report.skipped for report in reports):
        return "xfailed" if is_expected else "skipped"
    return "xpassed" if is_expected else "passed"
