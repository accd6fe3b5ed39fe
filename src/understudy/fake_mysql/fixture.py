"""The value of the fixture `fake_mysql`."""

from __future__ import annotations

import re
from typing import Any

from understudy.fake_mysql.connectors import Drivers
from understudy.fake_mysql.scripted_rules import ServerRule
from understudy.fake_mysql.server import Server
from understudy.script.mysql_parameters import MysqlParameters
from understudy.script.origin import caller
from understudy.serving.fixture import ServerAddress, ServerFixture


class Address(ServerAddress[Server]):
    """The address of a server, and a script for it: see the base class."""

    def on(
        self,
        statement: str | re.Pattern[str],
        *parameters: Any,
        user: str | None = None,
        database: str | None = None,
    ) -> ServerRule:
        """Script the answer to a statement.

        Args:
            statement: literal SQL in which `...` stands for anything, or a regular expression.
                `%s`, `?` and `%(name)s` stand for one value each, also where the driver has pasted
                it into the text.
            *parameters: values or predicates, compared with those values; none means any.
            user: if given, only for connections of this user.
            database: if given, only for connections to this database.
        """
        sender = {"user": user, "database": database}
        rule = self._server.rule(statement, MysqlParameters(parameters), caller(), sender)
        return self._add(rule)


class FakeMysql(ServerFixture[Server], Address, Drivers):
    """A MySQL made of Python: real drivers connect to it, and a script answers.

    Attributes:
        aiomysql, asyncmy, pymysql, sqlalchemy: make connections and pools of each.
    """

    def __init__(self, server: Server) -> None:
        self._connect_to(server)
        super().__init__(server, self._closers)

    def _connect_to(self, server: Server) -> None:
        Drivers.__init__(self, server)

    def assert_called(
        self,
        statement: Any,
        *parameters: Any,
        times: int | None = None,
        user: str | None = None,
        database: str | None = None,
    ) -> None:
        """Assert that a statement was executed, with these parameters if any are given.

        Args:
            statement: as for `on`.
            *parameters: as for `on`.
            times: exactly how often (0: never); by default at least once.
            user: as for `on`.
            database: as for `on`.

        Raises:
            CallNotFound: no call matches; it lists the calls and how the nearest differs.
        """
        sender = {"user": user, "database": database}
        rule = ServerRule(statement, MysqlParameters(parameters), caller(), sender)
        self.calls.assert_matching(rule, times)
