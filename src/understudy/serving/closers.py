"""Closing what a fixture has opened for its test.

An asyncio transport is only closed by a step of its event loop, and reports itself as unclosed
otherwise, during a later test. So each is closed in its loop: when the fixture ends, or just before
the loop is closed if that is earlier.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

# A transport of uvloop needs more steps than one of asyncio.
_STEPS = 3
_PATIENCE = 5.0  # seconds, if the loop runs in another thread


Close = Callable[[], object]


class Closers:
    """Functions that close connections and pools, each in its event loop.

    Attributes:
        before_loop_closes: called before anything is closed because its loop is.
    """

    def __init__(self) -> None:
        self._closers: list[tuple[asyncio.AbstractEventLoop | None, Close]] = []
        self._watched: list[tuple[asyncio.AbstractEventLoop, Close, Callable[[], None]]] = []
        self.before_loop_closes: Close = lambda: None

    def add(self, close: Close) -> None:
        """Have something closed that belongs to the running event loop, if one runs.

        Args:
            close: closes it; also called without its loop, if that cannot run any more.
        """
        loop = asyncio._get_running_loop()
        if loop is not None and all(loop is not watched for watched, _, _ in self._watched):
            self._watch(loop)
        self._closers.append((loop, close))

    def close_all(self) -> bool:
        """Close everything, latest first; return whether there was anything."""
        was_any = bool(self._closers)
        while self._closers:
            loop, _ = self._closers[-1]
            self._close(loop)
        for loop, own, original in self._watched:
            if loop.close is own:  # a loop of many tests is not to call all of them
                loop.close = original  # type: ignore[method-assign] # of this loop alone
        self._watched = []
        return was_any

    def _close(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Close what belongs to one loop."""
        closing = [close for its, close in reversed(self._closers) if its is loop]
        self._closers = [(its, close) for its, close in self._closers if its is not loop]
        if loop is None or loop.is_closed() or asyncio._get_running_loop() is not None:
            for close in closing:
                with suppress(RuntimeError):  # asyncpg wants to tell a loop that is closed
                    close()
        elif loop.is_running():
            asyncio.run_coroutine_threadsafe(_close_in_loop(closing), loop).result(_PATIENCE)
        else:
            loop.run_until_complete(_close_in_loop(closing))

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        original = loop.close

        def close() -> None:
            if not loop.is_running() and any(its is loop for its, _ in self._closers):
                self.before_loop_closes()
                self._close(loop)
            original()

        loop.close = close  # type: ignore[method-assign] # of this loop alone
        self._watched.append((loop, close, original))


async def _close_in_loop(closing: Sequence[Close]) -> None:
    for close in closing:
        close()
    for _ in range(_STEPS):
        await asyncio.sleep(0)
