"""FakeTransaction: what `conn.transaction()` gives."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any, Literal

from understudy.fakes import driver_errors
from understudy.fakes.record import FakeRecord
from understudy.script.calls import Transaction
from understudy.script.parameter_matching import Given


class _State:
    """What the two handles of one transaction share: the context and what it yields."""

    def __init__(self) -> None:
        self.record: Transaction | None = None
        self.closed = False


class FakeTransaction:
    """A transaction whose calls land on its connection.

    Args:
        connection: a FakeConnection; or any object with `execute`, for a fake of the test's own.
    """

    def __init__(self, connection: Any, _state: _State | None = None) -> None:
        self.connection = connection
        self._state = _state or _State()

    # Statements ------------------------------------------------------------------------------

    async def execute(
        self,
        stmt: str | None = None,
        parameters: Given = None,
        prepared: bool | None = None,
        *,
        querystring: str | None = None,
    ) -> Any:
        """Run a statement: see `FakeConnection.execute`."""
        __tracebackhide__ = True
        return await self._open_connection.execute(_one(stmt, querystring), parameters)

    async def execute_many(
        self,
        stmt: str | None = None,
        parameters_list: Any = None,
        parameters: Any = None,
        *,
        querystring: str | None = None,
        prepared: bool | None = None,
    ) -> Any:
        """Run a statement for each row: see `FakeConnection.execute_many`.

        On a connection without that method each row is executed by itself, and the row counts
        are added up.
        """
        __tracebackhide__ = True
        rows = parameters_list if parameters is None else parameters
        statement = _one(stmt, querystring)
        connection = self._open_connection
        if hasattr(connection, "execute_many"):
            return await connection.execute_many(statement, rows)
        counts = [
            getattr(await connection.execute(statement, row), "rowcount", 0) for row in rows or ()
        ]
        return FakeRecord(sum(counts), rowcount=sum(counts))

    async def execute_batch(self, querystring: str) -> None:
        """Run several statements: see `FakeConnection.execute_batch`."""
        __tracebackhide__ = True
        await self._open_connection.execute_batch(querystring)

    async def fetch(
        self,
        stmt: str | None = None,
        parameters: Given = None,
        prepared: bool | None = None,
        *,
        querystring: str | None = None,
    ) -> Any:
        """Fetch all rows: see `FakeConnection.fetch`."""
        __tracebackhide__ = True
        return await self._open_connection.fetch(_one(stmt, querystring), parameters)

    async def fetch_row(
        self,
        stmt: str | None = None,
        parameters: Given = None,
        prepared: bool | None = None,
        *,
        querystring: str | None = None,
    ) -> Any:
        """Fetch the only row: see `FakeConnection.fetch_row`."""
        __tracebackhide__ = True
        return await self._open_connection.fetch_row(_one(stmt, querystring), parameters)

    async def fetch_val(
        self,
        stmt: str | None = None,
        parameters: Given = None,
        prepared: bool | None = None,
        *,
        querystring: str | None = None,
    ) -> Any:
        """Fetch one value: see `FakeConnection.fetch_val`."""
        __tracebackhide__ = True
        return await self._open_connection.fetch_val(_one(stmt, querystring), parameters)

    async def pipeline(
        self, queries: list[tuple[Any, ...]] | None = None, prepared: bool | None = None
    ) -> list[Any]:
        """Run statements one after the other and return their results.

        Args:
            queries: a statement and its parameters each; without parameters an empty list, or
                the statement alone.
            prepared: changes nothing here.
        """
        __tracebackhide__ = True
        results = []
        for statement, *given in queries or ():
            if given and given[0] is None:
                raise driver_errors.no_parameters()
            results.append(await self.execute(statement, *given))
        return results

    async def prepare(self, querystring: str, parameters: Given = None) -> Any:
        """Prepare a statement: see `FakeConnection.prepare`."""
        if self._state.closed:
            raise driver_errors.connection_closed()
        return await self.connection.prepare(querystring, parameters)

    def cursor(
        self,
        querystring: str | None = None,
        parameters: Given = None,
        array_size: int | None = None,
    ) -> Any:
        """Return a cursor: see `FakeConnection.cursor`. One of an ended transaction is closed."""
        cursor = self.connection.cursor(querystring, parameters, array_size)
        if self._state.closed:
            cursor.close()
        return cursor

    async def copy_records_to_table(
        self,
        table_name: str,
        records: Iterable[Sequence[Any]],
        columns: Sequence[str] | None = None,
        schema_name: str | None = None,
    ) -> Any:
        """Copy records: see `FakeConnection.copy_records_to_table`."""
        __tracebackhide__ = True
        return await self._open_connection.copy_records_to_table(
            table_name, records, columns, schema_name
        )

    async def binary_copy_to_table(
        self,
        source: Any,
        table_name: str,
        columns: Sequence[str] | None = None,
        schema_name: str | None = None,
    ) -> Any:
        """Copy binary data: see `FakeConnection.binary_copy_to_table`."""
        __tracebackhide__ = True
        return await self._open_connection.binary_copy_to_table(
            source, table_name, columns, schema_name
        )

    # The transaction itself ----------------------------------------------------------------------

    async def begin(self) -> None:
        """Begin the transaction; once more is no error, as in psqlpy."""
        __tracebackhide__ = True
        connection = self._open_connection
        if hasattr(connection, "_session"):
            connection._session.check("begin")
        if self._state.record is not None:
            return
        if hasattr(connection, "_session"):
            await connection._control("begin", "BEGIN")
            self._state.record = connection._session.begin()
            connection._watch(self._state.record)
        else:
            self._state.record = Transaction(1)

    async def commit(self) -> None:
        """Commit the transaction and close it.

        Where a statement failed in it, PostgreSQL rolls back instead, and psqlpy says nothing.
        """
        __tracebackhide__ = True
        await self._end("commit", commit=True)

    async def rollback(self) -> None:
        """Roll the transaction back and close it."""
        __tracebackhide__ = True
        await self._end("rollback", commit=False)

    async def _end(self, method: str, *, commit: bool) -> None:
        """End the transaction; where that fails, psqlpy keeps the handle open."""
        __tracebackhide__ = True
        connection = self._open_connection
        record = self._state.record
        if record is not None and hasattr(connection, "_session"):
            connection._session.check_alive(method)
            try:
                await connection._control(method, method.upper())
            except BaseException:
                connection._session.refuse_commit(record)
                raise
            connection._session.end(record, commit=commit)
        elif record is not None:
            record.end("committed" if commit else "rolled back")
        self._state.closed = True

    async def create_savepoint(self, savepoint_name: str) -> None:
        """Open a savepoint inside the transaction."""
        __tracebackhide__ = True
        connection = await self._in_session(f"SAVEPOINT {savepoint_name}")
        connection._session.savepoint(savepoint_name)

    async def rollback_savepoint(self, savepoint_name: str) -> None:
        """Roll back to a savepoint, which stays open."""
        __tracebackhide__ = True
        connection = await self._in_session(f"ROLLBACK TO SAVEPOINT {savepoint_name}")
        connection._session.rollback_to(savepoint_name)

    async def release_savepoint(self, savepoint_name: str) -> None:
        """Release a savepoint: what was done in it stays part of the transaction."""
        __tracebackhide__ = True
        connection = await self._in_session(f"RELEASE SAVEPOINT {savepoint_name}")
        connection._session.release(savepoint_name)

    async def _in_session(self, statement: str) -> Any:
        __tracebackhide__ = True
        connection = self._open_connection
        connection._session.check_open()
        connection._session.check_alive("savepoint")
        if connection._session.current is None:
            raise driver_errors.savepoint_outside(statement)
        if not statement.startswith("ROLLBACK"):
            connection._session.check("savepoint")
        await connection._control("savepoint", statement)
        return connection

    @property
    def _open_connection(self) -> Any:
        __tracebackhide__ = True
        if self._state.closed:
            raise driver_errors.transaction_closed()
        return self.connection

    @property
    def state(self) -> str:
        """What became of it: "open", "committed", "rolled back"; "not begun" before it began."""
        return "not begun" if self._state.record is None else self._state.record.state

    def is_closed(self) -> bool:
        """Return True until commit or rollback, False afterwards: as psqlpy does.

        That is against its name; `state` says what became of the transaction.
        """
        return not self._state.closed

    async def __aenter__(self) -> FakeTransaction:
        """Begin the transaction and return it."""
        __tracebackhide__ = True
        await self.begin()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> Literal[False]:
        """Commit, or roll back where an exception passes; never swallow it.

        Raises:
            psqlpy's TransactionClosedError: the block has committed or rolled back by itself.
        """
        __tracebackhide__ = True
        await (self.commit() if exc_type is None else self.rollback())
        return False


class FakeTransactionContext(FakeTransaction):
    """What `conn.transaction()` returns: a transaction that is still to be entered.

    `async with` yields `.transaction`; `begin`, `commit` and all others work on it directly.
    """

    def __init__(self, connection: Any) -> None:
        super().__init__(connection)
        self.transaction = FakeTransaction(connection, self._state)

    async def __aenter__(self) -> FakeTransaction:
        """Begin the transaction and return it."""
        __tracebackhide__ = True
        return await self.transaction.__aenter__()


def _one(stmt: str | None, querystring: str | None) -> str | None:
    return querystring if stmt is None else stmt
