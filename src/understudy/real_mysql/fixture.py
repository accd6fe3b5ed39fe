"""The value of the fixture `real_mysql`."""

from __future__ import annotations

import re
from typing import Any

from understudy.fake_mysql.fixture import FakeMysql
from understudy.fake_mysql.server import Server
from understudy.real_mysql.isolation import Isolation
from understudy.real_mysql.mixed_rules import RealRule
from understudy.real_mysql.rollback import PATIENCE
from understudy.real_mysql.rows import MysqlRows
from understudy.real_mysql.server import RealMysqlServer
from understudy.rows.row import Row
from understudy.script.script import Script


class RealMysql(FakeMysql):
    """A real MariaDB or MySQL, which is put back when the test ends.

    It has everything that `fake_mysql` has. Statements that a test scripts with `on` are answered
    from the script; all others go to the real server.

    Attributes:
        isolation: "rollback": the test runs in one transaction, which is rolled back; "delete": it
            commits for real, and the tables that it wrote are put back; "clone": it has a database
            of its own.
    """

    _is_scripted = False  # a test asserts on the rows of the real server

    def __init__(
        self,
        server: RealMysqlServer,
        seed: str = "",
        locale: str | None = None,
        isolation: Isolation = "rollback",
    ) -> None:
        self.isolation = isolation
        super().__init__(server)
        self._rows = MysqlRows(server.connect_inserter, server.real.note_tables, seed, locale)
        self._shared = server.real.shared

    def _begin(self, server: Server) -> Script:
        assert isinstance(server, RealMysqlServer)
        return server.begin_test(self.isolation)

    @property
    def patience(self) -> float:
        """Seconds that a statement waits for another connection's transaction to end.

        Only isolation by rollback has it wait.
        """
        return self._shared.patience

    @patience.setter
    def patience(self, seconds: float) -> None:
        self._shared.patience = seconds

    def insert(self, table: str, /, **values: object) -> Row:
        """Insert a row with these values, and generate the others that it requires.

        Every connection of the test sees it. A required parent is the row inserted last, else an
        existing one, else a new one.

        Returns:
            The row as the database returned it: `row["email"]` or `row.email`.

        Raises:
            understudy.rows.RowsError: the table or a column does not exist, or the row is refused.
        """
        __tracebackhide__ = True
        return self._rows.insert(table, values)

    def on(
        self,
        statement: str | re.Pattern[str],
        *parameters: Any,
        user: str | None = None,
        database: str | None = None,
    ) -> RealRule:
        """Script the answer to a statement, instead of the real server's.

        Args:
            statement: literal SQL in which `...` stands for anything, or a regular expression.
                `%s`, `?` and `%(name)s` stand for one value each, also where the driver has pasted
                it into the text.
            *parameters: values or predicates, compared with those values; none means any.
            user: if given, only for connections of this user.
            database: if given, only for connections to this database.
        """
        rule = super().on(statement, *parameters, user=user, database=database)
        assert isinstance(rule, RealRule)
        return rule

    def end(self) -> None:
        """End the test: close its connections, report leaked ones, and put the tables back."""
        self._rows.close()
        super().end()
        self._shared.patience = PATIENCE
