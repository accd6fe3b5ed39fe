"""Failures of a test, and expectations that must be met at its end.

The plugin opens a `PhaseState` for each phase of a test, and one for each fixture that outlives a
test. A failure is recorded when it is raised, so that code under test cannot hide it by catching
it. Outside a test run failures are only raised.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

from understudy.script.call_log import CallLog
from understudy.script.failures import Failure


class Expectation(Protocol):
    """Something that must hold when the test ends."""

    def failure_if_unmet(self) -> Failure | None:
        """Return the failure to report, or None."""


class PossibleWarning(Protocol):
    """Something that may deserve a warning when a test and its fixtures are over.

    Attributes:
        check: the setting that says whether to warn or to fail.
    """

    check: str

    def confirmed(self) -> str | None:
        """Return the text of the warning, or None."""


class Recorded(Protocol):
    """A script, as far as its calls are looked at when a test is over."""

    receiver: str
    calls: CallLog


FailureT = TypeVar("FailureT", bound=Failure)


class PhaseState:
    """The failures and the expectations of one phase of a test, or of a fixture's life.

    Attributes:
        hints: what may explain a failure, by what it is about; shown only if the test fails.
    """

    def __init__(self) -> None:
        self.failures: list[Failure] = []
        self.expectations: list[Expectation] = []
        self.possible_warnings: list[PossibleWarning] = []
        self.scripts: list[Recorded] = []
        self.hints: dict[Hashable, Callable[[], str]] = {}

    def verify(self) -> list[Failure]:
        """Return and forget the recorded failures and those of unmet expectations."""
        found = self.failures + [
            failure
            for item in self.expectations
            if (failure := item.failure_if_unmet()) is not None
        ]
        self.failures = []
        self.expectations = []
        return found


# Not a ContextVar: a test's calls come from any thread or task that its code starts, and pytest
# runs one test at a time in a process. The first state is for the test that imports this module:
# the plugin learns of it only afterwards.
_open: list[PhaseState] = [PhaseState()]


@contextmanager
def opened(state: PhaseState | None = None) -> Iterator[PhaseState]:
    """Collect failures and expectations in `state`, or in a new one."""
    state = state or PhaseState()
    _open.append(state)
    try:
        yield state
    finally:
        _open.remove(state)


def take_first() -> PhaseState:
    """Return what was recorded while no phase was open, and forget it."""
    state, _open[0] = _open[0], PhaseState()
    return state


def record_failure(failure: FailureT) -> FailureT:
    """Record `failure` in the open state and return it, to be raised."""
    _open[-1].failures.append(failure)
    return failure


def expect(expectation: Expectation) -> None:
    """Check `expectation` when the open state is verified."""
    _open[-1].expectations.append(expectation)


def add_hint(about: Hashable, text: Callable[[], str]) -> None:
    """Show a text if the test fails, unless the hint is dropped before."""
    _open[-1].hints[about] = text


def drop_hint(about: Hashable) -> None:
    """Forget a hint, if there is one."""
    _open[-1].hints.pop(about, None)


def warn_unless(warning: PossibleWarning) -> None:
    """Look at `warning` when the test of the open state is over."""
    _open[-1].possible_warnings.append(warning)


# Called with every script of a run: a review counts the calls.
observers: list[Callable[[Recorded], None]] = []


def register(script: Recorded) -> None:
    """Look at the calls of `script` when the test that made it is over."""
    _open[-1].scripts.append(script)
    for observer in observers:
        observer(script)
