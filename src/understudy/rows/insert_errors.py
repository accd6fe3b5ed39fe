"""Say of a row that PostgreSQL refuses what is wrong with it, and what was tried."""

from __future__ import annotations

import re
from collections.abc import Sequence

import psycopg

from understudy.rows import messages
from understudy.rows.row_plan import Draft
from understudy.rows.table_facts import Facts, Table


def refusal(facts: Facts, draft: Draft, error: psycopg.Error, needed_by: Sequence[str]) -> str:
    """The message for a row that could not be inserted.

    `needed_by` are the rows for which this one was made, the one that was asked for first.
    """
    if error.sqlstate is None:
        return messages.not_sent(draft.table.name, _flat(error), draft.given)
    name = error.diag.constraint_name or ""
    return messages.refused(
        draft.table.name,
        *_words(error),
        rule=facts.definition(error.diag.schema_name, error.diag.table_name, name),
        row=draft.values,
        given=draft.given,
        tried=sorted(draft.tried.get(name, ())),
        needed_by=needed_by,
    )


def at_the_end(table: Table, error: psycopg.Error) -> str:
    """The message for a row that was inserted, and refused when its transaction ended."""
    return messages.at_the_end(table.name, *_words(error))


def schema_not_read(error: psycopg.Error) -> str:
    """The message for a schema of which nothing could be learned."""
    return messages.schema_not_read(*_words(error)[:2])


def _words(error: psycopg.Error) -> tuple[str, str, str | None]:
    """What PostgreSQL says, its SQLSTATE with the name of it, and the details."""
    # psycopg names its classes after the conditions.
    name = type(error).__name__.rstrip("_")
    condition = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    state = f"{error.sqlstate or 'no SQLSTATE'} {condition}"
    return error.diag.message_primary or _flat(error), state, error.diag.message_detail


def _flat(error: psycopg.Error) -> str:
    return " ".join(str(error).split())
