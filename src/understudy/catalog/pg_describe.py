"""Describe statements with the protocol's Parse and Describe, without executing them.

The connection is used for nothing else and commits each statement, because a failing Parse ends an
open transaction. Statements are sent many at a time (libpq's pipeline mode), each followed by a
Sync, so that a refused one does not affect the others. All use the empty name, so that the server
keeps one prepared statement at most.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from understudy.catalog.description import Refusal
from understudy.catalog.errors import DescribeFailed
from understudy.catalog.own_connection import connect, import_problem, is_alive
from understudy.catalog.result_waiter import ConnectionLost, ResultWaiter

if TYPE_CHECKING:
    import psycopg
    from psycopg.pq.abc import PGresult

# Statements, or bytes of them, that are sent at a time.
_BATCH = 256
_BATCH_BYTES = 1 << 20
# The tree of a list of numbers is about a hundred times as long as the list, and PostgreSQL's limit
# for a text is one gigabyte: longer statements are described without a tree.
_LONGEST_WITH_TREE = 1 << 18
# SQLSTATE classes that are about the server or other connections, not about the statement.
NO_VERDICT = ("08", "40", "53", "57", "58")
_LOCKED = "55P03"
# SQLSTATE classes of limits that the tree may have exceeded, rather than the statement.
_LIMITS = ("53", "54")
_SHOWN = 200  # characters of a statement in a message
_NO_VERDICT = "This says nothing about the statement, so nothing was learned of it."
_PLANNED = b"understudy_planned"
_NUL = Refusal("22021", 'invalid byte sequence for encoding "UTF8": 0x00')


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a result; `table` and `number` are 0 for a computed one."""

    name: str
    type: int
    table: int
    number: int


@dataclass(frozen=True, slots=True)
class Accepted:
    """The description of an accepted statement.

    Attributes:
        parameters: the OID of each parameter's type.
        fields: the columns of the result.
        tree: the analysed query tree, or None if the server sent none.
    """

    parameters: tuple[int, ...]
    fields: tuple[Field, ...]
    tree: str | None


class _Statement(NamedTuple):
    """A statement in bytes, and the declared OIDs of its parameters."""

    text: bytes
    types: Sequence[int]


class DescribeConnection:
    """A connection for describing statements, opened when needed and again if it is lost."""

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

    def describe(
        self, statements: Sequence[str], declared: Sequence[Sequence[int]] = ()
    ) -> list[Accepted | Refusal]:
        """Return the description or refusal of each statement, in order.

        If the connection is lost, it is opened again for the rest.

        Args:
            statements: the statements.
            declared: for each statement, the declared OIDs of its first parameters, 0 for an
                undeclared one; empty if no statement declares any.

        Raises:
            DescribeFailed: PostgreSQL gave no verdict: it cannot be reached, was lost twice at the
                same statement, waited for a lock, or was out of resources.
        """
        types = declared or [()] * len(statements)
        texts = [
            _Statement(_encoded(statement), oids)
            for statement, oids in zip(statements, types, strict=True)
        ]
        found: list[Accepted | Refusal] = []
        lost_at: int | None = None
        while len(found) < len(texts):
            try:
                for batch in _batches(texts[len(found) :]):
                    with self._in_search_path():
                        self._describe_batch(batch, found)
            except ConnectionLost as error:
                self.close()
                if lost_at == len(found):
                    raise DescribeFailed(
                        "PostgreSQL was lost twice as it was asked about this statement:\n"
                        f"  {shortened(statements[lost_at])}\n{error}\n{_NO_VERDICT}\n"
                        "If it happens again, leave the statement out: its server may not survive "
                        "it."
                    ) from error
                lost_at = len(found)
            except BaseException:
                # Nobody would read the outstanding answers.
                self.close()
                raise
        return found

    @contextmanager
    def scratch(self, changes: Sequence[str], search_path: str | None) -> Iterator[bool]:
        """Describe in a transaction in which DDL has been executed, and roll it back.

        Args:
            changes: the DDL, in order.
            search_path: what statements are described with; None for the default. Other queries
                keep the default, under which types and tables are named.

        Yields:
            Whether all of it could be executed.

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
                is_complete = self._try(change) and is_complete
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
    def _in_search_path(self) -> Iterator[None]:
        if self._search_path is None:
            yield
            return
        set_path = "SELECT set_config('search_path', %s, true)"
        self.raw.execute(set_path, (self._search_path,))
        yield
        if self.raw.info.transaction_status.name != "INERROR":
            self.raw.execute("SET LOCAL search_path TO DEFAULT")

    def plan(
        self, statements: Sequence[str], declared: Sequence[Sequence[int]], counts: Sequence[int]
    ) -> list[Refusal | None]:
        """Return the error with which PostgreSQL would refuse to plan each statement, or None.

        The plan is the one for any parameters. Nothing is executed.

        Args:
            statements: accepted statements: queries, of a length that has a tree.
            declared: for each, the OIDs with which it was described. With the types that were found
                the planner might refuse what PostgreSQL takes: `$1 COLLATE "C"` as a bigint.
            counts: how many parameters each has.

        Raises:
            DescribeFailed: PostgreSQL cannot be reached.
        """
        if not statements:
            return []
        try:
            self._want_trees(False)
            found: list[Refusal | None] = []
            for batch in _batches(list(map(_Statement, map(_encoded, statements), declared))):
                with self._in_search_path():
                    found += self._plans(batch, counts[len(found) :])
        except ConnectionLost as error:
            self.close()
            raise cannot_ask(error) from error
        except BaseException:
            self.close()  # nobody would read the outstanding answers
            raise
        self._want_trees(True)
        return found

    def _plans(
        self, batch: Sequence[_Statement], counts: Sequence[int]
    ) -> Iterator[Refusal | None]:
        pgconn = self.raw.pgconn
        import psycopg

        try:
            pgconn.enter_pipeline_mode()
            for (text, types), count in zip(batch, counts, strict=False):
                nulls = f"({', '.join(['NULL'] * count)})" if count else ""
                pgconn.send_prepare(_PLANNED, text, types)
                pgconn.send_query_params(b"EXPLAIN EXECUTE " + _PLANNED + nulls.encode(), None)
                pgconn.pipeline_sync()
                pgconn.send_query_params(b"DEALLOCATE " + _PLANNED, None)
                pgconn.pipeline_sync()
            with ResultWaiter(pgconn, self._silence) as waiter:
                for _ in batch:
                    results = [waiter.command_result(), waiter.command_result()]
                    waiter.synchronise()
                    waiter.command_result()
                    waiter.synchronise()
                    refused = (refusal_of(result) for result in results if _has_failed(result))
                    yield next(refused, None)
            pgconn.exit_pipeline_mode()
        except psycopg.OperationalError as error:
            raise ConnectionLost(" ".join(str(error).split())) from error

    def _describe_batch(self, batch: Sequence[_Statement], found: list[Accepted | Refusal]) -> None:
        """Append the answer for each statement to `found`."""
        with_trees = len(batch[0].text) <= _LONGEST_WITH_TREE
        self._want_trees(with_trees)
        again = []
        for (text, _), answer in zip(batch, self._answers(batch), strict=True):
            if with_trees and isinstance(answer, Refusal) and answer.sqlstate.startswith(_LIMITS):
                again.append(len(found))
            else:
                self._check(text, answer)
            found.append(answer)
        if again:
            self._want_trees(False)
        for number in again:
            statement = batch[number - len(found) + len(batch)]
            (found[number],) = self._answers([statement])
            self._check(statement.text, found[number])

    def _check(self, text: bytes, answer: Accepted | Refusal) -> None:
        if not isinstance(answer, Refusal):
            return
        statement, state = text.decode(errors="replace"), answer.sqlstate
        if state == _LOCKED:
            raise DescribeFailed(
                f"PostgreSQL waited {self._lock_timeout:g} s for a lock as it was asked about this "
                f"statement:\n  {shortened(statement)}\n"
                f"{answer.message} (SQLSTATE {_LOCKED})\n{_NO_VERDICT}\n"
                "Another connection changes the schema and has not committed: let it end, and ask "
                "again."
            )
        if state.startswith(NO_VERDICT):
            raise no_verdict(statement, answer)

    def _answers(self, batch: Sequence[_Statement]) -> Iterator[Accepted | Refusal]:
        pgconn = self.raw.pgconn
        import psycopg

        self._trees.clear()
        try:
            pgconn.enter_pipeline_mode()
            for text, types in batch:
                if b"\0" not in text:
                    pgconn.send_prepare(b"", text, types)
                    pgconn.send_describe_prepared(b"")
                    pgconn.pipeline_sync()
            with ResultWaiter(pgconn, self._silence) as waiter:
                for text, _ in batch:
                    # In the protocol a NUL ends a text, so the server never sees it.
                    yield _NUL if b"\0" in text else self._answer(waiter)
            pgconn.exit_pipeline_mode()
        except psycopg.OperationalError as error:
            raise ConnectionLost(" ".join(str(error).split())) from error

    def _answer(self, waiter: ResultWaiter) -> Accepted | Refusal:
        from psycopg.pq import ExecStatus

        prepared = waiter.command_result()
        # Notices of the next statement arrive only after this one's description.
        tree = self._trees[-1].decode(errors="replace") if self._trees else None
        self._trees.clear()
        described = waiter.command_result()
        waiter.synchronise()
        for result in (prepared, described):
            if result.status != ExecStatus.COMMAND_OK:
                return refusal_of(result)
        return Accepted(
            tuple(described.param_type(number) for number in range(described.nparams)),
            tuple(_field(described, number) for number in range(described.nfields)),
            tree,
        )

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


def cannot_ask(error: Exception) -> DescribeFailed:
    """Return the error for a connection that cannot be opened or used."""
    return DescribeFailed(
        "PostgreSQL could not be asked about a statement: no connection: "
        + " ".join(str(error).split())
    )


def no_verdict(statement: str, refusal: Refusal) -> DescribeFailed:
    """Return the error for a server that was busy, full or shutting down."""
    return DescribeFailed(
        "PostgreSQL could not look at this statement:\n"
        f"  {shortened(statement)}\n{refusal.message} (SQLSTATE {refusal.sqlstate})\n"
        f"{_NO_VERDICT}\n"
        "Ask again once the server has recovered."
    )


def shortened(statement: str) -> str:
    """Return a statement on one line, cut after 200 characters."""
    line = " ".join(statement[: 4 * _SHOWN].split())
    if len(line) <= _SHOWN and len(statement) <= 4 * _SHOWN:
        return line.encode(errors="backslashreplace").decode()
    return line[:_SHOWN].encode(errors="backslashreplace").decode() + " …"


def _encoded(statement: str) -> bytes:
    try:
        return statement.encode()
    except UnicodeEncodeError:
        # A lone surrogate is not valid UTF-8: let PostgreSQL refuse it.
        return statement.encode(errors="surrogatepass")


def _batches(statements: Sequence[_Statement]) -> Iterator[list[_Statement]]:
    """Split into batches; a statement too long for a tree is a batch of its own."""
    batch: list[_Statement] = []
    size = 0
    for statement in statements:
        length = len(statement.text)
        alone = length > _LONGEST_WITH_TREE
        if batch and (alone or len(batch) == _BATCH or size + length > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(statement)
        size += length
        if alone:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _has_failed(result: PGresult) -> bool:
    from psycopg.pq import ExecStatus

    return bool(result.status == ExecStatus.FATAL_ERROR)


def _field(result: PGresult, number: int) -> Field:
    name = result.fname(number) or b""
    return Field(
        name.decode(errors="replace"),
        result.ftype(number),
        result.ftable(number),
        result.ftablecol(number),
    )


def refusal_of(result: PGresult) -> Refusal:
    """Return the error in a result."""
    from psycopg.pq import DiagnosticField as Part

    def part(name: Part) -> str | None:
        value = result.error_field(name)
        return None if value is None else value.decode(errors="replace")

    position = part(Part.STATEMENT_POSITION)
    return Refusal(
        sqlstate=part(Part.SQLSTATE) or "XX000",
        message=part(Part.MESSAGE_PRIMARY) or " ".join(result.get_error_message().split()),
        detail=part(Part.MESSAGE_DETAIL),
        hint=part(Part.MESSAGE_HINT),
        position=int(position) if position else None,
    )
