"""Steps of tasks that block the event loop.

asyncio's debug mode reports them too, but takes a traceback for every callback. This check only
reads the clock before and after a step, and only if something else is waiting. asyncio has no hook
for that: `Handle._run`, `_loop`, `_ready` and `_scheduled` are private to asyncio (3.11 to 3.14).
uvloop has its own handles and is not watched.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from time import perf_counter
from typing import Any

from understudy.plugin.leak_checks import coroutines
from understudy.plugin.leak_checks.project_files import ProjectFiles


def watch(limit: int, files: ProjectFiles, report: Callable[[str], None]) -> Callable[[], None]:
    """Report each step that takes longer than `limit` ms; return a function that stops this."""
    handle: Any = asyncio.Handle
    original: Callable[[Any], None] = handle._run
    seconds = limit / 1000

    def run(self: Any) -> None:
        loop = self._loop
        if not (loop._ready or loop._scheduled):
            original(self)
            return
        others, modules = bool(loop._ready), len(sys.modules)
        begun = perf_counter()
        original(self)
        took = perf_counter() - begun
        # An import blocks once, in whichever test runs first.
        if took >= seconds and len(sys.modules) == modules and (others or _is_late(loop)):
            text = _description(self._callback, took * 1000, limit, files)
            if text is not None:
                report(text)

    handle._run = run

    def end() -> None:
        handle._run = original

    return end


def _is_late(loop: Any) -> bool:
    """Return whether a timer is overdue."""
    return bool(loop._scheduled) and bool(loop._scheduled[0].when() <= loop.time())


def _description(callback: Any, milliseconds: float, limit: int, files: ProjectFiles) -> str | None:
    """Describe the step, or return None if it is a library's."""
    task = getattr(callback, "__self__", None)
    coroutine = task.get_coro() if isinstance(task, asyncio.Task) else None
    code = coroutines.code_of(coroutine) or getattr(callback, "__code__", None)
    if code is not None and files.is_installed(code.co_filename):
        return None
    place = coroutines.waits_at(coroutine, files.is_own)
    step = files.of(code) if code else repr(callback)
    reached = f"  before it reached {files.shown(*place)}\n" if place else ""
    return (
        f"the event loop was blocked for {milliseconds:.0f} ms, with others waiting for it\n"
        f"  by a step of {step}\n{reached}"
        "Something in it waits or computes without `await`: time.sleep, a synchronous client or"
        " driver, hashing.\nRun that in a thread (asyncio.to_thread), or raise"
        f" blocked_after, which is {limit} ms."
    )
