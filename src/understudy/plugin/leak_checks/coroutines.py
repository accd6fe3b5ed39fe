"""Coroutines: what one is at, and those that nobody awaits.

Python finds a coroutine that was never awaited when it is freed, and then has the function
`warnings._warn_unawaited_coroutine` tell of it (3.7 to 3.14): private, and the only place where it
can be told better. Where it is missing, Python's own warning is all there is.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from types import CodeType
from typing import Any

_HOOK = "_warn_unawaited_coroutine"


def watch(told: Callable[[Any], None]) -> Callable[[], None]:
    """Have `told` hear of each coroutine that was never awaited; returns what ends that.

    While it lasts, each coroutine remembers the line that made it, which costs some 50 ns.
    """
    before = getattr(warnings, _HOOK, None)
    depth = sys.get_coroutine_origin_tracking_depth()
    if before is None:
        return lambda: None
    setattr(warnings, _HOOK, told)
    sys.set_coroutine_origin_tracking_depth(max(depth, 1))

    def end() -> None:
        setattr(warnings, _HOOK, before)
        sys.set_coroutine_origin_tracking_depth(depth)

    return end


def made_at(coroutine: Any) -> tuple[str, int] | None:
    """Return the file and the line where a coroutine was made, if it remembers them."""
    origin = getattr(coroutine, "cr_origin", None)
    return (origin[0][0], origin[0][1]) if origin else None


def code_of(coroutine: Any) -> CodeType | None:
    """Return the code of a coroutine, or of a generator that serves as one; None for others."""
    return getattr(coroutine, "cr_code", None) or getattr(coroutine, "gi_code", None)


def waits_at(coroutine: Any, is_wanted: Callable[[str], bool]) -> tuple[str, int] | None:
    """Return the innermost wanted file and line of what a suspended coroutine waits in."""
    found = None
    while coroutine is not None:
        frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "gi_frame", None)
        if frame is not None and is_wanted(frame.f_code.co_filename):
            found = (frame.f_code.co_filename, frame.f_lineno)
        coroutine = getattr(coroutine, "cr_await", None) or getattr(coroutine, "gi_yieldfrom", None)
    return found
