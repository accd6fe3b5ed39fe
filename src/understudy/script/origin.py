"""Where in the user's code something was written or called."""

from __future__ import annotations

import sys
from pathlib import Path
from types import CodeType, FrameType
from typing import NamedTuple

# What stands between a call and the user's line and says nothing: `asyncio.wait_for`, say.
_BETWEEN = ("understudy", "asyncio", "anyio", "trio")
# Where a task begins. A fake's own coroutine that was handed to `gather` or `create_task` has no
# line of the user's before it.
_LOOPS = ("asyncio.events", "asyncio.base_events", "asyncio.runners", "trio._core._run")
_TASK = compile("", "<task>", "exec")


class Origin(NamedTuple):
    """A line of the user's code; cheap to take, spelt out only when a message needs it."""

    code: CodeType
    line: int

    def __str__(self) -> str:
        """Return `path:line`, the path relative to the working directory where it lies below."""
        return f"{_shown(self.code.co_filename)}:{self.line}"

    @property
    def place(self) -> str:
        """`path:line in function`, as in a traceback."""
        if self.code is _TASK:
            return "a task of its own (the loop does not tell who started it)"
        name = self.code.co_qualname.replace(".<locals>", "")
        return str(self) if name == "<module>" else f"{self} in {name}"


def _shown(filename: str) -> str:
    path = Path(filename)
    here = Path.cwd()
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else filename


def caller() -> Origin:
    """Return the nearest line of the calling chain that is the user's."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        module: str = frame.f_globals.get("__name__", "")
        if module in _LOOPS:
            break
        if module.partition(".")[0] not in _BETWEEN:
            return Origin(frame.f_code, frame.f_lineno)
        frame = frame.f_back
    return Origin(_TASK, 0)
