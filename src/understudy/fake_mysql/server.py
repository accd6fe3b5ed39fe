"""The server of `fake_mysql`: what MySQL's protocol, logins and faults add to a server."""

from __future__ import annotations

from typing import Final

from understudy.fake_mysql.boundary_changes import carry_out
from understudy.fake_mysql.clients import Client, client_of
from understudy.fake_mysql.location import SOCKET_FILE, locate
from understudy.fake_mysql.protocol.connection import Connection
from understudy.fake_mysql.protocol.login import ServerOptions
from understudy.fake_mysql.protocol.responder import Responder
from understudy.fake_mysql.protocol.session import Session
from understudy.fake_mysql.script_responder import ScriptResponder
from understudy.fake_mysql.scripted_rules import ServerRule
from understudy.mysql.error_fields import server_error
from understudy.script import call_counts
from understudy.serving import server
from understudy.serving.attribution import CallSite
from understudy.serving.faults import FAULTS
from understudy.serving.location import new_password
from understudy.serving.login import Login
from understudy.serving.transport import Transport
from understudy.serving.waits import Pending

NEWEST: Final = "8.4.0"
_SHUTDOWN: Final = server_error(1053, "08S01", "Server shutdown in progress")


class Server(server.Server[Client]):
    """A MySQL made of Python.

    Attributes:
        version: what VERSION() returns; "MariaDB" in it makes it a MariaDB.

    Args:
        user: the user in its address, who need not exist.
        password: the password in its address; None makes one.
    """

    name = "fake_mysql"
    socket_file = SOCKET_FILE
    database_kind = "mysql"
    rule: type[ServerRule] = ServerRule
    _client: type[Client] = Client
    _tally = call_counts.FAKE_MYSQL

    def __init__(self, user: str = "understudy", password: str | None = None) -> None:
        super().__init__()
        self.version = NEWEST
        self._responder = self._make_responder()
        self._set_address(locate(self._sockets, user, password or new_password()))

    def new_session(self, *, is_private: bool) -> Session:
        """Return the session of a new connection: see the base class."""
        self._refuse_if_stopped()
        client = self._client(next(server.pids), self.begun)
        login = self.login
        if login.password is None and not is_private:
            login = login._replace(password=self.password, hint=self._password_hint)
        return Session(self._responder, client, self._server_options(login), self.name)

    def _make_responder(self) -> Responder:
        return ScriptResponder(self.engine, self.lock, self.boundary)

    def _server_options(self, login: Login) -> ServerOptions:
        return ServerOptions(self.version, login, admit=self._admit, kill=self._kill)

    def _admit(self, connection: Connection) -> Pending | None:
        client = client_of(connection)
        call, change = self._begin_connecting(client)
        if isinstance(change, FAULTS):
            return carry_out(change, call)
        if self._is_full:
            raise server_error(1040, "08004", "Too many connections")
        client.is_admitted = True
        return None

    def opened(self, transport: Transport, by: CallSite | None) -> None:
        """Note a new connection, and greet it: in this protocol the server speaks first."""
        super().opened(transport, by)
        transport.send_output(transport.session.feed(b""))

    def cancel(self, pid: int, secret: int) -> None:
        """Do nothing: clients of MySQL cancel with KILL."""

    def _kill(self, pid: int, query_only: bool) -> bool:  # ServerOptions calls it
        """Carry out KILL: end a connection, or what runs on it."""
        for client in self._open():
            if client.pid == pid:
                self._send(
                    client, client.session.cancel if query_only else client.session.terminate
                )
                return True
        return False

    def _end(self, client: Client) -> None:
        self._send(client, lambda: client.session.terminate(_SHUTDOWN))

    def fail_over(self) -> None:
        """Make every connection read-only: its server is now a replica of another."""
        for client in self._open():
            client.read_only = True
