"""What the commands of one connection share."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import Any, Final, TypeAlias

from understudy.fake_mysql.protocol.answers import Form, first_rows
from understudy.fake_mysql.protocol.connection import Connection
from understudy.fake_mysql.protocol.login import Exchange, ServerOptions
from understudy.fake_mysql.protocol.responder import Responder
from understudy.fake_mysql.protocol.session_state import SessionState
from understudy.fake_mysql.protocol.statements import Prepared
from understudy.mysql import packets
from understudy.mysql.handshake import Capability
from understudy.mysql.packets import Status
from understudy.mysql.results import Result
from understudy.serving.waits import ConnectionDropped, Pending

# The answer to a command. It yields a Pending to wait for its outcome, PACKET for the client's next
# packet.
Work: TypeAlias = Generator[Any, Any, None]
PACKET: Final = object()


def settled(came: Any) -> Generator[Pending, Any, Any]:
    """Return what a responder returned, after every Pending."""
    while isinstance(came, Pending):
        came = yield came
    return came


class Backend:
    """The state of one connection, and its output.

    Args:
        responder: answers the statements.
        connection: the connection.
        options: the login and the server's settings.
        name: what a test calls the server.

    Attributes:
        state: the transactions and variables.
        exchange: the login.
        prepared: the prepared statements, by their numbers.
        sequence: the number of the next frame to send.
        out: what is to be sent.
        is_admitted: whether the client is logged in.
        is_closing: whether the connection ends after this answer.
    """

    def __init__(
        self, responder: Responder, connection: Connection, options: ServerOptions, name: str
    ) -> None:
        self.responder = responder
        self.connection = connection
        self.options = options
        self.name = name
        self.state = SessionState(connection, options)
        self.exchange = Exchange(connection, options)
        self.prepared: dict[int, Prepared] = {}
        self.latest_statement = 0
        self.sequence = 0
        self.out: list[bytes] = []
        self.is_admitted = False
        self.is_closing = False

    def form(self, *, is_binary: bool = False) -> Form:
        """Return how the client gets an answer."""
        deprecate_eof = bool(self.connection.capabilities & Capability.DEPRECATE_EOF)
        return Form(is_binary, deprecate_eof, self.connection.codec)

    def send(self, payloads: Iterable[bytes]) -> None:
        """Send packets."""
        data, self.sequence = packets.frame(payloads, self.sequence)
        self.out.append(data)

    def answer(
        self, result: Result, command: str = "", *, more: bool = False, is_binary: bool = False
    ) -> None:
        """Send a result, and those that follow it.

        Args:
            result: the result.
            command: the statement's, for those that watch; "" for no statement.
            more: whether the client gets a further one.
            is_binary: whether its rows are in binary form.

        Raises:
            ServerError: it ends with an error, which is to be sent.
            ConnectionDropped: it ends with a lost connection.
        """
        form = self.form(is_binary=is_binary)
        results = [result, *result.following]
        for number, part in enumerate(results, start=1):
            status = self.state.status() if part.status is None else part.status
            status &= ~Status.MORE_RESULTS
            if more or number < len(results):
                status |= Status.MORE_RESULTS
            self.send(form.answer(part, status))
            if part.error is not None:
                raise part.error
            if part.dropped:
                raise ConnectionDropped
        count = result.affected if result.columns is None else len(result.rows)
        self.connection.note_completed(
            f"{command} {count}" if command else "", lambda: first_rows(result, form)
        )
