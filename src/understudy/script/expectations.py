"""What a test owes: failures that happened, and expectations that must be met at its end.

The plugin opens a state for each phase of a test, and one for each fixture that outlives a test.
A failure is entered when it is raised, so that nothing the code under test catches can hide it.
Without a state (outside a test run) failures are only raised.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TypeVar

from understudy.script.failures import Failure

if TYPE_CHECKING:
    from understudy.script.script import Script


class Expectation(Protocol):
    """Something that must have ended well when the test ends."""

    def failure_if_unmet(self) -> Failure | None:
        """Return what to fail the test with, or None."""


class PossibleWarning(Protocol):
    """Something that is no failure, and that is looked at when a test and its fixtures are over.

    Attributes:
        check: the setting that says what is to be done about it.
    """

    check: str

    def confirmed(self) -> str | None:
        """Return what to say of the test, or None where all is well."""


FailureT = TypeVar("FailureT", bound=Failure)


class PhaseState:
    """The failures and the expectations of one phase of a test, or of a fixture's life."""

    def __init__(self) -> None:
        self.failures: list[Failure] = []
        self.expectations: list[Expectation] = []
        self.possible_warnings: list[PossibleWarning] = []
        self.scripts: list[Script] = []

    def verify(self) -> list[Failure]:
        """Return what was entered and what is unmet now, and forget both."""
        found = self.failures + [
            failure
            for item in self.expectations
            if (failure := item.failure_if_unmet()) is not None
        ]
        self.failures = []
        self.expectations = []
        return found


# Not a ContextVar: a test's calls come from any thread or task that its code starts, and pytest
# runs one test at a time in a process. The first state is for what happens before the plugin
# knows that there is a script at all: in the very test that imports it.
first = PhaseState()
_open: list[PhaseState] = [first]


@contextmanager
def opened(state: PhaseState | None = None) -> Iterator[PhaseState]:
    """Make `state`, or a new one, the place where failures and expectations go."""
    state = state or PhaseState()
    _open.append(state)
    try:
        yield state
    finally:
        _open.remove(state)


def record_failure(failure: FailureT) -> FailureT:
    """Enter `failure` in the open state and return it, to be raised."""
    _open[-1].failures.append(failure)
    return failure


def expect(expectation: Expectation) -> None:
    """Have `expectation` checked when the open state is settled."""
    _open[-1].expectations.append(expectation)


def warn_unless(warning: PossibleWarning) -> None:
    """Have `doubt` looked at when the test is over that the open state belongs to."""
    _open[-1].possible_warnings.append(warning)


# Whoever wants to know of every script of a run: a review counts what was asked.
observers: list[Callable[[Script], None]] = []


def register(script: Script) -> None:
    """Have the calls of `script` looked at when the test is over that made it."""
    _open[-1].scripts.append(script)
    for observer in observers:
        observer(script)
