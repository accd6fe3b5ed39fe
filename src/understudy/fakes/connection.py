"""FakeConnection: a psqlpy connection that answers from a script."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any, Literal, Self

from understudy.fakes import copying, driver_errors, results
from understudy.fakes.cursor import FakeCursor
from understudy.fakes.prepared import FakePreparedStatement
from understudy.fakes.record import FakeRecord
from understudy.fakes.session import Session
from understudy.fakes.transaction import FakeTransactionContext
from understudy.script import ledger, tally
from understudy.script.answers import Answer, Drop, Rows, Value
from understudy.script.calls import Call, CallLog
from understudy.script.database_errors import fields_of
from understudy.script.origin import caller
from understudy.script.parameters import Given, Parameters
from understudy.script.rules import StatementRule
from understudy.script.script import Script, fresh, perform
from understudy.script.transactions import Transaction
from understudy.script.waiting import let_others_run


class FakeConnection:
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

    def __init__(self, *, strict: bool | None = None, _script: Script | None = None) -> None:
        self.execute_return: Any = None
        self.fetch_return: Any = None
        self.fetch_row_return: Any = None
        self.fetch_val_return: Any = None
        self.execute_calls: list[tuple[str, Any]] = []
        self.fetch_calls: list[tuple[str, Any]] = []
        self.fetch_val_calls: list[tuple[str, Any]] = []
        self._script = _script or Script()
        self._session = Session()
        self._strict = strict

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
        self.execute_calls.append((call.statement, parameters))
        answer = self._answer(call, self.execute_return)
        await let_others_run()
        if answer is None:
            return FakeRecord(self._next_queued(self._plain(call, self.execute_return)))
        return results.as_record(await self._perform(answer, call))

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
        self.execute_calls.append((call.statement, rows))
        answer = self._answer(call, self.execute_return)
        await let_others_run()
        if answer is None:
            self._plain(call, self.execute_return)
            return FakeRecord(len(rows), rowcount=len(rows))
        return results.as_many(await self._perform(answer, call), len(rows))

    async def execute_batch(self, querystring: str) -> None:
        """Answer several statements in one string, without parameters and without a result."""
        __tracebackhide__ = True
        call = self._called("execute_batch", querystring, None, None)
        self.execute_calls.append((querystring, None))
        answer = self._answer(call, self.execute_return)
        await let_others_run()
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
        self.fetch_calls.append((call.statement, parameters))
        answer = self._answer(call, self.fetch_return)
        await let_others_run()
        if answer is None:
            return FakeRecord(self._plain(call, self.fetch_return))
        return results.as_record(await self._perform(answer, call))

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
        self.fetch_calls.append((call.statement, parameters))
        answer = self._answer(call, self.fetch_row_return, self.fetch_return)
        await let_others_run()
        if answer is not None:
            return results.as_row(await self._perform(answer, call))
        if self._plain(call, self.fetch_row_return) is not None:
            return self.fetch_row_return
        rows = self._plain(call, self.fetch_return)
        return FakeRecord(rows.pop(0) if isinstance(rows, list) and rows else rows)

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
        self.fetch_val_calls.append((call.statement, parameters))
        answer = self._answer(call, self.fetch_val_return)
        await let_others_run()
        if answer is None:
            return self._plain(call, self.fetch_val_return)
        return results.as_value(await self._perform(answer, call))

    def transaction(
        self, isolation_level: Any = None, read_variant: Any = None, deferrable: bool | None = None
    ) -> FakeTransactionContext:
        """Return a transaction, to be entered with `async with` or begun by hand."""
        return FakeTransactionContext(self)

    async def prepare(self, querystring: str, parameters: Given = None) -> FakePreparedStatement:
        """Return a prepared statement, whose `execute` is answered like this connection's."""
        self._session.check("execute")
        await let_others_run()
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
        """
        __tracebackhide__ = True
        rows = [tuple(record) for record in records]
        statement = copying.statement(table_name, columns, schema_name)
        return await self._copy("copy_records_to_table", statement, rows, len(rows))

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
        statement = copying.statement(table_name, columns, schema_name)
        rows = copying.count_rows(data)
        return await self._copy("binary_copy_to_table", statement, [data], rows)

    async def in_transaction(self) -> bool:
        """Say whether a transaction is open."""
        return self._session.current is not None

    def is_closed(self) -> bool:
        """Say whether the connection was closed or lost."""
        return self._session.closed is not None

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

    # How a call is answered -----------------------------------------------------------------------

    def _called(
        self, method: str, stmt: str | None, querystring: str | None, parameters: Given
    ) -> Call:
        __tracebackhide__ = True
        statement = querystring if stmt is None else stmt
        if statement is None:
            raise TypeError(f"{method}() missing 1 required positional argument: 'stmt'")
        current = self._session.current
        call = Call(method, statement, parameters, current)
        self._script.calls.append(call)
        tally.note(statement)
        if current is not None:
            current.calls.append(call)
        return call

    def _answer(self, call: Call, *plain: Any) -> Answer | None:
        """Return the scripted answer, or None where the `plain` attributes are to answer."""
        __tracebackhide__ = True
        self._session.check(call.method)
        script = self._script
        answer = script.answer(call) if script.rules else None
        if answer is None and self._is_strict and all(value is None for value in plain):
            raise script.refuse(call)
        return answer

    @property
    def _is_strict(self) -> bool:
        return bool(self._script.rules) if self._strict is None else self._strict

    async def _perform(self, answer: Answer, call: Call) -> Rows | Value:
        __tracebackhide__ = True
        try:
            outcome = await perform(answer, call)
        except Exception as error:
            worded = self._raised(error, call)
            if worded is error:
                raise
            raise worded from None
        if isinstance(outcome, Drop):
            self._session.lose()
            raise driver_errors.connection_lost(call.method)
        return outcome

    def _plain(self, call: Call, value: Any) -> Any:
        """Return a plain attribute's value, or raise it where it is an exception."""
        __tracebackhide__ = True
        if isinstance(value, BaseException):
            raise self._raised(fresh(value), call)
        return value

    def _raised(self, error: BaseException, call: Call) -> BaseException:
        """Return `error` as `call`'s method raises it, after its effect on the session."""
        fields = fields_of(error)
        if fields is not None and fields.severity == "FATAL":
            self._session.lose()
        elif fields is not None:
            self._session.fail(call.method)
        return driver_errors.as_raised_by(call.method, error)

    def _next_queued(self, value: Any) -> Any:
        """Return `value`, or the first of a queue: a list whose every item is a list."""
        if isinstance(value, list) and value and all(isinstance(item, list) for item in value):
            return value.pop(0)
        return value

    async def _copy(self, method: str, statement: str, parameters: Any, rows: int) -> int:
        __tracebackhide__ = True
        call = self._called(method, statement, None, parameters)
        answer = self._answer(call)
        await let_others_run()
        if answer is None:
            return rows
        return results.as_many(await self._perform(answer, call), rows).rowcount

    async def _control(self, method: str, statement: str) -> None:
        """Ask the script, and nothing but the script, about a statement such as COMMIT.

        The driver sends these by itself, so they need no rule and are not logged as calls.
        """
        __tracebackhide__ = True
        call = Call(method, statement, None, self._session.current)
        answer = self._script.answer(call) if self._script.rules else None
        await let_others_run()
        if answer is not None:
            await self._perform(answer, call)

    def _watch(self, transaction: Transaction) -> None:
        """Have the end of the test check that `transaction` was ended, if this fake is strict."""
        ledger.expect(_WhileStrict(self, transaction))


class _WhileStrict:
    """Expects a transaction to have ended, if its connection is strict when the test ends."""

    def __init__(self, connection: FakeConnection, transaction: Transaction) -> None:
        self._connection = connection
        self._transaction = transaction

    def unmet(self) -> Any:
        """Return the failure of a transaction left open on a strict connection, else None."""
        return self._transaction.unmet() if self._connection._is_strict else None
