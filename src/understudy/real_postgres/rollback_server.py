"""The server of `real_postgres`: a real PostgreSQL behind it, and one transaction for each test."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

from understudy.fake_postgres.leaks import Left
from understudy.fake_postgres.protocol.login import Reception
from understudy.fake_postgres.schema import BuiltInTypes, Schema
from understudy.fake_postgres.server import Server
from understudy.real_postgres import report
from understudy.real_postgres.client_state import Guest
from understudy.real_postgres.failures import StrangerRefused
from understudy.real_postgres.forwarding import ForwardingResponder
from understudy.real_postgres.leaked_tasks import LeakedTasks
from understudy.real_postgres.mixed_rules import RealRule
from understudy.real_postgres.scheduler import Turns
from understudy.script import call_counts, expectations
from understudy.script.script import Script


class SandboxServer(Server):
    """A server whose statements run in a transaction of a real one, which is rolled back.

    Args:
        database: makes a new database with the schema in it, and returns its URL.

    Attributes:
        turns: the transaction.
        leaked: what earlier tests have left running.
    """

    name = "real_postgres"
    _tally = call_counts.REAL
    _client = Guest
    rule = RealRule

    def __init__(self, database: Callable[[], str]) -> None:
        super().__init__()
        self.leaked = LeakedTasks()
        self._database = database
        self._reported: dict[str, str] = {}
        self._undoing: Future[None] | None = None

    def _make_schema(self) -> Schema:
        return BuiltInTypes()

    def _make_responder(self) -> ForwardingResponder:
        self.turns = Turns(lambda: self._sockets, expectations.record_failure)
        self._forwarding = ForwardingResponder(
            self.engine, self.lock, self.schema, self.notify, self.turns, self.check_owner
        )
        return self._forwarding

    def _reception(self) -> Reception:
        settings = dict(self._reported)
        version = settings.pop("server_version").partition(" ")[0]
        login = self.login._replace(database=self.login.database or self.database)
        return Reception(version, login, settings, self._admit, self._forwarding)

    def start(self) -> None:
        """Accept connections, and connect to a database of the real server.

        Raises:
            PostgresError: there is none to be had.
        """
        super().start()
        if not self.turns.is_open:
            self._connect()

    def _connect(self) -> None:
        self._sockets.call(self.turns.close)
        self._reported = self.turns.open(self._database())

    def stop(self) -> None:
        """End every connection, and leave the real server."""
        if self._is_started:
            self.wait_until_undone()
            self._sockets.call(self.turns.close)
        super().stop()

    def check_owner(self, sql: str, guest: Guest) -> None:
        """Refuse a statement of what an earlier test has left running.

        Raises:
            StrangerRefused: it is one.
        """
        who = self.leaked.sender_of(guest)
        if who is not None:
            raise expectations.record_failure(StrangerRefused(report.stranger(sql, who)))

    def begin_test(self) -> Script:
        """Begin a test: return its script. What ran since the last one is undone."""
        self.wait_until_undone()
        if not self.turns.is_open or self.turns.is_spoilt:
            self._connect()
        elif self.turns.is_used:
            self._sockets.call(self.turns.roll_back)
        self.leaked.begin()
        return super().begin_test()

    def end_test(self, left: Left, close: Callable[[], bool]) -> None:
        """End a test: enter in `left` what it has left behind, and have all that it did undone.

        That goes on while pytest turns to the next test, which waits for it.
        """
        super().end_test(left, close)
        self.leaked.end()
        self._undoing = self._sockets.begin(self.turns.roll_back)

    def _settle(self) -> None:
        self._sockets.settle(self.turns.finish_commit)

    def wait_until_undone(self) -> None:
        """Return when nothing is left of the last test."""
        undoing, self._undoing = self._undoing, None
        if undoing is not None:
            undoing.result()
