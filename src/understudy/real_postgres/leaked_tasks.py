"""Tasks and threads that an earlier test has left running.

Their statements would run in the transaction of the current test, which knows nothing of them.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import weakref
from collections.abc import Iterator
from types import FrameType
from typing import Any

from understudy.fake_postgres.clients import Client
from understudy.real_postgres import failures
from understudy.script import expectations
from understudy.script.origin import is_users
from understudy.serving.attribution import loops_of_this_thread

Task = asyncio.Task[Any]


class LeakedTasks:
    """Which tasks and threads belong to earlier tests.

    Only the tasks of this thread's event loops are looked at: others may be running right now.
    """

    def __init__(self) -> None:
        self._earlier: weakref.WeakSet[Task | threading.Thread] = weakref.WeakSet()
        self._allowed: weakref.WeakSet[Task | threading.Thread] = weakref.WeakSet()
        self._leaked: weakref.WeakSet[Task | threading.Thread] = weakref.WeakSet()

    def allow(self, sender: Task | threading.Thread) -> None:
        """Allow a task or a thread to continue in later tests."""
        self._allowed.add(sender)
        self._leaked.discard(sender)

    def begin(self) -> None:
        """Record the tasks and threads that run before a test: all tests share them."""
        self._earlier = weakref.WeakSet([*tasks(), *threading.enumerate()])

    def end(self) -> None:
        """Record the tasks and threads that a test leaves running."""
        running = asyncio._get_running_loop() and asyncio.current_task()
        left = {task for task in tasks() if task is not running and runs_users_code(task)}
        threads = {thread for thread in threading.enumerate() if _is_users_thread(thread)}
        threads.discard(threading.current_thread())
        self._leaked.update((left | threads) - set(self._earlier) - set(self._allowed))

    def refuse(self, sql: str, client: Client) -> None:
        """Reject a statement of a task or thread that an earlier test has left running.

        Raises:
            LeakedTaskRefused: such a task or thread has sent it.
        """
        # Usually nothing has leaked, and the sender need not be looked up.
        noted = client.noted if self._leaked else None
        sender = None if noted is None else noted.sender
        if sender is None or sender not in self._leaked:
            return
        if isinstance(sender, threading.Thread):
            who = f"the thread {sender.name!r}"
        else:
            who = f"the task {sender.get_name()!r}"
        raise expectations.record_failure(failures.leaked(sql, who))


def tasks() -> set[Task]:
    """Return the tasks of the event loops in which this thread has used a driver."""
    return {task for loop in loops_of_this_thread() for task in asyncio.all_tasks(loop)}


def runs_users_code(task: Task) -> bool:
    """Return whether a suspended task is in the user's code, not only in a test runner."""
    return any(is_users_module(frame.f_globals.get("__name__", "")) for frame in frames_of(task))


def frames_of(task: Task) -> Iterator[FrameType]:
    """Yield the frames of the coroutines of a suspended task, the outermost first."""
    awaited: Any = task.get_coro()
    while (frame := getattr(awaited, "cr_frame", None)) is not None:
        yield frame
        awaited = getattr(awaited, "cr_await", None)


def _is_users_thread(thread: threading.Thread) -> bool:
    """Return whether a thread runs a function of the user; a pool's worker does not."""
    target = getattr(thread, "_target", None)
    return is_users_module(type(thread).__module__) or is_users_module(
        getattr(target, "__module__", "") or ""
    )


def is_users_module(module: str) -> bool:
    """Return whether a module is not of Understudy, a driver or the standard library."""
    return (
        bool(module)
        and is_users(module)
        and module.partition(".")[0] not in sys.stdlib_module_names
    )
