"""Create, clone and drop databases."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, LiteralString

from understudy.embedded.driver import connect
from understudy.embedded.errors import DatabaseError

if TYPE_CHECKING:
    import psycopg
    from psycopg import sql

_LONGEST_NAME = 63
# The first of the two numbers of our advisory locks.
RUN_LOCKS, _TEMPLATE_LOCKS = 0x756E6472, 0x756E6473
_WAYS_OUT = {
    "55006": "Close every connection to it first.",
    "42501": "The user of the URL needs the right to: ALTER ROLE ... CREATEDB.",
}


class Admin:
    """Does the work on one connection to the server's `postgres` database, opened when needed.

    It may be used by several threads; they take turns.
    """

    def __init__(
        self,
        dsn: Callable[[], str],
        server: str,
        *,
        copies_files: bool = False,
        run: int | None = None,
    ) -> None:
        """Prepare it.

        Args:
            dsn: Called for the URL of the database to connect to.
            server: What messages call the server.
            copies_files: Clone by STRATEGY FILE_COPY, which is twice as fast where the data lies
                in memory, and slow for everybody on a server that is really writing to a disk.
            run: The number of the advisory lock that says that its run is alive.
        """
        self._strategy: LiteralString = " STRATEGY FILE_COPY" if copies_files else ""
        self._dsn = dsn
        self._server = server
        self._number = run
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None
        self._lock = threading.Lock()

    def open(self) -> None:
        """Connect now, to find out whether the server answers.

        Raises:
            PostgresUnavailable: It does not.
        """
        with self._lock:
            self._connected()

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

    def rename(self, name: str, new: str) -> None:
        """Rename a database to which nobody is connected."""
        _check(new)
        self._run(
            f"rename the database {name!r} to {new!r}", "ALTER DATABASE {} RENAME TO {}", name, new
        )

    def comment(self, name: str, text: str) -> None:
        """Note something on a database, for whoever looks at the server."""
        from psycopg import sql

        self._execute(
            f"note something on the database {name!r}",
            sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), sql.Literal(text)),
        )

    def rows(self, query: LiteralString, *parameters: object) -> list[tuple[Any, ...]]:
        """What a query gives."""
        from psycopg import sql

        return self._execute("look around", sql.SQL(query), parameters)

    @contextmanager
    def locked(self, number: int) -> Iterator[None]:
        """Keep everybody else waiting who locks the same number here."""
        parameters = (_TEMPLATE_LOCKS, _signed(number))
        self.rows("SELECT pg_advisory_lock(%s, %s)", *parameters)
        try:
            yield
        finally:
            if self._connection is not None and not self._connection.closed:
                self.rows("SELECT pg_advisory_unlock(%s, %s)", *parameters)

    def close(self) -> None:
        """Close the connection. It is opened again when something is asked."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _run(self, action: str, command: LiteralString, *names: str) -> None:
        from psycopg import sql

        self._execute(action, sql.SQL(command).format(*map(sql.Identifier, names)))

    def _execute(
        self, action: str, command: sql.SQL | sql.Composed, parameters: Sequence[object] = ()
    ) -> list[tuple[Any, ...]]:
        import psycopg

        with self._lock:
            connection = self._connected()
            try:
                cursor = connection.execute(command, parameters or None)
                return cursor.fetchall() if cursor.description else []
            except psycopg.Error as error:
                raise self._refusal(action, error) from error

    def _connected(self) -> psycopg.Connection[tuple[Any, ...]]:
        if self._connection is None or self._connection.closed:
            self._connection = connect(self._dsn())
            if self._number is not None:
                # Shared: the processes of a run hold it together.
                self._connection.execute(
                    "SELECT pg_advisory_lock_shared(%s, %s)", (RUN_LOCKS, _signed(self._number))
                )
        return self._connection

    def _refusal(self, action: str, error: psycopg.Error) -> DatabaseError:
        message = error.diag.message_primary or " ".join(str(error).split())
        lines = [
            f"Cannot {action} on {self._server}: {message} (SQLSTATE {error.sqlstate or 'none'})",
            error.diag.message_detail,
            _WAYS_OUT.get(error.sqlstate or ""),
        ]
        return DatabaseError("\n".join(filter(None, lines)))


def _check(name: str) -> None:
    if len(name.encode()) > _LONGEST_NAME:
        raise DatabaseError(
            f"The database name {name!r} has {len(name.encode())} bytes; PostgreSQL keeps 63 and "
            "would cut off the rest."
        )


def _signed(number: int) -> int:
    """A number of 32 bits as PostgreSQL's integer."""
    return number - 2**32 if number >= 2**31 else number
