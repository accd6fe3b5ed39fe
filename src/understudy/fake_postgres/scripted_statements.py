"""Statements that a script may answer, with what is kept of each."""

from __future__ import annotations

from dataclasses import dataclass, field

from understudy.catalog.description import Description
from understudy.engine.copied_rows import Columns
from understudy.fake_postgres.protocol.statements import Field, Result, Statement
from understudy.script.answers import Rows, Value


@dataclass(slots=True)
class StatementNotes:
    """What is kept with a statement.

    Attributes:
        description: what PostgreSQL says of it; None if it was not asked.
        results: what its scripted answers came to, by their identity; each with the answer, which
            is kept so that no other gets its identity.
        columns: those of a COPY.
    """

    description: Description | None
    results: dict[int, tuple[Rows | Value, Result]] = field(default_factory=dict)
    columns: Columns = field(default=None, kw_only=True)


def scripted_statement(
    sql: str,
    command: str,
    parameters: tuple[int, ...] = (),
    fields: tuple[Field, ...] | None = None,
    description: Description | None = None,
) -> Statement:
    """Return a statement with notes on it, and with the command of its tag."""
    # VALUES is tagged as the SELECT that it is.
    command = "SELECT" if command == "VALUES" else command
    return Statement(sql, command, parameters, fields, notes=StatementNotes(description))
