"""Where a test's own lines are, for messages that name them."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from types import CodeType


def at(mark: str) -> str:
    """Return `file:line` of the line of the calling function that ends with ``# <mark>``."""
    return _place(sys._getframe(1).f_code, mark)


def within(mark: str) -> str:
    """Return `file:line in function` of a marked line of the calling function."""
    code = sys._getframe(1).f_code
    return f"{_place(code, mark)} in {code.co_qualname.replace('.<locals>', '')}"


def _place(code: CodeType, mark: str) -> str:
    lines, first = inspect.getsourcelines(code)
    found = [number for number, line in enumerate(lines, first) if line.endswith(f"# {mark}\n")]
    assert len(found) == 1, f"{mark!r} marks {len(found)} lines of {code.co_qualname}"
    path = Path(code.co_filename)
    here = Path.cwd()
    shown = path.relative_to(here).as_posix() if path.is_relative_to(here) else path
    return f"{shown}:{found[0]}"
