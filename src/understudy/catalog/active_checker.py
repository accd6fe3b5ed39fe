"""The checker of this test run, made when the first statement is asked about.

The engine looks here on every call, so that a run without a schema does not load the checks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from understudy.catalog.checks import Checker

# Makes the checker; None if nothing is checked.
factory: Callable[[], Checker] | None = None
# What it has made.
_current: Checker | None = None


def checker() -> Checker | None:
    """Return the checker of this run, or None if nothing is checked."""
    global _current
    if _current is None and factory is not None:
        _current = factory()
    return _current


def made() -> Checker | None:
    """Return the checker if anything has asked for it yet."""
    return _current


def use(new_factory: Callable[[], Checker] | None, checker: Checker | None = None) -> None:
    """Check with what `new_factory` makes from now on, or with `checker` if it is already made."""
    global factory, _current
    factory = new_factory
    _current = checker
