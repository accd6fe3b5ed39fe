"""Steps of tasks that keep the event loop from everyone else.

asyncio's debug mode tells of them too, and takes the traceback of every callback for it. This only
looks at the clock before and after, and only where something else is waiting. asyncio has no hook
for that: `Handle._run`, `_loop`, `_ready` and `_scheduled` are private to asyncio (3.11 to 3.14).
uvloop has its own and is not watched.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from time import perf_counter
from typing import Any

from understudy.plugin.leak_checks import coroutines, messages
from understudy.plugin.leak_checks.project_files import Places


def watch(limit: int, places: Places, told: Callable[[str], None]) -> Callable[[], None]:
    """Have `told` hear of each step that takes longer than `limit` ms; returns what ends that."""
    handle: Any = asyncio.Handle
    original = handle._run
    seconds = limit / 1000

    def run(self: Any) -> None:
        loop = self._loop
        if not (loop._ready or loop._scheduled):
            return original(self)  # type: ignore[no-any-return]
        others, modules = bool(loop._ready), len(sys.modules)
        begun = perf_counter()
        original(self)
        took = perf_counter() - begun
        # An import blocks once, wherever it happens, and another test would be the next to.
        if took >= seconds and len(sys.modules) == modules and (others or _is_late(loop)):
            text = _told(self._callback, took * 1000, limit, places)
            if text is not None:
                told(text)
        return None

    handle._run = run

    def end() -> None:
        handle._run = original

    return end


def _is_late(loop: Any) -> bool:
    """Whether a timer is due, which could not go off."""
    return bool(loop._scheduled) and bool(loop._scheduled[0].when() <= loop.time())


def _told(callback: Any, milliseconds: float, limit: int, places: Places) -> str | None:
    """Say which step it was, None where it is a library's."""
    task = getattr(callback, "__self__", None)
    coroutine = task.get_coro() if isinstance(task, asyncio.Task) else None
    code = coroutines.code_of(coroutine) or getattr(callback, "__code__", None)
    if code is not None and places.is_installed(code.co_filename):
        return None
    place = coroutines.waits_at(coroutine, places.is_own)
    return messages.loop_blocked(
        places.of(code) if code else repr(callback),
        milliseconds,
        limit,
        places.shown(*place) if place else None,
    )
