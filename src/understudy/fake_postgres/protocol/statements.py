"""Statements, their results, and portals: statements bound to values."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

from understudy.fake_postgres.protocol.commands import Command
from understudy.fake_postgres.protocol.connection import Connection
from understudy.pg.codecs.codec import Decoder, Encoder
from understudy.pg.errors import ServerError
from understudy.serving.waits import Pending


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a result, as RowDescription has it (manual, 53.7).

    Attributes:
        name: its name.
        oid: of its type.
        size: `typlen` of its type, negative for types of variable length.
        modifier: its type modifier, -1 without one.
        table: the OID of the table that it is a column of, 0 for none.
        attribute: its number there, 0 for none.
    """

    name: str
    oid: int
    size: int = -1
    modifier: int = -1
    table: int = 0
    attribute: int = 0


@dataclass(slots=True)
class Statement:
    """A prepared statement, as its responder knows it.

    Attributes:
        sql: its text, one statement of it.
        command: the beginning of its tag: "SELECT", "INSERT", "COPY", "SET" ...
        parameters: the OID of each parameter's type.
        fields: the columns of its result; None for no rows (NoData).
        copy: the direction of a COPY; None for any other statement.
        notes: data of its responder.
        forward: executes it on another server; None if the responder executes it.
    """

    sql: str
    command: str
    parameters: tuple[int, ...] = ()
    fields: tuple[Field, ...] | None = None
    copy: Literal["in", "out"] | None = None
    notes: Any = None
    forward: Forward | None = None


class Sent(NamedTuple):
    """A parameter of a forwarded statement, as the client sent it.

    Attributes:
        data: its bytes.
        form: TEXT or BINARY.
    """

    data: bytes
    form: int


class Setting(NamedTuple):
    """A run-time parameter that a statement has set on the server to which it was forwarded.

    Attributes:
        name: in lower case.
        value: as SHOW gives it; None is the value at the connection's start.
        local: whether it lasts only until the end of the transaction.
    """

    name: str
    value: str | None
    local: bool


class RowSource(Protocol):
    """Adds rows to a result when the client asks for them."""

    def take(self, count: int | None) -> Result | Awaitable[Result]:
        """Add rows until there are so many, or all for None.

        The result that it returns, or an awaitable of it, has the error that came instead of rows.
        """

    def close(self) -> None:
        """Add no more: nobody will ask."""


@dataclass(slots=True)
class Result:
    """The result of a statement.

    Attributes:
        rows: each a sequence of Python values in the order of the fields, with None as NULL; for a
            COPY to the client, each row is the bytes of one CopyData.
        tag: the command tag; None derives it from the command and the number of rows.
        dropped: whether the connection is lost after the last row, before the tag.
        columns: the number of columns of a COPY to the client, if its statement has no fields.
        raw: the messages of another server with the whole result, or None.
        suspended: whether that server has more rows.
        changed: the run-time parameters that it has changed.
        is_long: whether its rows take long to send.
        error: the error that comes after the last row, or None.
        source: adds further rows to `rows`; None if all rows are there.
    """

    rows: Sequence[Sequence[Any]] | Sequence[bytes] = ()
    tag: str | None = None
    dropped: bool = False
    error: ServerError | None = None
    source: RowSource | None = None
    columns: int = 0
    raw: bytes | None = None
    suspended: bool = False
    changed: Sequence[Setting] = ()
    is_long: bool = False


@dataclass(slots=True)
class Plan:
    """The codecs of a statement's parameters and columns, for certain formats.

    Attributes:
        decoders: one for each parameter.
        encoders: one for each column.
        fields: the columns; None for a statement without rows.
        formats: the format of each column.
    """

    decoders: tuple[Decoder, ...]
    encoders: tuple[Encoder, ...]
    fields: tuple[Field, ...] | None
    formats: tuple[int, ...]


@dataclass(slots=True)
class Prepared:
    """A prepared statement.

    Attributes:
        name: "" for the unnamed one.
        sql: its text.
        statement: what its responder knows of it, or of the statement inside DECLARE. None for
            empty SQL, and for a command that the session executes alone.
        command: the command that the session executes itself, or None.
        parameters: the OID of each parameter's type.
        plans: by the formats of a Bind.
    """

    name: str
    sql: str
    statement: Statement | None
    command: Command | None
    parameters: tuple[int, ...] = ()
    plans: dict[tuple[tuple[int, ...], tuple[int, ...]], Plan] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Portal:
    """A statement bound to its values, or a cursor, which is a portal with a name from SQL.

    Attributes:
        name: "" for the unnamed one.
        prepared: the statement.
        values: its parameters, decoded.
        plan: its codecs.
        result: its result; None before it ran.
        position: the number of its current row, 0 before the first.
        hold: whether it outlives its transaction.
        scroll: whether it scrolls backward.
        upstream: its name on the server that its statement was forwarded to, or "".
        is_long: whether its values are many or large.
    """

    name: str
    prepared: Prepared
    values: Sequence[Any]
    plan: Plan
    result: Result | None = None
    position: int = 0
    hold: bool = False
    scroll: bool = False
    upstream: str = ""
    is_long: bool = False


# Takes a portal, the most rows to send (0: all) and its connection.
Forward = Callable[["Portal", int, Connection], Result | Pending]
