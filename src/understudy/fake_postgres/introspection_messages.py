"""What is said where a driver's own question cannot be answered."""

from __future__ import annotations

from understudy.catalog.pg_describe import shortened


def nobody_to_ask() -> str:
    """Say that there is no PostgreSQL, and no file in which its answer could be."""
    return (
        "there is no PostgreSQL to ask, and no catalog that would hold its answer\n"
        'Run: pip install "understudy[postgres]"'
    )


def unanswered(statement: str, reason: str) -> str:
    """Say which question of a driver's has no answer, and why."""
    return (
        "a driver asked PostgreSQL about the schema, and there is no answer\n"
        f"  sql:    {shortened(statement)}\n"
        f"  reason: {reason}"
    )
