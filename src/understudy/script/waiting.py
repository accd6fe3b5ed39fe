"""Waiting, in whichever event loop the test runs: asyncio's, one that imitates it, or trio's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from threading import get_ident
from types import coroutine
from typing import Any
from weakref import ref

# A call that finds nothing else to run goes on at once; so that a loop of nothing but such calls
# cannot starve sockets and threads either, every so many of them yield all the same.
_YIELD_AT_LEAST_EVERY = 64
_unyielded = 0
_running_loop = asyncio._get_running_loop  # None outside asyncio, where the public one raises
_latest: Callable[[], Any] = lambda: None  # noqa: E731  # a weak reference to the latest loop


@coroutine
def _yield_once() -> Generator[None, None, None]:
    yield


def others_are_due() -> bool:
    """Say whether another task may be waiting: then it is time for `take_a_turn`.

    A turn of the event loop costs several times what a fake's call does, so none is taken while
    no other callback is due: then nobody could tell the difference. A timer that is not due yet
    would not run in a turn either.

    `_ready`, `_scheduled` and `_thread_id`, which is set while the loop runs, are private to
    asyncio.base_events (3.11 to 3.13); without them, as without asyncio, the answer is yes.
    """
    global _unyielded, _latest
    loop: Any = _latest()
    try:
        # Cheaper than to ask asyncio, which asks the system for the process each time (3.11).
        if loop is None or loop._thread_id != get_ident():
            loop = _running_loop()
            _latest = ref(loop)
        if loop._ready or (loop._scheduled and loop._scheduled[0]._when <= loop.time()):
            return True
    except (AttributeError, TypeError):  # another kind of loop, or one without weak references
        return True
    _unyielded += 1
    return _unyielded >= _YIELD_AT_LEAST_EVERY


async def let_others_run() -> None:
    """Give every other task its turn, as an answer from a network would, if any waits for it."""
    if others_are_due():
        await take_a_turn()


def a_turn_is_taken() -> None:
    """Take note that every other task gets its turn now."""
    global _unyielded
    _unyielded = 0


async def take_a_turn() -> None:
    """Give every other task its turn."""
    a_turn_is_taken()
    if _running_loop() is None:
        await _checkpoint()
    else:
        await _yield_once()


async def _checkpoint() -> None:
    import anyio.lowlevel

    await anyio.lowlevel.checkpoint()


async def pause(seconds: float) -> None:
    """Wait for `seconds`."""
    if _running_loop() is not None:
        await asyncio.sleep(seconds)
        return
    import anyio

    await anyio.sleep(seconds)


async def forever() -> None:
    """Wait until cancelled."""
    if _running_loop() is not None:
        await asyncio.Event().wait()
    else:
        import anyio

        await anyio.sleep_forever()
