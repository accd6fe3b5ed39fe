"""The categories of the warnings, for `filterwarnings`."""

from __future__ import annotations


class UnderstudyWarning(UserWarning):
    """A test passed, and leaves something behind that it should not."""

    __module__ = "understudy"


class NeverAwaitedWarning(UnderstudyWarning, RuntimeWarning):
    """A coroutine was made and never awaited: Python's own RuntimeWarning, told better."""

    __module__ = "understudy"
