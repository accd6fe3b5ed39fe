"""Create, clone, rename and drop databases."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, LiteralString

from understudy.catalog.own_connection import is_alive
from understudy.embedded.cache_folders import full
from understudy.embedded.driver import connect
from understudy.embedded.errors import DatabaseError

if TYPE_CHECKING:
    import psycopg
    from psycopg import sql

# The first of the two numbers of Understudy's advisory locks.
RUN_LOCKS, _TEMPLATE_LOCKS = 0x756E6472, 0x756E6473
_HINTS = {
    "55006": "Close every connection to it first.",
    "42501": "The user of the URL needs the right to: ALTER ROLE ... CREATEDB.",
}


# ALTER DATABASE ... SET belongs to a database, and CREATE DATABASE does not copy it.
_SETTINGS = """
    SELECT coalesce(r.rolname::text, ''), split_part(s, '=', 1), substr(s, strpos(s, '=') + 1)
    FROM pg_db_role_setting
    JOIN pg_database d ON d.oid = setdatabase AND datname = %s
    LEFT JOIN pg_roles r ON r.oid = setrole, unnest(setconfig) s
"""
_OWNER = """
    SELECT rolname::text FROM pg_database JOIN pg_roles r ON r.oid = datdba
    WHERE datname = %s AND rolname <> current_user
"""
# What a command meets that is repeated although it was done: the names are not used again.
_DONE = ("42P04", "3D000")


class Admin:
    """Manages databases on one connection to a server, opened when needed. Thread-safe."""

    def __init__(
        self,
        dsn: Callable[[], str],
        server: str,
        *,
        copies_files: bool = False,
        run: int | None = None,
        token: str = "",
    ) -> None:
        """Prepare it.

        Args:
            dsn: Returns the URL of the database to connect to.
            server: The name of the server in messages.
            copies_files: Clone by STRATEGY FILE_COPY, which is twice as fast for data in memory,
                and slow for all connections if the server writes to a disk.
            run: The number of the advisory lock that marks its run as alive.
            token: The token of the embedded server; "" for a server by URL.
        """
        self._copies_files = copies_files
        self._dsn = dsn
        self._server = server
        self._number = run
        self._token = token
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None
        self._lock = threading.Lock()
        # By template, which does not change once it is complete.
        self._templates: dict[str, tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]] = {}

    def create(self, name: str) -> None:
        """Create an empty database."""
        self._run(f"create the database {name!r}", "CREATE DATABASE {}", name)

    def clone(self, template: str, name: str) -> None:
        """Create a database as a copy of another."""
        self._run(
            f"clone the database {template!r} as {name!r}",
            "CREATE DATABASE {} TEMPLATE {}" + self._strategy(),
            name,
            template,
        )
        if template not in self._templates:
            facts = self.rows(_SETTINGS, template), self.rows(_OWNER, template)
            self._templates[template] = facts
        settings, owners = self._templates[template]
        if settings:
            self._execute(f"set the defaults of the database {name!r}", _defaults(name, settings))
        for (owner,) in owners:
            self._run(
                f"set the owner of the database {name!r}",
                "ALTER DATABASE {} OWNER TO {}",
                name,
                owner,
            )

    def drop(self, name: str, *, missing_ok: bool = False) -> None:
        """Drop a database, and disconnect its clients."""
        command: LiteralString = (
            "DROP DATABASE IF EXISTS {} WITH (FORCE)"
            if missing_ok
            else "DROP DATABASE {} WITH (FORCE)"
        )
        self._run(f"drop the database {name!r}", command, name)

    def seal(self, name: str) -> None:
        """Forbid connections to a database: a template with connections cannot be cloned."""
        self._run(f"seal the database {name!r}", "ALTER DATABASE {} ALLOW_CONNECTIONS false", name)

    def rename(self, name: str, new: str) -> None:
        """Rename a database that has no connections."""
        self._run(
            f"rename the database {name!r} to {new!r}", "ALTER DATABASE {} RENAME TO {}", name, new
        )

    def comment(self, name: str, text: str) -> None:
        """Set the comment of a database."""
        from psycopg import sql

        self._execute(
            f"comment on the database {name!r}",
            sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), sql.Literal(text)),
        )

    def rows(self, query: LiteralString, *parameters: object) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        from psycopg import sql

        return self._execute("query the databases", sql.SQL(query), parameters)

    @contextmanager
    def locked(self, number: int) -> Iterator[None]:
        """Hold an advisory lock while the context is active."""
        parameters = (_TEMPLATE_LOCKS, _signed(number))
        self.rows("SELECT pg_advisory_lock(%s, %s)", *parameters)
        try:
            yield
        finally:
            if self._connection is not None and not self._connection.closed:
                self.rows("SELECT pg_advisory_unlock(%s, %s)", *parameters)

    def close(self) -> None:
        """Close the connection. It is opened again when needed."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _strategy(self) -> LiteralString:
        if not self._copies_files:
            return ""
        with self._lock:
            # PostgreSQL 14 always copies files.
            version = self._connected().info.server_version
        return " STRATEGY FILE_COPY" if version >= 150_000 else ""

    def _run(self, action: str, command: LiteralString, *names: str) -> None:
        from psycopg import sql

        self._execute(action, sql.SQL(command).format(*map(sql.Identifier, names)))

    def _execute(
        self, action: str, command: sql.SQL | sql.Composed, parameters: Sequence[object] = ()
    ) -> list[tuple[Any, ...]]:
        import psycopg

        with self._lock:
            for is_repeated in (False, True):
                connection = self._connected()
                try:
                    cursor = connection.execute(command, parameters or None)
                    return cursor.fetchall() if cursor.description else []
                except psycopg.Error as error:
                    if is_repeated and error.sqlstate in _DONE:
                        return []
                    # A test may kill any backend, this one included, while its command runs.
                    if is_repeated or not connection.broken:
                        raise self._refusal(action, error) from error
        raise AssertionError("returned or raised")

    def _connected(self) -> psycopg.Connection[tuple[Any, ...]]:
        if self._connection is not None and not is_alive(self._connection):
            self._connection.close()
        if self._connection is None or self._connection.closed:
            self._connection = connect(self._dsn(), token=self._token)
            if self._number is not None:
                # Shared, because all processes of a run hold it.
                self._connection.execute(
                    "SELECT pg_advisory_lock_shared(%s, %s)", (RUN_LOCKS, _signed(self._number))
                )
        return self._connection

    def _refusal(self, action: str, error: psycopg.Error) -> DatabaseError:
        message = error.diag.message_primary or " ".join(str(error).split())
        lines = [
            f"Cannot {action} on {self._server}: {message} (SQLSTATE {error.sqlstate or 'none'})",
            error.diag.message_detail,
            _HINTS.get(error.sqlstate or ""),
            full(message) if self._copies_files else None,
        ]
        return DatabaseError("\n".join(filter(None, lines)))


def _defaults(name: str, settings: Sequence[tuple[str, str, str]]) -> sql.Composed:
    """Return the commands that give a database its settings."""
    from psycopg import sql

    database = sql.Identifier(name)
    commands: list[sql.Composable] = []
    for role, setting, value in settings:
        # FROM CURRENT, because a value such as a search_path is not quoted as a whole.
        commands.append(
            sql.SQL("SELECT set_config({}, {}, true)").format(sql.Literal(setting), value)
        )
        owner = (
            sql.SQL("ROLE {} IN DATABASE {}").format(sql.Identifier(role), database)
            if role
            else sql.SQL("DATABASE {}").format(database)
        )
        commands.append(
            sql.SQL("ALTER {} SET {} FROM CURRENT").format(owner, sql.Identifier(setting))
        )
    # Together, and so in one transaction, in which the settings are local.
    return sql.SQL("; ").join(commands)


def _signed(number: int) -> int:
    """Convert an unsigned number of 32 bits to PostgreSQL's integer."""
    return number - 2**32 if number >= 2**31 else number
