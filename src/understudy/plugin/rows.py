"""`real_postgres.insert`: rows for a test, on a connection that the first of them opens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from understudy.plugin.fixtures import configured_locale, name_of_test

if TYPE_CHECKING:
    import psycopg

    from understudy.rows import Row, Rows, SchemaCache

# The code under test may hold a lock that a row needs, in the very thread that would wait for it.
LOCK_TIMEOUT = "3s"
_SCHEMA: pytest.StashKey[SchemaCache] = pytest.StashKey()


class RowsOfTest:
    """The rows that one test inserts."""

    def __init__(self, request: pytest.FixtureRequest, dsn: str) -> None:
        self._request = request
        self._dsn = dsn
        self._connection: psycopg.Connection[Any] | None = None
        self._rows: Rows | None = None

    def insert(self, table: str, values: dict[str, object]) -> Row:
        """Insert a row and return it.

        Raises:
            RowsError: the row cannot be generated or inserted. Its traceback begins at the test.
        """
        __tracebackhide__ = True
        from understudy.rows import RowsError

        if self._rows is None:
            self._rows = self._new()
        try:
            return self._rows.insert(table, **values)
        except RowsError as error:
            raise error.with_traceback(None) from None

    def read(self, sql: str) -> list[tuple[str | None, ...]]:
        """Return the rows of a query that may come after SET commands, as texts.

        Raises:
            ChangesUnknown: the query fails.
        """
        import psycopg

        from understudy.rows import ChangesUnknown

        try:
            cursor = self._connect().execute(sql.encode())
        except psycopg.Error as error:
            raise ChangesUnknown(f"The rows of the tables cannot be read: {error}") from error
        while cursor.nextset():
            pass
        return cursor.fetchall()

    def execute(self, statement: str) -> None:
        """Execute a statement, on the same connection."""
        self._connect().execute(statement.encode())

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._connection is not None:
            self._connection.close()

    def _new(self) -> Rows:
        from understudy.rows import Rows, SchemaCache

        config = self._request.config
        try:
            locale = configured_locale(config)
        except ImportError:
            locale = None  # without Faker no locale is needed
        cache = config.stash.setdefault(_SCHEMA, SchemaCache())
        return Rows(self._connect, name_of_test(self._request.node), locale=locale, cache=cache)

    def _connect(self) -> psycopg.Connection[Any]:
        from understudy.embedded.driver import connect
        from understudy.serving.clients import INSERTER

        if self._connection is None:
            # With its first message, as a SET would count as a call of the test.
            options = f"-c lock_timeout={LOCK_TIMEOUT}"
            self._connection = connect(self._dsn, application_name=INSERTER, options=options)
        return self._connection
