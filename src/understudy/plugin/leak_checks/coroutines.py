"""Coroutines: where one waits, and those that are never awaited.

Python finds a coroutine that was never awaited when it is freed, and reports it through
`warnings._warn_unawaited_coroutine` (3.7 to 3.14). That function is private, and the only place
where the report can be improved. Without it, Python's own warning remains.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from types import CodeType
from typing import Any

_HOOK = "_warn_unawaited_coroutine"


def watch(report: Callable[[Any], None]) -> Callable[[], None]:
    """Report each coroutine that was never awaited; return a function that stops this.

    Until then each coroutine records the line that created it, which costs about 50 ns.
    """
    before = getattr(warnings, _HOOK, None)
    depth = sys.get_coroutine_origin_tracking_depth()
    if before is None:
        return lambda: None
    setattr(warnings, _HOOK, report)
    sys.set_coroutine_origin_tracking_depth(max(depth, 1))

    def end() -> None:
        setattr(warnings, _HOOK, before)
        sys.set_coroutine_origin_tracking_depth(depth)

    return end


def made_at(coroutine: Any) -> tuple[str, int] | None:
    """Return the file and the line that created a coroutine, if they were recorded."""
    origin = getattr(coroutine, "cr_origin", None)
    return (origin[0][0], origin[0][1]) if origin else None


def code_of(coroutine: Any) -> CodeType | None:
    """Return the code of a coroutine or of a generator that serves as one, else None."""
    return getattr(coroutine, "cr_code", None) or getattr(coroutine, "gi_code", None)


def waits_at(coroutine: Any, is_wanted: Callable[[str], bool]) -> tuple[str, int] | None:
    """Return the file and line, innermost of the wanted files, at which a coroutine waits."""
    found = None
    while coroutine is not None:
        frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "gi_frame", None)
        if frame is not None and is_wanted(frame.f_code.co_filename):
            found = (frame.f_code.co_filename, frame.f_lineno)
        coroutine = getattr(coroutine, "cr_await", None) or getattr(coroutine, "gi_yieldfrom", None)
    return found
