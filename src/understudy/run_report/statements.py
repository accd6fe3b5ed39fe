"""The statements of a run, with what PostgreSQL says of each."""

from __future__ import annotations

from dataclasses import replace

from understudy.catalog.description import Description, ParsedOnly, Refusal, Verdict
from understudy.pg import sql
from understudy.run_report.records import Column, Statement
from understudy.script.request_blocks import table_after

_NULLABLE = {"not null": False, "nullable": True}
# FOR UPDATE, FOR NO KEY UPDATE, DO UPDATE and THEN UPDATE name no table.
_NOT_A_COMMAND = frozenset({"FOR", "KEY", "DO", "THEN"})


def described(statement: Statement, verdict: Verdict | None) -> Statement:
    """Return a statement with what PostgreSQL says of it.

    Args:
        statement: its id, text and places; "checked" if a real server has executed it.
        verdict: the verdict of the catalog; None if it was not asked.
    """
    if isinstance(verdict, Refusal):
        if statement.verdict == "checked":
            return statement  # it depends on what its session has made
        return replace(
            statement, verdict="refused", refusal=f"{verdict.sqlstate}: {verdict.message}"
        )
    if isinstance(verdict, ParsedOnly) and statement.verdict == "unchecked":
        return replace(statement, verdict="parsed")
    if not isinstance(verdict, Description):
        return statement
    written = written_tables(statement.sql)
    writes = [
        table for table in verdict.tables if table.rpartition(".")[2].strip('"').lower() in written
    ]
    # An UPDATE and a DELETE look for their rows in the table that they change.
    only_written = writes if verdict.command == "INSERT" else []
    return replace(
        statement,
        verdict="checked",
        parameters=list(verdict.parameters),
        columns=[
            Column(column.name, column.type, _NULLABLE.get(column.nullability))
            for column in verdict.columns
        ],
        reads=[table for table in verdict.tables if table not in only_written],
        writes=writes,
    )


def written_tables(statement: str) -> set[str]:
    """Return the tables that a statement writes, by its text, without their schemas."""
    tokens = sql.tokens(statement)
    words = [token.upper() for token in tokens]
    found = set()
    for at, word in enumerate(words):
        before = words[at - 1] if at else ""
        is_written = (word == "UPDATE" and before not in _NOT_A_COMMAND) or (
            word in ("INTO", "FROM") and before in ("INSERT", "MERGE", "DELETE")
        )
        if is_written:
            found.add(table_after(tokens, at))
    return found
