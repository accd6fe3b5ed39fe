"""Exceptions that code does not raise on purpose: a test that expects one would bless a bug."""

from __future__ import annotations

import linecache
import re
import traceback

from understudy.script.formatting import shortened
from understudy.write.trials import Observation, Trial

# No caller is meant to catch these: the code uses something as what it is not.
_BY_MISTAKE = (
    *(AttributeError, NameError, TypeError, AssertionError, RecursionError),
    *(IndexError, ZeroDivisionError),
)
# Errors of PostgreSQL and of asyncpg about a value of another type.
_WRONG_TYPE = {"22P02", "42804", "42846", "42883"}
_REFUSED = "invalid input for query argument"


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


def of_guess(trial: Trial, seen: Observation) -> str:
    """Return why a trial says nothing about the code: it does not take a value that was guessed.

    "" for one that may be a test.
    """
    error = seen.raised
    if not trial.guesses or error is None:
        return ""
    mistake = accident(error, trial.target.file)
    # No value that is guessed is None: a row is missing.
    is_mistake = bool(mistake) and "NoneType" not in str(error)
    states = {event.error.sqlstate for event in seen.events if event.error is not None}
    if not is_mistake and not states & _WRONG_TYPE and _REFUSED not in str(error):
        return ""
    what = shortened(mistake or " ".join(str(error).split()), 150)
    names = " and ".join(trial.guesses)
    return f"nothing tells the type of {names}, and a guess failed: {what}; add a type hint"


def _raises(file: str, number: int) -> bool:
    """Return whether a line of a file has a `raise` or an `assert`."""
    # A line may be a part of a statement, such as `else: raise ...`, and does not parse then.
    line = linecache.getline(file, number)
    return re.search(r"\b(raise|assert)\b", line.partition("#")[0]) is not None
