"""The fixture `real_postgres`."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Literal, Protocol

from understudy.fake_postgres.connectors import Drivers
from understudy.fake_postgres.fixture import FakePostgres
from understudy.fake_postgres.recording import NOTHING_TO_RECORD, Recorder
from understudy.fake_postgres.server import Server
from understudy.pg.errors import ServerError
from understudy.real_postgres.mixed_rules import RealRule
from understudy.real_postgres.rollback_server import RollbackServer
from understudy.script.call_log import CallLog
from understudy.script.calls import Transaction
from understudy.script.script import Script

if TYPE_CHECKING:
    from understudy.rows.changes import Changes


class Inserter(Protocol):
    """Inserts rows for a test."""

    def insert(self, table: str, values: dict[str, object]) -> Any:
        """Insert a row and return it."""

    def read(self, sql: str) -> Sequence[tuple[str | None, ...]]:
        """Return the rows of a query, as texts."""

    def close(self) -> None:
        """Close its connection."""


class _Inserting:
    """A database into which a test can insert rows."""

    isolation: Literal["rollback", "clone"]
    _rows: Inserter | None = None

    def insert(self, table: str, /, **values: object) -> Any:
        """Insert a row with these values, and generate the others that it requires.

        A required parent is the row inserted last, else an existing one, else a new one.

        Returns:
            The row as the database returned it: `row["email"]` or `row.email`.

        Raises:
            understudy.rows.RowsError: the table or a column does not exist, or the row is refused.
        """
        __tracebackhide__ = True
        assert self._rows is not None, "the fixture provides it"
        return self._rows.insert(table, values)

    def changes(self) -> AbstractContextManager[Changes]:
        """Tell how the rows of all tables differ after a `with` block from those before it.

        It is no call of the test. Rows of an open transaction count, but not on a clone, where it
        is an error if a transaction that has written is open at the end of the block.

        Returns:
            What differs, once the block is over: `changes.inserted`, `.updated` and `.deleted`.

        Raises:
            understudy.rows.RowsError: the tables cannot be read.
        """
        from understudy.rows.changes import watch

        return watch(self._read, sees_open=self.isolation == "rollback")

    def _read(self, sql: str) -> Sequence[tuple[str | None, ...]]:
        """Return the rows of a query that is no call of the test, as texts."""
        assert self._rows is not None, "the fixture provides it"
        return self._rows.read(sql)

    def _close_rows(self) -> None:
        if self._rows is not None:
            self._rows.close()


class RealPostgres(_Inserting, FakePostgres):
    """A real PostgreSQL, in a transaction that is rolled back when the test ends.

    It has everything that `fake_postgres` has. Statements that a test scripts with `on` are
    answered from the script; all others go to the real server.

    Attributes:
        isolation: "rollback".
    """

    isolation: Literal["rollback"] = "rollback"
    _is_scripted = False  # a test asserts on the rows of the real server

    def __init__(
        self,
        server: RollbackServer,
        rows: Inserter | None = None,
        *,
        moves: bool = False,
        recorder: Recorder = NOTHING_TO_RECORD,
    ) -> None:
        self._rollback_server = server
        self._moves = moves
        super().__init__(server, recorder)
        self._rows = rows

    def end(self) -> None:
        """End the test: close its connections, report leaked ones, and roll back."""
        self._close_rows()
        super().end()

    def _read(self, sql: str) -> Sequence[tuple[str | None, ...]]:
        from understudy.rows import ChangesUnknown

        try:
            return self._rollback_server.read_beside(sql)
        except ServerError as error:
            raise ChangesUnknown(f"The rows of the tables cannot be read: {error}") from error

    def _begin(self, server: Server) -> Script:
        return self._rollback_server.begin_test(moves=self._moves)

    def _connect_to(self, server: Server) -> None:
        Drivers.__init__(self, server.dsn)

    def on(
        self,
        statement: str | re.Pattern[str],
        *parameters: Any,
        user: str | None = None,
        database: str | None = None,
        application_name: str | None = None,
    ) -> RealRule:
        """Script the answer to a statement, instead of the real server's.

        Args:
            statement: literal SQL in which `...` matches anything, or a regular expression.
            *parameters: values or predicates that the parameters must match; omit them for any.
            user: if given, only for connections of this user.
            database: if given, only for connections to this database.
            application_name: if given, only for connections that have this name.
        """
        self._pin()
        sender = {"user": user, "database": database, "application_name": application_name}
        rule = super().on(statement, *parameters, **sender)
        assert isinstance(rule, RealRule)
        return rule

    @property
    def calls(self) -> CallLog:
        """Every statement of this test, oldest first."""
        self._pin()
        return super().calls

    def at_most(self, number: int) -> AbstractContextManager[None]:
        """Fail if the code in a `with` block sends more statements: see `fake_postgres`."""
        self._pin()
        return super().at_most(number)

    @property
    def transactions(self) -> Sequence[Transaction]:
        """Every transaction of this test, in the order in which they began."""
        self._pin()
        return super().transactions

    def _pin(self) -> None:
        """Stay isolated by rollback: a clone has no script and no log of calls."""
        self._rollback_server.scheduler.limits.moves = False

    @property
    def patience(self) -> float:
        """Seconds that a statement waits for another connection's transaction to end."""
        return self._rollback_server.scheduler.patience

    @patience.setter
    def patience(self, seconds: float) -> None:
        self._rollback_server.scheduler.patience = seconds

    def allow(self, sender: asyncio.Task[Any] | threading.Thread) -> None:
        """Allow a task or thread that outlives this test to send statements in later tests."""
        self._rollback_server.leaked.allow(sender)


class ClonedPostgres(_Inserting, Drivers):
    """A database of its own on a real PostgreSQL, for one test.

    Every connection to the address of the server gets a connection of its own to the database.

    Attributes:
        dsn: its URL, for every driver; it stays the same for the whole run.
        host, port, user, password, database: the parts of the URL.
        socket_dsn: its URL on a private Unix socket; on a system without, the same as `dsn`.
        isolation: "clone".
        asyncpg, psycopg, psqlpy, sqlalchemy: create connections and pools of each driver.
    """

    isolation: Literal["clone"] = "clone"

    def __init__(self, server: RollbackServer, dsn: str, rows: Inserter | None = None) -> None:
        super().__init__(server.dsn)
        self.dsn, self.socket_dsn = server.dsn, server.socket_dsn
        self.host, self.port = server.host, server.port
        self.user, self.password, self.database = server.user, server.password, server.database
        self._server = server
        self._rows = rows
        server.begin_clone(dsn)

    def __getattr__(self, name: str) -> Any:
        if not hasattr(RealPostgres, name):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        raise AttributeError(
            f"real_postgres.{name} needs isolation by rollback: a clone has no script and no log"
            ' of calls. Mark the test @pytest.mark.understudy(isolation="rollback").'
        )

    def end(self) -> None:
        """Close the connections and pools that the test created here, and end all others."""
        self._close_rows()
        self._close_all()
        self._server.end_clone()
