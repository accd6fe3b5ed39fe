"""FakeConnection: a psqlpy connection that answers from a script."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, Self

from understudy.fakes import driver_errors, result_shapes
from understudy.fakes.cursor import FakeCursor, FakePreparedStatement
from understudy.fakes.record import FakeRecord
from understudy.fakes.scripted_connection import ScriptedConnection
from understudy.fakes.transaction import FakeTransactionContext
from understudy.pg import copy_data
from understudy.pg.copy_rows import BrokenData
from understudy.script import expectations
from understudy.script.calls import Transaction
from understudy.script.parameter_matching import Given
from understudy.script.script import Script
from understudy.script.waiting import let_others_run

# A failure points at the line that called, not at the functions of this module.
__tracebackhide__ = True


class FakeConnection(ScriptedConnection):
    """A connection whose answers the test sets, and whose calls it reads.

    Plain attributes answer every call of a method, with any statement (`execute_return`,
    `fetch_return`, `fetch_row_return`, `fetch_val_return`; an exception is raised), and plain
    lists hold what was asked (`execute_calls`, `fetch_calls`, `fetch_val_calls`: pairs of
    statement and parameters). `on` answers by statement and parameters.

    A connection is strict from the first `on`: a statement that neither a rule nor an attribute
    answers fails the test, even if the code under test catches the exception, and so do a rule
    that was not used and a transaction that was not ended.

    Args:
        strict: True to be strict from the start, False never to be.
    """

    def __init__(self, *, strict: bool | None = None, _script: Script | None = None) -> None:
        super().__init__(_script or Script(), strict)
        if _script is None:  # that of a pool is the pool's to look after
            expectations.register(self._script)

    @property
    def transactions(self) -> list[Transaction]:
        """Every transaction of this connection, in order, with its `state` and its savepoints."""
        self._script.calls.was_read = True  # a transaction leads to its calls
        return self._state.transactions

    # psqlpy's methods, beside those of PsqlpyMethods ---------------------------------------------

    async def execute_many(
        self,
        stmt: str | None = None,
        parameters_list: Any = None,
        prepared: bool | None = None,
        *,
        querystring: str | None = None,
        parameters: Any = None,
    ) -> FakeRecord:
        """Answer a statement that is run once for each row of parameters with the row count.

        The rows may be given as `parameters_list` or, as psqlpy calls them, as `parameters`.
        """
        statement = self._statement("execute_many", stmt, querystring)
        rows = parameters_list if parameters is None else parameters
        rows = [] if rows is None else rows
        result = await self._run("execute_many", statement, rows)
        return result_shapes.as_many(result, len(rows))

    def transaction(
        self, isolation_level: Any = None, read_variant: Any = None, deferrable: bool | None = None
    ) -> FakeTransactionContext:
        """Return a transaction, to be entered with `async with` or begun by hand."""
        self._state.check_open()
        return FakeTransactionContext(self)

    async def prepare(self, querystring: str, parameters: Given = None) -> FakePreparedStatement:
        """Return a prepared statement, whose `execute` is answered like this connection's."""
        self._state.check("prepare", in_parse=querystring not in self._state.prepared)
        await let_others_run()
        self._state.prepared.add(querystring)
        return FakePreparedStatement(self._run, self._state, querystring, parameters)

    def cursor(
        self,
        querystring: str | None = None,
        parameters: Given = None,
        array_size: int | None = None,
    ) -> FakeCursor:
        """Return a cursor over the rows of a statement, which is asked for when it is started."""
        return FakeCursor(self._run, self._state, querystring, parameters, array_size)

    async def copy_records_to_table(
        self,
        table_name: str,
        records: Iterable[Sequence[Any]],
        columns: Sequence[str] | None = None,
        schema_name: str | None = None,
    ) -> int:
        """Answer a COPY of records into a table with the number of rows.

        Scripted and logged as `COPY schema.table (columns) FROM STDIN (FORMAT binary)`, with the
        records as its parameters.

        Raises:
            Exception: psqlpy's, if a record has another length than `columns`.
        """
        rows = [tuple(record) for record in records]
        for index, row in enumerate(rows if columns else ()):
            if len(row) != len(columns or ()):
                raise driver_errors.psqlpy_error(
                    "PyToRustValueMappingError",
                    f"Record at index {index} has {len(row)} fields, expected {len(columns or ())}",
                )
        statement = _copy_statement(table_name, columns, schema_name)
        return await self._copy("copy_records_to_table", statement, rows, lambda: len(rows))

    async def binary_copy_to_table(
        self,
        source: bytes | bytearray | io.BytesIO,
        table_name: str,
        columns: Sequence[str] | None = None,
        schema_name: str | None = None,
    ) -> int:
        """Answer a COPY of data in PostgreSQL's binary format with the number of rows in it.

        The parameters of the call are the rows, with their values as the schema says, or as bytes.
        """
        data = bytes(source.getvalue() if isinstance(source, io.BytesIO) else source)
        statement = _copy_statement(table_name, columns, schema_name)
        rows = self._engine.accepted_rows(statement, data)
        return await self._copy(
            "binary_copy_to_table", statement, rows, lambda: copy_data.count_binary_rows(data)
        )

    async def in_transaction(self) -> bool:
        """Say whether a transaction was begun and not ended, as far as psqlpy knows."""
        return self._state.begun

    def is_closed(self) -> bool:
        """Return True until `close()`, False afterwards: as psqlpy (0.11 to 0.13) does.

        It answers the opposite of what its name says; code that relies on the name works on a
        kinder fake and fails in production.
        """
        return self._state.closed != "closed"

    def close(self) -> None:
        """Close the connection: every later call is refused, as psqlpy does."""
        self._state.closed = self._state.closed or "closed"

    async def __aenter__(self) -> Self:
        """Return the connection itself."""
        return self

    async def __aexit__(self, *_: object) -> Literal[False]:
        """Let every exception through.

        The connection stays usable, unlike psqlpy's, which goes back to its pool: a test hands the
        same one out again and again. A connection of a FakePool is given back.
        """
        return False

    # How a call is answered ----------------------------------------------------------------------

    async def _copy(
        self, method: str, statement: str, parameters: Any, count: Callable[[], int]
    ) -> int:
        result = await self._run(method, statement, parameters)
        try:
            rows = count()
        except BrokenData as error:
            self._state.fail()
            raise driver_errors.server_refused(str(error)) from None
        return result_shapes.as_many(result, rows).rowcount


def _copy_statement(table: str, columns: Sequence[str] | None, schema: str | None) -> str:
    name = table if schema is None else f"{schema}.{table}"
    listed = f" ({', '.join(columns)})" if columns else ""
    return f"COPY {name}{listed} FROM STDIN (FORMAT binary)"
