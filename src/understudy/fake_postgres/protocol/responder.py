"""The interfaces through which a session has its statements answered.

A session (session.py) speaks the protocol and knows nothing of scripts and catalogs. A `Responder`
knows what a statement means and returns: the script with the catalog for `fake_postgres`, a real
server for `real_postgres`, a few lines of Python in tests of the protocol.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from understudy.fake_postgres.protocol.commands import Command
from understudy.fake_postgres.protocol.connection import Connection
from understudy.fake_postgres.protocol.statements import Portal, Result, Statement
from understudy.pg.codecs.codec import Decoder, Encoder
from understudy.serving.waits import Pending


class Forwarder(Protocol):
    """Forwards statements to another server, and follows the session's state there.

    Attributes:
        commands: the commands to forward, though the session could execute them itself.
    """

    commands: tuple[type[Command], ...]

    def log_in(self, connection: Connection) -> dict[str, str] | Pending | None:
        """Return the run-time parameters of a connection that begins, or a Pending for them.

        If it returns None, the session carries out SET and RESET itself.

        Raises:
            ServerError: its user may not log in, or what it has asked for cannot be set.
        """

    def settle(self, connection: Connection, *, commit: bool) -> Pending | None:
        """End an implicit transaction; return what its commit waits for.

        Raises:
            ServerError: it cannot be committed.
        """

    def describe_cursor(self, name: str, connection: Connection) -> Pending:
        """Return a Pending for the columns (a sequence of Field) of a cursor on that server.

        Raises:
            ServerError: there is no such cursor.
        """

    def bound(self, portal: Portal, connection: Connection) -> None:
        """Note a new named portal: SQL may use its name before it runs."""

    def closed(self, portal: Portal, connection: Connection) -> None:
        """Note that a portal was closed."""

    def lost(self, connection: Connection) -> None:
        """Note that a connection has ended."""


class Responder(Protocol):
    """Prepares and answers statements."""

    def prepare(
        self, sql: str, declared: tuple[int, ...], connection: Connection
    ) -> Statement | Pending:
        """Prepare one statement, other than transaction control.

        Args:
            sql: its text, never empty; one statement of a simple query.
            declared: the type OIDs that the client gave for the first parameters, 0 for unknown.
            connection: the connection that sent it.

        Raises:
            ServerError: PostgreSQL would refuse to prepare it.
        """

    def execute(
        self, statement: Statement, parameters: Sequence[Any], connection: Connection
    ) -> Result | Pending:
        """Execute a prepared statement.

        Args:
            statement: as `prepare` returned it.
            parameters: decoded values; of a COPY from the client, the pieces of data (bytes).
            connection: the connection that sent it.

        Raises:
            ServerError: it fails.
            ConnectionDropped: the connection ends instead of an answer.
        """

    def control(
        self, sql: str, connection: Connection, parameters: Sequence[Any] = ()
    ) -> Result | Pending | None:
        """Intercept a statement that the session executes itself, such as BEGIN, COMMIT or SET.

        None lets the session execute it at once. A result with rows replaces the session's own
        for a statement that returns rows (SHOW); any other result only delays it.

        Raises:
            ServerError: it fails instead.
            ConnectionDropped: the connection ends instead of an answer.
        """

    def notify(self, channel: str, payload: str, connection: Connection) -> None:
        """Deliver a committed NOTIFY to every listening session, including the sender's.

        Args:
            channel: its name, without quotes.
            payload: "" without one.
            connection: the sender.
        """

    def decoder(self, oid: int, form: int) -> Decoder:
        """Return the decoder of a parameter's bytes (never NULL).

        It raises ServerError if PostgreSQL would refuse the bytes, and TrailingBytes if the
        session has to name the parameter.

        Args:
            oid: of the type.
            form: TEXT or BINARY.
        """

    def encoder(self, oid: int, form: int) -> Encoder:
        """Return the encoder of Python values (never None) of a type."""
