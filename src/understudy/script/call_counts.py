"""Counts of the calls in this process, for the summary at the end of a run."""

from __future__ import annotations


class Tally:
    """The calls on one kind of database.

    Attributes:
        calls: the number of calls.
        statements: the different statements.
    """

    __slots__ = ("calls", "statements")

    def __init__(self) -> None:
        self.calls = 0
        self.statements: set[str] = set()

    def note(self, statement: str) -> None:
        """Count one call of `statement`."""
        self.calls += 1
        self.statements.add(statement)


FAKES = Tally()
SQLITE = Tally()  # of real_sqlite
FAKE_MYSQL = Tally()
REAL_MYSQL = Tally()  # including the calls that a script answers
REAL = Tally()  # of real_postgres, including the calls that a script answers
