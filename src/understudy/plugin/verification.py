"""Verify the expectations of a test when it ends.

A failure that the code under test caught still fails the test. The exception is one that the test's
own body catches by name: `with pytest.raises(UnexpectedStatement)`. An unused rule and an open
transaction or connection fail the test when the phase that created it is over: at the end of the
test's body, or after the teardown of the fixture.

Nothing here imports the script: if no test has imported it, there is nothing to verify.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Sequence
from pathlib import Path
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
    """A phase of a test: setup, body or teardown.

    Attributes:
        state: what was recorded in it, or None if the script was not imported.
    """

    def __init__(self) -> None:
        module = _loaded()
        self.state: PhaseState | None = None if module is None else module.PhaseState()
        self._context: Any = None if module is None else module.opened(self.state)
        if self._context is not None:
            self._context.__enter__()

    def close(self) -> None:
        """End the phase: later failures belong to another one."""
        if self._context is not None:
            self._context.__exit__(None, None, None)
        elif (module := _loaded()) is not None:
            # Imported during the phase, so everything recorded is its own.
            self.state = module.take_first()

    def failures(self) -> list[Failure]:
        """Return and forget the failures recorded so far; expectations stay."""
        if self.state is None:
            return []
        found, self.state.failures = self.state.failures, []
        return found

    def forget_expected(self, test: object) -> None:
        """Forget the failures that the body of `test` caught by name."""
        if self.state is not None and self.state.failures:
            from understudy.plugin.expected_failures import is_expected

            self.state.failures = [
                failure for failure in self.state.failures if not is_expected(failure, test)
            ]

    def hints(self) -> list[str]:
        """Return what may explain a failure."""
        return [] if self.state is None else [text() for text in self.state.hints.values()]

    def verify(self) -> list[Failure]:
        """Return the recorded failures and those of unmet expectations."""
        return [] if self.state is None else self.state.verify()


def _loaded() -> ModuleType | None:
    return sys.modules.get(_SCRIPT)


def around_setup(item: pytest.Item) -> Generator[None, object, object]:
    """Collect the failures of a test's fixtures; expectations are verified after teardown."""
    item.stash[_body] = None
    phase = Phase()
    result = yield from _run(phase, item.config.rootpath)
    _fail(phase.failures())
    item.stash[_before] = phase
    return result


def around_call(item: pytest.Item) -> Generator[None, object, object]:
    """Verify the body of a test."""
    __tracebackhide__ = True
    phase = Phase()
    try:
        result = yield
    except BaseException as error:
        phase.close()
        phase.forget_expected(getattr(item, "obj", None))
        # A failed test need not have used its whole script, or ended its transactions.
        item.stash[_before] = None
        failures = phase.failures()
        if failures and isinstance(error, pytest.skip.Exception):
            _fail(failures)
        if (hints := phase.hints()) and not failures:
            error.add_note("\n" + "\n\n".join(hints))
        _explain(error, failures, item.config.rootpath)
        raise
    phase.close()
    phase.forget_expected(getattr(item, "obj", None))
    _fail(phase.verify(), phase.hints())
    item.stash[_body] = phase
    return result


def around_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Run the teardown of the fixtures, then verify their expectations."""
    phase = Phase()
    result = yield from _run(phase, item.config.rootpath)
    before = item.stash.get(_before, None)
    _fail(phase.verify() + ([] if before is None else before.verify()))
    return result


def _run(phase: Phase, root: Path) -> Generator[None, object, object]:
    """Run a phase to its end. If it fails because of a failure, or hides one, say so."""
    try:
        result = yield
    except BaseException as error:
        phase.close()
        _explain(error, phase.failures(), root)
        raise
    phase.close()
    return result


def states(item: pytest.Item) -> list[PhaseState] | None:
    """Return the states of a test that passed and of its fixtures, or None if it failed."""
    phases = item.stash.get(_before, None), item.stash.get(_body, None)
    if phases[1] is None:
        return None
    return [phase.state for phase in phases if phase is not None and phase.state is not None]


def forget(item: pytest.Item) -> None:
    """Release the scripts of a finished test: pytest keeps its items until it ends."""
    item.stash[_before] = item.stash[_body] = None


def around_fixture(fixture: pytest.FixtureDef[Any], root: Path) -> Generator[None, object, object]:
    """Give a fixture that outlives a test a state of its own, verified after its teardown."""
    if fixture.scope == "function":
        return (yield)
    phase: Phase | None = None

    def check() -> None:
        if phase is not None:
            _fail(phase.verify())

    fixture.addfinalizer(check)  # added before the fixture's own, so it runs after them
    phase = Phase()
    try:
        result = yield from _run(phase, root)
        _fail(phase.failures())
    except BaseException:
        phase = None  # no test will use the fixture
        raise
    return result


def _fail(failures: list[Failure], hints: Sequence[str] = ()) -> None:
    """Fail with a report of `failures`, without a traceback, if there are any."""
    if failures:
        text = report.failure_report(map(_reported, failures))
        pytest.fail("\n\n".join([text, *hints]), pytrace=False)


def _reported(failure: Failure) -> tuple[str, str, bool]:
    """Return a failure's name and text, and whether it was raised and then caught."""
    return type(failure).__name__, str(failure), failure.__traceback__ is not None


def _explain(error: BaseException, failures: list[Failure], root: Path) -> None:
    """Raise the failure that `error` brought to the test, and add a note on those it hides.

    Raises:
        Failure: it reached the test as another exception, such as a driver's.
    """
    if not failures:
        return
    from understudy.plugin import verdict

    found = verdict.instead_of(error, failures, root)
    if hidden := [failure for failure in failures if not verdict.shows(found, str(failure))]:
        found.add_note("\n" + report.failure_report(map(_reported, hidden)))
    if found is not error:
        raise found from None
