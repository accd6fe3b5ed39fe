"""The leak checks of one run: fed by the hooks, reported when a test is over."""

from __future__ import annotations

import gc
import inspect
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from understudy.plugin import markers, verification
from understudy.plugin.leak_checks import unchecked_calls
from understudy.plugin.leak_checks.categories import NeverAwaitedWarning, UnderstudyWarning
from understudy.plugin.leak_checks.project_files import ProjectFiles
from understudy.plugin.leak_checks.unchecked_calls import CallsSeen
from understudy.plugin.report import listed
from understudy.plugin.settings import Settings

if TYPE_CHECKING:
    from understudy.plugin.leak_checks.global_state import State
    from understudy.script.expectations import PhaseState

WATCH = pytest.StashKey["Watch"]()
_MOST_WARNINGS = 10  # of statements that no test looks at: each takes seven lines


class Watch:
    """Collects what the checks find in a test, and reports it when the test is over.

    Args:
        settings: say for each check whether it warns, fails or is off.

    Attributes:
        is_off: whether the tests that run now are not looked at.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._files = ProjectFiles(settings.root)
        self._item: pytest.Item | None = None
        self._found: list[tuple[str, str]] = []
        self._state: State | None = None
        self._collections = 0
        self.is_off = False
        self.calls = CallsSeen()
        self.report: Callable[[pytest.Item, list[tuple[str, str]]], None] = self._report

    def begin(self, config: pytest.Config) -> None:
        """Start the checks that watch while tests run."""
        if self._wants("check_coroutines"):
            from understudy.plugin.leak_checks import coroutines

            config.add_cleanup(coroutines.watch(self._never_awaited))
        if self._wants("check_loop"):
            from understudy.plugin.leak_checks import blocking

            limit = self._settings.blocked_after
            config.add_cleanup(blocking.watch(limit, self._files, self._blocked))

    # Called by the hooks -------------------------------------------------------------------------

    def around_test_end(
        self, item: pytest.Item, inner: Generator[None, object, object]
    ) -> Generator[None, object, object]:
        """Check what a test leaves behind when all its fixtures are gone."""
        if self.is_off:
            return (yield from inner)
        try:
            result = yield from inner
        except BaseException:
            self._forget()
            raise
        states = verification.states(item)
        if states is None:
            self._forget()
        else:
            self._test_ends(item, states)
        return result

    def test_begins(self, item: pytest.Item) -> None:
        """Record which test is running."""
        if self.is_off:
            return
        self._item = item
        self._found = []
        if self._state is None and self._wants("check_state"):
            from understudy.plugin.leak_checks.global_state import State

            self._state = State(self._files)

    def around_fixture(
        self, fixture: pytest.FixtureDef[Any], inner: Generator[None, object, object]
    ) -> Generator[None, object, object]:
        """Accept the changes of a fixture that outlives a test: they are not the test's."""
        if self.is_off:
            return (yield from inner)
        if fixture.scope == "function":
            result = yield from inner
            if self._wants("check_tasks") and "asyncio" in sys.modules:
                self._look_at_tasks_of(result, fixture)
            return result
        state = self._state
        if state is None:
            return (yield from inner)
        ends: list[Callable[[], None]] = []
        fixture.addfinalizer(lambda: ends.pop()() if ends else None)  # the last added runs first
        begun = state.accept_changes()
        result = yield from inner
        begun()
        fixture.addfinalizer(lambda: ends.append(state.accept_changes()))
        return result

    def _test_ends(self, item: pytest.Item, states: Iterable[PhaseState]) -> None:
        """Report the findings of a test.

        Args:
            item: the test.
            states: those of its phases.
        """
        for state in states:
            self._look_at(item, state)
        is_async = inspect.iscoroutinefunction(getattr(item, "obj", None))
        if is_async and self._wants("check_coroutines"):
            self._free_cycles()
        self._look_at_state()
        self._item, found, self._found = None, self._found, []
        self.report(item, found)

    def _free_cycles(self) -> None:
        """Free reference cycles, whose coroutines would be reported during a later test.

        If nothing was collected since the last test, everything that this test made is in the young
        generation. Collecting only that is cheaper, and brings no full collection nearer.
        """
        gc.collect(0 if _collections() == self._collections else 1)
        self._collections = _collections()

    def _forget(self) -> None:
        """Forget the findings of a test that failed."""
        self._item, self._found = None, []
        if self._state is not None:
            self._state.renew()

    # Findings ------------------------------------------------------------------------

    def _look_at_tasks_of(self, value: object, fixture: pytest.FixtureDef[Any]) -> None:
        """Check a loop's tasks when it is about to be closed, after all its fixtures are gone."""
        from understudy.plugin.leak_checks import tasks

        loop = tasks.loop_in(value)

        def look() -> None:
            if loop is not None and not loop.is_closed():
                text = tasks.left_in(loop, self._files)
                self._found += [("check_tasks", text)] if text else []

        if loop is not None:
            fixture.addfinalizer(look)

    def _look_at(self, item: pytest.Item, state: PhaseState) -> None:
        """Check the possible warnings and the calls of one phase."""
        for warning in state.possible_warnings:
            if self._wants(warning.check) and (text := warning.confirmed()) is not None:
                self._found.append((warning.check, text))
        if state.scripts and self._wants("check_calls"):
            self.calls.note(item, state.scripts)

    def _look_at_state(self) -> None:
        changes = self._state.changes() if self._state is not None else []
        if changes:
            report = [
                "the test leaves behind what a later one will see",
                *listed(changes),
                "Put it back: the fixture monkeypatch does (setattr, setitem, setenv, chdir).",
            ]
            self._found.append(("check_state", "\n".join(report)))

    def _blocked(self, text: str) -> None:
        if self._item is not None:
            self._found.append(("check_loop", text))

    def _never_awaited(self, coroutine: Any) -> None:
        """Replace Python's own warning, which has the same category."""
        from understudy.plugin.leak_checks import coroutines

        made_at = coroutines.made_at(coroutine)
        lines = [f"coroutine {coroutine.__qualname__!r} was never awaited"]
        lines += [f"  made at: {self._files.shown(*made_at)}"] if made_at else []
        lines += [f"  in: {self._item.nodeid}"] if self._item else []
        text = "\n".join([*lines, "It did nothing. Write `await` before it."])
        file, line = made_at or (coroutine.cr_code.co_filename, coroutine.cr_code.co_firstlineno)
        try:
            if self._item is not None and self._settings.level("check_coroutines") == "error":
                raise NeverAwaitedWarning
            warnings.warn_explicit(text, NeverAwaitedWarning, file, line)
        except NeverAwaitedWarning:
            # Python would only print what is raised here, so the test has to fail at its end.
            self._found.append(("check_coroutines", text))

    # At the end of the run -----------------------------------------------------------------------

    def ends(self, session: pytest.Session) -> list[str]:
        """Warn of statements that no test has checked, and return the reports that fail the run.

        Only if all tests ran and passed: one that did not may be the one that checks.
        """
        config = session.config
        if (
            unchecked_calls.hand_over(config, self.calls)
            or session.testsfailed
            or _is_selection(config)
        ):
            return []
        level, failures = self._settings.level("check_calls"), []
        for text, file, line in self._shortened(list(self.calls.unread(config)), level):
            try:
                if level == "error":
                    raise UnderstudyWarning
                warnings.warn_explicit(text, UnderstudyWarning, file, line)
            except UnderstudyWarning:  # by the setting, or by `filterwarnings = error`
                failures.append(text)
        return failures

    @staticmethod
    def _shortened(unread: list[tuple[str, str, int]], level: str) -> list[tuple[str, str, int]]:
        """Keep the first warnings, and count the others; failures are all kept."""
        more = len(unread) - _MOST_WARNINGS
        if level == "error" or more <= 0:
            return unread
        _, file, line = unread[_MOST_WARNINGS]
        what = "1 more statement" if more == 1 else f"{more} more statements"
        text = f'no test looks at {what}: check_calls = "error" lists every one'
        return [*unread[:_MOST_WARNINGS], (text, file, line)]

    # Reports --------------------------------------------------------------------------

    def _wants(self, check: str) -> bool:
        return self._level(self._item, check) != "off"

    def _level(self, item: pytest.Item | None, check: str) -> str:
        return markers.level(item, check) or self._settings.level(check)

    def _report(self, item: pytest.Item, found: list[tuple[str, str]]) -> None:
        failures = []
        for check, text in _one_of_each(found):
            # A coroutine's warning was issued when it was freed: here it can only be a failure.
            if check == "check_coroutines" or self._level(item, check) == "error":
                failures.append(text)
                continue
            try:
                item.warn(UnderstudyWarning(text))
            except UnderstudyWarning:  # by `filterwarnings = error`
                failures.append(text)
        if failures:
            pytest.fail("\n\n".join(failures), pytrace=False)


def _one_of_each(found: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield one finding of each check, with the number of the others."""
    for check, times in Counter(check for check, _ in found).items():
        text = next(text for kind, text in found if kind == check)
        if times > 1:
            text += f"\n(And {times - 1} more of this kind in the same test.)"
        yield check, text


def _is_selection(config: pytest.Config) -> bool:
    """Return whether this run has selected single tests."""
    options = config.option
    return bool(
        options.keyword or getattr(options, "lf", False) or any("::" in arg for arg in config.args)
    )


def _collections() -> int:
    """Return the number of garbage collections so far."""
    return sum(int(generation["collections"]) for generation in gc.get_stats())
