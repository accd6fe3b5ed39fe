"""The line of user code that wrote a rule or made a call."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path
from threading import get_ident
from types import CodeType, FrameType
from typing import NamedTuple

# Modules between a call and the user's line, such as `asyncio.wait_for`, and everything between
# the user's statement and the server.
DRIVERS = (
    "aiosqlite", "asyncpg", "psycopg", "psycopg_pool", "psycopg_binary", "psycopg_c", "psqlpy",
    "sqlite3", "aiomysql", "asyncmy", "pymysql", "MySQLdb", "mysql",
)  # fmt: skip
_ABOVE_DRIVERS = (
    "sqlalchemy", "sqlmodel", "greenlet", "tortoise", "databases", "aiosql", "django", "asgiref",
)  # fmt: skip
_WAITING = ("asyncio", "anyio", "trio", "threading", "concurrent", "contextlib")
# The packages whose lines are not the user's; a project may add its own.
between = frozenset(("understudy", *_WAITING, *_ABOVE_DRIVERS, *DRIVERS))
# Modules in which a task begins. A fake's coroutine passed to `gather` or `create_task` has no line
# of user code before it.
LOOPS = ("asyncio.events", "asyncio.base_events", "asyncio.runners", "trio._core._run")
_TASK = compile("", "<task>", "exec")
_SOCKET = compile("", "<socket>", "exec")
# Compared by identity: Python considers code objects equal that differ only in their file name.
_UNKNOWN = {
    id(_TASK): "a task or thread of its own (Python does not tell who started it)",
    id(_SOCKET): "a connection over a socket (the driver does not tell which line)",
}


# Whether a module is the user's (None), lies between (True), or begins a task (False).
_known: dict[str, bool | None] = {}

# An instruction of the user's code. Recorded on every call, so it must be cheap.
Spot = tuple[CodeType, int]
# For a call that appears in no message.
NOWHERE: Spot = (_TASK, 0)

# For a task that a library has started, the user's instruction for which it works.
of_task: ContextVar[Spot | None] = ContextVar("understudy_spot_of_task", default=None)

# By thread id, a function that finds the caller on whose behalf a thread works: the thread that
# serves sockets answers statements that were sent by others.
behind: dict[int, Callable[[], Spot | None]] = {}


class Origin(NamedTuple):
    """A line of the user's code."""

    code: CodeType
    line: int

    def __str__(self) -> str:
        """Return `path:line`, with a path relative to the working directory if it lies below it."""
        return f"{shown_path(self.code.co_filename)}:{self.line}"

    @property
    def function(self) -> str:
        """The qualified name of the function, such as `UserDAO.delete`; "" outside of one."""
        name = self.code.co_qualname.replace(".<locals>", "")
        return "" if name == "<module>" else name

    @property
    def place(self) -> str:
        """`path:line in function`, as in a traceback."""
        if (unknown := _UNKNOWN.get(id(self.code))) is not None:
            return unknown
        return f"{self} in {self.function}" if self.function else str(self)


def shown_path(filename: str) -> str:
    """Return a path, relative to the working directory if it lies below it."""
    path = Path(filename)
    here = Path.cwd()
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else filename


def is_known(code: CodeType) -> bool:
    """Return whether an origin's code is the user's, and not a sign that the caller is unknown."""
    return id(code) not in _UNKNOWN


def caller() -> Origin:
    """Return the nearest line of the calling chain that is the user's."""
    return at(spot(2))


def spot(depth: int = 1) -> Spot:
    """Return the nearest instruction of the calling chain that is the user's; cheap to take.

    Args:
        depth: the number of frames to skip: 1 starts at the caller of this function.
    """
    frame: FrameType | None = sys._getframe(depth)
    while frame is not None:
        module: str = frame.f_globals.get("__name__", "")
        try:
            is_between = _known[module]
        except KeyError:
            is_between = _kind(module)
        if is_between is None:
            return frame.f_code, frame.f_lasti
        if not is_between:
            break
        frame = frame.f_back
    if behind and (asked := behind.get(get_ident())) is not None:
        return asked() or (_SOCKET, 0)
    return of_task.get() or (_TASK, 0)


def is_users(module: str) -> bool:
    """Return whether a module holds the user's code."""
    return (_known[module] if module in _known else _kind(module)) is None


def _kind(module: str) -> bool | None:
    is_between = module.partition(".")[0] in between
    _known[module] = False if module in LOOPS else True if is_between else None
    return _known[module]


def skip(packages: frozenset[str]) -> None:
    """Count the lines of these packages, and of no others, as lines between user and server."""
    global between
    between = packages
    _known.clear()


def at(spot: Spot) -> Origin:
    """Return the line of an instruction."""
    code, instruction = spot
    if id(code) in _UNKNOWN:
        return Origin(code, 0)
    # An instruction has two bytes.
    position = next(itertools.islice(code.co_positions(), instruction // 2, None))
    return Origin(code, position[0] or code.co_firstlineno)
