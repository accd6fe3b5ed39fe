"""An answer held against what its statement returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from understudy.catalog import messages
from understudy.catalog.description import Column, Description
from understudy.script.answers import Rows, Value

# (PostgreSQL type, value) -> why the driver would never give that value, or None.
Mismatch = Callable[[str, Any], str | None]


class Difference(NamedTuple):
    """What is wrong with an answer.

    Attributes:
        reason: in a few words.
        table: for each column (mark, what was scripted, what the statement returns).
    """

    reason: str
    table: tuple[tuple[str, str, str], ...] = ()


def difference(
    description: Description, outcome: Rows | Value, mismatch: Mismatch
) -> Difference | None:
    """Return why `description`'s statement could not return `outcome`; None where it could."""
    if isinstance(outcome, Value):
        return _value_difference(description, outcome.value, mismatch)
    if outcome.tag is not None:
        return _tag_difference(description, outcome.tag)
    if outcome.rows and not description.columns:
        return Difference(messages.returns_no_rows(description.command))
    for number, row in enumerate(outcome.rows):
        table = _row_table(description.columns, row, mismatch)
        wrong = sum(1 for mark, _, _ in table if mark)
        if wrong:
            return Difference(messages.columns_differ(wrong, number, len(outcome.rows)), table)
    return None


def _value_difference(
    description: Description, value: Any, mismatch: Mismatch
) -> Difference | None:
    if not description.columns:
        return Difference(messages.returns_no_rows(description.command))
    column = description.columns[0]
    problem = _problem(column, value, mismatch)
    if problem is None:
        return None
    row = ("!", messages.scripted_value(value, problem), messages.returned_column(column))
    return Difference(messages.columns_differ(1, 0, 1), (row,))


def _tag_difference(description: Description, tag: str) -> Difference | None:
    command = tag.split(" ")[0]
    # INSERT ... SELECT is still an INSERT; VALUES and SELECT share a tag.
    real = "SELECT" if description.command == "VALUES" else description.command
    if command != real:
        return Difference(messages.other_command(tag, real))
    count = tag.rpartition(" ")[2]
    if description.columns and count not in ("0", command):
        return Difference(messages.tag_without_rows(tag))
    return None


def _row_table(
    columns: Sequence[Column], row: Mapping[str, Any], mismatch: Mismatch
) -> tuple[tuple[str, str, str], ...]:
    """Put a scripted row beside the columns; a mark stands where the two do not fit."""
    table: list[tuple[str, str, str]] = []
    for column in _distinct(columns):
        if column.name not in row:
            table.append(("!", "-", messages.returned_column(column)))
            continue
        value = row[column.name]
        problem = _problem(column, value, mismatch)
        scripted = messages.scripted_column(column.name, value, problem)
        table.append(("!" if problem else "", scripted, messages.returned_column(column)))
    known = {column.name for column in columns}
    extra = [name for name in row if name not in known]
    table += [("!", messages.scripted_column(name, row[name], None), "-") for name in extra]
    return tuple(table)


def _distinct(columns: Sequence[Column]) -> list[Column]:
    """Return the columns that a row as a dict can hold: of equal names the last."""
    return list({column.name: column for column in columns}.values())


def _problem(column: Column, value: Any, mismatch: Mismatch) -> str | None:
    if value is None:
        return messages.never_null() if column.nullability == "not null" else None
    return mismatch(column.type, value)
