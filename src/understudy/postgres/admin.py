"""Create, clone and drop databases."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, LiteralString

from understudy.postgres import messages
from understudy.postgres.driver import connect
from understudy.postgres.errors import DatabaseError

if TYPE_CHECKING:
    import psycopg

_LONGEST_NAME = 63
_WAYS_OUT = {
    "55006": "Close every connection to it first.",
    "42501": "The user of the URL needs the right to: ALTER ROLE ... CREATEDB.",
}


class Admin:
    """Does the work on one connection to the server's `postgres` database, opened when needed.

    It may be used by several threads; they take turns.
    """

    def __init__(self, dsn: Callable[[], str], server: str, *, copies_files: bool = False) -> None:
        """Prepare it.

        Args:
            dsn: Called for the URL of the database to connect to.
            server: What messages call the server.
            copies_files: Clone by STRATEGY FILE_COPY, which is twice as fast where the data lies
                in memory, and slow for everybody on a server that is really writing to a disk.
        """
        self._strategy: LiteralString = " STRATEGY FILE_COPY" if copies_files else ""
        self._dsn = dsn
        self._server = server
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None
        self._lock = threading.Lock()

    def create(self, name: str) -> None:
        """Create an empty database."""
        _check(name)
        self._run(f"create the database {name!r}", "CREATE DATABASE {}", name)

    def clone(self, template: str, name: str) -> None:
        """Create a database as a copy of another."""
        _check(name)
        self._run(
            f"clone the database {template!r} as {name!r}",
            "CREATE DATABASE {} TEMPLATE {}" + self._strategy,
            name,
            template,
        )

    def drop(self, name: str, *, missing_ok: bool = False) -> None:
        """Drop a database, and first whoever is connected to it."""
        command: LiteralString = (
            "DROP DATABASE IF EXISTS {} WITH (FORCE)"
            if missing_ok
            else "DROP DATABASE {} WITH (FORCE)"
        )
        self._run(f"drop the database {name!r}", command, name)

    def seal(self, name: str) -> None:
        """Let nobody connect to a database any more: a template in use cannot be cloned."""
        self._run(f"seal the database {name!r}", "ALTER DATABASE {} ALLOW_CONNECTIONS false", name)

    def close(self) -> None:
        """Close the connection. It is opened again when something is asked."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _run(self, action: str, command: LiteralString, *names: str) -> None:
        with self._lock:
            if self._connection is None or self._connection.closed:
                self._connection = connect(self._dsn())
            import psycopg
            from psycopg import sql

            try:
                self._connection.execute(sql.SQL(command).format(*map(sql.Identifier, names)))
            except psycopg.Error as error:
                raise self._refusal(action, error) from error

    def _refusal(self, action: str, error: psycopg.Error) -> DatabaseError:
        return DatabaseError(
            messages.database_refused(
                action,
                self._server,
                error.diag.message_primary or " ".join(str(error).split()),
                error.sqlstate or "none",
                [error.diag.message_detail or "", _WAYS_OUT.get(error.sqlstate or "", "")],
            )
        )


def _check(name: str) -> None:
    if len(name.encode()) > _LONGEST_NAME:
        raise DatabaseError(messages.database_name_too_long(name))
