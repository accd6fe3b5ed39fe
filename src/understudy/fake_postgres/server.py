"""The server of `fake_postgres`: what PostgreSQL's protocol, logins and faults add to a server."""

from __future__ import annotations

import asyncio
import secrets
from functools import partial
from time import monotonic, sleep

from understudy.catalog import active_checker
from understudy.fake_postgres.boundary_changes import carry_out
from understudy.fake_postgres.clients import Client, client_of
from understudy.fake_postgres.current_schema import Schema
from understudy.fake_postgres.location import SOCKET_PORT, locate
from understudy.fake_postgres.memory import MemoryLoop
from understudy.fake_postgres.protocol import errors
from understudy.fake_postgres.protocol.connection import Connection
from understudy.fake_postgres.protocol.login import ServerOptions
from understudy.fake_postgres.protocol.responder import Responder
from understudy.fake_postgres.protocol.session import Session
from understudy.fake_postgres.script_responder import ScriptResponder
from understudy.fake_postgres.scripted_rules import ServerRule
from understudy.pg.sqlstates import STATES
from understudy.serving import server
from understudy.serving.faults import FAULTS
from understudy.serving.location import new_password
from understudy.serving.login import Login
from understudy.serving.waits import Pending

NEWEST = 18
HANG_UP_TIME = 1.0  # seconds; only a connection that stays busy at the end of a test takes it


class Server(server.Server[Client]):
    """A PostgreSQL made of Python.

    Attributes:
        schema: the types of now.

    Args:
        user: the user in its address, who need not exist.
        password: the password in its address; None makes one.
    """

    name = "fake_postgres"
    socket_file = f".s.PGSQL.{SOCKET_PORT}"
    rule: type[ServerRule] = ServerRule
    _client: type[Client] = Client

    def __init__(self, user: str = "understudy", password: str | None = None) -> None:
        super().__init__()
        self.schema = self._make_schema()
        self._responder = self._make_responder()
        self._set_address(locate(self._sockets, user, password or new_password()))

    def memory(self) -> MemoryLoop:
        """Return the event loop with which asyncpg connects without a socket."""
        loop = self.loop = asyncio.get_running_loop()
        return MemoryLoop(loop, self)

    def new_session(self, *, is_private: bool) -> Session:
        """Return the session of a new connection: see the base class."""
        self._refuse_if_stopped()
        client = self._client(next(server.pids), secrets.randbits(31), self.begun)
        login = self.login
        if login.password is None and not is_private:
            login = login._replace(password=self.password, hint=self._password_hint)
        return Session(self._responder, client, self._server_options(login))

    def _make_schema(self) -> Schema:
        return Schema()

    def _make_responder(self) -> Responder:
        return ScriptResponder(self.engine, self.lock, self.schema, self.notify, self.boundary)

    def _server_options(self, login: Login) -> ServerOptions:
        checker = active_checker.made()
        major = None if checker is None else checker.catalog.postgres
        version = f"{major or NEWEST}.0"
        return ServerOptions(version, login, admit=self._admit, defaults=_defaults)

    def _admit(self, connection: Connection) -> Pending | None:
        client = client_of(connection)
        call, change = self._begin_connecting(client)
        if isinstance(change, FAULTS):
            return carry_out(change, call, is_fatal=True)
        if self._is_full:
            raise errors.fatal("53300", STATES["53300"].text)
        client.is_admitted = True
        return None

    def cancel(self, pid: int, secret: int) -> None:
        """Cancel what runs on a connection, for a CancelRequest, which gets no answer."""
        for client in self._open():
            if (client.pid, client.secret) == (pid, secret):
                self._send(client, client.session.cancel)

    def notify(self, channel: str, payload: str, pid: int = 0) -> None:
        """Send a notification to every connection that listens to a channel."""
        for client in self._open():
            if channel in client.channels:
                session = client.session
                self._send(client, partial(session.notify, channel, payload, pid))

    def _end(self, client: Client, text: str = STATES["57P01"].text) -> None:
        reason = errors.fatal("57P01", text)
        self._send(client, lambda: client.session.terminate(reason))

    def fail_over(self) -> None:
        """Make every connection read-only: its server is now a replica of another."""
        for client in self._open():
            client.read_only = True

    def _await_clients(self) -> None:
        """Wait a moment for busy psqlpy connections: its own thread closes them after `close()`."""
        deadline = monotonic() + HANG_UP_TIME
        while monotonic() < deadline and any(
            client.is_busy and client.noted is not client.attribution for client in self._open()
        ):
            sleep(0.002)
            self._settle()


def _defaults(user: str) -> dict[str, str]:
    """Return the run-time parameters with which the schema lets a user's connection begin."""
    checker = active_checker.checker()
    facts = None if checker is None else checker.facts
    return {} if facts is None else facts.defaults_of(user)
