"""Where in the user's code something was written or called."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from pathlib import Path
from threading import get_ident
from types import CodeType, FrameType
from typing import NamedTuple

# What stands between a call and the user's line and says nothing: `asyncio.wait_for`, say, and
# everything between a statement as the user wrote it and the server.
DRIVERS = ("asyncpg", "psycopg", "psycopg_pool", "psycopg_binary", "psycopg_c", "psqlpy")
_ABOVE_DRIVERS = ("sqlalchemy", "sqlmodel", "greenlet", "tortoise", "databases", "aiosql")
_WAITING = ("asyncio", "anyio", "trio", "threading", "concurrent", "contextlib")
_BETWEEN = frozenset(("understudy", *_WAITING, *_ABOVE_DRIVERS, *DRIVERS))
# Where a task begins. A fake's own coroutine that was handed to `gather` or `create_task` has no
# line of the user's before it.
_LOOPS = ("asyncio.events", "asyncio.base_events", "asyncio.runners", "trio._core._run")
_TASK = compile("", "<task>", "exec")
_SOCKET = compile("", "<socket>", "exec")
# Found by identity: Python calls two pieces of code equal that differ in the name of their file.
_UNTOLD = {
    id(_TASK): "a task or thread of its own (Python does not tell who started it)",
    id(_SOCKET): "a connection over a socket (several tasks wait for a driver, or none does)",
}


# Whether a module is the user's (None), stands between (True), or is where a task begins (False).
_known: dict[str, bool | None] = {}

# An instruction of the user's code: all that is taken of a call, on every call.
Spot = tuple[CodeType, int]
# For a call that nobody is told of.
NOWHERE: Spot = (_TASK, 0)

# Who knows for whom a thread works that runs none of the user's code, by the thread's number: the
# one that serves sockets answers statements that were sent elsewhere.
behind: dict[int, Callable[[], Spot | None]] = {}


class Origin(NamedTuple):
    """A line of the user's code."""

    code: CodeType
    line: int

    def __str__(self) -> str:
        """Return `path:line`, the path relative to the working directory where it lies below."""
        return f"{_shown(self.code.co_filename)}:{self.line}"

    @property
    def place(self) -> str:
        """`path:line in function`, as in a traceback."""
        if (untold := _UNTOLD.get(id(self.code))) is not None:
            return untold
        name = self.code.co_qualname.replace(".<locals>", "")
        return str(self) if name == "<module>" else f"{self} in {name}"


def _shown(filename: str) -> str:
    path = Path(filename)
    here = Path.cwd()
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else filename


def caller() -> Origin:
    """Return the nearest line of the calling chain that is the user's."""
    return at(spot(2))


def spot(depth: int = 1) -> Spot:
    """Return the nearest instruction of the calling chain that is the user's; cheap to take.

    Args:
        depth: how many frames are known to be ours: 1 is the caller of this function.
    """
    frame: FrameType | None = sys._getframe(depth)
    while frame is not None:
        module: str = frame.f_globals.get("__name__", "")
        try:
            between = _known[module]
        except KeyError:
            between = _kind(module)
        if between is None:
            return frame.f_code, frame.f_lasti
        if not between:
            break
        frame = frame.f_back
    if behind and (asked := behind.get(get_ident())) is not None:
        return asked() or (_SOCKET, 0)
    return _TASK, 0


def is_users(module: str) -> bool:
    """Say whether a module holds the user's code."""
    return (_known[module] if module in _known else _kind(module)) is None


def _kind(module: str) -> bool | None:
    between = module.partition(".")[0] in _BETWEEN
    _known[module] = False if module in _LOOPS else True if between else None
    return _known[module]


def at(spot: Spot) -> Origin:
    """Return the line of an instruction."""
    code, instruction = spot
    if id(code) in _UNTOLD:
        return Origin(code, 0)
    # An instruction has two bytes.
    position = next(itertools.islice(code.co_positions(), instruction // 2, None))
    return Origin(code, position[0] or code.co_firstlineno)
