"""What a session needs of whoever answers its statements.

A session (session.py) speaks the protocol: bytes in, bytes out. It knows nothing of scripts and
catalogs. Whoever knows what a statement means and what comes back is a `Responder`: in tests of the
protocol a few lines of Python, for `fake_postgres` the script with the catalog, and in front of a
real server that server.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from understudy.pg.codecs.codec import Decoder, Encoder

if TYPE_CHECKING:
    from understudy.fake_postgres.protocol.commands import Command
    from understudy.fake_postgres.protocol.connection import Connection
    from understudy.fake_postgres.protocol.portals import Portal


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


# Takes a portal, the most rows to send (0: all) and whose it is.
Forward = Callable[["Portal", int, "Connection"], Result | Pending]


class Forwarder(Protocol):
    """Whoever hands statements to another server, and has to know how a session goes on there.

    Attributes:
        commands: those that go there too, though a session could carry them out by itself.
    """

    commands: tuple[type[Command], ...]

    def settle(self, connection: Connection, *, commit: bool) -> Pending | None:
        """Take note that what ran outside of a block is over; return what a commit waits for.

        Raises:
            ServerError: it cannot be committed.
        """

    def describe_cursor(self, name: str, connection: Connection) -> Pending:
        """Return what waits for the columns (a sequence of Field) of a cursor on that server.

        Raises:
            ServerError: there is none.
        """

    def bound(self, portal: Portal, connection: Connection) -> None:
        """Take note of a portal that has a name: SQL may call it by that before it was run."""

    def closed(self, portal: Portal, connection: Connection) -> None:
        """Take note that a portal was closed before its transaction ends."""

    def lost(self, connection: Connection) -> None:
        """Take note that a connection has ended."""


class Responder(Protocol):
    """Whoever knows what statements mean, and what comes back."""

    def prepare(
        self, sql: str, declared: tuple[int, ...], connection: Connection
    ) -> Statement | Pending:
        """Return what is known of one statement, which is no transaction control.

        Args:
            sql: its text, never empty, without the others of a simple query.
            declared: the type OIDs that the client gave for the first parameters, 0 for unknown.
            connection: whose statement it is.

        Raises:
            ServerError: PostgreSQL would refuse to prepare it.
        """

    def execute(
        self, statement: Statement, parameters: Sequence[Any], connection: Connection
    ) -> Result | Pending:
        """Return what a prepared statement comes to, now.

        Args:
            statement: as `prepare` returned it.
            parameters: decoded values; of a COPY from the client, the pieces of data (bytes).
            connection: on which it runs.

        Raises:
            ServerError: it fails.
            ConnectionDropped: the connection ends instead of an answer.
        """

    def control(self, sql: str, connection: Connection) -> Result | Pending | None:
        """Say what happens before a statement that the session carries out by itself.

        These are BEGIN, COMMIT, ROLLBACK, savepoints, SET, LISTEN and the like. None lets it
        happen at once. A result that has rows answers instead of the session where the statement
        returns rows (SHOW); otherwise it only says when.

        Raises:
            ServerError: it fails instead.
            ConnectionDropped: the connection ends instead of an answer.
        """

    def notify(self, channel: str, payload: str, connection: Connection) -> None:
        """Hand a committed NOTIFY to every session that listens, the sender's own as well.

        Args:
            channel: its name, as it is kept (without quotes).
            payload: "" without one.
            connection: who sent it.
        """

    def decoder(self, oid: int, form: int) -> Decoder:
        """Return what makes a Python value of a parameter's bytes (never of NULL).

        The decoder raises ServerError where PostgreSQL would refuse the bytes, and of these
        TrailingBytes where the session has to say which parameter it was.

        Args:
            oid: of the type.
            form: TEXT or BINARY.
        """

    def encoder(self, oid: int, form: int) -> Encoder:
        """Return what makes bytes of a Python value (never of None) of a type."""
