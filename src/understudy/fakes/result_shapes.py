"""Scripted results in the form in which each method of a psqlpy connection returns them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from understudy.fakes import driver_errors
from understudy.fakes.record import FakeRecord, RowOfEqualNames
from understudy.script.answers import UNNAMED_COLUMN, Row, Rows, Value


def _row(row: Row, columns: tuple[str, ...] | None) -> dict[str, Any]:
    if isinstance(row, Mapping):
        return dict(row)
    assert columns is not None, "the engine has named them"
    if len(set(columns)) == len(columns):
        return dict(zip(columns, row, strict=False))
    return RowOfEqualNames(zip(columns, row, strict=False))


def rows_of(outcome: Rows | Value) -> list[dict[str, Any]]:
    """Return the rows, each a new dict that the code under test may change."""
    if isinstance(outcome, Value):
        return [{UNNAMED_COLUMN: outcome.value}]
    return [_row(row, outcome.columns) for row in outcome.rows]


def as_record(outcome: Rows | Value) -> FakeRecord:
    """Return all rows, as `execute` and `fetch` do."""
    if isinstance(outcome, Value):
        return FakeRecord(rows_of(outcome), 1)
    return FakeRecord(rows_of(outcome), outcome.count)


def as_row(outcome: Rows | Value) -> FakeRecord:
    """Return the only row, as `fetch_row` does.

    Raises:
        psqlpy's ConnectionExecuteError: there is not exactly one.
    """
    rows = rows_of(outcome)
    if len(rows) != 1:
        text = "query returned an unexpected number of rows"
        raise driver_errors.psqlpy_error("ConnectionExecuteError", text)
    return FakeRecord(rows[0], 1)


def as_value(outcome: Rows | Value) -> Any:
    """Return the first column of the only row, as `fetch_val` does.

    Raises:
        psqlpy's ConnectionExecuteError: there is not exactly one row.
    """
    if isinstance(outcome, Value):
        return outcome.value
    return next(iter(as_row(outcome).result(as_tuple=True)), None)


def as_many(outcome: Rows | Value | None, given: int) -> FakeRecord:
    """Return the number of rows that `execute_many` wrote: as the tag says, else all `given`."""
    tagged = isinstance(outcome, Rows) and outcome.tag is not None
    count = outcome.count if isinstance(outcome, Rows) and tagged else given
    return FakeRecord(count, rowcount=count)


def rows_in(data: Any) -> Rows | None:
    """Return the rows in a plain attribute's value; None if it holds no rows."""
    if isinstance(data, FakeRecord):
        data = data.result()
    if type(data) is dict or isinstance(data, Mapping):
        return Rows((data,), as_dicts=True)
    if isinstance(data, list | tuple):
        for row in data:
            if type(row) is not dict and not isinstance(row, Mapping):
                return None
        return Rows(tuple(data), as_dicts=True)
    return None
