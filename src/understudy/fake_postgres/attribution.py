"""Whose statement it is that came over a socket: who in this process waits for a driver.

A statement that comes through memory has its caller on the stack. Over a socket there are only
bytes; but whoever sent them waits in this very process: a thread in a driver's call, or a task that
is suspended inside of a driver. psycopg and asyncpg also know the number of the connection that
they wait for. Where several may have sent it, nothing is said rather than something wrong.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import time
import weakref
from collections.abc import Collection, Iterable, Iterator
from types import FrameType
from typing import Any, NamedTuple

from understudy.script.origin import Spot, is_users

_WAITED_FOR = frozenset({"asyncpg", "psycopg", "psqlpy"})
# What keeps connections open for its users. psqlpy has no connection outside of a pool.
_POOLS = frozenset({"psycopg_pool", "sqlalchemy", "tortoise", "databases"})
# What makes connections for a test, and closes them.
OURS = "fake_postgres"
_OURS = "understudy.fake_postgres.connectors"
# More tasks than these are not gone through for every statement.
_MOST_TASKS = 500

# Awaitables that tell nobody but the garbage collector what they stand around. The last is what
# SQLAlchemy's `await engine.connect()` waits for.
_AROUND = frozenset({"async_generator_asend", "async_generator_athrow", "coroutine_wrapper"})

# psqlpy sends from a thread of its own, before the task that waits for it has stopped.
_PATIENCE = 0.02
# Most begin to wait as soon as they may go on, some when a thread of the driver has told them.
_PAUSE, _LONGEST_PAUSE = 0.00001, 0.0005

# The event loops that were met before: most often it is a task of theirs that waits.
_met: tuple[weakref.ref[asyncio.AbstractEventLoop], ...] = ()


class Waiter(NamedTuple):
    """Somebody who waits inside of a driver.

    Attributes:
        spot: the user's instruction that called the driver; None where a pool called it.
        pid: the number of the connection; None where the driver does not tell.
        pool: which pool the connection is for, "" for none; OURS where the fixture made it.
    """

    spot: Spot | None
    pid: int | None
    pool: str


def caller() -> Waiter:
    """Return who calls, of the thread that runs this."""
    return _waiter(stack(sys._getframe(1)), inside=True) or Waiter(None, None, "")


def waiter_behind(pid: int | None, patience: float = _PATIENCE) -> Waiter | None:
    """Return who waits for a connection; None where that is not certain.

    Args:
        pid: the number of the connection; None of one that is being opened.
        patience: how many seconds to give whoever has sent something to begin to wait for it.
    """
    if pid is not None and (found := _in_a_loop_met_before(pid)) is not None:
        return found
    untold: set[Waiter] = set()
    for _ in tries(patience):
        waiters = _waiters()
        if waiters is None:
            return None
        for each in waiters:
            if pid is not None and each.pid == pid:
                return each
        untold = {each for each in waiters if each.pid is None and (each.spot or pid is None)}
        if untold:
            break
    return untold.pop() if len(untold) == 1 else None


def tries(patience: float) -> Iterator[None]:
    """Go round, once at least, until so many seconds have passed, with longer and longer pauses."""
    deadline, pause = time.monotonic() + patience, _PAUSE
    while True:
        yield
        if time.monotonic() >= deadline:
            return
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


def _waiters() -> list[Waiter] | None:
    """Return everybody who waits; None where there are too many to be gone through."""
    found = [*_threads()]
    for loop in list(loops()):
        _meet(loop)
        tasks = asyncio.all_tasks(loop)
        if len(tasks) > _MOST_TASKS:
            return None
        found += _in_tasks(tasks)
    return found


def _in_tasks(tasks: Collection[asyncio.Task[Any]]) -> Iterator[Waiter]:
    for task in tasks:
        if (waiter := waiter_in_task(task)) is not None:
            yield waiter


def _meet(loop: asyncio.AbstractEventLoop) -> None:
    global _met
    known = [each for each in _met if (one := each()) is not None and not one.is_closed()]
    if not any(each() is loop for each in known):
        # As a whole, since other threads go through it.
        _met = (*known, weakref.ref(loop))


def _in_a_loop_met_before(pid: int) -> Waiter | None:
    """Return who waits for a connection in a task, without a look at every thread's frames."""
    for each in _met:
        loop = each()
        if loop is not None and loop.is_running():
            tasks = asyncio.all_tasks(loop)
            for waiter in _in_tasks(tasks) if len(tasks) <= _MOST_TASKS else ():
                if waiter.pid == pid:
                    return waiter
    return None


def _threads() -> Iterator[Waiter]:
    own = threading.get_ident()
    for ident, frame in sys._current_frames().items():
        if ident != own and (waiter := waiter_in_thread(frame)) is not None:
            yield waiter


def waiter_in_thread(frame: FrameType) -> Waiter | None:
    """Return who waits in a thread, of its innermost frame; None where nobody does."""
    return _waiter(stack(frame))


def stack(frame: FrameType | None) -> Iterator[FrameType]:
    """Go through the frames of a stack, from the inside out."""
    while frame is not None:
        yield frame
        frame = frame.f_back


def loops() -> Iterator[asyncio.AbstractEventLoop]:
    """Find the event loops that run in any thread: they stand in a frame of asyncio's."""
    seen: set[int] = set()
    for frame in sys._current_frames().values():
        for each in stack(frame):
            if each.f_globals.get("__name__") in ("asyncio.base_events", "asyncio.runners"):
                owner = each.f_locals.get("self")
                loop = getattr(owner, "_loop", owner)
                if isinstance(loop, asyncio.AbstractEventLoop) and id(loop) not in seen:
                    seen.add(id(loop))
                    yield loop


def waiter_in_task(task: asyncio.Task[Any]) -> Waiter | None:
    """Return who waits in a suspended task; None where nobody does."""
    frames, ends_in_driver = _chain(task.get_coro())
    return _waiter(reversed(frames), inside=ends_in_driver)


def frames_of(task: asyncio.Task[Any]) -> list[FrameType]:
    """Return the frames of a suspended task, outermost first."""
    return _chain(task.get_coro())[0]


def frames_running(task: asyncio.Task[Any]) -> list[FrameType]:
    """Return the frames of a task that runs right now, outermost first; none of a suspended one.

    Whoever answers a statement may be faster than the task that sent it: it has not stopped yet.
    """
    outermost = getattr(task.get_coro(), "cr_frame", None)
    if outermost is None or asyncio.current_task(task.get_loop()) is not task:
        return []
    stacks = [[*stack(frame)][::-1] for frame in sys._current_frames().values()]
    beginnings = (
        frames[number:]
        for frames in stacks
        for number, each in enumerate(frames)
        if each is outermost
    )
    return next(beginnings, [])  # it may have stopped meanwhile


def _chain(awaited: Any) -> tuple[list[FrameType], bool]:
    """Return the frames of a suspended task, and whether it waits in a driver.

    The outermost frame comes first. A driver's own awaitable has no frame; it can only be last.
    """
    frames: list[FrameType] = []
    while awaited is not None:
        kind = type(awaited).__name__
        if kind in _AROUND:
            awaited = next(iter(gc.get_referents(awaited)), None)
            continue
        prefix = {"coroutine": "cr", "async_generator": "ag", "generator": "gi"}.get(kind)
        frame = None if prefix is None else getattr(awaited, f"{prefix}_frame", None)
        if frame is None:
            # An async function of Rust's, as PyO3 shows it: psqlpy's.
            return frames, kind == "Coroutine"
        frames.append(frame)
        awaited = getattr(awaited, "gi_yieldfrom" if prefix == "gi" else f"{prefix}_await", None)
    return frames, False


def _waiter(frames: Iterable[FrameType], *, inside: bool = False) -> Waiter | None:
    """Return who waits, of a stack from the inside out; None where no driver is waited for.

    Args:
        frames: the stack.
        inside: whether it ends in a driver without frames: psqlpy's calls run in Rust.
    """
    pid: int | None = None
    pool = "psqlpy" if inside else ""
    for frame in frames:
        module: str = frame.f_globals.get("__name__", "")
        root = module.partition(".")[0]
        if root in _POOLS or module == "asyncpg.pool":
            if not inside:
                return None  # it waits for a connection, and not on one
            pool = root
        elif root in _WAITED_FOR:
            inside = True
            pid = pid or _pid(frame)
            pool = "" if pool == "psqlpy" else pool
        elif module == _OURS and inside and not pool:
            pool = OURS
        elif is_users(module) and root not in sys.stdlib_module_names:
            return Waiter((frame.f_code, frame.f_lasti), pid, pool) if inside else None
    return Waiter(None, pid, pool) if inside else None


def _pid(frame: FrameType) -> int | None:
    """Return the number of the connection that a frame of a driver works for, if it tells."""
    owner = frame.f_locals.get("self")
    try:
        if (pgconn := getattr(owner, "pgconn", None)) is not None:
            return int(pgconn.backend_pid) or None
        if (protocol := getattr(owner, "_protocol", None)) is not None:
            return int(protocol.get_server_pid()) or None
    except Exception:  # noqa: BLE001 # a connection that is being closed meanwhile
        return None
    return None
