"""Carries a sweep out: one rerun of a test for each fault, until all are tried or time is up."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from understudy.rerun import Run
from understudy.script.boundary import CallId
from understudy.sweep.faults import Fault
from understudy.sweep.oracle import Rules, Verdict, judge
from understudy.sweep.plan import Trial

# A rerun is given so many times the time of the normal run, and at least so many seconds: pools
# need a moment after a lost connection.
PATIENCE = 5
LEAST_SECONDS = 5.0
_ATTEMPTS = 3


class Rerunner(Protocol):
    """Runs tests again; see `rerun`."""

    def normal(self, test: str) -> Run:
        """Return the run of a test without a fault."""

    def control(self, test: str) -> str | None:
        """Return why a test cannot be judged by its reruns, or None."""

    def settle(self, test: str) -> None:
        """Run a test without a fault, after a fault that an app's pool may still feel."""

    def run(self, test: str, call: CallId, fault: Fault, seconds: float) -> Run:
        """Run a test with a fault at a call."""


@dataclass
class Sweep:
    """A sweep on its way.

    Attributes:
        trials: what is to be tried.
        verdicts: what has been tried, and how the app met it.
        left_out: the tests that cannot be judged by their reruns, with the reasons.
        unreached: the trials whose call was not made in the rerun.
        unsteady: the trials that had another finding when they were repeated.
        resumed: how many verdicts come from an earlier run that was not finished.
        seconds: how long it took.
        ended_by: why it ended early: "time" or "interrupt"; None if it did not.
    """

    trials: Sequence[Trial]
    verdicts: list[Verdict] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    unreached: list[Trial] = field(default_factory=list)
    unsteady: list[Trial] = field(default_factory=list)
    resumed: int = 0
    seconds: float = 0.0
    ended_by: str | None = None

    def run(
        self,
        rerunner: Rerunner,
        rules: Rules,
        *,
        known: Mapping[str, Verdict],
        budget: float | None,
        progress: Callable[[Sweep], None],
    ) -> None:
        """Try everything.

        Args:
            rerunner: runs tests again.
            rules: returns what the rules about requests find in a run.
            known: verdicts of an earlier run, by the keys of their trials.
            budget: the seconds that it may take; None for as long as it takes.
            progress: called before each trial.

        Raises:
            KeyboardInterrupt: Ctrl-C; what was tried is kept.
        """
        begun = time.monotonic()
        try:
            for trial in self.trials:
                self.seconds = time.monotonic() - begun
                if (verdict := known.get(trial.key)) is not None:
                    self.resumed += 1
                    self.verdicts.append(verdict)
                    continue
                if budget is not None and self.seconds >= budget:
                    self.ended_by = "time"
                    continue  # what an earlier run has tried is still taken
                progress(self)
                self._try(trial, rerunner, rules)
        except KeyboardInterrupt:
            self.ended_by = "interrupt"
            raise
        finally:
            self.seconds = time.monotonic() - begun

    @property
    def done(self) -> int:
        """How many trials are over."""
        return len(self.verdicts) + len(self.unreached) + len(self.unsteady)

    def _try(self, trial: Trial, rerunner: Rerunner, rules: Rules) -> None:
        for test, call in trial.candidates:
            if test not in self.left_out and (reason := rerunner.control(test)) is not None:
                self.left_out[test] = reason
            if test in self.left_out:
                continue
            found = self._found(trial, test, call, rerunner, rules)
            if not found:
                continue
            for verdict in found:
                if _is_repeated(verdict, found):
                    self.verdicts.append(verdict)
                    return
            self.unsteady.append(trial)
            return
        self.unreached.append(trial)

    def _found(
        self, trial: Trial, test: str, call: CallId, rerunner: Rerunner, rules: Rules
    ) -> list[Verdict]:
        """Return the verdicts on a fault, as many as it takes to be sure of one.

        What is said of an app has to be true: it happens again, or nothing is said.
        """
        found: list[Verdict] = []
        for attempt in range(_ATTEMPTS):
            verdict = self._verdict(trial, test, call, rerunner, rules)
            if verdict is not None:
                found.append(verdict)
                if any(_is_repeated(each, found) for each in found):
                    break
            if attempt or verdict is None:
                rerunner.settle(test)
        return found

    def _verdict(
        self, trial: Trial, test: str, call: CallId, rerunner: Rerunner, rules: Rules
    ) -> Verdict | None:
        """Run a test with a fault; return None if the call was not made."""
        normal = rerunner.normal(test)
        limit = max(LEAST_SECONDS, PATIENCE * normal.seconds)
        run = rerunner.run(test, call, trial.fault, limit)
        return judge(trial, test, call, normal, run, limit, rules) if run.has_fired else None


def _is_repeated(verdict: Verdict, found: Sequence[Verdict]) -> bool:
    """Return whether a verdict is sure: the first, without a finding, or two that are alike."""
    rules = {finding.rule for finding in verdict.findings}
    if not rules and len(found) == 1:
        return True
    others = [{finding.rule for finding in each.findings} for each in found]
    return sum(bool(rules & each) or rules == each for each in others) > 1
