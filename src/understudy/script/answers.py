"""The answer to a call, in terms that every fake and server translates into its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from understudy.script.failures import ScriptError
from understudy.script.formatting import shown, typed

UNNAMED_COLUMN = "?column?"  # what PostgreSQL calls a column for which it has no name
_TAG = re.compile(r"[A-Z]+(?: [A-Z]+)*(?: \d+)*")
# By the names of the columns, or in their order.
Row = Mapping[str, Any] | tuple[Any, ...]


@dataclass(slots=True)
class Rows:
    """Rows of a result.

    Attributes:
        rows: all of them mappings, or all of them tuples.
        tag: the scripted command tag, if there is one.
        columns: the names of the columns, if the script tells them apart from the rows, which are
            tuples then.
        is_filled: whether the columns that the rows do not have are to be made up.
        made_up: the columns whose values have been made up.
        as_dicts: whether they are what psqlpy makes of a result, in which equal names are one key.
        warnings: what a MySQL server warns of: the level, the code and the text of each.
    """

    rows: tuple[Row, ...] = ()
    tag: str | None = None
    columns: tuple[str, ...] | None = None
    is_filled: bool = False
    made_up: frozenset[str] = frozenset()
    as_dicts: bool = False
    warnings: tuple[tuple[str, int, str], ...] = ()

    @property
    def count(self) -> int:
        """How many rows the statement affected: the number in its tag, else the rows returned."""
        if self.tag is None:
            return len(self.rows)
        number = self.tag.rpartition(" ")[2]
        return int(number) if number.isdigit() else len(self.rows)


@dataclass(slots=True)
class Value:
    """One value: the only column of the only row, or what a dummy's method returns."""

    value: Any


@dataclass(slots=True)
class Error:
    """An exception that the call raises.

    Attributes:
        error: the exception, or its class.
        after: the rows that arrive before.
    """

    error: BaseException | type[BaseException]
    after: Rows = field(default_factory=Rows)


@dataclass(slots=True)
class Computed:
    """An answer that a function computes from the call."""

    function: Callable[..., Any]


@dataclass(slots=True)
class Hang:
    """No answer: the call waits until it is cancelled."""


When = Literal["before", "during", "after"]
WHENS: tuple[When, ...] = ("before", "during", "after")


@dataclass(slots=True)
class Drop:
    """The connection is lost, now and for every later call.

    Attributes:
        when: "before" the statement takes effect, "during" its result (after some of its rows), or
            "after" it took effect, before the client learns of it.
        rows: the rows that arrive before the connection is lost "during" the result.
    """

    when: When = "before"
    rows: Rows = field(default_factory=Rows)


Outcome = Rows | Value | Error | Computed | Hang | Drop


@dataclass(slots=True)
class Answer:
    """One scripted answer.

    Attributes:
        outcome: the rows, value, error or fault.
        delay: seconds to wait first.
        times: the number of calls it serves; None is one in a queue, and all for a single answer.
        used: the number of calls it has served.
    """

    outcome: Outcome = field(default_factory=Rows)
    delay: float = 0.0
    times: int | None = None
    used: int = 0


def read_rows(
    rows: tuple[Any, ...], columns: Iterable[str] | None = None, *, is_filled: bool = False
) -> Rows:
    """Read the rows that a test wrote: one after the other, or one iterable of rows.

    Args:
        rows: each is a mapping, or a list or tuple of values in the order of the columns.
        columns: the names of the columns.
        is_filled: whether the columns that the rows do not have are made up.

    Raises:
        ScriptError: a row is neither, or the rows differ in their columns.
    """
    names = None if columns is None else _read_columns(columns)
    if len(rows) == 1 and _holds_rows(rows[0]):
        rows = tuple(rows[0])
    read = tuple(
        _read_row(number, row, rows[0], is_filled=is_filled) for number, row in enumerate(rows, 1)
    )
    if names is not None:
        read = tuple(_in_order(row, names) for row in read)
    return Rows(read, columns=names, is_filled=is_filled)


def _holds_rows(value: Any) -> bool:
    """Return whether this is rows, and not a row: `[(1, 7), (2, 8)]` and not `(1, 7)`.

    A tuple of lists is a row with arrays: `(["a", "b"],)`.
    """
    if isinstance(value, tuple):
        return all(isinstance(row, Mapping | tuple) for row in value)
    if isinstance(value, list):
        return all(isinstance(row, Mapping | list | tuple) for row in value)
    return isinstance(value, Iterable) and not isinstance(value, Mapping | str | bytes)


def _read_columns(columns: Any) -> tuple[str, ...]:
    names = tuple(columns) if isinstance(columns, Iterable) else ()
    if isinstance(columns, str) or not all(isinstance(name, str) for name in names) or not names:
        raise ScriptError(
            f"rows() takes columns as a list of names such as ['id', 'name'], got {typed(columns)}"
        )
    return names


def _read_row(number: int, row: Any, first: Any, *, is_filled: bool) -> Row:
    if not isinstance(row, Mapping | list | tuple):
        raise ScriptError(
            "rows() takes rows as mappings from column to value, or as tuples of values in the "
            f"order of the columns; row {number} is {typed(row)}"
        )
    is_named = isinstance(row, Mapping)
    if is_named != isinstance(first, Mapping) or (
        len(row) != len(first) if not is_named else list(row) != list(first) and not is_filled
    ):
        raise ScriptError(
            f"all rows of a result have the same columns; row 1 has {_columns_in(first)}, "
            f"row {number} has {_columns_in(row)}"
        )
    return dict(row) if isinstance(row, Mapping) else tuple(row)


def _columns_in(row: Any) -> str:
    return str(list(row)) if isinstance(row, Mapping) else f"the values {shown(tuple(row))}"


def _in_order(row: Row, names: tuple[str, ...]) -> tuple[Any, ...]:
    """Return the values of a row in the order of the columns that the script names."""
    if isinstance(row, tuple):
        if len(row) == len(names):
            return row
    elif len(row) == len(names) and set(row) == set(names):
        return tuple(row[name] for name in names)
    raise ScriptError(f"rows(columns={list(names)}) was given a row with others: {shown(row)}")


def values_of(row: Row) -> Sequence[Any]:
    """Return the values of a row, in the order in which they were given."""
    return row if isinstance(row, tuple) else list(row.values())


def values_in_order(row: Row, names: Sequence[str]) -> Sequence[Any]:
    """Return the values of a row in the order of the columns with these names.

    A tuple is returned as it is; of a mapping, a column that it lacks is None.
    """
    return row if isinstance(row, tuple) else [row.get(name) for name in names]


def read_tag(tag: Any) -> Rows:
    """Read a command tag such as `UPDATE 3` as an answer without rows.

    Raises:
        ScriptError: this is not a command tag.
    """
    if not isinstance(tag, str) or not _TAG.fullmatch(tag):
        raise ScriptError(
            f"tag() takes a command tag such as 'UPDATE 1' or 'INSERT 0 1', got {typed(tag)}"
        )
    return Rows(tag=tag)


def read_error(error: Any) -> Error:
    """Read an exception or an exception class as an answer.

    Raises:
        ScriptError: it is neither.
    """
    if isinstance(error, BaseException) or (
        isinstance(error, type) and issubclass(error, BaseException)
    ):
        return Error(error)
    raise ScriptError(f"raises() takes an exception or an exception class, got {typed(error)}")


def read_computed(value: Any) -> Rows | Value:
    """Read what an answering function returned.

    None is no rows, a mapping one row, a list or tuple of mappings rows, anything else a value.
    """
    if value is None:
        return Rows()
    if isinstance(value, Mapping):
        return read_rows((value,))
    if isinstance(value, list | tuple) and all(isinstance(row, Mapping) for row in value):
        return read_rows(tuple(value))
    return Value(value)


def from_real_server(*_: Any, **__: Any) -> None:
    """Mark an answer that comes from the real database, which looks for this function."""
