"""A connection to the real server, on which statements of clients are executed."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable, Generator
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from understudy.mysql import login
from understudy.mysql.error_fields import server_error
from understudy.mysql.fields import Malformed
from understudy.mysql.packets import Command, Frames, frame
from understudy.mysql.results import Result, read_result
from understudy.mysql_server.address import Address
from understudy.pg.errors import ServerError
from understudy.serving.upstream_socket import UpstreamSocket
from understudy.serving.waits import ConnectionDropped, Pending

if TYPE_CHECKING:
    from understudy.serving.sockets import Sockets

# Gets the packets of an answer, one by one, and returns the outcome.
Reading = Generator[None, bytes, Any]
_TIMEOUT = 10.0
Check: TypeAlias = "Callable[[Upstream], None]"


class Upstream(UpstreamSocket):
    """A connection to a real server. Except for the constructor, call it in the sockets' thread.

    Args:
        address: the server, its database, and who logs in.
        sockets: the sockets that watch the connection.
        capabilities: what the client can do that the server has to know.
        collation: the number of the collation that the client wants.

    Raises:
        ServerError: the server refuses the login, or does not answer.

    Attributes:
        id: the number of the connection on the real server.
        on_lost: called when the real server has ended the connection.
    """

    on_lost: Callable[[], None] = staticmethod(lambda: None)

    def __init__(
        self, address: Address, sockets: Sockets, *, capabilities: int = 0, collation: int = 45
    ) -> None:
        connected = _connected(address)
        self._frames = Frames()
        steps = login.log_in(
            address.user,
            address.password,
            address.database,
            capabilities=login.USUAL | capabilities,
            collation=collation,
            is_private=bool(address.socket),
        )
        try:
            self.id = _log_in(steps, connected, self._frames)
        except BaseException:
            connected.close()
            raise
        super().__init__(connected, sockets)
        self._address = address
        self._waiting: deque[tuple[Reading, Callable[[Any], None]]] = deque()

    @property
    def real(self) -> Upstream:
        """The connection itself, as of a client that shares one."""
        return self

    def check(self, sql: str) -> None:
        """Refuse nothing: a client with a connection of its own may send every statement."""

    def ask(
        self,
        command: Command,
        body: bytes,
        reading: Reading,
        sql: str = "",
        check: Check = lambda _: None,
    ) -> Pending:
        """Send a command, and return a Pending for its outcome.

        Args:
            command: the command.
            body: the rest of its packet.
            reading: reads the answer.
            sql: the statement, if it is one.
            check: called before it is sent, with the connection; may raise ServerError.
        """
        check(self)

        def begin(done: Callable[[Any], None]) -> None:
            if self.is_lost:
                done(ConnectionDropped())
                return
            next(reading)
            self._waiting.append((reading, done))
            self.tell(command, body)

        return Pending(None, begin=begin)

    def tell(self, command: Command, body: bytes) -> None:
        """Send a command that has no answer."""
        if not self.is_lost:
            self._send(frame([bytes([command]) + body])[0])

    def when_idle(self, tell: Callable[[], None]) -> None:
        """Call what sends a command without an answer: nothing of this client runs."""
        tell()

    def leave(self) -> None:
        """Close the connection of a client that is gone, and kill what runs on it."""
        if self.is_lost:
            return
        if self._waiting:  # the server does not notice, and the statement keeps its locks
            with suppress(ServerError):  # else the server is gone
                ask_alone(partial(Upstream, self._address, self._sockets), f"KILL {self.id}")
        else:
            self.tell(Command.QUIT, b"")
        self.close()

    def use(self, database: str) -> Pending:
        """Change the database of the client."""
        return self.ask(Command.INIT_DB, database.encode(), read_result(deprecate_eof=False))

    def reset_session(self) -> Pending | None:
        """Reset the session."""
        return self.ask(Command.RESET_CONNECTION, b"", read_result(deprecate_eof=False))

    def control(self, sql: str, body: bytes) -> Result | Pending | None:
        """Carry out a statement that the session in front follows."""
        return self.ask(Command.QUERY, body, read_result(deprecate_eof=False), sql)

    def _receive(self, data: bytes) -> None:
        self._frames.add(data)
        for packet in self._frames:
            if not self._waiting:
                return  # the server says why it ends the connection
            reading, done = self._waiting[0]
            try:
                reading.send(packet)
            except StopIteration as end:
                self._waiting.popleft()
                done(end.value)
            except (ServerError, Malformed) as error:
                self._waiting.popleft()
                done(error)

    def _lost(self) -> None:
        if not self.is_lost:
            self.close()
        while self._waiting:
            _, done = self._waiting.popleft()
            done(ConnectionDropped())
        self.on_lost()


def ask_alone(
    opened: Callable[[], Upstream], sql: str, done: Callable[[], None] = lambda: None
) -> None:
    """Send a statement on a connection that is opened for it.

    Args:
        opened: opens the connection.
        sql: the statement.
        done: called when it is answered, or the connection has ended.

    Raises:
        ServerError: the connection cannot be opened.
    """
    upstream = opened()

    def answered(_outcome: object) -> None:
        upstream.leave()
        done()

    asked = upstream.ask(Command.QUERY, sql.encode(), read_result(deprecate_eof=False))
    assert asked.begin is not None
    asked.begin(answered)


def _connected(address: Address) -> socket.socket:
    """Return a connected socket, which blocks."""
    try:
        if not address.socket:
            place = (address.host, address.port)
            connected = socket.create_connection(place, timeout=_TIMEOUT)
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return connected
        connected = socket.socket(socket.AF_UNIX)
        try:
            connected.settimeout(_TIMEOUT)
            connected.connect(address.socket)
        except BaseException:
            connected.close()
            raise
    except OSError as error:
        text = f"Understudy: the real server at {address.shown} does not answer: {error}"
        raise server_error(2003, "HY000", text) from error
    return connected


def _log_in(
    steps: Generator[bytes | None, bytes, Any], connected: socket.socket, frames: Frames
) -> int:
    """Log in, and return the number of the connection."""
    next(steps)
    try:
        while True:
            while (packet := frames.next()) is None:
                data = connected.recv(65536)
                if not data:
                    raise server_error(2013, "HY000", "Lost connection to MySQL server at login")
                frames.add(data)
            answer = steps.send(packet)
            if answer is not None:
                connected.sendall(frame([answer], frames.sequence + 1)[0])
    except OSError as error:
        text = f"Lost connection to MySQL server at login: {error}"
        raise server_error(2013, "HY000", text) from error
    except StopIteration as end:
        greeting, _ = end.value
        return int(greeting.connection)
