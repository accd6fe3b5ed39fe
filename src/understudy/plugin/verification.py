"""What a test owes its script, checked when it ends.

A failure that the code under test caught fails the test all the same (one that the test's own body
catches by name was expected: `with pytest.raises(UnexpectedStatement)`). A rule that was not used,
a transaction or a connection that was left open fails it when the phase that made it is over: what
the test's body made at the end of the body, what a fixture made when that is gone.

Nothing here imports the script: where no test has imported it, there is nothing to check.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator
from traceback import format_exception_only
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from understudy.plugin import report

if TYPE_CHECKING:
    from understudy.script.expectations import PhaseState
    from understudy.script.failures import Failure

_SCRIPT = "understudy.script.expectations"
_before: pytest.StashKey[Phase | None] = pytest.StashKey()
_body: pytest.StashKey[Phase | None] = pytest.StashKey()


class Phase:
    """A stretch of a test, with a state of its own from its start to its end."""

    def __init__(self) -> None:
        module = _loaded()
        self._state: PhaseState | None = None if module is None else module.PhaseState()
        self._context: Any = None if module is None else module.opened(self._state)
        if self._context is not None:
            self._context.__enter__()

    def close(self) -> None:
        """End the phase: what happens from now on belongs to another one."""
        if self._context is not None:
            self._context.__exit__(None, None, None)
            return
        module = _loaded()
        if module is not None:  # imported while the phase went on: all so far was its own
            self._state = module.PhaseState()
            self._state.failures, module.first.failures = module.first.failures, []
            self._state.expectations = module.first.expectations
            module.first.expectations = []
            self._state.possible_warnings, module.first.possible_warnings = (
                module.first.possible_warnings,
                [],
            )
            self._state.scripts, module.first.scripts = module.first.scripts, []

    def failures(self) -> list[Failure]:
        """Return, and forget, what was entered so far, leaving the expectations."""
        if self._state is None:
            return []
        found, self._state.failures = self._state.failures, []
        return found

    def forgive(self, test: object) -> None:
        """Forget the failures that the body of `test` has caught on purpose."""
        if self._state is not None and self._state.failures:
            from understudy.plugin.expected_failures import is_expected

            self._state.failures = [
                failure for failure in self._state.failures if not is_expected(failure, test)
            ]

    @property
    def state(self) -> PhaseState | None:
        """The state, where anything was there to be entered."""
        return self._state

    def verify(self) -> list[Failure]:
        """Return everything that was entered, or is not as expected now."""
        return [] if self._state is None else self._state.verify()


def _loaded() -> ModuleType | None:
    return sys.modules.get(_SCRIPT)


def around_setup(item: pytest.Item) -> Generator[None, object, object]:
    """Watch over the fixtures of a test: what they expect is checked when they are gone."""
    item.stash[_body] = None
    phase = Phase()
    try:
        result = yield
    except BaseException as error:
        phase.close()
        _explain(error, phase.failures())
        raise
    phase.close()
    _fail(phase.failures())
    item.stash[_before] = phase
    return result


def around_call(item: pytest.Item) -> Generator[None, object, object]:
    """Watch over the body of a test."""
    phase = Phase()
    try:
        result = yield
    except BaseException as error:
        phase.close()
        phase.forgive(getattr(item, "obj", None))
        # A failed test need not have used all of its script, nor ended what it began.
        item.stash[_before] = None
        hidden = _explain(error, phase.failures())
        if hidden and isinstance(error, pytest.skip.Exception):
            _fail(hidden)
        raise
    phase.close()
    phase.forgive(getattr(item, "obj", None))
    _fail(phase.verify())
    item.stash[_body] = phase
    return result


def around_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Watch over the end of the fixtures, then check what they expected."""
    phase = Phase()
    try:
        result = yield
    except BaseException as error:
        phase.close()
        _explain(error, phase.failures())
        raise
    phase.close()
    before = item.stash.get(_before, None)
    _fail(phase.verify() + ([] if before is None else before.verify()))
    return result


def states(item: pytest.Item) -> list[PhaseState] | None:
    """Return the states of a test that has passed, and of its fixtures; else None."""
    phases = item.stash.get(_before, None), item.stash.get(_body, None)
    if phases[1] is None:
        return None
    return [phase.state for phase in phases if phase is not None and phase.state is not None]


def forget(item: pytest.Item) -> None:
    """Let go of the scripts of a test that is over: pytest keeps its items as long as it runs."""
    item.stash[_before] = item.stash[_body] = None


def around_fixture(fixture: pytest.FixtureDef[Any]) -> Generator[None, object, object]:
    """Give a fixture that outlives a test a state of its own, settled when it is gone."""
    if fixture.scope == "function":
        return (yield)
    phase: Phase | None = None

    def check() -> None:
        if phase is not None:
            _fail(phase.verify())

    fixture.addfinalizer(check)  # before the fixture adds its own: the last added runs first
    phase = Phase()
    try:
        result = yield
    except BaseException as error:
        phase.close()
        failures, phase = phase.failures(), None
        _explain(error, failures)
        raise
    phase.close()
    if failures := phase.failures():
        phase = None  # no test gets the fixture: nothing is left to happen
        _fail(failures)
    return result


def _fail(failures: list[Failure]) -> None:
    """Fail with `failures`, whole and without a traceback; with none, do nothing."""
    if failures:
        pytest.fail(report.failure_report(map(_reported, failures)), pytrace=False)


def _reported(failure: Failure) -> tuple[str, str, bool]:
    """Return a failure's name and text, and whether it was raised and then caught."""
    return type(failure).__name__, str(failure), failure.__traceback__ is not None


def _explain(error: BaseException, failures: list[Failure]) -> list[Failure]:
    """Note on `error` the failures that it hides, and return them."""
    if not failures:
        return []
    chain = list(_chain(error))
    shown = set(map(id, chain))
    # What a driver raised may say it too: fake_postgres sends its clients the text of a failure.
    said = "\n".join("".join(format_exception_only(each)) for each in chain)
    hidden = [each for each in failures if id(each) not in shown and str(each) not in said]
    for failure in hidden:
        error.add_note("\n" + report.failure_report([_reported(failure)]))
    return hidden


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Go through `error` and all that a traceback shows with it."""
    pending: list[BaseException | None] = [error]
    seen: set[int] = set()
    while pending:
        each = pending.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        pending += [each.__cause__, None if each.__suppress_context__ else each.__context__]
        if isinstance(each, BaseExceptionGroup):
            pending += each.exceptions
