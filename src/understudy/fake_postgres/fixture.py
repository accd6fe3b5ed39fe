"""The value of the fixture `fake_postgres`."""

from __future__ import annotations

import re
import sys
from typing import Any

from understudy.fake_postgres.connectors import Drivers
from understudy.fake_postgres.recording import NOT_ASKED, Recorder, Recording
from understudy.fake_postgres.scripted_rules import ServerParameters
from understudy.fake_postgres.server import Server
from understudy.script.origin import caller
from understudy.script.statement_rules import StatementRule
from understudy.serving.fixture import ServerAddress, ServerFixture


class Address(ServerAddress[Server]):
    """The address of a server, and a script for it: see the base class."""

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
        sender = {"user": user, "database": database, "application_name": application_name}
        rule = self._server.rule(statement, ServerParameters(parameters), caller(), sender)
        return self._add(rule)


class FakePostgres(ServerFixture[Server], Address, Drivers):
    """A PostgreSQL made of Python: real drivers connect to it, and a script answers.

    Attributes:
        asyncpg, psycopg, psqlpy, sqlalchemy: make connections and pools of each.
    """

    def __init__(self, server: Server, recorder: Recorder = NOT_ASKED) -> None:
        self._recorder = recorder
        self._connect_to(server)
        super().__init__(server, self._closers)

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

    def notify(self, channel: str, payload: str = "") -> None:
        """Send a notification to every connection that listens to a channel."""
        self._server.notify(channel, payload)
