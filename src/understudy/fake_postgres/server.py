"""The server of `fake_postgres`: its address, its connections, its scripts and its faults.

One server lives as long as the test run, at one address, because an app that is made once reads its
database's address once. Each test has its own script. A connection that outlives a test is answered
from the script of the next one.
"""

from __future__ import annotations

import asyncio
import errno
import itertools
import os
import secrets
import threading
import traceback
from collections.abc import Callable
from functools import partial
from time import monotonic, sleep
from typing import TYPE_CHECKING

from understudy.catalog import active_checker
from understudy.engine.engine import Engine
from understudy.fake_postgres import attribution, pool_renewal
from understudy.fake_postgres.attribution import CallSite
from understudy.fake_postgres.boundary_changes import FAULTS, carry_out
from understudy.fake_postgres.clients import Client, client_of
from understudy.fake_postgres.current_schema import Schema
from understudy.fake_postgres.leaks import LeakReport
from understudy.fake_postgres.location import locate, new_password
from understudy.fake_postgres.memory import MemoryLoop
from understudy.fake_postgres.protocol import errors
from understudy.fake_postgres.protocol.connection import Connection
from understudy.fake_postgres.protocol.login import ANY_LOGIN, Login, ServerOptions
from understudy.fake_postgres.protocol.responder import Responder
from understudy.fake_postgres.protocol.session import Session
from understudy.fake_postgres.protocol.statements import Pending
from understudy.fake_postgres.script_responder import ScriptResponder
from understudy.fake_postgres.scripted_rules import ServerRule
from understudy.fake_postgres.sockets import Sockets
from understudy.pg.sql import one_line
from understudy.pg.sqlstates import STATES
from understudy.script import call_counts, expectations
from understudy.script.boundary import Boundary
from understudy.script.calls import Call, Transaction
from understudy.script.failures import Failure, ServerBroke, UnexpectedStatement
from understudy.script.origin import Spot
from understudy.script.script import Script

if TYPE_CHECKING:
    from understudy.fake_postgres.transport import Transport

NEWEST = 18
MOST_CONNECTIONS = 10_000  # more than any test opens; a real server's default is 100
HANG_UP_TIME = 1.0  # seconds; only a connection that stays busy at the end of a test takes it
# Of all servers of this process: a driver's client is found by the number. The clients of a clone
# have the ids of processes instead, which are not above 2 ** 22 on Linux.
pids = itertools.count(2**22 + 1)


class Server:
    """A PostgreSQL made of Python.

    Attributes:
        base: the script for whatever outlives a test; the test's own script is asked first.
        engine: finds the answers, in the script of the running test and in the base.
        schema: the types of now.
        boundary: the events of the running test.
        clients: every connection that is open, or that the running test has opened.
        begun: the transactions of the running test, in order.
        max_connections: how many there may be at once.
        latency: by how many seconds each answer is delayed.
        login: the user, password and database that a client has to give.
        host, port, user, password, database: its address. Over TCP, the password is checked.
        dsn: the address as a URL, for every driver.
        socket_dsn: the URL of its private Unix socket, which asks for no password; on systems
            without Unix sockets, the same as `dsn`.
        listeners: the sockets to which its clients connect: its own, and a shared address.

    Args:
        user: the user in its address, who need not exist.
        password: the password in its address; None makes one.
    """

    name = "fake_postgres"  # what a test calls its fixture
    _tally = call_counts.FAKES

    def __init__(self, user: str = "understudy", password: str | None = None) -> None:
        self.base = _BaseScript(f"{self.name}_server")
        self.engine = Engine(self.base, checks_calls=False, tally=self._tally)
        self.schema = self._make_schema()
        self.boundary = Boundary(self.name)
        self.clients: list[Client] = []
        self.begun: list[Transaction] = []
        self.max_connections = MOST_CONNECTIONS
        self.latency, self.login = 0.0, ANY_LOGIN
        self.loop: asyncio.AbstractEventLoop | None = None
        self.lock = threading.RLock()
        self._responder = self._make_responder()
        self._is_refusing = self._is_started = False
        self._test = 0
        self._sockets = Sockets(self)
        self.listeners = [self._sockets]
        address = locate(self._sockets, user, password or new_password())
        self.host, self.port, self.database = address.host, address.port, address.database
        self.user, self.password = address.user, address.password
        self.dsn, self.socket_dsn = address.dsn, address.socket_dsn

    @property
    def sockets(self) -> Sockets:
        """The sockets that serve its connections."""
        return self._sockets

    def start(self) -> None:
        """Accept connections, unless it already does."""
        if not self._is_started:
            self._is_started = True
            attribution.wrap_drivers()
            self._sockets.start()

    @property
    def is_started(self) -> bool:
        """Whether clients can connect."""
        return self._is_started

    def stop(self) -> None:
        """End every connection, and stop."""
        self._sockets.stop()

    # Connections ---------------------------------------------------------------------------------

    def memory(self) -> MemoryLoop:
        """Return the event loop with which asyncpg connects without a socket."""
        loop = self.loop = asyncio.get_running_loop()
        return MemoryLoop(loop, self)

    def note_loop(self) -> None:
        """Record the running event loop: async functions that answer run in it."""
        running = asyncio._get_running_loop()
        if running is not None:
            self.loop = running

    def new_session(self, *, is_private: bool) -> Session:
        """Return the session of a new connection.

        Args:
            is_private: whether only this user's processes can have made it; others need the
                password of the address.

        Raises:
            ConnectionRefusedError: no server runs.
        """
        if self._is_refusing:
            raise ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
        client = self._client(next(pids), secrets.randbits(31), self.begun)
        pool_renewal.note_new(client.pid)
        login = self.login
        if login.password is None and not is_private:
            login = login._replace(password=self.password, hint=self._password_hint)
        return Session(self._responder, client, self._server_options(login))

    rule: type[ServerRule] = ServerRule
    _client: type[Client] = Client

    def _make_schema(self) -> Schema:
        return Schema()

    def _make_responder(self) -> Responder:
        return ScriptResponder(self.engine, self.lock, self.schema, self.notify, self.boundary)

    @property
    def _password_hint(self) -> str:
        return (
            f"Understudy: {self.name} accepts every user with the password in {self.name}.dsn. "
            f'Where an app reads it from a variable of its own: {self.name}_env = {{DB_PASSWORD = "'
            '{password}"}.'
        )

    def _server_options(self, login: Login) -> ServerOptions:
        checker = active_checker.made()
        major = None if checker is None else checker.catalog.postgres
        version = f"{major or NEWEST}.0"
        return ServerOptions(version, login, admit=self._admit, defaults=_defaults)

    def _admit(self, connection: Connection) -> Pending | None:
        client = client_of(connection)
        spot, request = attribution.opening()
        call = client.call("", None, spot)
        call.method = "connect"
        client.event = self.boundary.begin("connect", call, request)
        change = self.boundary.change_of(client.event)
        if isinstance(change, FAULTS):
            return carry_out(change, call, is_fatal=True)
        most = self.max_connections
        if len(self.clients) > most and most <= sum(
            other.is_open and other.is_admitted for other in self.clients
        ):
            raise errors.fatal("53300", STATES["53300"].text)
        client.is_admitted = True
        return None

    def opened(self, transport: Transport, by: CallSite | None) -> None:
        """Note a new connection, and who opened it; None if its client notes that itself."""
        client = client_of(transport.session.connection)
        client.transport, client.attribution.opened_by, client.test = transport, by, self._test
        client.attribution.is_on_stack = by is not None
        if by is None:
            attribution.register(client.pid, client.attribution)
        with self.lock:
            self.clients.append(client)

    def statement_spot(self, session: Session) -> Spot | None:
        """Return the user's instruction that sent a session's statement; None if unknown."""
        noted = client_of(session.connection).noted
        return None if noted is None else noted.sent_at

    def report_internal_error(self, error: Exception) -> None:
        """Fail the test with an error inside the server."""
        shown = "".join(traceback.format_exception(error)).rstrip()
        text = f"fake_postgres failed; please report it with what follows\n{shown}"
        failure = expectations.record_failure(ServerBroke(text))
        failure.__cause__ = error

    def cancel(self, pid: int, secret: int) -> None:
        """Cancel what runs on a connection, for a CancelRequest, which gets no answer."""
        for client in self._open():
            if (client.pid, client.secret) == (pid, secret):
                self._send(client, client.transport.session.cancel)

    def notify(self, channel: str, payload: str, pid: int = 0) -> None:
        """Send a notification to every connection that listens to a channel."""
        for client in self._open():
            if channel in client.channels:
                session = client.transport.session
                self._send(client, partial(session.notify, channel, payload, pid))

    def _send(self, client: Client, function: Callable[[], bytes]) -> None:
        transport = client.transport
        transport.post(lambda: transport.send_output(function()))

    @property
    def open_clients(self) -> list[Client]:
        """The connections that are open now."""
        return self._open()

    def _open(self) -> list[Client]:
        with self.lock:
            return [client for client in self.clients if client.is_open]

    # Faults --------------------------------------------------------------------------------------

    def end_connections(self, wanted: Callable[[Client], bool] = lambda _: True) -> list[int]:
        """End connections, as an administrator does (57P01); return their numbers.

        Args:
            wanted: whether a connection is to be ended.
        """
        clients = [client for client in self._open() if wanted(client)]
        for client in clients:
            self._end(client)
        return [client.pid for client in clients]

    def _end(self, client: Client, text: str = STATES["57P01"].text) -> None:
        reason = errors.fatal("57P01", text)
        self._send(client, lambda: client.transport.session.terminate(reason))

    def refuse_connections(self, *, refused: bool) -> None:
        """Refuse new connections, as if no server ran; or accept them again."""
        self._is_refusing = refused
        for sockets in self.listeners:
            sockets.call(sockets.refuse if refused else sockets.listen)

    def fail_over(self) -> None:
        """Make every connection read-only: its server is now a replica of another."""
        for client in self._open():
            client.read_only = True

    # Tests ---------------------------------------------------------------------------------------

    def begin_test(self) -> Script:
        """Begin a test: return its script."""
        self._test += 1
        self.boundary.begin_test()
        attribution.begin_test()
        script = Script(self.name)
        self.engine.scripts = (script, self.base)
        return script

    def end_test(self, left: LeakReport, close: Callable[[], bool]) -> None:
        """End a test, and record its leaks.

        A busy connection is ended, and so is a leaked one. All others stay open for the next test:
        they belong to a pool that outlives this one.

        Args:
            left: records the leaks.
            close: closes what was made for the test; returns whether there was anything.
        """
        self._settle()
        self._await_psqlpy()
        ended = [client for client in self._open() if left.check_busy(client)]
        if close():
            self._settle()
        ended += [
            client
            for client in self._open()
            if client not in ended and left.check_unclosed(client, self._test)
        ]
        for client in ended:
            self._end(client)
        leaks = (left.transactions(), left.connections())
        self.boundary.leaks = tuple(str(failure) for failure in leaks if failure is not None)
        with self.lock:
            self.engine.scripts = (self.base,)
            self.begun = []
            self.base.calls.clear()
            self.clients = [client for client in self.clients if client.is_open]
            for client in self.clients:
                client.carry_over(self.begun)
        self.max_connections, self.latency, self.login = MOST_CONNECTIONS, 0.0, ANY_LOGIN
        if self._is_refusing:
            self.refuse_connections(refused=False)

    def note_busy(self, left: LeakReport) -> None:
        """Record the connections that are busy now: they are about to be closed."""
        self._settle()
        self._await_psqlpy()
        for client in self._open():
            left.check_busy(client)

    def _settle(self) -> None:
        """Wait until the server has handled everything that clients have sent."""
        self._sockets.settle()

    def _await_psqlpy(self) -> None:
        """Wait a moment for busy psqlpy connections: its own thread closes them after `close()`."""
        deadline = monotonic() + HANG_UP_TIME
        while monotonic() < deadline and any(
            client.is_busy and client.noted is not client.attribution for client in self._open()
        ):
            sleep(0.002)
            self._settle()


class _BaseScript(Script):
    """The script for whatever outlives a test: it refuses statements only between tests."""

    def refuse(self, call: Call) -> Failure:
        """Record and return the failure for a statement that came without the fixture."""
        text = (
            "a statement came to fake_postgres, and no test has asked for that fixture\n"
            f"  sql: {one_line(call.statement)}\n"
            f"  at:  {call.origin.place}\n"
            "Let the test have `fake_postgres`, or script it on `fake_postgres_server`, which "
            "lives as long as the app."
        )
        return expectations.record_failure(UnexpectedStatement(text))


def _defaults(user: str) -> dict[str, str]:
    """Return the run-time parameters with which the schema lets a user's connection begin."""
    checker = active_checker.checker()
    facts = None if checker is None else checker.facts
    return {} if facts is None else facts.defaults_of(user)
