"""The server of a fixture: its address, its connections, its scripts and its faults.

One server lives as long as the test run, at one address, because an app that is made once reads its
database's address once. Each test has its own script. A connection that outlives a test is answered
from the script of the next one.
"""

from __future__ import annotations

import asyncio
import errno
import itertools
import os
import threading
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Generic, TypeVar, cast

from understudy.catalog import active_checker
from understudy.engine.engine import Engine
from understudy.pg.sql import one_line
from understudy.script import call_counts, expectations
from understudy.script.boundary import Boundary, Change, Database
from understudy.script.calls import Call, Transaction
from understudy.script.failures import Failure, ServerBroke, UnexpectedStatement
from understudy.script.origin import Spot
from understudy.script.script import Script
from understudy.serving import attribution, drivers, pool_renewal
from understudy.serving.attribution import CallSite
from understudy.serving.clients import Client
from understudy.serving.leaks import LeakReport
from understudy.serving.location import Location
from understudy.serving.login import ANY_LOGIN
from understudy.serving.sockets import Sockets
from understudy.serving.transport import Session, Transport

MOST_CONNECTIONS = 10_000  # more than any test opens; a real server has a lower limit
# Of all servers of this process: a driver's client is found by the number. The clients of a clone
# have the ids of processes instead, which are not above 2 ** 22 on Linux.
pids = itertools.count(2**22 + 1)

ClientT = TypeVar("ClientT", bound=Client)


class Server(ABC, Generic[ClientT]):
    """A database server in this process. A subclass speaks the protocol of one kind of database.

    Attributes:
        name: what a test calls its fixture.
        socket_file: the name of its Unix socket.
        database_kind: whose protocol it speaks.
        base: the script for whatever outlives a test; the test's own script is asked first.
        engine: finds the answers, in the script of the running test and in the base.
        boundary: the events of the running test.
        clients: every connection that is open, or that the running test has opened.
        begun: the transactions of the running test, in order.
        max_connections: how many there may be at once.
        latency: by how many seconds each answer is delayed.
        login: the user, password and database that a client has to give.
        loop: the event loop of the test; None if unknown.
        lock: held while the script is read or changed.
        listeners: the sockets to which its clients connect: its own, and a shared address.
        host, port, user, password, database: its address. Over TCP, the password is checked.
        dsn: the address as a URL, for every driver.
        socket_dsn: the URL of its private Unix socket, which asks for no password; on systems
            without Unix sockets, the same as `dsn`.
    """

    name: str
    socket_file: str
    host: str
    port: int
    user: str
    password: str
    database: str
    dsn: str
    socket_dsn: str
    database_kind: Database = "postgresql"
    _tally = call_counts.FAKES

    def __init__(self) -> None:
        self.base = _BaseScript(f"{self.name}_server")
        checks = active_checker.MYSQL if self.database_kind == "mysql" else active_checker.POSTGRES
        self.engine = Engine(
            self.base, checks_calls=False, tally=self._tally, checker=checks.checker
        )
        self.boundary = Boundary(self.name, self.database_kind)
        self.clients: list[ClientT] = []
        self.begun: list[Transaction] = []
        self.max_connections = MOST_CONNECTIONS
        self.latency, self.login = 0.0, ANY_LOGIN
        self.loop: asyncio.AbstractEventLoop | None = None
        self.lock = threading.RLock()
        self._is_refusing = self._is_started = False
        self._test = 0
        self._sockets = Sockets(self)
        self.listeners = [self._sockets]

    @property
    def sockets(self) -> Sockets:
        """The sockets that serve its connections."""
        return self._sockets

    def start(self) -> None:
        """Accept connections, unless it already does."""
        if not self._is_started:
            self._is_started = True
            drivers.wrap_drivers()
            self._sockets.start()

    @property
    def is_started(self) -> bool:
        """Whether clients can connect."""
        return self._is_started

    def stop(self) -> None:
        """End every connection, and stop."""
        self._sockets.stop()

    # For subclasses ------------------------------------------------------------------------------

    @abstractmethod
    def new_session(self, *, is_private: bool) -> Session:
        """Return the session of a new connection.

        Args:
            is_private: whether only this user's processes can have made it; others need the
                password of the address.

        Raises:
            ConnectionRefusedError: no server runs.
        """

    @abstractmethod
    def cancel(self, pid: int, secret: int) -> None:
        """Cancel what runs on another connection."""

    @abstractmethod
    def fail_over(self) -> None:
        """Make every connection read-only: its server is now a replica of another."""

    @abstractmethod
    def _end(self, client: ClientT) -> None:
        """End a connection, as an administrator does."""

    def _set_address(self, place: Location) -> None:
        self.host, self.port, self.database = place.host, place.port, place.database
        self.user, self.password = place.user, place.password
        self.dsn, self.socket_dsn = place.dsn, place.socket_dsn

    @property
    def _password_hint(self) -> str:
        """What a client with another password is told."""
        return (
            f"Understudy: {self.name} accepts every user with the password in {self.name}.dsn. "
            f'Where an app reads it from a variable of its own: {self.name}_env = {{DB_PASSWORD = "'
            '{password}"}.'
        )

    def _refuse_if_stopped(self) -> None:
        if self._is_refusing:
            raise ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))

    def _begin_connecting(self, client: ClientT) -> tuple[Call, Change | None]:
        """Begin the event of a new connection; return its call, and what happens instead."""
        spot, request = attribution.opening()
        call = client.call("", None, spot)
        call.method = "connect"
        client.event = self.boundary.begin("connect", call, request)
        return call, self.boundary.change_of(client.event)

    @property
    def _is_full(self) -> bool:
        """Whether a new connection would be one too many."""
        most = self.max_connections
        return len(self.clients) > most and most <= sum(
            other.is_open and other.is_admitted for other in self.clients
        )

    # Connections ---------------------------------------------------------------------------------

    def note_loop(self) -> None:
        """Record the running event loop: async functions that answer run in it."""
        running = asyncio._get_running_loop()
        if running is not None:
            self.loop = running

    def opened(self, transport: Transport, by: CallSite | None) -> None:
        """Note a new connection, and who opened it; None if its client notes that itself."""
        client = cast("ClientT", transport.session.connection)
        client.transport, client.attribution.opened_by, client.test = transport, by, self._test
        client.attribution.is_on_stack = by is not None
        if by is None:
            attribution.register(client.pid, client.attribution)
        with self.lock:
            self.clients.append(client)

    def statement_spot(self, session: Session) -> Spot | None:
        """Return the user's instruction that sent a session's statement; None if unknown."""
        noted = cast("ClientT", session.connection).noted
        return None if noted is None else noted.sent_at

    def report_internal_error(self, error: Exception) -> None:
        """Fail the test with an error inside the server."""
        shown = "".join(traceback.format_exception(error)).rstrip()
        text = f"{self.name} failed; please report it with what follows\n{shown}"
        failure = expectations.record_failure(ServerBroke(text))
        failure.__cause__ = error

    def _send(self, client: ClientT, function: Callable[[], bytes]) -> None:
        transport = client.transport
        transport.post(lambda: transport.send_output(function()))

    @property
    def open_clients(self) -> list[ClientT]:
        """The connections that are open now."""
        return self._open()

    def _open(self) -> list[ClientT]:
        with self.lock:
            return [client for client in self.clients if client.is_open]

    # Faults --------------------------------------------------------------------------------------

    def end_connections(self, wanted: Callable[[ClientT], bool] = lambda _: True) -> list[int]:
        """End connections, as an administrator does; return their numbers.

        Args:
            wanted: whether a connection is to be ended.
        """
        clients = [client for client in self._open() if wanted(client)]
        for client in clients:
            self._end(client)
        return [client.pid for client in clients]

    def renew_pools(self, wanted: Callable[[ClientT], bool] = lambda _: True) -> None:
        """End connections, and have the pools that they belong to connect again."""
        ended = self.end_connections(wanted)
        if ended:  # a server that was not started has none, and cannot settle
            self._settle()  # else a driver hears of it later than its pool looks
            pool_renewal.renew(ended)

    def refuse_connections(self, *, refused: bool) -> None:
        """Refuse new connections, as if no server ran; or accept them again."""
        self._is_refusing = refused
        for sockets in self.listeners:
            sockets.call(sockets.refuse if refused else sockets.listen)

    # Tests ---------------------------------------------------------------------------------------

    def begin_test(self) -> Script:
        """Begin a test: return its script."""
        self._test += 1
        self.boundary.begin_test()
        attribution.begin_test()
        drivers.wrap_drivers()
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
        self._await_clients()
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
        self._await_clients()
        for client in self._open():
            left.check_busy(client)

    def _settle(self) -> None:
        """Wait until the server has handled everything that clients have sent."""
        self._sockets.settle()

    def _await_clients(self) -> None:
        """Wait a moment for clients that a driver closes by itself after `close()`."""


class _BaseScript(Script):
    """The script for whatever outlives a test: it refuses statements only between tests."""

    def refuse(self, call: Call) -> Failure:
        """Record and return the failure for a statement that came without the fixture."""
        name = self.receiver.removesuffix("_server")
        text = (
            f"a statement came to {name} while no test had that fixture\n"
            f"  sql: {one_line(call.statement)}\n"
            f"  at:  {call.origin.place}\n"
            f"Let the test have `{name}`, named before the fixture that sends the statement, or "
            f"script it on `{self.receiver}`, which lives as long as the app."
        )
        return expectations.record_failure(UnexpectedStatement(text))
