"""The state of one connection in the server."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial
from typing import Any, Final, Literal, TypeVar

from understudy.fake_postgres.protocol import backend_messages, errors, run_time_parameters
from understudy.fake_postgres.protocol.connection import Connection
from understudy.fake_postgres.protocol.login import ServerOptions
from understudy.fake_postgres.protocol.notifications import Listening
from understudy.fake_postgres.protocol.portals import Portals
from understudy.fake_postgres.protocol.responder import Responder
from understudy.fake_postgres.protocol.session_settings import Settings
from understudy.fake_postgres.protocol.statements import Portal, Prepared, Result
from understudy.fake_postgres.protocol.transactions import Transactions
from understudy.pg.errors import ServerError
from understudy.serving.waits import Pending

# Yielded by work that needs the client's next message.
MORE: Final = "more"
# Bytes of a message from which its processing may keep other connections waiting noticeably.
LONG: Final = 64 * 1024
T = TypeVar("T")
# Work that may wait: for an outcome, or for a message (kind, body).
Work = Generator[Pending | Literal["more"], Any, None]


class Backend:
    """The state of one connection; the other modules of this package work on it.

    Attributes:
        connection, responder, server_options: as given.
        out: messages to send.
        statements: the prepared statements by name.
        portals, settings, listening, transactions: the state that transactions govern.
        touched: whether that state has to be settled at the end of the transaction.
        executed: whether a statement has run since the last Sync.
        started: whether the startup packet has come; `welcomed`: whether the client is logged in.
        idle: whether the client may send, outside a transaction.
        cancel_request: the pid and the secret in the CancelRequest for which the connection was
            made, or None.
        notifications: messages to deliver when the session is idle.
        forwarder: forwards statements to another server; `forwarded`: whether one went there
            since the last Sync.
        settings_are_forwarded: whether SET and RESET are left to that server.
    """

    def __init__(
        self, responder: Responder, connection: Connection, server_options: ServerOptions
    ) -> None:
        self.connection = connection
        self.responder = responder
        self.server_options = server_options
        self.out: list[bytes] = []
        self.statements: dict[str, Prepared] = {}
        self.portals = Portals()
        self.settings = Settings(connection, server_options.version, server_options.settings)
        self.listening = Listening(connection, responder)
        self.transactions = Transactions(connection, [self.settings, self.listening, self.portals])
        self.touched = False
        self.executed = False
        self.started = False
        self.welcomed = False
        self.idle = False
        self.cancel_request: tuple[int, int] | None = None
        self.notifications: list[bytes] = []
        self.forwarder = server_options.forwarder
        self.forwarded = False
        self.settings_are_forwarded = False

    def send(self, data: bytes) -> None:
        """Send a message."""
        self.out.append(data)

    def notice(self, notice: ServerError) -> None:
        """Send a warning or a notice."""
        self.out.append(backend_messages.notice_response(notice))

    @property
    def in_transaction(self) -> bool:
        """Whether statements run in a block, explicit or implicit."""
        return self.transactions.in_block or self.transactions.implicit

    def ready(self) -> None:
        """End an implicit transaction, and send ReadyForQuery."""
        current = self.connection.current
        self.executed = False
        self.welcomed = True
        if current is None:
            if self.touched:
                self.transactions.end(commit=True)
                self.touched = False
            self.transactions.implicit = False
            self.portals.unnamed = None
            if self.notifications:
                self.out += self.notifications
                self.notifications.clear()
            status = "I"
            self.idle = True
        else:
            status = "E" if current.aborted else "T"
        if self.connection.settings is not self.settings.known:
            for name, value in self.settings.changes():
                self.out.append(backend_messages.parameter_status(name, value))
        self.out.append(backend_messages.READY[status])


def aside(size: int, function: Callable[[], T]) -> Generator[Pending, T, T]:
    """Call a function; in a thread of its own if it has as many as LONG bytes to read.

    It may not touch the session: a CancelRequest ends the wait for it, and not the function.
    """
    if size < LONG:
        return function()
    return (yield Pending(0.0, function, in_thread=True))


def outcome(backend: Backend, result: Result | Pending) -> Generator[Pending, Any, Result]:
    """Wait for a result, but no longer than statement_timeout.

    Raises:
        ServerError: it took longer.
    """
    if not isinstance(result, Pending):
        return result
    timeout = backend.settings.show("statement_timeout")
    left = run_time_parameters.seconds("statement_timeout", timeout) or None
    while isinstance(result, Pending):
        if left is not None and result.begin is None:  # else the other server enforces it
            if result.delay is None or result.delay > left:
                yield Pending(left)
                raise errors.error("57014", "canceling statement due to statement timeout")
            left -= result.delay
        result = yield result
    return result


def taken(backend: Backend, result: Result, count: int | None) -> Generator[Pending, Any, None]:
    """Have rows of a result that are not there yet, until there are so many, or all for None.

    Raises:
        ServerError: it took too long.
    """
    if result.source is not None and result.error is None:
        found = yield from outcome(backend, Pending(0.0, partial(result.source.take, count)))
        result.error = found.error


def run(backend: Backend, portal: Portal, limit: int = 0) -> Result | Pending:
    """Run the statement of a portal, in the responder or on another server.

    Raises:
        ServerError: it fails.
        ConnectionDropped: the connection ends instead of an answer.
    """
    statement = portal.prepared.statement
    assert statement is not None
    if statement.forward is None:
        return backend.responder.execute(statement, portal.values, backend.connection)
    backend.forwarded = True
    return statement.forward(portal, limit, backend.connection)


def settle(backend: Backend, *, commit: bool) -> Pending | None:
    """End the forwarder's implicit transaction; return what to wait for.

    Raises:
        ServerError: it cannot be committed.
    """
    assert backend.forwarder is not None
    backend.forwarded = False
    if backend.connection.current is not None:
        return None
    return backend.forwarder.settle(backend.connection, commit=commit)
