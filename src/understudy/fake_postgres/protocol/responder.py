"""What a session needs of whoever answers its statements.

A session (session.py) speaks the protocol: bytes in, bytes out. It knows nothing of scripts and
catalogs. Whoever knows what a statement means and what comes back is a `Responder`: in tests of the
protocol a few lines of Python, for `fake_postgres` the script with the catalog, and in front of a
real server that server.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from understudy.fake_postgres.protocol.commands import Command
from understudy.fake_postgres.protocol.connection import Connection
from understudy.fake_postgres.protocol.statements import Pending, Portal, Result, Statement
from understudy.pg.codecs.codec import Decoder, Encoder


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
