"""The categories of the warnings, for `filterwarnings`."""

from __future__ import annotations


class UnderstudyWarning(UserWarning):
    """A test passed, but left something behind."""

    __module__ = "understudy"


class NeverAwaitedWarning(UnderstudyWarning, RuntimeWarning):
    """A coroutine was never awaited: Python's RuntimeWarning with more detail."""

    __module__ = "understudy"
