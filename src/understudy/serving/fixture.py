"""What the fixtures of all servers offer a test: rules, calls, faults, leak checks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Generic, TypeVar

from understudy.script import budgets, expectations
from understudy.script.call_log import CallLog
from understudy.script.calls import Transaction
from understudy.script.failures import Failure
from understudy.script.script import Script
from understudy.script.statement_rules import StatementRule
from understudy.serving.clients import Client
from understudy.serving.closers import Closers
from understudy.serving.leaks import LeakReport
from understudy.serving.login import Login
from understudy.serving.server import Server

ServerT = TypeVar("ServerT", bound=Server[Any])
RuleT = TypeVar("RuleT", bound=StatementRule)


class ServerAddress(Generic[ServerT]):
    """The address of a server, and a script for it.

    Attributes:
        dsn: its URL, for every driver; it stays the same for the whole run.
        host, port, user, password, database: the parts of the URL. The password is checked.
        socket_dsn: the URL of its private Unix socket; on systems without, the same as `dsn`.
    """

    def __init__(self, server: ServerT, script: Script) -> None:
        self._server = server
        self._script = script
        self.user = server.user
        self.password = server.password
        self.database = server.database
        self.host = server.host
        self.port = server.port
        self.dsn = server.dsn
        self.socket_dsn = server.socket_dsn

    def _add(self, rule: RuleT) -> RuleT:
        """Add a rule to the script."""
        self._server.note_loop()
        with self._server.lock:
            return self._script.add(rule)


class ServerFixture(ServerAddress[ServerT]):
    """A server of this process that a test scripts.

    Args:
        server: the server.
        closers: close what the fixture has opened for the test.
    """

    # Every answer comes from the script, so a test that looks at no call checks nothing.
    _is_scripted = True

    def __init__(self, server: ServerT, closers: Closers) -> None:
        super().__init__(server, self._begin(server))
        self._closers = closers
        if self._is_scripted:
            expectations.register(self._script)
        self._left = LeakReport(server.database_kind)
        closers.before_loop_closes = lambda: server.note_busy(self._left)
        for failure_if_unmet in (self._left.transactions, self._left.connections):
            expectations.expect(_Unmet(failure_if_unmet))

    def _begin(self, server: ServerT) -> Script:
        return server.begin_test()

    # Calls ---------------------------------------------------------------------------------------

    @property
    def calls(self) -> CallLog:
        """Every statement of this test, oldest first."""
        self._script.calls.was_read = True
        return self._script.calls

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

    # Faults --------------------------------------------------------------------------------------

    @property
    def max_connections(self) -> int:
        """The limit of simultaneous connections; one more is refused."""
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
        self, *, user: str | None = None, password: str | None = None, database: str | None = None
    ) -> None:
        """Reject new connections with any other user, password or database.

        Passwords are checked as the database does. What is None is not checked.
        """
        self._server.login = Login(user, password, database)

    def stop(self) -> None:
        """Shut the server down: end its connections and refuse new ones."""
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
        """Simulate a failover: current connections become read-only."""
        self._server.fail_over()

    # For the fixture -----------------------------------------------------------------------------

    def end(self) -> None:
        """End the test: close what the fixture made, and look for leaks."""
        self._server.end_test(self._left, self._closers.close_all)


class _Unmet:
    """A leak check, in the form of an expectation."""

    def __init__(self, failure_if_unmet: Callable[[], Failure | None]) -> None:
        self.failure_if_unmet = failure_if_unmet
