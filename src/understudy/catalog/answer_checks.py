"""Checks of an answer against what its statement returns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from understudy.catalog.description import Column, Description
from understudy.script.answers import UNNAMED_COLUMN, Rows, Value

# (PostgreSQL type, value) -> why the driver would never give that value, or None.
Mismatch = Callable[[str, Any], str | None]


class Pair(NamedTuple):
    """A column as it was scripted, beside the one that the statement returns.

    Attributes:
        scripted: the name and the value; None if the row has no such column.
        returned: the column; None if the statement has none of this name.
        problem: what is wrong with the value; "" if the column is missing, None if it fits.
    """

    scripted: tuple[str, Any] | None
    returned: Column | None
    problem: str | None

    @property
    def fits(self) -> bool:
        """Whether the scripted column could be the returned one."""
        return self.problem is None


class Difference(NamedTuple):
    """What is wrong with an answer: in a few words, and column by column."""

    reason: str
    pairs: tuple[Pair, ...] = ()


def difference(
    description: Description, outcome: Rows | Value, mismatch: Mismatch, method: str
) -> Difference | None:
    """Return why a statement could not return `outcome`; None if it could.

    Args:
        description: what PostgreSQL says of the statement.
        outcome: the answer.
        mismatch: says why a value is not possible for a type.
        method: the method that was called: `fetch_val` takes one value, all others take rows.
    """
    if isinstance(outcome, Rows) and outcome.tag is not None:
        return _wrong_tag(description, outcome.tag, method)
    if method == "execute_many":
        return None  # it never returns rows
    if isinstance(outcome, Value):
        if method == "fetch_val":
            return _wrong_value(description, outcome.value, mismatch)
        outcome = Rows(({UNNAMED_COLUMN: outcome.value},))
    if not outcome.rows:
        return None
    if not description.columns:
        return _returns_no_rows(description)
    # A row is a dict: of equal names the last is kept.
    columns = {column.name: column for column in description.columns}
    for number, row in enumerate(outcome.rows):
        if len(row) != len(columns) or not _fits(columns, row, mismatch):
            pairs = tuple(_pairs(columns, row, mismatch))
            return _columns_differ(pairs, number, len(outcome.rows))
    first = next(iter(outcome.rows[0]))
    if method == "fetch_val" and first != description.columns[0].name:
        return Difference(
            f"fetch_val takes the first column, which is {description.columns[0].name} of the "
            f"statement and {first} of the answer"
        )
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
        return _returns_no_rows(description)
    column = description.columns[0]
    problem = _problem(column, value, mismatch)
    if problem is None:
        return None
    return _columns_differ((Pair(("", value), column, problem),), 0, 1)


def _wrong_tag(description: Description, tag: str, method: str) -> Difference | None:
    command = tag.split(" ")[0]
    # VALUES is tagged as the SELECT that it is.
    real = "SELECT" if description.command == "VALUES" else description.command
    if command != real:
        return Difference(f"the tag {tag!r} is not that of a statement of the kind {real}")
    count = tag.rpartition(" ")[2]
    if description.columns and count not in ("0", command) and method != "execute_many":
        return Difference(
            f"the tag {tag!r} says that there were rows, and this statement returns its rows"
        )
    return None


def _problem(column: Column, value: Any, mismatch: Mismatch) -> str | None:
    if value is None:
        # What a driver gives for the null of JSON, too.
        if column.nullability != "not null" or column.type in ("json", "jsonb"):
            return None
        return f"{column.origin or column.name} is never NULL here"
    return mismatch(column.type, value)


def _returns_no_rows(description: Description) -> Difference:
    without = "" if description.command == "SELECT" else " (it has no RETURNING)"
    return Difference(f"this {description.command} returns no rows{without}")


def _columns_differ(pairs: tuple[Pair, ...], number: int, rows: int) -> Difference:
    count = sum(not pair.fits for pair in pairs)
    columns = "1 column differs" if count == 1 else f"{count} columns differ"
    return Difference(columns + in_row(number, rows), pairs)


def in_row(number: int, rows: int) -> str:
    """Return ` in row 2 of 3` for the number of a row, from 0; "" if there is only one row."""
    return f" in row {number + 1} of {rows}" if rows > 1 else ""
