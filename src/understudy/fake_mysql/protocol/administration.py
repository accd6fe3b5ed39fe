"""The login, and the commands that are no statements."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from understudy.fake_mysql.protocol import prepared_statements
from understudy.fake_mysql.protocol.backend import PACKET, Backend, Work, settled
from understudy.fake_mysql.protocol.login import CAPABILITIES
from understudy.mysql import handshake
from understudy.mysql.error_fields import server_error
from understudy.mysql.fields import Malformed, Reader
from understudy.mysql.handshake import Capability, Response
from understudy.mysql.packets import Command
from understudy.mysql.results import Result
from understudy.pg.errors import ServerError


def log_in(backend: Backend) -> Work:
    """Greet a client, and let it in."""
    backend.send([backend.exchange.greeting()])
    packet = yield PACKET
    if handshake.is_tls_request(packet):
        raise Malformed
    yield from _check(backend, handshake.read_response(packet))
    yield from settled(backend.options.admit(backend.connection))
    backend.is_admitted = True
    yield from settled(backend.responder.log_in(backend.connection))
    backend.send(backend.exchange.accepted)
    backend.answer(Result())


def _check(backend: Backend, response: Response) -> Work:
    """Check a client's login."""
    connection = backend.connection
    connection.user, connection.database = response.user, response.database
    connection.collation = response.collation or connection.collation
    connection.attributes = dict(response.attributes)
    connection.capabilities = Capability(response.capabilities & CAPABILITIES)
    for request in backend.exchange.check(response):
        backend.send([request])
        backend.exchange.proof = yield PACKET
    backend.state.reset()


def _intercepted(
    backend: Backend, command: Command, body: bytes
) -> Generator[Any, Any, Result | None]:
    came = yield from settled(backend.responder.command(command, body, backend.connection))
    assert came is None or isinstance(came, Result), "a responder returns a Result, perhaps later"
    return came


def _answered(
    backend: Backend, command: Command, body: bytes, effect: Callable[[], object] = lambda: None
) -> Work:
    """Carry a command out that is answered with OK."""
    result = yield from _intercepted(backend, command, body)
    if result is None or result.error is None:
        effect()
    backend.answer(result or Result())


def ping(backend: Backend, body: bytes) -> Work:
    """Answer COM_PING."""
    return _answered(backend, Command.PING, body)


def init_db(backend: Backend, body: bytes) -> Work:
    """Answer COM_INIT_DB, which is USE."""
    name = body.decode(backend.connection.codec, "replace")
    return _answered(backend, Command.INIT_DB, body, lambda: backend.state.use(name))


def process_kill(backend: Backend, body: bytes) -> Work:
    """Answer COM_PROCESS_KILL, which is KILL."""
    pid = Reader(body).number(4)
    effect = lambda: backend.state.kill(pid, query_only=False)  # noqa: E731 # used once
    return _answered(backend, Command.PROCESS_KILL, body, effect)


def reset_connection(backend: Backend, body: bytes) -> Work:
    """Answer COM_RESET_CONNECTION."""

    def reset() -> None:
        prepared_statements.close_all(backend)
        backend.state.reset()

    return _answered(backend, Command.RESET_CONNECTION, body, reset)


def change_user(backend: Backend, body: bytes) -> Work:
    """Answer COM_CHANGE_USER: a login on the same connection, which it keeps if it is refused."""
    connection = backend.connection
    response = handshake.read_change_user(body, connection.capabilities)
    before = connection.user, connection.database
    try:
        yield from _check(backend, response)
    except ServerError:
        connection.user, connection.database = before
        raise
    prepared_statements.close_all(backend)
    result = yield from _intercepted(backend, Command.CHANGE_USER, body)
    backend.send(backend.exchange.accepted)
    backend.answer(result or Result())


def set_option(backend: Backend, body: bytes) -> Work:
    """Answer COM_SET_OPTION: allow several statements in one query, or forbid it."""
    option = Reader(body).number(2)
    if option > 1:
        raise server_error(1047, "08S01", "Unknown command")
    yield from _intercepted(backend, Command.SET_OPTION, body)
    if option == 0:
        backend.connection.capabilities |= Capability.MULTI_STATEMENTS
    else:
        backend.connection.capabilities &= ~Capability.MULTI_STATEMENTS
    backend.send([backend.form().end(backend.state.status())])


def statistics(backend: Backend, body: bytes) -> Work:
    """Answer COM_STATISTICS with a text."""
    yield from _intercepted(backend, Command.STATISTICS, body)
    backend.send(
        [b"Uptime: 1  Threads: 1  Questions: 1  Slow queries: 0  Opens: 0  Open tables: 0"]
    )


def debug(backend: Backend, body: bytes) -> None:
    """Answer COM_DEBUG, which writes to a server's log."""
    backend.send([backend.form().end(backend.state.status())])


def quit_session(backend: Backend, body: bytes) -> None:
    """End the connection."""
    backend.is_closing = True
