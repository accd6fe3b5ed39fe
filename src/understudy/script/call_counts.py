"""How much was asked in this process, for the summary at the end of a run."""

from __future__ import annotations


class Tally:
    """What was asked of one kind of database.

    Attributes:
        calls: how often something was asked.
        statements: each statement, as it was written.
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
REAL = Tally()  # of real_postgres; what it answers from a script is counted there too
