"""What an earlier test has left running, and whether a statement comes from it.

A task or a thread that a test starts and does not end goes on beside the next one. Its statements
would befall that test, which knows nothing of them.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import weakref
from collections.abc import Iterable
from types import FrameType
from typing import Any

from understudy.fake_postgres.attribution import (
    Waiter,
    frames_of,
    frames_running,
    loops,
    stack,
    tries,
    waiter_behind,
    waiter_in_task,
    waiter_in_thread,
)
from understudy.fake_postgres.clients import Client
from understudy.script.origin import is_users

Task = asyncio.Task[Any]

# How many seconds a task that runs is given to stop: psqlpy sends from a thread of its own.
_PATIENCE = 0.2


class Owners:
    """Which tasks and threads belong to earlier tests."""

    def __init__(self) -> None:
        self._loops: weakref.WeakSet[asyncio.AbstractEventLoop] = weakref.WeakSet()
        self._earlier_tasks: weakref.WeakSet[Task] = weakref.WeakSet()
        self._earlier_threads: set[int] = set()
        self._allowed: weakref.WeakSet[Any] = weakref.WeakSet()
        # Each with the outermost frame of the user's that it was in: what runs the tests of a
        # whole session is in another one by then, and a thread of a pool that waits is in none.
        self._strange_tasks: weakref.WeakKeyDictionary[Task, FrameType]
        self._strange_tasks = weakref.WeakKeyDictionary()
        self._strange_threads: dict[threading.Thread, FrameType] = {}

    def allow(self, it: Task | threading.Thread) -> None:
        """Let a task or a thread go on from test to test."""
        self._allowed.add(it)
        if isinstance(it, threading.Thread):
            self._strange_threads.pop(it, None)
        else:
            self._strange_tasks.pop(it, None)

    def note_loops(self) -> None:
        """Take note of the event loops that run now: their tasks are looked at in the end."""
        self._loops.update(loops())

    def begin(self) -> None:
        """Take note of what runs before a test: it belongs to all of them."""
        self._earlier_tasks = weakref.WeakSet(self._tasks())
        self._earlier_threads = {each.ident or 0 for each in threading.enumerate()}

    def end(self) -> None:
        """Take note of what a test leaves running."""
        running = _running()
        for task in self._tasks():
            if task is running or task in self._earlier_tasks or task in self._allowed:
                continue
            outermost = _outermost(reversed(frames_of(task)))
            if outermost is not None:
                self._strange_tasks[task] = outermost
        frames = sys._current_frames()
        for thread in threading.enumerate():
            known = thread.ident in self._earlier_threads or thread in self._allowed
            if known or thread is threading.current_thread():
                continue
            outermost = _outermost(stack(frames.get(thread.ident or 0)))
            if outermost is not None:
                self._strange_threads[thread] = outermost

    def stranger(self, client: Client) -> str | None:
        """Return who of an earlier test waits for a connection, in words; None where nobody is."""
        # Most often there is none, and to go through none of them costs more than to look.
        for task, outermost in list(self._strange_tasks.items()) if self._strange_tasks else ():
            frames, waiter = _seen(task)
            if not any(each is outermost for each in frames):
                del self._strange_tasks[task]
            elif _waits(waiter, client):
                return f"the task {task.get_name()!r}"
        if self._strange_threads:
            innermost = sys._current_frames()
            for thread, outermost in list(self._strange_threads.items()):
                frame = innermost.get(thread.ident or 0)
                if not any(each is outermost for each in stack(frame)):
                    del self._strange_threads[thread]
                elif frame is not None and _waits(waiter_in_thread(frame), client):
                    return f"the thread {thread.name!r}"
        return None

    def _tasks(self) -> set[Task]:
        found: set[Task] = set()
        for loop in list(self._loops):
            if not loop.is_closed():
                found |= asyncio.all_tasks(loop)
        return found


def _seen(task: Task) -> tuple[list[FrameType], Waiter | None]:
    """Return the frames of a task, and who waits in it, soon if not yet; None where nobody does."""
    frames: list[FrameType] = []
    for _ in tries(_PATIENCE):
        frames = frames_running(task)
        if not frames:
            return frames_of(task), waiter_in_task(task)
        if (waiter := waiter_in_thread(frames[-1])) is not None:
            return frames, waiter
    return frames, None


def _waits(waiter: Waiter | None, client: Client) -> bool:
    if waiter is None:
        return False
    if waiter.pid is not None:
        return waiter.pid == client.pid
    return waiter_behind(client.pid, 0.0) == waiter


def _running() -> Task | None:
    """Return the task that runs this."""
    return None if asyncio._get_running_loop() is None else asyncio.current_task()


def _outermost(frames: Iterable[FrameType]) -> FrameType | None:
    """Return the outermost frame of the user's in a stack, which goes from the inside out."""
    users = [each for each in frames if _is_users(each)]
    return users[-1] if users else None


def _is_users(frame: FrameType) -> bool:
    module: str = frame.f_globals.get("__name__", "")
    return is_users(module) and module.partition(".")[0] not in sys.stdlib_module_names
