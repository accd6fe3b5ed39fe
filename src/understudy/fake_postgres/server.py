"""The server of `fake_postgres`: its connections, its script of now, and what befalls it.

One server lives as long as the test run, at one address, since an app that is made once is told
once where its database is. Each test brings a script of its own. A connection that outlives a test
goes on with the next one's script.
"""

from __future__ import annotations

import asyncio
import errno
import itertools
import os
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from understudy.catalog import active_checker
from understudy.catalog.answer_checks import Mismatch
from understudy.catalog.description import Description
from understudy.fake_postgres import messages
from understudy.fake_postgres.script_responder import Answering
from understudy.fake_postgres.attribution import Waiter, waiter_behind
from understudy.fake_postgres.clients import Client
from understudy.fake_postgres.introspection import Housekeeping
from understudy.fake_postgres.leaks import Left
from understudy.fake_postgres.memory import MemoryLoop
from understudy.fake_postgres.protocol import refusals
from understudy.fake_postgres.protocol.connection import Connection
from understudy.fake_postgres.protocol.login import ANYBODY, Reception
from understudy.fake_postgres.protocol.responder import Responder
from understudy.fake_postgres.protocol.session import Session
from understudy.fake_postgres.read_only import written_by
from understudy.fake_postgres.scripted_rules import SentRule
from understudy.fake_postgres.sockets import Sockets
from understudy.pg.codec_registry import Values
from understudy.pg.errors import ErrorFields, ServerError
from understudy.pg.sqlstates import STATES
from understudy.pg.types import TypeFacts, Types
from understudy.script import expectations
from understudy.script.answers import Answer, Rows
from understudy.script.calls import Call, Transaction
from understudy.script.failures import Failure, ServerBroke, UnexpectedStatement
from understudy.script.origin import Spot
from understudy.script.rules import Rule
from understudy.script.script import Script

if TYPE_CHECKING:
    from understudy.catalog.run_catalog import Catalog
    from understudy.fake_postgres.transport import Line

FailureT = TypeVar("FailureT", bound=Failure)

NEWEST = 18
MOST_CONNECTIONS = 10_000  # more than any test opens; a real server's default is 100
# What changes something, and so is refused where everything is read-only.
# How the statements begin with which pools take a connection back.
_RESETS = frozenset({"RESET ", "DISCAR"})
_NO_FACTS: dict[str, TypeFacts] = {}


class Server:
    """A PostgreSQL made of Python.

    Attributes:
        script: the script of the running test; None between tests.
        base: the script of everything that outlives a test; it is asked second.
        clients: every connection that is open, or that the running test has opened.
        begun: the transactions of the running test, in order.
        max_connections: how many there may be at once.
        latency: how long each answer is under way, in seconds.
        login: what who connects has to name.
    """

    name = "fake_postgres"  # what a test calls its fixture

    def __init__(self) -> None:
        self.base = Script(f"{self.name}_server")
        self.script: Script | None = None
        self._scripts: tuple[Script, ...] = (self.base,)
        self.clients: list[Client] = []
        self.begun: list[Transaction] = []
        self.max_connections = MOST_CONNECTIONS
        self.latency, self.login = 0.0, ANYBODY
        self.loop: asyncio.AbstractEventLoop | None = None
        self.lock = threading.RLock()
        self.housekeeping = Housekeeping(self)
        self._answering = self._responder()
        self._pids = itertools.count(1)
        self._known: tuple[Mapping[str, TypeFacts], Types, Values] | None = None
        self.user = self.password = self.database = "understudy"
        self._is_refusing = self._is_started = False
        self._test = 0
        self._sockets = Sockets(self)

    # Where it is ---------------------------------------------------------------------------------

    @property
    def host(self) -> str:
        """The folder of its socket, or an address where there are no Unix sockets."""
        return self._sockets.host

    @property
    def port(self) -> int:
        """Its port, or the number in the name of its socket."""
        return self._sockets.port

    @property
    def dsn(self) -> str:
        """Its URL, for every driver."""
        user = f"{self.user}:{self.password}"
        if not self.host.startswith("/"):
            return f"postgresql://{user}@{self.host}:{self.port}/{self.database}"
        # All of it is named, so that no PGHOST or PGPORT of the environment is asked.
        host = quote(self.host)
        return f"postgresql://{user}@/{self.database}?host={host}&port={self.port}"

    def start(self) -> None:
        """Accept connections, if it does not yet."""
        if not self._is_started:
            self._is_started = True
            self._sockets.start()

    def stop(self) -> None:
        """End every connection, and go."""
        self._sockets.stop()

    # Connections ---------------------------------------------------------------------------------

    def memory(self) -> MemoryLoop:
        """Return the event loop that asyncpg is given to connect without a socket."""
        loop = self.loop = asyncio.get_running_loop()
        return MemoryLoop(loop, self)

    def note_loop(self) -> None:
        """Take note of the running event loop: async functions that answer run in it."""
        running = asyncio._get_running_loop()
        if running is not None:
            self.loop = running

    def new_session(self) -> Session:
        """Return the session of a new connection.

        Raises:
            ConnectionRefusedError: no server runs.
        """
        if self._is_refusing:
            raise ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
        client = self._client(next(self._pids), secrets.randbits(31), self.begun)
        return Session(self._answering, client, self._reception())

    rule: type[SentRule] = SentRule
    _client: type[Client] = Client

    def _responder(self) -> Responder:
        return Answering(self)

    def _reception(self) -> Reception:
        return Reception(self._version(), self.login, admit=self._admit)

    def _version(self) -> str:
        checker = active_checker.made()
        major = None if checker is None else checker.catalog.postgres
        return f"{major or NEWEST}.0"

    def _admit(self, client: Connection) -> None:
        most = self.max_connections
        if len(self.clients) > most and most <= sum(
            each.is_open and each.is_admitted for each in self.clients
        ):
            raise refusals.fatal("53300", STATES["53300"].text)
        _client(client).is_admitted = True

    def opened(self, line: Line, by: Waiter | None) -> None:
        """Take note of a new connection, and of who opened it, where that can be told."""
        client = _client(line.session.connection)
        client.line, client.opened_by, client.test = line, by, self._test
        with self.lock:
            self.clients.append(client)

    def whose(self, session: Session) -> Spot | None:
        """Return the user's instruction that waits for a session, where that can be told."""
        client = _client(session.connection)
        # Where it could not be told once it is not waited for again.
        waiter = waiter_behind(client.pid, *((0.0,) if client.is_untold else ()))
        client.is_untold = waiter is None
        return None if waiter is None else waiter.spot

    def broke(self, error: Exception) -> None:
        """Fail the test with an error of our own."""
        failure = expectations.record_failure(ServerBroke(messages.broke(error)))
        failure.__cause__ = error

    def cancel(self, pid: int, secret: int) -> None:
        """Cancel what runs on a connection, as a CancelRequest asks for; say nothing of it."""
        for client in self._open():
            if (client.pid, client.secret) == (pid, secret):
                self._tell(client, client.line.session.cancel)

    def notify(self, channel: str, payload: str, pid: int = 0) -> None:
        """Tell every connection that listens to a channel."""
        for client in self._open():
            if channel in client.channels:
                session = client.line.session
                self._tell(client, partial(session.notify, channel, payload, pid))

    def _tell(self, client: Client, function: Callable[[], bytes]) -> None:
        line = client.line
        line.post(lambda: line.carry(function()))

    def _open(self) -> list[Client]:
        with self.lock:
            return [each for each in self.clients if each.is_open]

    # What befalls it -----------------------------------------------------------------------------

    def end_connections(self) -> None:
        """End every connection, as an administrator does (57P01)."""
        for client in self._open():
            self._end(client)

    def _end(self, client: Client) -> None:
        reason = refusals.fatal("57P01", STATES["57P01"].text)
        self._tell(client, lambda: client.line.session.terminate(reason))

    def refuse_connections(self, *, refused: bool) -> None:
        """Refuse new connections, as where no server runs; or accept them again."""
        self._is_refusing = refused
        self._sockets.call(self._sockets.refuse if refused else self._sockets.listen)

    def fail_over(self) -> None:
        """Make every connection read-only: its server is now a replica of another."""
        for client in self._open():
            client.read_only = True

    def refuse_writing(self, statement: str) -> None:
        """Refuse a statement that writes, on a connection that may not.

        Raises:
            ServerError: it does.
        """
        written = written_by(statement)
        if written is not None:
            raise ServerError(ErrorFields("25006", messages.read_only(written)))

    # The script and the catalog of now -----------------------------------------------------------

    def rules_for(self, call: Call) -> Sequence[Rule]:
        """Return the rules for a call's statement, whatever its parameters."""
        with self.lock:
            return [
                rule for script in self._scripts if script.rules for rule in script.rules_for(call)
            ]

    def answer(self, call: Call) -> Answer | None:
        """Return the answer of the latest rule that fits; None where none has one left."""
        with self.lock:
            for script in self._scripts:
                if script.rules and (found := script.answer(call)) is not None:
                    return found
        return None

    def note(self, call: Call, connection: Connection) -> None:
        """Enter a call in the log."""
        client = _client(connection)
        for script in self._scripts:
            if script.rules or script is not self.base:
                script.calls.append(call)
        client.latest = call
        if client.used_by is None:
            client.used_by = call.spot

    def reset(self, connection: Connection, sql: str) -> None:
        """Take note of a statement with which a pool takes a connection back."""
        if sql[:6].upper() in _RESETS:
            _client(connection).used_by = None

    def unexpected(self, call: Call) -> Failure:
        """Enter and return the failure for a statement that no rule answers."""
        if self.script is None:
            return self.failed(UnexpectedStatement(messages.no_fixture(call)))
        return self.script.refuse(call)

    def failed(self, failure: FailureT) -> FailureT:
        """Record a failure and return it."""
        return expectations.record_failure(failure)

    def described(self, call: Call, declared: Sequence[int]) -> Description | None:
        """Return what PostgreSQL says of a statement; None where it was not asked.

        Raises:
            Failure: it refuses it, or the catalog does not know it and may not ask.
        """
        checker = active_checker.checker()
        if checker is None:
            return None
        known = (self.types.numbered(oid) for oid in declared)
        return checker.describe(call, ["" if each is None else each.name for each in known])

    def check_answer(
        self, call: Call, description: Description, outcome: Rows, unsendable: Mismatch
    ) -> bool:
        """Hold an answer against what PostgreSQL says of its statement.

        Returns:
            Whether it was looked at and fits: then all its values can be sent.

        Raises:
            AnswerImpossible: the statement could not return it.
        """
        checker = active_checker.checker()
        return checker is not None and checker.check_answer(call, description, outcome, unsendable)

    def check_error(self, call: Call, description: Description, fields: ErrorFields) -> None:
        """Hold an error against what PostgreSQL says of the statement.

        Raises:
            ErrorImpossible: the statement could not fail with it.
        """
        checker = active_checker.checker()
        if checker is not None:
            checker.check_error(call, description, fields)

    @property
    def types(self) -> Types:
        """The types of now."""
        return self._schema()[0]

    @property
    def catalog(self) -> Catalog | None:
        """What PostgreSQL says of statements; None where nobody is there to be asked."""
        checker = active_checker.checker()
        return None if checker is None else checker.catalog

    @property
    def values(self) -> Values:
        """What reads and writes values of these types."""
        return self._schema()[1]

    def same(self, oid: int, expected: Any, given: Any) -> bool:
        """Say whether a value would be sent as the one that was."""
        return self.values.same(oid, expected, given)

    def _schema(self) -> tuple[Types, Values]:
        checker = active_checker.checker()
        facts = _NO_FACTS if checker is None else checker.types
        if self._known is None or self._known[0] is not facts:
            types = Types(facts)
            self._known = facts, types, Values(types)
        return self._known[1], self._known[2]

    # Tests ---------------------------------------------------------------------------------------

    def begin_test(self) -> Script:
        """Begin a test: return its script."""
        self._test += 1
        self.script = Script(self.name)
        self._scripts = (self.script, self.base)
        return self.script

    def end_test(self, left: Left, close: Callable[[], bool]) -> None:
        """End a test, and enter in `left` what it has left behind.

        A connection in the middle of something is ended, and so is one that was forgotten; all
        others may serve the next test: they are a pool's that outlives this one.

        Args:
            left: where it is entered.
            close: closes what was made for the test; says whether there was anything.
        """
        self._settle()
        ended = [each for each in self._open() if left.in_the_middle(each)]
        if close():
            self._settle()
        ended += [
            each
            for each in self._open()
            if each not in ended and left.never_closed(each, self._test)
        ]
        for client in ended:
            self._end(client)
        with self.lock:
            self.script, self._scripts = None, (self.base,)
            self.begun = []
            self.base.calls.clear()
            self.clients = [each for each in self.clients if each.is_open]
            for client in self.clients:
                client.carry_over(self.begun)
        self.max_connections, self.latency, self.login = MOST_CONNECTIONS, 0.0, ANYBODY
        if self._is_refusing:
            self.refuse_connections(refused=False)

    def _settle(self) -> None:
        """Wait until everything that clients have done so far was seen."""
        self._sockets.settle()


def _client(connection: Connection) -> Client:
    assert isinstance(connection, Client), "every connection is made here"
    return connection
