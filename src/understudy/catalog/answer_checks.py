"""Checks of an answer against what its statement returns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from understudy.catalog import outcome_checks
from understudy.catalog.description import Column, Description
from understudy.catalog.planner_errors import QUERIES
from understudy.pg.sqlstates import condition
from understudy.script.answers import UNNAMED_COLUMN, Row, Rows, Value
from understudy.script.formatting import shown

# (PostgreSQL type, value) -> why the driver would never give that value, or None.
Mismatch = Callable[[str, Any], str | None]


class Pair(NamedTuple):
    """A column as it was scripted, beside the one that the statement returns.

    Attributes:
        scripted: the name and the value; None if the row has no such column.
        returned: the column; None if the statement has none of this name.
        problem: what is wrong with the value; "" if the column is missing, None if it fits.
        is_made_up: whether Understudy has made the value up.
    """

    scripted: tuple[str, Any] | None
    returned: Column | None
    problem: str | None
    is_made_up: bool = False

    @property
    def fits(self) -> bool:
        """Whether the scripted column could be the returned one."""
        return self.problem is None


class Difference(NamedTuple):
    """What is wrong with an answer: in a few words, column by column, and what to write instead."""

    reason: str
    pairs: tuple[Pair, ...] = ()
    remedy: tuple[str, ...] = ()


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
    if not outcome.rows and outcome.columns is None:
        return None
    if not description.columns:
        return _returns_no_rows(description)
    names = [column.name for column in description.columns]
    if outcome.columns is not None and list(outcome.columns) != names:
        return Difference(
            f"it returns the columns {', '.join(names)}, and the answer has "
            f"{', '.join(outcome.columns)}"
        )
    columns = dict(zip(names, description.columns, strict=True))
    for number, row in enumerate(outcome.rows):
        if isinstance(row, tuple):
            fits = len(row) == len(names) and _fit(description.columns, row, mismatch)
        elif len(columns) < len(names) and not outcome.as_dicts:
            return equal_names(names, row, len(outcome.rows))
        else:
            fits = len(row) == len(columns) and _fits(columns, row, mismatch)
        if not fits:
            pairs = tuple(_pairs(description.columns, row, mismatch, outcome.made_up))
            found = _columns_differ(pairs, number, len(outcome.rows))
            return found if isinstance(row, tuple) else _filled(found, len(outcome.rows))
    if method == "fetch_val" and isinstance(outcome.rows[0], Mapping):
        return _wrong_first(names[0], outcome.rows[0])
    return None


def equal_names(names: Sequence[str], row: Mapping[str, Any], count: int) -> Difference:
    """Return what is wrong with a mapping as the row of a statement with columns of equal names.

    Args:
        names: the columns of the statement.
        row: the first row of the answer.
        count: how many rows the answer has.
    """
    repeated = list(dict.fromkeys(name for name in names if names.count(name) > 1))
    listed = ", ".join(f"{names.count(name)} columns named {name!r}" for name in repeated)
    values = ", ".join(shown(row[name]) if name in row else "..." for name in names)
    verb = f".row(({values}))" if count == 1 else f".rows(({values}), ...)"
    return Difference(
        f"it has {listed}, and a mapping has one value for them",
        remedy=("Give the values in the order of the columns:", f"  {verb}  # {', '.join(names)}"),
    )


def _wrong_first(name: str, row: Mapping[str, Any]) -> Difference | None:
    first = next(iter(row))
    if first == name:
        return None
    return Difference(
        f"fetch_val takes the first column, which is {name} of the statement and {first} of the "
        "answer"
    )


def _fit(columns: Sequence[Column], row: Sequence[Any], mismatch: Mismatch) -> bool:
    for column, value in zip(columns, row, strict=True):
        if _problem(column, value, mismatch) is not None:
            return False
    return True


def count(description: Description, outcome: Rows | Value | None) -> int | None:
    """Return how many rows an answer says that there were; None if it does not say."""
    if isinstance(outcome, Value):
        return 1
    if outcome is None or not (description.columns or outcome.tag):
        return None
    return outcome.count if outcome.tag is None or outcome.tag[-1].isdecimal() else None


def impossible_success(
    description: Description, parameters: Sequence[Any], rows: int | None, *, is_whole: bool
) -> Difference | None:
    """Return why a statement could not succeed with so many rows; None if it could.

    Args:
        description: what PostgreSQL says of the statement.
        parameters: its parameters.
        rows: how many it is answered to return or change; None if the answer does not say.
        is_whole: whether the answer has all rows, and not those before a failure.
    """
    failure = outcome_checks.certain_failure(description, parameters, rows)
    if failure is not None:
        refusal, cause = failure
        state = f"{refusal.sqlstate} {condition(refusal.sqlstate)}"
        lines = [f"PostgreSQL would fail ({state})", f"  {refusal.message}"]
        lines += [f"  DETAIL: {refusal.detail}"] if refusal.detail else []
        return Difference("\n".join([*lines, *([f"  {cause}"] if cause else [])]))
    if rows is None:
        return None
    wrong = outcome_checks.wrong_count(description, parameters, rows, is_whole=is_whole)
    return None if wrong is None else Difference(wrong)


def _fits(columns: Mapping[str, Column], row: Mapping[str, Any], mismatch: Mismatch) -> bool:
    for name, value in row.items():  # a loop: a generator doubles the time of a large answer
        column = columns.get(name)
        if column is None or _problem(column, value, mismatch) is not None:
            return False
    return True


def _pairs(
    columns: Sequence[Column], row: Row, mismatch: Mismatch, made_up: frozenset[str]
) -> Iterator[Pair]:
    if isinstance(row, tuple):
        for column, value in zip(columns, row, strict=False):
            problem = _problem(column, value, mismatch)
            yield Pair(("", value), column, problem, column.name in made_up)
        yield from (Pair(None, column, "") for column in columns[len(row) :])
        yield from (Pair(("", value), None, "") for value in row[len(columns) :])
        return
    known = {column.name: column for column in columns}
    for name, column in known.items():
        if name in row:
            problem = _problem(column, row[name], mismatch)
            yield Pair((name, row[name]), column, problem, name in made_up)
        else:
            yield Pair(None, column, "")
    for name, value in row.items():
        if name not in known:
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
    if command == "INSERT" and tag.count(" ") != 2:
        return Difference(f"PostgreSQL's tag of an INSERT is 'INSERT 0 1', not {tag!r}")
    # VALUES is tagged as the SELECT that it is; CREATE TABLE AS and EXECUTE as what they run.
    real = "SELECT" if description.command == "VALUES" else description.command
    if command != real and real in QUERIES:
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


def _filled(found: Difference, rows: int) -> Difference:
    """Add what makes up the columns that a row lacks, if it lacks some and has the others right."""
    wrong = [pair for pair in found.pairs if not pair.fits]
    if len(wrong) == len(found.pairs) or any(pair.scripted is not None for pair in wrong):
        return found
    verb = "filled_row" if rows == 1 else "filled_rows"
    return found._replace(remedy=(f"A rule can make up the other columns: .{verb}(...)",))


def in_row(number: int, rows: int) -> str:
    """Return ` in row 2 of 3` for the number of a row, from 0; "" if there is only one row."""
    return f" in row {number + 1} of {rows}" if rows > 1 else ""
