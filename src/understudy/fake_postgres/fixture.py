"""The value of the fixture `fake_postgres`."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from understudy.fake_postgres.clients import Client
from understudy.fake_postgres.connectors import Drivers
from understudy.fake_postgres.protocol.login import Login
from understudy.fake_postgres.recording import NOT_ASKED, Recorder, Recording
from understudy.fake_postgres.scripted_rules import ServerParameters
from understudy.fake_postgres.server import Server
from understudy.script import budgets, expectations
from understudy.script.call_log import CallLog
from understudy.script.calls import Transaction
from understudy.script.failures import Failure
from understudy.script.origin import caller
from understudy.script.rules import StatementRule
from understudy.script.script import Script
from understudy.serving.leaks import LeakReport


class Address:
    """The address of a server, and a script for it.

    Attributes:
        dsn: its URL, for every driver; it stays the same for the whole run.
        host, port, user, password, database: the parts of the URL. The password is checked.
        socket_dsn: the URL of its private Unix socket; on systems without, the same as `dsn`.
    """

    def __init__(self, server: Server, script: Script) -> None:
        self._server = server
        self._script = script
        self.user = server.user
        self.password = server.password
        self.database = server.database
        self.host = server.host
        self.port = server.port
        self.dsn = server.dsn
        self.socket_dsn = server.socket_dsn

    def on(
        self,
        statement: str | re.Pattern[str],
        *parameters: Any,
        user: str | None = None,
        database: str | None = None,
        application_name: str | None = None,
    ) -> StatementRule:
        """Script the answer to a statement.

        Args:
            statement: literal SQL in which `...` stands for anything, or a regular expression.
            *parameters: values or predicates, compared with what PostgreSQL gets; none means any.
            user: if given, only for connections of this user.
            database: if given, only for connections to this database.
            application_name: if given, only for connections that have this name.
        """
        self._server.note_loop()
        sender = {"user": user, "database": database, "application_name": application_name}
        rule = self._server.rule(statement, ServerParameters(parameters), caller(), sender)
        with self._server.lock:
            return self._script.add(rule)


class FakePostgres(Address, Drivers):
    """A PostgreSQL made of Python: real drivers connect to it, and a script answers.

    Attributes:
        asyncpg, psycopg, psqlpy, sqlalchemy: make connections and pools of each.
    """

    # Every answer comes from the script, so a test that looks at no call checks nothing.
    _is_scripted = True

    def __init__(self, server: Server, recorder: Recorder = NOT_ASKED) -> None:
        Address.__init__(self, server, self._begin(server))
        self._recorder = recorder
        self._connect_to(server)
        if self._is_scripted:
            expectations.register(self._script)
        self._left = LeakReport()
        self._closers.before_loop_closes = lambda: server.note_busy(self._left)
        for failure_if_unmet in (self._left.transactions, self._left.connections):
            expectations.expect(_Unmet(failure_if_unmet))

    def _begin(self, server: Server) -> Script:
        return server.begin_test()

    def _connect_to(self, server: Server) -> None:
        Drivers.__init__(self, server.dsn, server)

    def record(self) -> Recording:
        """Stand in the place of a script: `pytest --understudy-record` writes it here.

        Returns:
            What puts rows into the database from which the script is recorded.

        Raises:
            NotRecorded: the run does not record.
        """
        __tracebackhide__ = True
        return self._recorder.begin(sys._getframe(1))

    # Calls ---------------------------------------------------------------------------------------

    @property
    def calls(self) -> CallLog:
        """Every statement of this test, oldest first."""
        self._script.calls.was_read = True
        return self._script.calls

    def assert_called(
        self,
        statement: Any,
        *parameters: Any,
        times: int | None = None,
        user: str | None = None,
        database: str | None = None,
        application_name: str | None = None,
    ) -> None:
        """Assert that a statement was executed, with these parameters if any are given.

        Args:
            statement: as for `on`.
            *parameters: as for `on`.
            times: exactly how often (0: never); by default at least once.
            user: as for `on`.
            database: as for `on`.
            application_name: as for `on`.

        Raises:
            CallNotFound: no call matches; it lists the calls and how the nearest differs.
        """
        sender = {"user": user, "database": database, "application_name": application_name}
        rule = StatementRule(statement, ServerParameters(parameters), caller(), sender)
        self.calls.assert_matching(rule, times)

    def at_most(self, number: int) -> AbstractContextManager[None]:
        """Fail if the code in a `with` block sends more statements.

        BEGIN, COMMIT and savepoints are not counted, nor what drivers send on their own.

        Args:
            number: how many statements may be sent.

        Raises:
            TooManyStatements: more were sent; it lists them by their text and the line of code.
            ScriptError: `number` is no whole number from 0.
        """
        return budgets.at_most(budgets.check_limit(number), self._server.boundary)

    @property
    def transactions(self) -> Sequence[Transaction]:
        """Every transaction of this test, in the order in which they began."""
        self._script.calls.was_read = True  # a transaction leads to its calls
        return self._server.begun

    @property
    def connections(self) -> Sequence[Client]:
        """Every connection that is open, or that was opened in this test."""
        return self._server.clients

    def notify(self, channel: str, payload: str = "") -> None:
        """Send a notification to every connection that listens to a channel."""
        self._server.notify(channel, payload)

    # Faults --------------------------------------------------------------------------------------

    @property
    def max_connections(self) -> int:
        """The limit of simultaneous connections; one more is refused (53300)."""
        return self._server.max_connections

    @max_connections.setter
    def max_connections(self, number: int) -> None:
        self._server.max_connections = number

    @property
    def latency(self) -> float:
        """The delay of every response, in seconds."""
        return self._server.latency

    @latency.setter
    def latency(self, seconds: float) -> None:
        self._server.latency = seconds

    def require_login(
        self,
        *,
        user: str | None = None,
        password: str | None = None,
        database: str | None = None,
    ) -> None:
        """Reject new connections with any other user, password or database.

        Passwords are checked with SCRAM, as in PostgreSQL. What is None is not checked.
        """
        self._server.login = Login(user, password, database)

    def stop(self) -> None:
        """Shut the server down: end its connections (57P01) and refuse new ones."""
        self._server.refuse_connections(refused=True)
        self._server.end_connections()

    def start(self) -> None:
        """Accept connections again."""
        self._server.refuse_connections(refused=False)

    def restart(self) -> None:
        """Restart the server: its clients have to reconnect."""
        self.stop()
        self.start()

    def fail_over(self) -> None:
        """Simulate a failover: current connections become read-only (25006)."""
        self._server.fail_over()

    # For the fixture -----------------------------------------------------------------------------

    def end(self) -> None:
        """End the test: close what the fixture made, and look for leaks."""
        self._server.end_test(self._left, self._close_all)


class _Unmet:
    """A leak check, in the form of an expectation."""

    def __init__(self, failure_if_unmet: Callable[[], Failure | None]) -> None:
        self.failure_if_unmet = failure_if_unmet
