"""`--understudy-show`: each call at the boundary as it happens."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Generator
from contextlib import ExitStack
from io import UnsupportedOperation
from time import perf_counter
from typing import TYPE_CHECKING, TextIO

import pytest

from understudy.plugin import isolation
from understudy.plugin.event_texts import EventTexts
from understudy.plugin.leak_checks.monitor import WATCH

if TYPE_CHECKING:
    from understudy.script.boundary import Boundary, Event


def begin(config: pytest.Config) -> None:
    """Show the calls of this run.

    Raises:
        pytest.UsageError: several tests would run at once.
    """
    if config.getoption("numprocesses", None) or config.getoption("dist", "no") != "no":
        raise pytest.UsageError(
            "--understudy-show shows each statement while its test runs, and with pytest-xdist "
            "several tests run at once. Add -n 0."
        )
    if not config.option.collectonly:
        config.pluginmanager.register(Show(config), "understudy-show")


class Show:
    """Writes each call when it is answered. It is a watcher of the boundary."""

    def __init__(self, config: pytest.Config) -> None:
        from understudy.script import boundary, requests

        self._config = config
        self._lock = threading.Lock()  # servers and fakes answer in several threads
        self._start = perf_counter()
        self._open: dict[Event, str] = {}
        stack = ExitStack()
        config.add_cleanup(stack.close)
        self._times = stack.enter_context(requests.timed())
        self._file = stack.enter_context(_terminal())
        self._texts = EventTexts(config, self._time_of)
        boundary.watchers.append(self)
        stack.callback(boundary.watchers.remove, self)

    def _time_of(self, position: int | None) -> float | None:
        moment = None if position is None else self._times.get(position)
        return None if moment is None else moment - self._start

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, object, object]:
        """Begin a test."""
        self._times.clear()
        self._open.clear()
        self._texts = EventTexts(self._config, self._time_of)
        self._start = perf_counter()
        note = ["   (on a clone, where its statements are not read)"]
        self._write([f"\n{item.nodeid}", *(note if isolation.is_on_clone(item) else [])])
        return (yield)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_teardown(self) -> Generator[None, object, object]:
        """Show the calls that were never answered."""
        result = yield
        for event in list(self._open):
            self.ended(event)
        return result

    def begun(self, event: Event, boundary: Boundary) -> None:
        """Note a call of the application."""
        if not event.is_drivers:
            self._open[event] = boundary.server

    def ended(self, event: Event) -> None:
        """Show a call and its answer."""
        server = self._open.pop(event, None)
        if server is not None:
            self._write(self._texts.lines(event, server, has_time=True))

    def _write(self, lines: list[str]) -> None:
        if self._config.stash[WATCH].is_off:
            return  # of a test that is run again
        with self._lock:
            self._file.write("".join(f"{line}\n" for line in lines))
            self._file.flush()


def _terminal() -> TextIO:
    """Return a file on what is standard output now: pytest captures it while tests run."""
    try:
        number = os.dup(sys.stdout.fileno())
    except (UnsupportedOperation, OSError):  # replaced by a file of Python's
        number = os.dup(1)
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return os.fdopen(number, "w", encoding=encoding, errors="backslashreplace")
