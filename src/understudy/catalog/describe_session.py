"""A connection of which PostgreSQL reports the analysed query tree of each statement."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from understudy.catalog.command_tags import command_in
from understudy.catalog.describe_errors import cannot_ask
from understudy.catalog.errors import DescribeFailed
from understudy.catalog.own_connection import connect, import_problem, is_alive

if TYPE_CHECKING:
    import psycopg
    from psycopg.pq.abc import PGresult


class DescribeSession:
    """A connection with the settings for describing, opened when needed and again if it is lost."""

    def __init__(
        self, dsn: str, *, lock_timeout: float, statement_timeout: float, silence: float
    ) -> None:
        """Prepare it.

        Args:
            dsn: the URL of the database, which also sets role and `search_path`.
            lock_timeout: seconds that PostgreSQL may wait for a lock.
            statement_timeout: seconds that PostgreSQL may take for one statement.
            silence: seconds without a byte after which the connection counts as lost.
        """
        self._dsn = dsn
        self._lock_timeout = lock_timeout
        self._statement_timeout = statement_timeout
        self._silence = silence
        self._connection: psycopg.Connection[Any] | None = None
        self._trees: list[bytes] = []
        self._with_trees = True
        self._search_path: str | None = None

    @property
    def raw(self) -> psycopg.Connection[Any]:
        """The psycopg connection, for queries of the system catalogs.

        Raises:
            DescribeFailed: PostgreSQL cannot be reached.
        """
        if self._connection is None or self._connection.closed:
            self._connection = self._connect()
        return self._connection

    @property
    def major(self) -> int:
        """The major version of the server."""
        return self.raw.pgconn.server_version // 10000

    def is_alive(self) -> bool:
        """Return whether the connection works, if there is one."""
        return self._connection is None or is_alive(self._connection)

    def close(self) -> None:
        """Close the connection. It is opened again when needed."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextmanager
    def scratch(self, changes: Sequence[str], search_path: str | None) -> Iterator[bool]:
        """Describe in a transaction in which DDL has been executed, and roll it back.

        Args:
            changes: the DDL, in order.
            search_path: what statements are described with; None for the default. Other queries
                keep the default, under which types and tables are named.

        Yields:
            Whether all of it could be executed. A DO block is not.

        Raises:
            DescribeFailed: PostgreSQL cannot be reached.
        """
        import psycopg

        connection, is_complete = self.raw, True
        try:
            connection.execute("BEGIN")
            if search_path is not None:
                is_complete = self._try("SELECT set_config('search_path', %s, true)", search_path)
            for change in changes:
                # What a DO block makes is not known: it is not run.
                is_done = command_in(change) != "DO" and self._try(change)
                is_complete = is_done and is_complete
            self._search_path = search_path if is_complete else None
            yield is_complete
        except psycopg.OperationalError as error:
            self.close()
            raise cannot_ask(error) from error
        finally:
            self._search_path = None
            if not connection.closed:
                connection.execute("ROLLBACK")

    def _try(self, statement: str, *parameters: str) -> bool:
        """Execute a statement in a savepoint, and return whether it succeeded."""
        import psycopg

        try:
            with self.raw.transaction():
                self.raw.execute(statement.encode(), parameters or None)
        except psycopg.OperationalError:
            raise
        except psycopg.Error:
            return False
        return True

    @contextmanager
    def _savepoint(self) -> Iterator[None]:
        """Keep a scratch transaction usable after an error; nothing outside of one."""
        if self.raw.info.transaction_status.name == "IDLE":
            yield
            return
        self.raw.execute("SAVEPOINT understudy")
        yield
        self.raw.execute("ROLLBACK TO SAVEPOINT understudy")
        # An error keeps the planned statement from being deallocated.
        left = "SELECT FROM pg_prepared_statements WHERE name = 'understudy_planned'"
        if self.raw.execute(left).rowcount:
            self.raw.execute("DEALLOCATE understudy_planned")

    @contextmanager
    def _in_search_path(self) -> Iterator[None]:
        if self._search_path is None:
            yield
            return
        set_path = "SELECT set_config('search_path', %s, true)"
        self.raw.execute(set_path, (self._search_path,))
        yield
        if self.raw.info.transaction_status.name != "INERROR":
            self.raw.execute("SET LOCAL search_path TO DEFAULT")

    def _connect(self) -> psycopg.Connection[Any]:
        try:
            import psycopg
        except ImportError as error:
            problem = import_problem("psycopg", error, '"understudy[postgres]"')
            raise DescribeFailed(f"Asking PostgreSQL about a statement needs {problem}") from error
        try:
            connection = connect(self._dsn)
        except psycopg.OperationalError as error:
            raise cannot_ask(error) from error
        try:
            self._set_up(connection)
        except psycopg.Error as error:
            connection.close()
            raise cannot_ask(error) from error
        return connection

    def _set_up(self, connection: psycopg.Connection[Any]) -> None:
        connection.execute(
            """
            SELECT set_config('lock_timeout', %s, false),
                set_config('statement_timeout', %s, false),
                set_config('idle_session_timeout', '0', false),
                -- The queries of the system catalogs are planned once, and quickly.
                set_config('plan_cache_mode', 'force_generic_plan', false),
                set_config('jit', 'off', false),
                set_config('debug_pretty_print', 'off', false),
                set_config('client_min_messages', 'log', false)
            """,
            (f"{self._lock_timeout * 1000:.0f}", f"{self._statement_timeout * 1000:.0f}"),
        )
        # Keep the trees out of the server's log, which only a superuser may decide.
        connection.execute(
            """
            SELECT set_config('log_min_messages', 'fatal', false)
            FROM pg_roles WHERE rolname = current_user AND rolsuper
            """
        )
        connection.pgconn.notice_handler = self._notice
        self._with_trees = False
        self._connection = connection
        self._want_trees(True)

    def _want_trees(self, wanted: bool) -> None:
        if self._with_trees != wanted:
            state = "on" if wanted else "off"
            self.raw.execute(f"SET debug_print_parse = {state}")
            self._with_trees = wanted

    def _notice(self, notice: PGresult) -> None:
        from psycopg.pq import DiagnosticField

        title = notice.error_field(DiagnosticField.MESSAGE_PRIMARY)
        if title is not None and title.startswith(b"parse tree"):
            self._trees.append(notice.error_field(DiagnosticField.MESSAGE_DETAIL) or b"")
