"""Exceptions that code does not raise on purpose: a test that expects one would bless a bug."""

from __future__ import annotations

import linecache
import re
import traceback

# No caller is meant to catch these: the code uses something as what it is not.
_BY_MISTAKE = (
    *(AttributeError, NameError, TypeError, AssertionError, RecursionError),
    *(IndexError, ZeroDivisionError),
)


def accident(error: BaseException | None, file: str) -> str:
    """Return what went wrong and where, if nobody raised it; "" for an exception on purpose.

    Args:
        error: what left the call; None if it returned.
        file: the file of the code under test.
    """
    if not isinstance(error, _BY_MISTAKE):
        return ""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename == file]
    last = frames[-1] if frames else None
    if last is not None and _raises(last.filename, last.lineno or 0):
        return ""
    place = f" in line {own[-1].lineno}" if own else ""
    return f"{type(error).__name__}{place}: {error}"


def _raises(file: str, number: int) -> bool:
    """Return whether a line of a file has a `raise` or an `assert`."""
    # A line may be a part of a statement, such as `else: raise ...`, and does not parse then.
    line = linecache.getline(file, number)
    return re.search(r"\b(raise|assert)\b", line.partition("#")[0]) is not None
