"""The fixture `real_sqlite`."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Self

from understudy.fakes.scripted import Scripted
from understudy.real_sqlite.database import SqliteDatabase
from understudy.real_sqlite.rows import SqliteRows
from understudy.rows.row import Row
from understudy.script import answers, budgets, expectations
from understudy.script.calls import Transaction
from understudy.script.failures import Failure, ScriptError
from understudy.script.formatting import shown
from understudy.script.origin import caller
from understudy.script.parameter_matching import Parameters
from understudy.script.sqlite_errors import is_sqlite
from understudy.script.statement_rules import StatementRule


class SqliteRule(StatementRule):
    """A rule for statements of sqlite3, which may be answered by the database itself."""

    def real(self) -> Self:
        """Answer from the database."""
        return self._add(answers.Computed(answers.from_real_server))

    def raises(
        self, error: BaseException | type[BaseException], *, after: Iterable[Any] = ()
    ) -> Self:
        """Answer by raising an exception of sqlite3, such as `db_error("SQLITE_BUSY")`.

        Args:
            error: the exception.
            after: not possible here: sqlite3 fails before its first row.

        Raises:
            ScriptError: sqlite3 raises no such exception.
        """
        read = answers.read_error(error)
        if not is_sqlite(error) or tuple(after):
            raise ScriptError(
                f"raises({shown(error)}): sqlite3 does not raise this.\n"
                'An error of SQLite is raises(db_error("SQLITE_BUSY")), for example.'
            )
        return self._add(read)

    def filled_rows(self, *rows: Any) -> Self:
        """Refuse: SQLite does not tell which values a column may have."""
        raise ScriptError(
            "filled_rows() makes up columns by their types, which SQLite does not enforce; "
            "give all columns: .rows(...), or insert rows: real_sqlite.insert(...)"
        )

    def _drop(self, drop: answers.Drop) -> Self:
        raise ScriptError(
            "drops() loses a connection, and SQLite has none to lose: "
            'write .raises(db_error("SQLITE_IOERR"))'
        )

    def __call__(self, function: Callable[..., Any]) -> Any:
        """Answer with what a function returns; it cannot be async, as sqlite3 is not."""
        if inspect.iscoroutinefunction(function):
            raise ScriptError("a function that answers on real_sqlite cannot be async")
        return super().__call__(function)


class RealSqlite(Scripted):
    """A real SQLite database in a file, filled with the schema for each test.

    Statements that a test scripts with `on` are answered from the script; all others run.

    Attributes:
        path: its file; it stays the same for the whole run.
        dsn: its URL for SQLAlchemy, `sqlite:///...`.
        async_dsn: the same with aiosqlite, `sqlite+aiosqlite:///...`.
        uri: `file:///...`, for `sqlite3.connect(..., uri=True)`.
    """

    def __init__(self, database: SqliteDatabase, seed: str = "", locale: str | None = None) -> None:
        self._shared = database.shared
        super().__init__(database.begin_test(), strict=False)
        self._rows = SqliteRows(database.own_connection, seed, locale)
        self.path: Path = database.path
        self.dsn = database.dsn
        self.async_dsn = database.dsn.replace("sqlite:", "sqlite+aiosqlite:", 1)
        self.uri = database.uri
        self._left: list[Transaction] = []
        expectations.expect(_Left(self._left))

    def insert(self, table: str, /, **values: object) -> Row:
        """Insert a row with these values, and generate the others that it requires.

        A required parent is the row inserted last, else an existing one, else a new one.

        Returns:
            The row as the database returned it: `row["email"]` or `row.email`.

        Raises:
            understudy.rows.RowsError: the table or a column does not exist, or the row is refused.
        """
        __tracebackhide__ = True
        return self._rows.insert(table, values)

    def on(self, statement: str | re.Pattern[str], *parameters: Any) -> SqliteRule:
        """Script the answer to a statement, instead of the database's.

        Args:
            statement: literal SQL in which `...` matches anything, or a regular expression.
            *parameters: values or predicates that the parameters must match; omit them for any.
        """
        rule = SqliteRule(statement, Parameters(parameters), caller())
        with self._shared.lock:
            return self._script.add(rule)

    def at_most(self, number: int) -> AbstractContextManager[None]:
        """Fail if the code in a `with` block sends more statements: see `fake_postgres`."""
        return budgets.at_most(budgets.check_limit(number), self._shared.boundary)

    @property
    def transactions(self) -> Sequence[Transaction]:
        """Every transaction of this test, in the order in which they began."""
        return self._shared.transactions

    def end(self) -> None:
        """End the test: look for transactions that it has left open."""
        self._rows.close()
        self._left += self._shared.end_test()


class _Left:
    """The expectation that no transaction is left open."""

    def __init__(self, left: list[Transaction]) -> None:
        self._left = left

    def failure_if_unmet(self) -> Failure | None:
        """Return the failure of the first one, or None."""
        return next((found.failure_if_unmet() for found in self._left), None)
