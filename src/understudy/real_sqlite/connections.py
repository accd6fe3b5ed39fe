"""Connections and cursors of sqlite3 that tell their session of each statement.

They stand between the classes of the app, if it passes a factory, and those of sqlite3: what the
app overrides calls what is here.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Self

from understudy.real_sqlite.session import Session
from understudy.script.failures import NotSupported

if TYPE_CHECKING:
    from understudy.real_sqlite.database import SqliteDatabase


class ObservedConnection(sqlite3.Connection):
    """A connection to the database of the test.

    Attributes:
        database: the database of the test.
        session: what it does.
        hang_ends: set when a statement that hangs is interrupted.
    """

    database: SqliteDatabase

    def __init__(self, *args: Any, **options: Any) -> None:
        self.hang_ends = threading.Event()
        super().__init__(*args, **options)
        self.session = Session(self, self.database)

    # The annotations of typeshed's overloads would be twice as long as the methods.
    def cursor(self, factory: Any = sqlite3.Cursor) -> Any:
        """Return a cursor that tells of its statements."""
        return super().cursor(observed_cursor(factory))

    # sqlite3's own methods make a cursor of sqlite3, whatever `cursor` returns.
    def execute(self, sql: str, parameters: Any = (), /) -> Any:
        """Execute a statement with a new cursor."""
        return self._plain_cursor().execute(sql, parameters)

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> Any:
        """Execute a statement for each of several sets of parameters with a new cursor."""
        return self._plain_cursor().executemany(sql, parameters)

    def executescript(self, sql: str, /) -> Any:
        """Execute several statements with a new cursor."""
        return self._plain_cursor().executescript(sql)

    def _plain_cursor(self) -> ObservedCursor:
        return super().cursor(ObservedCursor)

    def commit(self) -> None:
        """Commit."""
        self.session.end("COMMIT", super().commit)

    def rollback(self) -> None:
        """Roll back."""
        self.session.end("ROLLBACK", super().rollback)

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> Any:
        """Commit, or roll back after an exception."""
        leave = partial(super().__exit__, kind, error, traceback)
        return self.session.end("COMMIT" if kind is None else "ROLLBACK", leave)

    def close(self) -> None:
        """Close it, which rolls back."""
        super().close()
        self.session.closed()

    def interrupt(self) -> None:
        """Interrupt what runs, also a statement that hangs."""
        self.hang_ends.set()
        super().interrupt()


class ObservedCursor(sqlite3.Cursor):
    """A cursor of such a connection."""

    connection: ObservedConnection
    _count: int | None = None
    _row: int | None = None

    def execute(self, sql: str, parameters: Any = (), /) -> Self:
        """Execute a statement."""
        self._run("execute", sql, parameters, super().execute)
        return self

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> Self:
        """Execute a statement for each of several sets of parameters."""
        self._run("execute_many", sql, parameters, super().executemany)
        return self

    def executescript(self, sql: str, /) -> Self:
        """Execute several statements."""
        run = super().executescript
        self._run("executescript", sql, (), lambda text, _: run(text))
        return self

    def _run(self, method: str, sql: str, parameters: Any, real: Callable[..., Any]) -> None:
        self._count = self._row = None
        if isinstance(sql, str):
            self.connection.session.execute(self, method, sql, parameters, real)
        else:
            real(sql, parameters)  # sqlite3 refuses it

    def tell(self, count: int, row: int | None) -> None:
        """Answer without rows.

        Args:
            count: how many rows the statement changed.
            row: the rowid of the row that it inserted last, or None.
        """
        sqlite3.Cursor.execute(self, "")
        self._count, self._row = count, row

    @property
    def rowcount(self) -> int:
        """How many rows the statement has changed."""
        return super().rowcount if self._count is None else self._count

    @property
    def lastrowid(self) -> int | None:
        """The rowid of the row that was inserted last."""
        return super().lastrowid if self._row is None else self._row


def observed_connection(factory: Any, database: SqliteDatabase) -> type[Any]:
    """Return a class of connections to a database that tells its sessions of each statement.

    Raises:
        NotSupported: the factory is no class of connections.
    """
    if not (isinstance(factory, type) and issubclass(factory, sqlite3.Connection)):
        raise NotSupported(
            f"sqlite3.connect(factory={factory!r}): real_sqlite follows the connections of a "
            "subclass of sqlite3.Connection, and this is none.\nPass a class."
        )
    bases = (
        (ObservedConnection,) if factory is sqlite3.Connection else (factory, ObservedConnection)
    )
    return type(factory.__name__, bases, {"database": database})


@lru_cache(maxsize=32)
def observed_cursor(factory: Any) -> Any:
    """Return a class of cursors that tells of each statement; what is no class as it is."""
    if not (isinstance(factory, type) and issubclass(factory, sqlite3.Cursor)):
        return factory  # sqlite3 refuses what makes no cursor
    if issubclass(factory, ObservedCursor):
        return factory
    bases = (ObservedCursor,) if factory is sqlite3.Cursor else (factory, ObservedCursor)
    return type(factory.__name__, bases, {})
