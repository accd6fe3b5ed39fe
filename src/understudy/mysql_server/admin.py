"""Understudy's own connection to a MySQL server, with PyMySQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from understudy.catalog.own_connection import import_problem
from understudy.embedded.errors import MissingExtra
from understudy.mysql_server.address import Address
from understudy.mysql_server.errors import MysqlDatabaseError, MysqlUnavailable

if TYPE_CHECKING:
    import pymysql

_TIMEOUT = 10
EXTRA = '"understudy[mysql]"'
LONGEST_WAIT = 2_147_483  # seconds; the largest wait_timeout of a server on Windows


def require_pymysql() -> None:
    """Import PyMySQL.

    Raises:
        MissingExtra: it is not installed, or cannot be imported.
    """
    try:
        import pymysql  # noqa: F401 # to see whether it can be
    except ImportError as error:
        problem = import_problem("pymysql", error, EXTRA)
        raise MissingExtra(f"Working on a MySQL database needs {problem}") from error


class Admin:
    """A connection in autocommit mode.

    Its session has strict mode, UTC, and utf8mb4, regardless of the server's settings.

    Args:
        address: of the server, and of the database if it names one.
        server_settings: keep the server's own sql_mode and time zone.
        program_name: what the connection calls itself.

    Raises:
        MissingExtra: PyMySQL is not installed.
        MysqlUnavailable: the server does not answer, or refuses the connection.
    """

    def __init__(
        self, address: Address, *, server_settings: bool = False, program_name: str | None = None
    ) -> None:
        require_pymysql()
        import pymysql

        settings: dict[str, Any] = {}
        if not server_settings:
            settings["sql_mode"] = "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION"
            settings["init_command"] = "SET time_zone = '+00:00'"
        self.address = address
        try:
            self._connection: pymysql.Connection[Any] = pymysql.connect(
                host=address.host,
                port=address.port,
                unix_socket=address.socket or None,
                user=address.user,
                password=address.password,
                database=address.database or None,
                charset="utf8mb4",
                autocommit=True,
                connect_timeout=_TIMEOUT,
                program_name=program_name,
                **settings,
            )
        except (pymysql.MySQLError, RuntimeError, OSError) as error:
            # RuntimeError: PyMySQL needs `cryptography` for caching_sha2_password.
            reason = error.args[-1] if error.args else str(error)
            raise MysqlUnavailable(
                f"Cannot connect to MySQL at {address.shown}: {reason}"
            ) from error

    def rows(self, sql: str, *values: object) -> Sequence[tuple[Any, ...]]:
        """Execute a statement and return its rows.

        Raises:
            MysqlDatabaseError: MySQL refuses it.
            MysqlUnavailable: the server is gone.
        """
        return self.named_rows(sql, *values)[1]

    def named_rows(self, sql: str, *values: object) -> tuple[list[str], Sequence[tuple[Any, ...]]]:
        """Execute a statement and return the names of its columns and its rows; see `rows`."""
        import pymysql

        try:
            with self._connection.cursor() as cursor:
                cursor.execute(sql, values or None)
                names = [column[0] for column in cursor.description or ()]
                return names, tuple(cursor.fetchall())
        except (pymysql.MySQLError, OSError) as error:
            code, text = (*error.args, "")[:2]
            if code in (2006, 2013, 2055, 0):
                raise MysqlUnavailable(
                    f"The MySQL server at {self.address.shown} does not answer: {text}"
                ) from error
            raise MysqlDatabaseError(
                f"MySQL at {self.address.shown} refused a statement: {text} ({code})\n  {sql[:300]}"
            ) from error

    @property
    def is_mariadb(self) -> bool:
        """Whether the server is a MariaDB."""
        return "MariaDB" in self._connection.get_server_info()

    @property
    def connection(self) -> pymysql.Connection[Any]:
        """PyMySQL's connection."""
        return self._connection

    def is_reachable(self) -> bool:
        """Return whether the server answers."""
        try:
            self.rows("SELECT 1")
        except MysqlUnavailable:
            return False
        return True

    def close(self) -> None:
        """Close the connection. Idempotent."""
        if self._connection.open:
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
