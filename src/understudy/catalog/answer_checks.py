"""An answer held against what its statement returns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from understudy.catalog import messages
from understudy.catalog.description import Column, Description
from understudy.script.answers import UNNAMED_COLUMN, Rows, Value

# (PostgreSQL type, value) -> why the driver would never give that value, or None.
Mismatch = Callable[[str, Any], str | None]


class Pair(NamedTuple):
    """A column as it was scripted, beside the one that the statement returns.

    Attributes:
        scripted: the name and the value; None where the row has no such column.
        returned: the column; None where the statement has none of this name.
        problem: what is wrong with the value; "" where it is the column that is missing.
    """

    scripted: tuple[str, Any] | None
    returned: Column | None
    problem: str | None

    @property
    def fits(self) -> bool:
        """Whether the two go together."""
        return self.problem is None


class Difference(NamedTuple):
    """What is wrong with an answer: in a few words, and column by column."""

    reason: str
    pairs: tuple[Pair, ...] = ()


def difference(
    description: Description, outcome: Rows | Value, mismatch: Mismatch, method: str
) -> Difference | None:
    """Return why `description`'s statement could not return `outcome`; None where it could.

    Args:
        description: what PostgreSQL says of the statement.
        outcome: the answer.
        mismatch: tells why a driver would never give a value for a type.
        method: the method that was called: `fetch_val` takes one value, all others take rows.
    """
    if isinstance(outcome, Rows) and outcome.tag is not None:
        return _wrong_tag(description, outcome.tag, method)
    if method == "execute_many":
        return None  # it returns no rows, whatever was scripted
    if isinstance(outcome, Value):
        if method == "fetch_val":
            return _wrong_value(description, outcome.value, mismatch)
        outcome = Rows(({UNNAMED_COLUMN: outcome.value},))
    if not outcome.rows:
        return None
    if not description.columns:
        return Difference(messages.returns_no_rows(description.command))
    # A row is a dict: of equal names the last is kept.
    columns = {column.name: column for column in description.columns}
    for number, row in enumerate(outcome.rows):
        if len(row) != len(columns) or not _fits(columns, row, mismatch):
            pairs = tuple(_pairs(columns, row, mismatch))
            wrong = sum(not pair.fits for pair in pairs)
            return Difference(messages.columns_differ(wrong, number, len(outcome.rows)), pairs)
    first = next(iter(outcome.rows[0]))
    if method == "fetch_val" and first != description.columns[0].name:
        return Difference(messages.other_first_column(first, description.columns[0].name))
    return None


def _fits(columns: Mapping[str, Column], row: Mapping[str, Any], mismatch: Mismatch) -> bool:
    for name, value in row.items():  # a loop: a generator doubles the time of a large answer
        column = columns.get(name)
        if column is None or _problem(column, value, mismatch) is not None:
            return False
    return True


def _pairs(
    columns: Mapping[str, Column], row: Mapping[str, Any], mismatch: Mismatch
) -> Iterator[Pair]:
    for name, column in columns.items():
        if name in row:
            yield Pair((name, row[name]), column, _problem(column, row[name], mismatch))
        else:
            yield Pair(None, column, "")
    for name, value in row.items():
        if name not in columns:
            yield Pair((name, value), None, "")


def _wrong_value(description: Description, value: Any, mismatch: Mismatch) -> Difference | None:
    if not description.columns:
        return Difference(messages.returns_no_rows(description.command))
    column = description.columns[0]
    problem = _problem(column, value, mismatch)
    if problem is None:
        return None
    return Difference(messages.columns_differ(1, 0, 1), (Pair(("", value), column, problem),))


def _wrong_tag(description: Description, tag: str, method: str) -> Difference | None:
    command = tag.split(" ")[0]
    # VALUES is tagged as the SELECT that it is.
    real = "SELECT" if description.command == "VALUES" else description.command
    if command != real:
        return Difference(messages.other_command(tag, real))
    count = tag.rpartition(" ")[2]
    if description.columns and count not in ("0", command) and method != "execute_many":
        return Difference(messages.tag_without_rows(tag))
    return None


def _problem(column: Column, value: Any, mismatch: Mismatch) -> str | None:
    if value is None:
        return messages.never_null(column) if column.nullability == "not null" else None
    return mismatch(column.type, value)
