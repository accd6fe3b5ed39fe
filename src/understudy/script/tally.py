"""How much was asked in this process, for the summary at the end of a run."""

from __future__ import annotations

calls = 0
statements: set[str] = set()


def note(statement: str) -> None:
    """Count one call of `statement`."""
    global calls
    calls += 1
    statements.add(statement)
