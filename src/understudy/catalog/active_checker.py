"""The checker of this test run, made when the first statement is asked about.

The engine looks here on every call, so that a run without a schema does not load the checks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from understudy.catalog.checks import Checker

Level = Literal["error", "warn", "off"]
# Makes the checker; None if nothing is checked.
factory: Callable[[], Checker] | None = None
# The levels that the running test has set for itself, by the name of the check ("answers").
levels: Mapping[str, Level] = {}
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


def use_levels(new_levels: Mapping[str, Level]) -> None:
    """Check at these levels until the next call, whatever is configured."""
    global levels
    levels = new_levels


def use(new_factory: Callable[[], Checker] | None, checker: Checker | None = None) -> None:
    """Check with what `new_factory` makes from now on, or with `checker` if it is already made."""
    global factory, _current
    factory = new_factory
    _current = checker
