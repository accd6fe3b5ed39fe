"""The interruption of a run of a test that waits for what does not come.

First the task of the test is cancelled. If that does not end it, its connections are ended too, and
its thread is interrupted until it ends.
"""

from __future__ import annotations

import asyncio
import ctypes
import itertools
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any

import pytest
from _pytest.outcomes import Failed  # pytest.fail.Exception, for the type checker

from understudy.real_postgres.failures import AGAIN
from understudy.real_postgres.leaked_tasks import frames_of, is_users_module
from understudy.serving import attribution

if TYPE_CHECKING:
    from understudy.real_postgres.limits import Limits

# Ignored unless somebody handles it, so one that comes late has no effect; not on Windows.
_SIGNAL = getattr(signal, "SIGURG", None)
# After so many attempts, an event loop that does not get to cancel a task is interrupted itself.
_LAST = 20
_LAST_OF_RERUN = 6
# What calls a test or a fixture: pytest itself is not interrupted.
_CALLERS = frozenset({"pytest_pyfunc_call", "call_fixture_func", "_callTestMethod", "_callSetUp"})
# The same for the teardown of a fixture, which only a rerun interrupts.
_ENDERS = frozenset({"_teardown_yield_fixture", "finish", "_callTearDown", "_callCleanup"})
LATE = "this run of the test took too long"
_THREAD_TIME = 2.0  # seconds that a thread may run in the teardown of a run that is over
_DEBUGGERS = ("bdb", "pdb", "pydevd", "_pydevd")
# anyio runs all tests and fixtures of a scope in one task, which has to survive.
_RUNNER, _CALLER = "_run_tests_and_fixtures", "_call_in_runner_task"


class _Again(Failed):
    """Ends a thread of a run that is over."""

    def __init__(self) -> None:
        super().__init__(AGAIN)


class Interruption:
    """Interrupts a test.

    Attributes:
        code: the code of the test's function; None if unknown.
        limits: say whether a first run is over; None as long as there is no server.
        is_late: whether a rerun has taken too long.
    """

    code: CodeType | None = None
    limits: Limits | None = None
    is_late = False

    def __init__(self) -> None:
        self._attempt = 0
        self._is_handled = False
        self._earlier: set[threading.Thread] = set()

    def interrupt(self, attempt: int) -> None:
        """Interrupt the test, from any thread.

        Args:
            attempt: how often it has been interrupted before.
        """
        self._attempt = attempt
        for loop in attribution.loops():
            with suppress(RuntimeError):  # it has been closed since
                loop.call_soon_threadsafe(self._cancel, loop)
        main = threading.main_thread().ident
        if attempt and self._is_handled and main is not None:
            assert _SIGNAL is not None
            signal.pthread_kill(main, _SIGNAL)

    @contextmanager
    def handled(self) -> Iterator[None]:
        """Let the main thread be interrupted, in a lock or wherever else it waits."""
        self._earlier = set(threading.enumerate())
        if (
            _SIGNAL is None
            or threading.current_thread() is not threading.main_thread()
            or signal.getsignal(_SIGNAL) != signal.SIG_DFL
        ):
            yield
            return
        signal.signal(_SIGNAL, self._handle)
        self._is_handled = True
        try:
            yield
        finally:
            self._is_handled = False
            signal.signal(_SIGNAL, signal.SIG_DFL)

    @contextmanager
    def ending_threads(self) -> Iterator[None]:
        """Make the threads fail that this run has started and left in the user's code.

        They may wait for what does not come any more, and the loop that is closed waits for them.
        What remains of the run may start others, which get some time.
        """
        is_over = threading.Event()

        def end_others() -> None:
            while not is_over.wait(_THREAD_TIME):
                self._end_threads()

        self._end_threads()
        watching = threading.Thread(target=end_others, name="understudy-threads", daemon=True)
        watching.start()
        try:
            yield
        finally:
            is_over.set()
            watching.join()

    def _end_threads(self) -> None:
        frames = sys._current_frames()
        for thread in set(threading.enumerate()) - self._earlier:
            number = thread.ident or 0
            if any(_is_users(frame) for frame in _outwards(frames.get(number))):
                ctypes.pythonapi.PyThreadState_SetAsyncExc(
                    ctypes.c_ulong(number), ctypes.py_object(_Again)
                )

    def _handle(self, _number: int, frame: FrameType | None) -> None:
        last = _LAST_OF_RERUN if self.is_late else _LAST
        if asyncio._get_running_loop() is not None and self._attempt < last:
            return
        callers = _CALLERS | _ENDERS if self.is_late else _CALLERS
        # Beyond `from_call` is the runner, and where a test runs tests, another one.
        names = (each.f_code.co_name for each in _outwards(frame))
        inside = itertools.takewhile(lambda name: name != "from_call", names)
        if self._is_wanted and not callers.isdisjoint(inside):
            raise pytest.fail.Exception(self._reason)

    @property
    def _reason(self) -> str:
        return LATE if self.is_late else AGAIN

    @property
    def _is_wanted(self) -> bool:
        limits = self.limits  # they say that it moves until its teardown begins
        return self.is_late or (limits is not None and limits.is_over and limits.moves)

    def _cancel(self, loop: asyncio.AbstractEventLoop) -> None:
        """Cancel the task that runs the test or one of its fixtures, in the thread of its loop."""
        if not self._is_wanted:
            return
        tasks = {task: list(frames_of(task)) for task in asyncio.all_tasks(loop)}
        calls = any(_CALLER in _names(frames) for frames in tasks.values())
        for task, frames in tasks.items():
            runs_test = any(frame.f_code is self.code for frame in frames)
            if _RUNNER in _names(frames):
                if runs_test or (self._attempt and calls and _runs_fixture(frames)):
                    _fail(task, self._reason)
            elif _CALLER not in _names(frames) and (
                runs_test or (self._attempt and _is_run_until_complete(task))
            ):
                task.cancel()


def is_debugged() -> bool:
    """Return whether the main thread is in a debugger, which takes its time."""
    frame = sys._current_frames().get(threading.main_thread().ident or 0)
    modules = (str(each.f_globals.get("__name__", "")) for each in _outwards(frame))
    return any(module.partition(".")[0] in _DEBUGGERS for module in modules)


def _is_users(frame: FrameType) -> bool:
    """Return whether a frame is of the user's code, and of no installed library."""
    is_installed = "-packages" in frame.f_code.co_filename
    return not is_installed and is_users_module(frame.f_globals.get("__name__", ""))


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _names(frames: list[FrameType]) -> set[str]:
    return {frame.f_code.co_name for frame in frames}


def _runs_fixture(frames: list[FrameType]) -> bool:
    return len(frames) > 1 and not frames[1].f_globals.get("__name__", "").startswith("anyio.")


def _is_run_until_complete(task: asyncio.Task[Any]) -> bool:
    callbacks = getattr(task, "_callbacks", None) or ()
    return any(
        getattr(callback, "__name__", "") == "_run_until_complete_cb" for callback, _ in callbacks
    )


def _fail(task: asyncio.Task[Any], reason: str) -> None:
    """Make what a task waits for fail, so that the task itself goes on."""
    waiter: Any = task
    while isinstance(waiter, asyncio.Task):
        waiter = getattr(waiter, "_fut_waiter", None)
    if waiter is not None and not waiter.done():
        waiter.set_exception(pytest.fail.Exception(reason))
