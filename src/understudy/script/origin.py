"""Where in the user's code something was written or called."""

from __future__ import annotations

import sys
from pathlib import Path
from types import CodeType, FrameType
from typing import NamedTuple


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
        name = self.code.co_qualname.replace(".<locals>", "")
        return str(self) if name == "<module>" else f"{self} in {name}"


def _shown(filename: str) -> str:
    path = Path(filename)
    here = Path.cwd()
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else filename


def caller() -> Origin:
    """Return the nearest line of the calling chain that is not Understudy's own."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        module: str = frame.f_globals.get("__name__", "")
        if not module.startswith("understudy."):
            return Origin(frame.f_code, frame.f_lineno)
        frame = frame.f_back
    # Only a thread or loop that runs nothing but our own code ends up here.
    outermost = sys._getframe(0)
    return Origin(outermost.f_code, outermost.f_lineno)
