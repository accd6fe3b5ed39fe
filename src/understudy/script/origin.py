"""Where in the user's code something was written or called."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from types import CodeType, FrameType
from typing import NamedTuple

# What stands between a call and the user's line and says nothing: `asyncio.wait_for`, say.
_BETWEEN = ("understudy", "asyncio", "anyio", "trio", "threading", "concurrent")
# Where a task begins. A fake's own coroutine that was handed to `gather` or `create_task` has no
# line of the user's before it.
_LOOPS = ("asyncio.events", "asyncio.base_events", "asyncio.runners", "trio._core._run")
_TASK = compile("", "<task>", "exec")


# Whether a module is the user's (None), stands between (True), or is where a task begins (False).
_known: dict[str, bool | None] = {}

# An instruction of the user's code: all that is taken of a call, on every call.
Spot = tuple[CodeType, int]


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
        if self.code is _TASK:
            return "a task or thread of its own (Python does not tell who started it)"
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
    return _TASK, 0


def _kind(module: str) -> bool | None:
    between = module.partition(".")[0] in _BETWEEN
    _known[module] = False if module in _LOOPS else True if between else None
    return _known[module]


def at(spot: Spot) -> Origin:
    """Return the line of an instruction."""
    code, instruction = spot
    if code is _TASK:
        return Origin(code, 0)
    # An instruction has two bytes.
    position = next(itertools.islice(code.co_positions(), instruction // 2, None))
    return Origin(code, position[0] or code.co_firstlineno)
