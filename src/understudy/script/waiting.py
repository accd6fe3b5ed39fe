"""Waiting, in whichever event loop the test runs: asyncio's, one that imitates it, or trio's."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from types import coroutine
from typing import Any

# A call that finds nothing else to run goes on at once; so that a loop of nothing but such calls
# cannot starve sockets and threads either, every so many of them yield all the same.
_YIELD_AT_LEAST_EVERY = 64
_unyielded = 0


@coroutine
def _yield_once() -> Generator[None, None, None]:
    yield


async def let_others_run() -> None:
    """Give every other task its turn, as an answer from a network would.

    A turn of the event loop costs several times what a fake's call does, so none is taken while
    no other callback is due: then nobody could tell the difference.
    """
    global _unyielded
    loop = asyncio._get_running_loop()
    if loop is None:
        await _checkpoint()
        return
    _unyielded += 1
    if _unyielded < _YIELD_AT_LEAST_EVERY and not _others_are_due(loop):
        return
    _unyielded = 0
    await _yield_once()


def _others_are_due(loop: Any) -> bool:
    """Say whether anything else is scheduled on `loop`; True where the loop does not tell.

    `_ready` and `_scheduled` are private to asyncio.base_events (3.11 to 3.13); uvloop has neither.
    """
    return bool(getattr(loop, "_ready", True) or getattr(loop, "_scheduled", True))


async def _checkpoint() -> None:
    import anyio.lowlevel

    await anyio.lowlevel.checkpoint()


async def pause(seconds: float) -> None:
    """Wait for `seconds`."""
    if asyncio._get_running_loop() is not None:
        await asyncio.sleep(seconds)
        return
    import anyio

    await anyio.sleep(seconds)


async def forever() -> None:
    """Wait until cancelled."""
    if asyncio._get_running_loop() is not None:
        await asyncio.Event().wait()
        return
    import anyio

    await anyio.sleep_forever()
