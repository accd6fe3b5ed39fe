"""The checks of one run: what the hooks tell them, and what they say when a test is over."""

from __future__ import annotations

import gc
import inspect
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from understudy.plugin import verification
from understudy.plugin.leak_checks import messages, unchecked_calls
from understudy.plugin.leak_checks.categories import NeverAwaitedWarning, UnderstudyWarning
from understudy.plugin.leak_checks.project_files import Places
from understudy.plugin.leak_checks.unchecked_calls import CallsSeen
from understudy.plugin.settings import Settings

if TYPE_CHECKING:
    from understudy.plugin.leak_checks.global_state import State
    from understudy.script.expectations import PhaseState

WATCH = pytest.StashKey["Watch"]()
_MOST_WARNINGS = 10  # of statements that no test looks at: each takes seven lines


class Watch:
    """Collects what the checks find in a test, and reports it when the test is over.

    Args:
        settings: say what becomes of what each check finds.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._places = Places(settings.root)
        self._item: pytest.Item | None = None
        self._found: list[tuple[str, str]] = []
        self._state: State | None = None
        self._collections = 0
        self.calls = CallsSeen()
        self.report: Callable[[pytest.Item, list[tuple[str, str]]], None] = self._report

    def begin(self, config: pytest.Config) -> None:
        """Look for what has to be looked for as it happens."""
        if self._wants("check_coroutines"):
            from understudy.plugin.leak_checks import coroutines

            config.add_cleanup(coroutines.watch(self._never_awaited))
        if self._wants("check_loop"):
            from understudy.plugin.leak_checks import blocking

            limit = self._settings.blocked_after
            config.add_cleanup(blocking.watch(limit, self._places, self._blocked))

    # What the hooks tell -------------------------------------------------------------------------

    def around_test_end(
        self, item: pytest.Item, inner: Generator[None, object, object]
    ) -> Generator[None, object, object]:
        """Look at what a test leaves when all its fixtures are gone."""
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
        """Note which test is running."""
        self._item = item
        self._found = []
        if self._state is None and self._wants("check_state"):
            from understudy.plugin.leak_checks.global_state import State

            self._state = State(self._places)

    def around_fixture(
        self, fixture: pytest.FixtureDef[Any], inner: Generator[None, object, object]
    ) -> Generator[None, object, object]:
        """Tell what a fixture that outlives a test changes from what the test does."""
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
        begun = state.given()
        result = yield from inner
        begun()
        fixture.addfinalizer(lambda: ends.append(state.given()))
        return result

    def _test_ends(self, item: pytest.Item, states: Iterable[PhaseState]) -> None:
        """Report what was found; the states are those of its phases."""
        for state in states:
            self._look_at(item, state)
        if self._wants("check_coroutines") and _is_async(item):
            self._free_cycles()
        self._look_at_state()
        self._item, found, self._found = None, self._found, []
        self.report(item, found)

    def _free_cycles(self) -> None:
        """Free what hangs in a cycle: it would be freed, and told, in the middle of another test.

        Where nothing was collected since the test before, all that this one made is young. To look
        at no more than that costs less, and brings no full collection nearer.
        """
        gc.collect(0 if _collections() == self._collections else 1)
        self._collections = _collections()

    def _forget(self) -> None:
        """Forget what was found: a test that failed is not told that it is careless as well."""
        self._item, self._found = None, []
        if self._state is not None:
            self._state.renew()

    # What the checks tell ------------------------------------------------------------------------

    def _look_at_tasks_of(self, value: object, fixture: pytest.FixtureDef[Any]) -> None:
        """Look at a loop's tasks when it is about to be closed.

        By then every fixture that was made in it is gone, and with it what it had running.
        """
        from understudy.plugin.leak_checks import tasks

        loop = tasks.loop_in(value)

        def look() -> None:
            if loop is not None and not loop.is_closed():
                text = tasks.left_in(loop, self._places)
                self._found += [("check_tasks", text)] if text else []

        if loop is not None:
            fixture.addfinalizer(look)

    def _look_at(self, item: pytest.Item, state: PhaseState) -> None:
        """Look at what a test has left in a state."""
        for doubt in state.possible_warnings:
            if self._wants(doubt.check) and (text := doubt.confirmed()) is not None:
                self._found.append((doubt.check, text))
        if state.scripts and self._wants("check_calls"):
            self.calls.note(item, state.scripts)

    def _look_at_state(self) -> None:
        changes = self._state.changes() if self._state is not None else []
        if changes:
            self._found.append(("check_state", messages.state_left(changes)))

    def _blocked(self, text: str) -> None:
        if self._item is not None:
            self._found.append(("check_loop", text))

    def _never_awaited(self, coroutine: Any) -> None:
        """Stand in for Python's own warning, which is one of the same kind at another line."""
        from understudy.plugin.leak_checks import coroutines

        made_at = coroutines.made_at(coroutine)
        text = messages.never_awaited(
            coroutine.__qualname__,
            self._places.shown(*made_at) if made_at else None,
            self._item.nodeid if self._item else None,
        )
        file, line = made_at or (coroutine.cr_code.co_filename, coroutine.cr_code.co_firstlineno)
        try:
            if self._item is not None and self._settings.level("check_coroutines") == "error":
                raise NeverAwaitedWarning
            warnings.warn_explicit(text, NeverAwaitedWarning, file, line)
        except NeverAwaitedWarning:
            # Python would print what is raised here, and go on: the test has to fail at its end.
            self._found.append(("check_coroutines", text))

    # At the end of the run -----------------------------------------------------------------------

    def ends(self, session: pytest.Session) -> list[str]:
        """Warn of statements that no test has looked at; returns those that fail the run.

        Only where all tests ran and passed: another one may be the one that looks.
        """
        config = session.config
        if (
            unchecked_calls.hand_over(config, self.calls)
            or session.testsfailed
            or _is_selection(config)
        ):
            return []
        level, failures = self._settings.level("check_calls"), []
        for text, file, line in self._told(list(self.calls.unread(config)), level):
            try:
                if level == "error":
                    raise UnderstudyWarning
                warnings.warn_explicit(text, UnderstudyWarning, file, line)
            except UnderstudyWarning:  # by the setting, or by `filterwarnings = error`
                failures.append(text)
        return failures

    @staticmethod
    def _told(unread: list[tuple[str, str, int]], level: str) -> list[tuple[str, str, int]]:
        """Cut what is no more than a warning down to what somebody reads."""
        more = len(unread) - _MOST_WARNINGS
        if level == "error" or more <= 0:
            return unread
        told = unread[:_MOST_WARNINGS]
        _, file, line = unread[_MOST_WARNINGS]
        return [*told, (messages.more_unread(more), file, line)]

    # What becomes of it --------------------------------------------------------------------------

    def _wants(self, check: str) -> bool:
        return self._settings.level(check) != "off"

    def _report(self, item: pytest.Item, found: list[tuple[str, str]]) -> None:
        failures = []
        for check, text in _one_of_each(found):
            # A coroutine is warned of where it is freed; what comes this far is to fail the test.
            if check == "check_coroutines" or self._settings.level(check) == "error":
                failures.append(text)
                continue
            try:
                item.warn(UnderstudyWarning(text))
            except (
                UnderstudyWarning
            ):  # by `filterwarnings = error`; a traceback of ours says nothing
                failures.append(text)
        if failures:
            pytest.fail("\n\n".join(failures), pytrace=False)


def _one_of_each(found: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Go through what was found, one of a kind: a loop in a test repeats itself."""
    for check, times in Counter(check for check, _ in found).items():
        text = next(text for each, text in found if each == check)
        yield (
            check,
            text
            if times == 1
            else f"{text}\n(And {times - 1} more of this kind in the same test.)",
        )


def _is_selection(config: pytest.Config) -> bool:
    """Whether somebody picked single tests for this run."""
    options = config.option
    return bool(
        options.keyword or getattr(options, "lf", False) or any("::" in arg for arg in config.args)
    )


def _collections() -> int:
    """Return how often anything but the young was collected, or the young were."""
    return sum(int(generation["collections"]) for generation in gc.get_stats())


def _is_async(item: pytest.Item) -> bool:
    return inspect.iscoroutinefunction(getattr(item, "obj", None))
