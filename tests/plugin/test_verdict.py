"""The failure that is shown in place of the error that brought it."""

from __future__ import annotations

import sys
from pathlib import Path
from traceback import walk_tb
from types import TracebackType

from understudy.plugin import verdict
from understudy.script.failures import UnexpectedStatement


def test_an_error_from_very_deep() -> None:
    failure = UnexpectedStatement("execute() matched no rule")
    error = RuntimeError("wrapped")
    error.__cause__ = failure
    frame = sys._getframe()
    traceback: TracebackType | None = None
    for _ in range(2 * sys.getrecursionlimit()):
        traceback = TracebackType(traceback, frame, frame.f_lasti, frame.f_lineno)

    found = verdict.instead_of(error.with_traceback(traceback), [failure], Path(__file__).parent)

    assert found is failure
    assert len(list(walk_tb(found.__traceback__))) == 2 * sys.getrecursionlimit()
