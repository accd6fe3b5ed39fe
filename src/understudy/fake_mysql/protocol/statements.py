"""Statements, and what executes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from understudy.mysql.types import Column


@dataclass(slots=True)
class Statement:
    """A statement, as its responder knows it.

    Attributes:
        sql: its text, one statement of it.
        parameters: the parameters of a prepared one, or the payloads of their definitions.
        columns: the columns of a prepared one, in the same way; none for a statement without rows.
        notes: data of its responder.
        number: by which the client knows a prepared one.
    """

    sql: str
    parameters: Sequence[Column | bytes] = ()
    columns: Sequence[Column | bytes] = ()
    notes: Any = None
    number: int = 0


class Execution(NamedTuple):
    """What a statement is executed with.

    Attributes:
        values: the parameters of a prepared statement; None for a statement that came as text.
        sent: the parameters in binary form, with their types.
    """

    values: Sequence[Any] | None = None
    sent: bytes = b""


AS_TEXT = Execution()


@dataclass(slots=True)
class Prepared:
    """A prepared statement of a connection.

    Attributes:
        statement: the statement.
        types: the types of its parameters, as the client has sent them last.
        long_data: the parameters that have come by themselves, by their index.
        rows: the rows that the client has not fetched of its cursor, as packets.
    """

    statement: Statement
    types: tuple[int, ...] = ()
    long_data: dict[int, bytes] = field(default_factory=dict)
    rows: list[bytes] = field(default_factory=list)
