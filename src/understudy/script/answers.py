"""What a call is answered with, in terms that every lane can translate into its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from understudy.script import messages
from understudy.script.failures import ScriptError

UNNAMED_COLUMN = "?column?"  # what PostgreSQL calls a column for which it has no name
_TAG = re.compile(r"[A-Z]+(?: [A-Z]+)*(?: \d+)*")
Row = Mapping[str, Any]


@dataclass(slots=True)
class Rows:
    """Rows of a result; `tag` is the command tag where the statement was told to have one."""

    rows: tuple[Row, ...] = ()
    tag: str | None = None

    @property
    def count(self) -> int:
        """How many rows the statement affected: as its tag says, else as many as it returned."""
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
    """An answer that a function works out from the call."""

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
            "after" it took effect: nobody hears of that.
        rows: those that arrive before it is lost during the result.
    """

    when: When = "before"
    rows: Rows = field(default_factory=Rows)


Outcome = Rows | Value | Error | Computed | Hang | Drop


@dataclass(slots=True)
class Answer:
    """One scripted answer.

    Attributes:
        outcome: what comes back.
        delay: seconds to wait before it does.
        times: for how many calls; None is once in a queue, and without end for an only answer.
        used: for how many calls it has served.
    """

    outcome: Outcome = field(default_factory=Rows)
    delay: float = 0.0
    times: int | None = None
    used: int = 0


def read_rows(rows: tuple[Any, ...]) -> Rows:
    """Make rows of what the test wrote: mappings, or one iterable of mappings.

    Raises:
        ScriptError: something is no mapping, or the rows differ in their columns.
    """
    if len(rows) == 1 and isinstance(rows[0], Iterable) and not isinstance(rows[0], Mapping | str):
        rows = tuple(rows[0])
    for number, row in enumerate(rows, 1):
        if not isinstance(row, Mapping):
            raise ScriptError(messages.row_no_mapping(number, row))
        if list(row) != list(rows[0]):
            raise ScriptError(messages.row_columns(number, list(rows[0]), list(row)))
    return Rows(tuple(dict(row) for row in rows))


def read_tag(tag: Any) -> Rows:
    """Make an answer without rows of a command tag such as `UPDATE 3`.

    Raises:
        ScriptError: this is no command tag.
    """
    if not isinstance(tag, str) or not _TAG.fullmatch(tag):
        raise ScriptError(messages.bad_tag(tag))
    return Rows(tag=tag)


def read_error(error: Any) -> Error:
    """Make an answer of an exception, or of an exception class.

    Raises:
        ScriptError: it is neither.
    """
    if isinstance(error, BaseException) or (
        isinstance(error, type) and issubclass(error, BaseException)
    ):
        return Error(error)
    raise ScriptError(messages.bad_error(error))


def read_computed(value: Any) -> Rows | Value:
    """Read what a function that answers a statement returned.

    None is no rows, a mapping one row, a list or tuple of mappings rows, anything else a value.
    """
    if value is None:
        return Rows()
    if isinstance(value, Mapping):
        return read_rows((value,))
    if isinstance(value, list | tuple) and all(isinstance(row, Mapping) for row in value):
        return read_rows(tuple(value))
    return Value(value)
