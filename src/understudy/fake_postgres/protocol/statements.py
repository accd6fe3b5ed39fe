"""Statements, what they come to, and portals: statements bound to values."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from understudy.fake_postgres.protocol.commands import Command
from understudy.fake_postgres.protocol.connection import Connection
from understudy.pg.codecs.codec import Decoder, Encoder


class ConnectionDropped(Exception):
    """The connection ends here without a word, as where the server's machine is gone.

    Attributes:
        effective: whether the statement takes effect all the same, and nobody hears of it: a
            COMMIT whose answer is lost.
    """

    def __init__(self, *, effective: bool = False) -> None:
        super().__init__("the connection is dropped")
        self.effective = effective


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a result, as RowDescription has it (manual, 53.7).

    Attributes:
        name: its name.
        oid: of its type.
        size: `typlen` of its type: negative where values differ in length.
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
    """A statement that was accepted.

    Attributes:
        sql: its text, one statement of it.
        command: what its tag begins with: "SELECT", "INSERT", "COPY", "SET" ...
        parameters: the OID of each parameter's type.
        fields: the columns of its result; None where it returns no rows (NoData).
        copy: which way the data of a COPY goes; None for every other statement.
        notes: whatever its responder wants to find again.
        forward: hands an execution to another server, as it is; None where the responder answers.
    """

    sql: str
    command: str
    parameters: tuple[int, ...] = ()
    fields: tuple[Field, ...] | None = None
    copy: Literal["in", "out"] | None = None
    notes: Any = None
    forward: Forward | None = None


class Sent(NamedTuple):
    """A parameter of a statement that is forwarded: as the client sent it.

    Attributes:
        data: its bytes.
        form: TEXT or BINARY.
    """

    data: bytes
    form: int


@dataclass(slots=True)
class Result:
    """What a statement came to.

    Attributes:
        rows: each a sequence of Python values, in the order of the statement's fields, None for
            NULL; of a COPY to the client, each row is the bytes of one CopyData.
        tag: the command tag; None to make it of the command and the number of rows.
        dropped: whether the connection is lost behind the last row, and no tag comes.
        columns: of a COPY to the client, how many columns its rows have, where its statement has no
            fields that say so.
        raw: all of it as another server sent it, in messages; None where there is none.
        suspended: whether that server has more rows.
    """

    rows: Sequence[Sequence[Any]] | Sequence[bytes] = ()
    tag: str | None = None
    dropped: bool = False
    columns: int = 0
    raw: bytes | None = None
    suspended: bool = False


@dataclass(slots=True)
class Pending:
    """A result that takes time; the session answers nothing else until it is there.

    Attributes:
        delay: seconds to wait; None is for ever (until cancelled, or the connection ends).
        after: what to call then, for the result or the next wait; it may raise ServerError or
            ConnectionDropped. What it returns may be awaitable: it is awaited in the loop of the
            test, where there is one.
        begin: where somebody else tells when it is there: called with the function to be told by,
            in the thread of the connection; `delay` and `after` are not looked at then.
        cancel: called for a CancelRequest, where that is to be told too, which then gives the
            outcome.
    """

    delay: float | None
    after: Callable[[], Result | Pending | Awaitable[Result | Pending]] = field(
        default=lambda: Result()
    )
    begin: Callable[[Callable[[Any], None]], None] | None = None
    cancel: Callable[[], None] | None = None


@dataclass(slots=True)
class Plan:
    """How the values of a statement are read, and its rows written, in certain formats.

    Attributes:
        decoders: one for each parameter.
        encoders: one for each column.
        fields: the columns; None where the statement returns no rows.
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
        statement: what its responder knows of it; of DECLARE and PREPARE, of the statement inside.
            None where the session carries it out alone, and where there is no statement in it.
        command: what the session carries out by itself, or None.
        parameters: the OID of each parameter's type.
        plans: by the formats of a Bind, what was worked out for them.
    """

    name: str
    sql: str
    statement: Statement | None
    command: Command | None
    parameters: tuple[int, ...] = ()
    plans: dict[tuple[tuple[int, ...], tuple[int, ...]], Plan] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Portal:
    """A statement bound to its values; and a cursor, which is one that SQL gave a name.

    Attributes:
        name: "" for the unnamed one.
        prepared: the statement.
        values: its parameters, decoded.
        plan: how its rows are written.
        result: what came of it; None until it was run.
        position: the number of the row that it stands on: 0 before the first.
        hold: whether it outlives its transaction.
        scroll: whether it goes back.
        upstream: what it is called on the server that its statement was forwarded to, if it is.
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


# Takes a portal, the most rows to send (0: all) and whose it is.
Forward = Callable[["Portal", int, Connection], Result | Pending]
