"""The answer to a call, in terms that every fake and server translates into its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from understudy.script.failures import ScriptError
from understudy.script.formatting import typed

UNNAMED_COLUMN = "?column?"  # what PostgreSQL calls a column for which it has no name
_TAG = re.compile(r"[A-Z]+(?: [A-Z]+)*(?: \d+)*")
Row = Mapping[str, Any]


@dataclass(slots=True)
class Rows:
    """Rows of a result; `tag` is the scripted command tag, if there is one."""

    rows: tuple[Row, ...] = ()
    tag: str | None = None

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
    """An exception that the call raises."""

    error: BaseException | type[BaseException]


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


def read_rows(rows: tuple[Any, ...]) -> Rows:
    """Read the rows that a test wrote: mappings, or one iterable of mappings.

    Raises:
        ScriptError: a row is not a mapping, or the rows differ in their columns.
    """
    if len(rows) == 1 and isinstance(rows[0], Iterable) and not isinstance(rows[0], Mapping | str):
        rows = tuple(rows[0])
    for number, row in enumerate(rows, 1):
        if not isinstance(row, Mapping):
            raise ScriptError(
                f"rows() takes rows as mappings from column to value; row {number} is {typed(row)}"
            )
        if list(row) != list(rows[0]):
            raise ScriptError(
                f"all rows of a result have the same columns; row 1 has {list(rows[0])}, "
                f"row {number} has {list(row)}"
            )
    return Rows(tuple(dict(row) for row in rows))


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
