"""What a run of a test did."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from understudy.script.boundary import CallId, Event
from understudy.script.requests import Request

if TYPE_CHECKING:
    from understudy.rerun.quiet import Report


def summary(shown: str) -> str:
    """Return the first line of an exception, with the next one if it only announces that."""
    first, _, rest = shown.strip().partition("\n")
    announced = rest.lstrip().partition("\n")[0].rstrip()
    return f"{first} {announced}".strip() if first.endswith((" raised", ":")) else first


@dataclass(slots=True, eq=False)
class Run:
    """What one run of a test did.

    Attributes:
        passed: whether all of its phases passed.
        phase: the phase that failed or was skipped first; None if it passed.
        error: the first line of its exception, see `summary`; "" if it passed.
        is_timeout: whether it was ended because it took too long.
        longrepr: the report of the failure; "" if it passed.
        seconds: how long the test took, without the fixtures.
        events: what came to the servers, in order; that of earlier tests is not among it.
        requests: what its app was asked, in order.
        has_fired: whether a change was returned for any event.
        leaks: the transactions and connections that it left open, as the failures say.
        damaged: the numbers of the connections on which a call was made to fail.
    """

    passed: bool = True
    phase: str | None = None
    error: str = ""
    is_timeout: bool = False
    longrepr: str = ""
    seconds: float = 0.0
    events: list[Event] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    has_fired: bool = False
    leaks: tuple[str, ...] = ()
    damaged: set[int] = field(default_factory=set)

    def note(self, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
        """Add the outcome of a phase."""
        if call.when == "call":
            self.seconds = call.duration
        if self.passed and (not report.passed or hasattr(report, "wasxfail")):
            self.passed, self.phase, self.longrepr = False, call.when, report.longreprtext
            excinfo = call.excinfo
            shown = self.longrepr if excinfo is None else excinfo.exconly(tryshort=True)
            self.error = summary(shown) or report.outcome

    def note_failed(self, report: pytest.TestReport) -> None:
        """Add the failure of a part of the test, which its own report does not tell."""
        if self.passed:
            self.passed, self.phase, self.longrepr = False, report.when, report.longreprtext
            crash = getattr(report.longrepr, "reprcrash", None)
            shown = self.longrepr.strip() if crash is None else crash.message
            self.error = summary(shown) or report.outcome

    @property
    def asked(self) -> list[CallId]:
        """The calls of the test itself: without its fixtures, the drivers and new connections."""
        return [
            event.id
            for event in self.events
            if event.phase == "call" and not event.is_drivers and event.kind != "connect"
        ]


@dataclass(slots=True, eq=False)
class Recorded:
    """A test that has run as always.

    Attributes:
        item: the test.
        run: what its run did. `Reruns.control` replaces it with that of the second run, in which
            nothing happens for the first time.
        reason: why it cannot be run again, or None.
    """

    item: pytest.Item
    run: Run
    reason: str | None = None

    def note(self, report: Report) -> None:
        """Add the outcome of a phase."""
        self.run.note(*report)
