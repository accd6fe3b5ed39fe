"""The checker of this test run, made when the first statement is asked about.

Fakes look here on every call, so this module imports nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from understudy.catalog.checks import Checker

# Makes the checker; None if nothing is checked.
factory: Callable[[], Checker] | None = None
# What it has made.
current: Checker | None = None


def checker() -> Checker | None:
    """Return the checker of this run, or None if nothing is checked."""
    global current
    if current is None and factory is not None:
        current = factory()
    return current


def made() -> Checker | None:
    """Return the checker if anything has asked for it yet."""
    return current


def use(new_factory: Callable[[], Checker] | None, checker: Checker | None = None) -> None:
    """Check with what `new_factory` makes from now on, or with `checker` if it is already made."""
    global factory, current
    factory = new_factory
    current = checker
