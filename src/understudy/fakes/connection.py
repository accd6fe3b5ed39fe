"""FakeConnection: a psqlpy connection that answers from a script."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Any, Literal, Self

from understudy.fakes import copy_format, driver_errors, result_shapes
from understudy.fakes.answering import Answering
from understudy.fakes.call_lists import CallList
from understudy.fakes.cursor import FakeCursor
from understudy.fakes.prepared import FakePreparedStatement
from understudy.fakes.record import FakeRecord
from understudy.fakes.transaction import FakeTransactionContext
from understudy.script import expectations
from understudy.script.call_log import CallLog
from understudy.script.calls import Transaction
from understudy.script.origin import caller
from understudy.script.parameter_matching import Given, Parameters
from understudy.script.rules import StatementRule
from understudy.script.script import Script
from understudy.script.waiting import let_others_run, others_are_due, yield_to_others


class FakeConnection(Answering):
    """A connection whose answers the test sets, and whose calls it reads.

    Plain attributes answer every call of a method, whatever the statement (`execute_return`,
    `fetch_return`, `fetch_row_return`, `fetch_val_return`; an exception is raised), and plain
    lists hold what was asked (`execute_calls`, `fetch_calls`, `fetch_val_calls`: pairs of
    statement and parameters). `on` answers by statement and parameters.

    A connection is strict from the first `on`: a statement that neither a rule nor an attribute
    answers fails the test, even where the code under test catches the exception, and so do a rule
    that was not used and a transaction that was not ended.

    Args:
        strict: True to be strict from the start, False never to be.
    """

    execute_calls = CallList()
    fetch_calls = CallList()
    fetch_val_calls = CallList()

    def __init__(self, *, strict: bool | None = None, _script: Script | None = None) -> None:
        super().__init__(_script or Script(), strict)
        if _script is None:  # that of a pool is the pool's to look after
            expectations.register(self._script)
        self.execute_return: Any = None
        self.fetch_return: Any = None
        self.fetch_row_return: Any = None
        self.fetch_val_return: Any = None
        self._execute_calls: list[tuple[str, Any]] = []
        self._fetch_calls: list[tuple[str, Any]] = []
        self._fetch_val_calls: list[tuple[str, Any]] = []

    # The script ------------------------------------------------------------------------------

    def on(self, statement: str | re.Pattern[str], *parameters: Any) -> StatementRule:
        """Expect a statement; the verbs of the returned rule say what it is answered with.

        Args:
            statement: literal SQL, compared without regard to white space, comments and a final
                semicolon, in which `...` stands for anything; or a compiled regular expression,
                searched in the statement on one line.
            parameters: a value (compared with ==) or a predicate for each parameter; none means
                any. For `execute_many` one row for each, for named parameters one mapping.

        The latest rule that fits a call and has an answer left is the one that answers.
        """
        return self._script.add(StatementRule(statement, Parameters(parameters), caller()))

    @property
    def calls(self) -> CallLog:
        """Every call, oldest first, whichever method it came by."""
        self._script.calls.was_read = True
        return self._script.calls

    def assert_called(
        self, statement: str | re.Pattern[str], *parameters: Any, times: int | None = None
    ) -> None:
        """Assert that a statement was executed: see `CallLog.assert_called`."""
        __tracebackhide__ = True
        self._script.calls.assert_called(statement, *parameters, times=times)

    @property
    def transactions(self) -> list[Transaction]:
        """Every transaction of this connection, in order, with its `state` and its savepoints."""
        self._script.calls.was_read = True  # a transaction leads to its calls
        return self._session.transactions

    # psqlpy's methods --------------------------------------------------------------------------

    async def execute(
        self,
        stmt: str | None = None,
        parameters: Given = None,
        prepared: bool | None = None,
        *,
        querystring: str | None = None,
    ) -> FakeRecord:
        """Answer a statement with all its rows.

        `stmt` may be given as `querystring`, as psqlpy calls it; `prepared` changes nothing here.
        """
        __tracebackhide__ = True
        call = self._called("execute", stmt, querystring, parameters)
        self._execute_calls.append((call.statement, parameters))
        answer = self._answer(call, self.execute_return)
        if others_are_due():
            await yield_to_others()
        if answer is None:
            rows = self._next_queued(self._plain(call, self.execute_return))
            return FakeRecord(self._canned(call, rows))
        return result_shapes.as_record(
            self._ready(answer, call) or await self._perform(answer, call)
        )

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
        __tracebackhide__ = True
        rows = parameters_list if parameters is None else parameters
        rows = [] if rows is None else rows
        call = self._called("execute_many", stmt, querystring, rows)
        self._execute_calls.append((call.statement, rows))
        answer = self._answer(call, self.execute_return)
        if others_are_due():
            await yield_to_others()
        if answer is None:
            self._plain(call, self.execute_return)
            return FakeRecord(len(rows), rowcount=len(rows))
        return result_shapes.as_many(await self._perform(answer, call), len(rows))

    async def execute_batch(self, querystring: str) -> None:
        """Answer several statements in one string, without parameters and without a result."""
        __tracebackhide__ = True
        call = self._called("execute_batch", querystring, None, None)
        self._execute_calls.append((querystring, None))
        answer = self._answer(call, self.execute_return)
        if others_are_due():
            await yield_to_others()
        if answer is None:
            self._plain(call, self.execute_return)
        else:
            await self._perform(answer, call)

    async def fetch(
        self,
        stmt: str | None = None,
        parameters: Given = None,
        prepared: bool | None = None,
        *,
        querystring: str | None = None,
    ) -> FakeRecord:
        """Answer a statement with all its rows."""
        __tracebackhide__ = True
        call = self._called("fetch", stmt, querystring, parameters)
        self._fetch_calls.append((call.statement, parameters))
        answer = self._answer(call, self.fetch_return)
        if others_are_due():
            await yield_to_others()
        if answer is None:
            return FakeRecord(self._canned(call, self._plain(call, self.fetch_return)))
        return result_shapes.as_record(
            self._ready(answer, call) or await self._perform(answer, call)
        )

    async def fetch_row(
        self,
        stmt: str | None = None,
        parameters: Given = None,
        prepared: bool | None = None,
        *,
        querystring: str | None = None,
    ) -> Any:
        """Answer a statement with its only row, a scripted one as a FakeRecord."""
        __tracebackhide__ = True
        call = self._called("fetch_row", stmt, querystring, parameters)
        self._fetch_calls.append((call.statement, parameters))
        answer = self._answer(call, self.fetch_row_return, self.fetch_return)
        if others_are_due():
            await yield_to_others()
        if answer is not None:
            return result_shapes.as_row(
                self._ready(answer, call) or await self._perform(answer, call)
            )
        row = self._plain(call, self.fetch_row_return)
        if row is not None:
            return self._canned(call, row)
        rows = self._plain(call, self.fetch_return)
        row = rows.pop(0) if isinstance(rows, list) and rows else rows
        return FakeRecord(self._canned(call, row))

    async def fetch_val(
        self,
        stmt: str | None = None,
        parameters: Given = None,
        prepared: bool | None = None,
        *,
        querystring: str | None = None,
    ) -> Any:
        """Answer a statement with the first column of its only row."""
        __tracebackhide__ = True
        call = self._called("fetch_val", stmt, querystring, parameters)
        self._fetch_val_calls.append((call.statement, parameters))
        answer = self._answer(call, self.fetch_val_return)
        if others_are_due():
            await yield_to_others()
        if answer is None:
            return self._canned_value(call, self._plain(call, self.fetch_val_return))
        return result_shapes.as_value(
            self._ready(answer, call) or await self._perform(answer, call)
        )

    def transaction(
        self, isolation_level: Any = None, read_variant: Any = None, deferrable: bool | None = None
    ) -> FakeTransactionContext:
        """Return a transaction, to be entered with `async with` or begun by hand."""
        self._session.check_open()
        return FakeTransactionContext(self)

    async def prepare(self, querystring: str, parameters: Given = None) -> FakePreparedStatement:
        """Return a prepared statement, whose `execute` is answered like this connection's."""
        self._session.check("prepare", in_parse=querystring not in self._session.prepared)
        await let_others_run()
        self._session.prepared.add(querystring)
        return FakePreparedStatement(self, querystring, parameters)

    def cursor(
        self,
        querystring: str | None = None,
        parameters: Given = None,
        array_size: int | None = None,
    ) -> FakeCursor:
        """Return a cursor over the rows of a statement, which is asked for when it is started."""
        return FakeCursor(self, querystring, parameters, array_size)

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
        __tracebackhide__ = True
        rows = [tuple(record) for record in records]
        for index, row in enumerate(rows if columns else ()):
            if len(row) != len(columns or ()):
                raise driver_errors.record_length(index, len(row), len(columns or ()))
        statement = copy_format.statement(table_name, columns, schema_name)
        return await self._copy("copy_records_to_table", statement, rows, lambda: len(rows))

    async def binary_copy_to_table(
        self,
        source: bytes | bytearray | io.BytesIO,
        table_name: str,
        columns: Sequence[str] | None = None,
        schema_name: str | None = None,
    ) -> int:
        """Answer a COPY of data in PostgreSQL's binary format with the number of rows in it."""
        __tracebackhide__ = True
        data = bytes(source.getvalue() if isinstance(source, io.BytesIO) else source)
        statement = copy_format.statement(table_name, columns, schema_name)
        return await self._copy(
            "binary_copy_to_table", statement, [data], lambda: copy_format.count_rows(data)
        )

    async def in_transaction(self) -> bool:
        """Say whether a transaction was begun and not ended, as far as psqlpy knows."""
        return self._session.begun

    def is_closed(self) -> bool:
        """Return True until `close()`, False afterwards: as psqlpy (0.11 to 0.13) does.

        It answers the opposite of what its name says; code that relies on the name works on a
        kinder fake and fails in production.
        """
        return self._session.closed != "closed"

    def close(self) -> None:
        """Close the connection: every later call is refused, as psqlpy does."""
        self._session.closed = self._session.closed or "closed"

    async def __aenter__(self) -> Self:
        """Return the connection itself."""
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> Literal[False]:
        """Let every exception through.

        The connection stays usable, where psqlpy gives it back to its pool: a test hands the same
        one out again and again. A connection of a FakePool is given back.
        """
        return False

    # How it is answered ---------------------------------------------------------------------------

    async def _run(self, method: str, statement: str | None, parameters: Given) -> list[Any]:
        """Answer a statement that a cursor or a prepared statement runs with its rows."""
        __tracebackhide__ = True
        call = self._called(method, statement, None, parameters)
        plain, calls = {
            "cursor.start": (self.fetch_return, self._fetch_calls),
            "prepared.execute": (self.execute_return, self._execute_calls),
        }[method]
        calls.append((call.statement, parameters))
        answer = self._answer(call, plain)
        await let_others_run()
        if answer is not None:
            return result_shapes.rows_of(await self._perform(answer, call))
        value = self._plain(call, plain)
        if method == "prepared.execute":
            value = self._next_queued(value)
        self._canned(call, value)
        return value if isinstance(value, list) else [] if value is None else [value]

    def _next_queued(self, value: Any) -> Any:
        """Return `value`, or the first of a queue: a list whose every item is a list."""
        if isinstance(value, list) and value and all(isinstance(item, list) for item in value):
            return value.pop(0)
        return value

    async def _copy(
        self, method: str, statement: str, parameters: Any, count: Callable[[], int]
    ) -> int:
        __tracebackhide__ = True
        call = self._called(method, statement, None, parameters)
        answer = self._answer(call)
        await let_others_run()
        try:
            rows = count()
        except copy_format.BrokenData as error:
            self._session.fail()
            raise driver_errors.server_refused(str(error)) from None
        if answer is None:
            return rows
        return result_shapes.as_many(await self._perform(answer, call), rows).rowcount
