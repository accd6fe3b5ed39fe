"""Run the steps of SQL files on a database.

What lies between BEGIN and COMMIT, or outside of them, is sent together and is one transaction. If
PostgreSQL refuses that because of a statement that runs in no transaction, the statements are sent
one by one, as psql does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from understudy.catalog.result_waiter import ResultWaiter
from understudy.embedded import roles
from understudy.embedded.driver import connect
from understudy.embedded.errors import SchemaError
from understudy.embedded.one_database import in_one_database
from understudy.embedded.psql_script import Connect, Statement, Step, statement_of
from understudy.embedded.report import is_dump, refused
from understudy.pg.sql_spelling import quoted

if TYPE_CHECKING:
    from psycopg.pq.abc import PGresult

_BEGIN = ("BEGIN", "START")
_END = ("COMMIT", "END", "ROLLBACK", "ABORT")
# Of a statement that runs in no transaction; of a new label of an enum, used in its transaction;
# of a procedure that commits.
_ALONE = ("25001", "55P04", "2D000")
# Of a role that does not exist; the second is that of SET ROLE.
_NO_ROLE = ("42704", "22023")
_DUPLICATE_ROLE, _DUPLICATE_SCHEMA = "42710", "42P06"
# What a DROP of a dump made with --clean says in an empty database: an object, a schema, a table,
# a function, a column, a role that is in use.
_NOTHING_TO_DROP = ("42704", "3F000", "42P01", "42883", "42703", "55006", "2BP01")
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Failure:
    """An error of the server.

    Attributes:
        statement: the statement that failed.
        result: libpq's result.
        offset: the position in the statement's source.
        has_undone: whether nothing of what was sent is left, so that it can be sent again.
    """

    statement: Statement
    result: PGresult
    offset: int
    has_undone: bool

    @property
    def sqlstate(self) -> str:
        """The SQLSTATE, or "" if the connection was lost."""
        from psycopg.pq import DiagnosticField

        return (self.result.error_field(DiagnosticField.SQLSTATE) or b"").decode()

    @property
    def message(self) -> str:
        """The primary message."""
        from psycopg.pq import DiagnosticField

        return (self.result.error_field(DiagnosticField.MESSAGE_PRIMARY) or b"").decode()


class ScriptRunner:
    """Runs steps on a connection of its own, which `with` closes."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection = connect(dsn)
        self._roles: set[str] = set()
        # Roles that a file would create and that exist, as it spells them in upper case.
        self._others: set[str] = set()

    def __enter__(self) -> ScriptRunner:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def run(self, steps: Sequence[Step]) -> None:
        """Run the steps.

        Raises:
            SchemaError: PostgreSQL refuses one, or a transaction is not ended.
        """
        last = None
        for batch in _batches(in_one_database(steps, self._connection)):
            if isinstance(batch, Connect):
                self._refuse_open_transaction(last)
                self._reconnect(batch)
            else:
                if batch[-1].is_executed:
                    self._execute(batch[-1])
                else:
                    self._run(batch)
                last = batch[-1]
        self._refuse_open_transaction(last)

    def _execute(self, statement: Statement) -> None:
        r"""Execute what a statement returns, as psql's `\gexec` does."""
        import psycopg

        try:
            rows = self._connection.execute(statement.text.encode()).fetchall()
        except psycopg.Error as error:
            if (result := error.pgresult) is None:
                raise
            raise SchemaError(
                refused(self._connection, result, statement, statement.start)
            ) from error
        made = [
            statement_of(str(cell), statement.source, statement.start)
            for row in rows
            for cell in row
            if cell is not None
        ]
        for step in in_one_database(made, self._connection):
            assert isinstance(step, Statement)
            self._run([step])

    def _run(self, batch: list[Statement]) -> None:
        """Send statements that are one transaction, or a part of one."""
        if self._others:
            batch = [
                statement
                for statement in batch
                if statement.words[0] != "ALTER"
                or statement.words[1] not in roles.KINDS
                or statement.words[2] not in self._others
            ]
        while batch and (failure := self._send(batch)) is not None:
            if failure.has_undone and self._create_role(failure):
                continue
            is_harmless = self._is_harmless(failure)
            if (
                failure.has_undone
                and len(batch) > 1
                and (is_harmless or failure.sqlstate in _ALONE)
            ):
                for statement in batch:
                    self._run([statement])
            elif not (failure.has_undone and is_harmless):
                raise SchemaError(
                    refused(self._connection, failure.result, failure.statement, failure.offset)
                )
            return

    def _create_role(self, failure: Failure) -> bool:
        """Create the role that a statement lacks, once, and return whether that was possible."""
        role = roles.missing_role(failure.message)
        is_dropped = failure.statement.words[:2] in [("DROP", kind) for kind in roles.KINDS]
        if role is None or role in self._roles or is_dropped or failure.sqlstate not in _NO_ROLE:
            return False
        self._roles.add(role)
        roles.create(self._dsn, role)
        return True

    def _is_harmless(self, failure: Failure) -> bool:
        """Return whether a statement has nothing to do in this database."""
        statement, sqlstate = failure.statement, failure.sqlstate
        words = statement.words
        if words[0] == "CREATE" and words[1:2] == ("SCHEMA",):
            return sqlstate == _DUPLICATE_SCHEMA and "PUBLIC" in words
        if words[0] == "CREATE" and words[1] in roles.KINDS and sqlstate == _DUPLICATE_ROLE:
            if not roles.complete(self._dsn, statement.text):
                self._others.add(words[2])
            return True
        drops = (
            words[0] == "DROP"
            or (words[0] == "ALTER" and "DROP" in statement.text.split())
            or words[:4] == ("SELECT", "PG_CATALOG", ".", "LO_UNLINK")
        )
        return drops and is_dump(statement.source.text) and sqlstate in _NOTHING_TO_DROP

    def _send(self, batch: Sequence[Statement]) -> Failure | None:
        from psycopg.pq import DiagnosticField, ExecStatus, TransactionStatus

        pgconn = self._connection.pgconn
        was_idle = pgconn.transaction_status == TransactionStatus.IDLE
        pgconn.send_query(";\n".join(statement.text for statement in batch).encode())
        completed = 0
        failed = None
        with ResultWaiter(pgconn) as waiter:
            while (result := waiter.next_result()) is not None:
                if result.status == ExecStatus.FATAL_ERROR:
                    failed = result
                    if result.error_field(DiagnosticField.SEVERITY_NONLOCALIZED) != b"ERROR":
                        # The server has closed the connection: no more results.
                        break
                elif result.status == ExecStatus.COPY_IN:
                    self._send_rows(batch[-1].rows or "")
                elif result.status == ExecStatus.COPY_OUT:
                    while pgconn.get_copy_data(0)[0] > 0:
                        pass
                else:
                    completed += 1
        if failed is None:
            return None
        statement, offset = _failed(batch, failed, completed)
        is_idle = pgconn.transaction_status == TransactionStatus.IDLE
        return Failure(statement, failed, offset, was_idle and is_idle)

    def _send_rows(self, rows: str) -> None:
        data = rows.encode()
        for start in range(0, len(data), _CHUNK):
            self._connection.pgconn.put_copy_data(data[start : start + _CHUNK])
        self._connection.pgconn.put_copy_end()

    def _reconnect(self, step: Connect) -> None:
        # Settings end with their connection.
        self._connection.close()
        self._connection = connect(self._dsn)
        if step.user not in ("", "-"):
            text = f"SET SESSION AUTHORIZATION {quoted(step.user)}"
            self._run([Statement(text, step.source, step.start, ("SET",), is_exact=False)])

    def _refuse_open_transaction(self, last: Statement | None) -> None:
        from psycopg.pq import TransactionStatus

        if last is None or self._connection.pgconn.transaction_status == TransactionStatus.IDLE:
            return
        raise SchemaError(
            f"The schema file {last.source.shown} begins a transaction and does not end it: nothing"
            " of it would be kept.\n"
            "Add COMMIT at its end, or remove BEGIN."
        )


def _batches(steps: Sequence[Step]) -> Iterator[list[Statement] | Connect]:
    batch: list[Statement] = []
    for step in steps:
        if isinstance(step, Connect):
            yield from filter(None, [batch])
            yield step
            batch = []
            continue
        is_alone = step.rows is not None or step.is_executed
        if batch and (is_alone or step.words[0] in _BEGIN):
            yield batch
            batch = []
        batch.append(step)
        if is_alone or step.words[0] in _END:
            yield batch
            batch = []
    yield from filter(None, [batch])


def _failed(batch: Sequence[Statement], result: PGresult, completed: int) -> tuple[Statement, int]:
    """Return the statement that failed, and the offset of the error in its source."""
    from psycopg.pq import DiagnosticField

    position = result.error_field(DiagnosticField.STATEMENT_POSITION)
    if position is None:
        statement = batch[min(completed, len(batch) - 1)]
        return statement, statement.start
    rest = int(position) - 1
    for statement in batch:
        if rest <= len(statement.text):
            break
        rest -= len(statement.text) + 2
    return statement, statement.start + (rest if statement.is_exact else 0)
