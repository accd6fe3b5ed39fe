"""Connections and cursors of sqlite3 that tell their session of each statement.

They stand between the classes of the app, if it passes a factory, and those of sqlite3: what the
app overrides calls what is here.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from typing import Any, ClassVar, Self
from weakref import WeakSet

from understudy.real_sqlite.answered_cursor import AnsweredCursor
from understudy.real_sqlite.session import Session
from understudy.real_sqlite.shared_state import SharedState
from understudy.script.failures import NotSupported


class ObservedConnection(sqlite3.Connection):
    """A connection to the database of the test.

    Attributes:
        shared: what it shares with the other connections.
        sessions: those of the open connections.
        session: what it does.
        hang_ends: set when a statement that hangs is interrupted.
    """

    shared: ClassVar[SharedState]
    sessions: ClassVar[WeakSet[Session]]

    def __init__(self, *args: Any, **options: Any) -> None:
        self.hang_ends = threading.Event()
        super().__init__(*args, **options)
        with self.shared.lock:
            self.session = Session(self, self.hang_ends, self.shared)
            self.sessions.add(self.session)

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
        with self.shared.lock:
            self.sessions.discard(self.session)
            self.session.closed()

    def interrupt(self) -> None:
        """Interrupt what runs, also a statement that hangs."""
        self.hang_ends.set()
        super().interrupt()


class ObservedCursor(AnsweredCursor):
    """A cursor of such a connection."""

    connection: ObservedConnection

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


def observed_connection(factory: Any, shared: SharedState, sessions: WeakSet[Session]) -> type[Any]:
    """Return a class of connections that tells its sessions of each statement.

    Args:
        factory: the class of connections that the app wants.
        shared: what all connections share.
        sessions: gets the session of each open connection.

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
    return type(factory.__name__, bases, {"shared": shared, "sessions": sessions})


@lru_cache(maxsize=32)
def observed_cursor(factory: Any) -> Any:
    """Return a class of cursors that tells of each statement; what is no class as it is."""
    if not (isinstance(factory, type) and issubclass(factory, sqlite3.Cursor)):
        return factory  # sqlite3 refuses what makes no cursor
    if issubclass(factory, ObservedCursor):
        return factory
    bases = (ObservedCursor,) if factory is sqlite3.Cursor else (factory, ObservedCursor)
    return type(factory.__name__, bases, {})
