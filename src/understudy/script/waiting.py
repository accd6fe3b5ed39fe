"""Waiting in any event loop: asyncio's, one that imitates it, or trio's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from threading import get_ident
from types import coroutine
from typing import Any
from weakref import ref

# A call continues at once if nothing else is due. Every 64th yields all the same, so that a loop of
# such calls cannot starve sockets and threads.
_YIELD_AT_LEAST_EVERY = 64
_unyielded = 0
_running_loop = asyncio._get_running_loop  # None outside asyncio, where the public one raises
_latest: Callable[[], Any] = lambda: None  # noqa: E731  # a weak reference to the latest loop


@coroutine
def _yield_once() -> Generator[None, None, None]:
    yield


def _others_are_due() -> bool:
    """Return whether another task may be waiting, so that the caller should yield.

    An iteration of the event loop costs several times what a fake's call does, so a call does not
    yield while no other callback is due. A timer that is not due yet would not run either.

    `_ready`, `_scheduled` and `_thread_id`, which is set while the loop runs, are private to
    asyncio.base_events (3.11 to 3.14); without them, as without asyncio, the answer is yes.
    """
    global _unyielded, _latest
    loop: Any = _latest()
    try:
        # Cheaper than asyncio's own function, which calls getpid() each time (3.11).
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
    """Let other tasks run if any is due, as waiting for a network would."""
    if _others_are_due():
        await _yield_to_others()


async def _yield_to_others() -> None:
    """Let every other task run."""
    global _unyielded
    _unyielded = 0
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
