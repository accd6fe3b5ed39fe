"""The server of `real_postgres`: one transaction of a real PostgreSQL for each test."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from understudy.fake_postgres.current_schema import BuiltInTypes, Schema
from understudy.fake_postgres.protocol.connection import Connection
from understudy.fake_postgres.protocol.login import ServerOptions
from understudy.fake_postgres.server import Server
from understudy.real_postgres import failures
from understudy.real_postgres.client_state import RollbackClient, rollback_client
from understudy.real_postgres.forwarding import ForwardingResponder
from understudy.real_postgres.leaked_tasks import LeakedTasks
from understudy.real_postgres.mixed_rules import RealRule
from understudy.real_postgres.observation import Observer
from understudy.real_postgres.observed_tunnel import CloneFacts, ObservedTunnel
from understudy.real_postgres.scheduler import PATIENCE, TransactionScheduler
from understudy.real_postgres.tunnel import Tunnel
from understudy.script import call_counts
from understudy.script.script import Script
from understudy.serving import pool_renewal
from understudy.serving.leaks import LeakReport
from understudy.serving.login import Login
from understudy.serving.waits import Pending

# Seconds that a statement waits for another connection if its test can be run again on a clone.
MOVING_PATIENCE = 1.0

# Seconds of a first run after which a reason that is only possible is enough to end it.
MOVING_TIME = 10.0
_INTERVAL = 0.5  # seconds between two attempts to interrupt one
_INTERVAL_OF_READS = 0.002  # seconds, while a statement runs


class RollbackServer(Server):
    """A server that runs statements in a transaction of a real one, which is rolled back.

    Args:
        database: creates a database with the schema and returns its URL.
        user: the role with which that URL logs in.
        password: the password in its address; None makes one.

    Attributes:
        scheduler: the transaction.
        leaked: the tasks and threads that earlier tests have left running.
        interrupt: interrupts the test, given how often that has been done before.
        is_debugged: returns whether somebody looks at the test in a debugger.
        aliases: other names of users, for clients that have the address of another server.
    """

    interrupt: Callable[[int], None] = staticmethod(lambda attempt: None)
    is_debugged: Callable[[], bool] = staticmethod(lambda: False)
    name = "real_postgres"
    _tally = call_counts.REAL
    _client = RollbackClient
    rule = RealRule

    def __init__(
        self, database: Callable[[], str], user: str = "postgres", password: str | None = None
    ) -> None:
        super().__init__(user, password)
        self._database = database
        self._reported: dict[str, str] = {}
        self._rollback: Future[None] | None = None
        self._clone: str | None = None
        self._interrupted: list[int] = []  # the connections that were ended in a first run
        self.aliases: dict[str, str] = {}

    def _make_schema(self) -> Schema:
        return BuiltInTypes()

    def _make_responder(self) -> ForwardingResponder:
        self.leaked = LeakedTasks()
        self.scheduler = TransactionScheduler(lambda: self._sockets)
        self.scheduler.limits.on_over = lambda: self._interrupt(self._test, 0)
        self._forwarding = ForwardingResponder(
            self.engine,
            self.lock,
            self.schema,
            self.notify,
            self.scheduler,
            self.leaked,
            self._connect_to_clone,
            self.boundary,
        )
        return self._forwarding

    def observe(self, observer: Observer | None) -> Observer | None:
        """Have an observer decide what is asked beside the statements; None asks nothing.

        Returns:
            The observer before.
        """
        before, self._forwarding.observer = self._forwarding.observer, observer
        return before

    def _server_options(self, login: Login) -> ServerOptions:
        settings = dict(self._reported)
        version = settings.pop("server_version").partition(" ")[0]
        login = login._replace(database=login.database or self.database)
        return ServerOptions(version, login, settings, self._admit, self._forwarding)

    def _admit(self, connection: Connection) -> Pending | None:
        connection.user = self.aliases.get(connection.user, connection.user)
        return super()._admit(connection)

    def start(self) -> None:
        """Accept connections, and connect to a database of the real server.

        Raises:
            PostgresError: no database can be created.
        """
        super().start()
        if not self.scheduler.is_open:
            self._connect()

    def _connect(self) -> None:
        self._sockets.call(self.scheduler.close)
        self._reported = self.scheduler.open(self._database())

    def stop(self) -> None:
        """Close every connection, and the connection to the real server."""
        if self._is_started:
            self.wait_for_rollback()
            self._sockets.call(self.scheduler.close)
        super().stop()

    def begin_test(self, *, moves: bool = False) -> Script:
        """Begin a test and return its script. Statements since the last test are rolled back.

        Args:
            moves: whether the test is run again on a clone when this isolation is not enough.
        """
        self.wait_for_rollback()
        self.scheduler.limits.begin(moves=moves)
        self.scheduler.patience = MOVING_PATIENCE if moves else PATIENCE
        if not self.scheduler.is_open or self.scheduler.needs_replacement:
            self._connect()
        elif self.scheduler.is_used:
            self._sockets.call(self.scheduler.roll_back)
        self.leaked.begin()
        script = super().begin_test()
        if moves:
            self._begin_first_run()
        return script

    def end_test(self, left: LeakReport, close: Callable[[], bool]) -> None:
        """End a test: report its leaks to `left`, and start the rollback.

        The rollback runs while pytest prepares the next test, which waits for it.
        """
        super().end_test(left, close)
        self.leaked.end()
        self._rollback = self._sockets.begin(self.scheduler.roll_back)

    def read_beside(self, sql: str) -> Sequence[tuple[str | None, ...]]:
        """Return what a query finds in the transaction of the test, open ones of clients included.

        It is no call of the test. It waits for a statement that runs.

        Raises:
            ServerError: the query failed, or the server is gone.
        """
        self.wait_for_rollback()
        found: list[Sequence[tuple[str | None, ...]] | None] = [None]
        while found[-1] is None:
            self._sockets.settle(lambda: found.append(self.scheduler.read_beside(sql)))
            if found[-1] is None:
                time.sleep(_INTERVAL_OF_READS)
        return found[-1]

    def _settle(self) -> None:
        self._sockets.settle(self.scheduler.finish_commit)

    # First runs ----------------------------------------------------------------------------------

    def _begin_first_run(self) -> None:
        test = self._test
        self._sockets.begin(
            lambda: self._sockets.later(MOVING_TIME, lambda: self._end_long_run(test))
        )

    def _end_long_run(self, test: int) -> None:
        """End a first run that may never end, because time or other transactions stand still."""
        limits = self.scheduler.limits
        is_running = test == self._test and limits.moves and not limits.is_over
        if is_running and limits.reasons(has_failed=True) and not self.is_debugged():
            limits.give_up()

    def _interrupt(self, test: int, attempt: int) -> None:
        """Interrupt a first run that is over, until it ends: it may wait for what does not come."""
        limits = self.scheduler.limits
        if test != self._test or not (limits.is_over and limits.moves):
            return
        if attempt:
            own = [client for client in self._open() if client.test == test]
            for client in own:
                self._end(client)
            self._interrupted += [client.pid for client in own]
        self.interrupt(attempt)
        self._sockets.later(_INTERVAL, lambda: self._interrupt(test, attempt + 1))

    # Clones --------------------------------------------------------------------------------------

    def begin_clone(self, dsn: str) -> None:
        """Connect every client from now on to a database of its own, instead of the shared one.

        Args:
            dsn: the URL of the database.
        """
        self.wait_for_rollback()
        self._clone = dsn
        self._clone_facts = CloneFacts(self.scheduler.facts.reads)
        self.scheduler.limits.begin(moves=False)
        self.scheduler.limits.has_clone = True
        older = [client for client in self._open() if pool_renewal.is_renewed(client)]
        for client in older:
            self._end(client)
        pool_renewal.renew([*self._interrupted, *(client.pid for client in older)])
        self._interrupted.clear()

    def end_clone(self) -> None:
        """End the connections to the clone."""
        self._clone = None
        self.scheduler.limits.has_clone = False
        ended = [client for client in self._open() if rollback_client(client).tunnel is not None]
        for client in ended:
            self._end(client, failures.CLONE_GONE)
        pool_renewal.renew(client.pid for client in ended)

    def _connect_to_clone(self, client: RollbackClient) -> None:
        if self._clone is not None:
            user = None if client.user == self.user else client.user
            observer = self._forwarding.observer
            if observer is None:
                client.tunnel = Tunnel(self._clone, client, self._sockets, user)
            else:
                place = self._clone, client, self._sockets, user
                client.tunnel = ObservedTunnel(*place, observer, self._clone_facts)
            client.transport.tunnel = client.tunnel

    def cancel(self, pid: int, secret: int) -> None:
        """Cancel what runs on a connection, for a CancelRequest, which gets no answer."""
        for client in self._open():
            if (client.pid, client.secret) == (pid, secret):
                tunnel = rollback_client(client).tunnel
                if tunnel is not None:
                    tunnel.cancel()
        super().cancel(pid, secret)

    def wait_for_rollback(self) -> None:
        """Wait until the last test is rolled back."""
        rollback, self._rollback = self._rollback, None
        if rollback is not None:
            rollback.result()
