"""The checkers of this test run, each made when the first statement is asked about.

The engine looks here on every call, so that a run without a schema does not load the checks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from understudy.catalog.checks import Checker


class ActiveChecker:
    """The checker of one kind of database.

    Attributes:
        factory: makes the checker; None if nothing is checked.
    """

    def __init__(self) -> None:
        self.factory: Callable[[], Checker] | None = None
        self._current: Checker | None = None

    def checker(self) -> Checker | None:
        """Return the checker of this run, or None if nothing is checked."""
        if self._current is None and self.factory is not None:
            self._current = self.factory()
        return self._current

    def made(self) -> Checker | None:
        """Return the checker if anything has asked for it yet."""
        return self._current

    def use(
        self, new_factory: Callable[[], Checker] | None, checker: Checker | None = None
    ) -> None:
        """Check with what `new_factory` makes, or with `checker` if it is already made."""
        self.factory = new_factory
        self._current = checker


POSTGRES = ActiveChecker()
MYSQL = ActiveChecker()
checker, made, use = POSTGRES.checker, POSTGRES.made, POSTGRES.use
