"""`real_postgres`, as a test has it."""

from __future__ import annotations

import asyncio
import re
import threading
from typing import Any, Literal, Protocol

from understudy.fake_postgres.connectors import Drivers, close_all
from understudy.fake_postgres.fixture import FakePostgres
from understudy.real_postgres.mixed_rules import RealRule
from understudy.real_postgres.rollback_server import SandboxServer


class Inserter(Protocol):
    """What inserts rows for a test."""

    def insert(self, table: str, values: dict[str, object]) -> Any:
        """Insert a row, and return it."""

    def close(self) -> None:
        """Close its connection."""


class _Inserting:
    """A database that takes rows for a test."""

    _rows: Inserter | None = None

    def insert(self, table: str, /, **values: object) -> Any:
        """Insert a row with these values, and make up what else it cannot do without.

        A parent is the row that was inserted last, else one that is there, else a new one. Returns
        the row as the database has it: `row["email"]` or `row.email`.

        Raises:
            understudy.rows.RowsError: there is no such table or column, or no such row.
        """
        __tracebackhide__ = True
        assert self._rows is not None, "the fixture gives it"
        return self._rows.insert(table, values)

    def _close_rows(self) -> None:
        if self._rows is not None:
            self._rows.close()


class RealPostgres(_Inserting, FakePostgres):
    """A real PostgreSQL, in a transaction that is rolled back when the test ends.

    All that `fake_postgres` has is here too. What a test scripts with `on` is answered from the
    script; all other statements go to the real server.

    Attributes:
        isolation: "rollback".
    """

    isolation: Literal["rollback"] = "rollback"
    _is_scripted = False  # what the real server did with a statement is looked at in its rows

    def __init__(self, server: SandboxServer, rows: Inserter | None = None) -> None:
        self._sandbox = server
        super().__init__(server)
        self._rows = rows

    def end(self) -> None:
        """End the test: close what it made through us, see what else is open, and undo it all."""
        self._close_rows()
        super().end()

    def _drivers(self) -> Drivers:
        return Drivers(self.dsn)

    def on(self, statement: str | re.Pattern[str], *parameters: Any) -> RealRule:
        """Script what a statement is answered with, instead of by the real server.

        Args:
            statement: literal SQL in which `...` stands for anything, or a regular expression.
            parameters: values or predicates, compared with what PostgreSQL gets; none means any.
        """
        rule = super().on(statement, *parameters)
        assert isinstance(rule, RealRule)
        return rule

    @property
    def patience(self) -> float:
        """How many seconds a statement waits for another connection's transaction to end."""
        return self._sandbox.turns.patience

    @patience.setter
    def patience(self, seconds: float) -> None:
        self._sandbox.turns.patience = seconds

    def allow(self, it: asyncio.Task[Any] | threading.Thread) -> None:
        """Let a task or a thread that outlives this test send statements in later ones."""
        self._sandbox.leaked.allow(it)


class ClonedPostgres(_Inserting):
    """A database of its own on a real PostgreSQL, for one test.

    Attributes:
        dsn: its URL, for every driver.
        isolation: "clone".
        asyncpg, psycopg, psqlpy, sqlalchemy: make connections and pools of each.
    """

    isolation: Literal["clone"] = "clone"

    def __init__(self, dsn: str, rows: Inserter | None = None) -> None:
        self.dsn = dsn
        self._rows = rows
        drivers = Drivers(dsn)
        self._closers = drivers.closers
        self.asyncpg = drivers.asyncpg
        self.psycopg = drivers.psycopg
        self.psqlpy = drivers.psqlpy
        self.sqlalchemy = drivers.sqlalchemy

    def end(self) -> None:
        """Close what was made here."""
        self._close_rows()
        close_all(self._closers)
