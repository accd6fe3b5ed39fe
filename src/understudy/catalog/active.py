"""The checker of this test run, made when the first statement is asked about.

Fakes look here on every call, so this module imports nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from understudy.catalog.checks import Checker

# Makes the checker; None where nothing is checked.
factory: Callable[[], Checker] | None = None
_made: Checker | None = None


def checker() -> Checker | None:
    """Return the checker of this run, or None where nothing is checked."""
    global _made
    if _made is None and factory is not None:
        _made = factory()
    return _made


def made() -> Checker | None:
    """Return the checker if anything has asked for it yet."""
    return _made


def use(new_factory: Callable[[], Checker] | None, checker: Checker | None = None) -> None:
    """Check with what `new_factory` makes from now on, or with `checker` where it is made."""
    global factory, _made
    factory = new_factory
    _made = checker
