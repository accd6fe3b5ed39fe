"""FakeTransaction: what `conn.transaction()` gives."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from understudy.fakes import driver_errors
from understudy.fakes.connection_state import ConnectionState
from understudy.fakes.psqlpy_methods import PsqlpyMethods
from understudy.fakes.record import FakeRecord
from understudy.script.calls import Transaction
from understudy.script.parameter_matching import Given

# A failure points at the line that called, not at the functions of this module.
__tracebackhide__ = True


class _Handle:
    """What the two objects of one transaction share: the context and what it yields."""

    def __init__(self, connection: Any) -> None:
        state = getattr(connection, "_state", None)
        # A fake of the test's own has neither a script nor a state.
        self.is_of_fake_connection = isinstance(state, ConnectionState)
        self.state = state if isinstance(state, ConnectionState) else ConnectionState()
        self.record: Transaction | None = None
        self.closed = False


class FakeTransaction(PsqlpyMethods):
    """A transaction whose calls land on its connection.

    Args:
        connection: a FakeConnection; or any object with `execute`, for a fake of the test's own.
    """

    def __init__(self, connection: Any, _handle: _Handle | None = None) -> None:
        self.connection = connection
        self._handle = _handle or _Handle(connection)

    # Statements, beside those of PsqlpyMethods ---------------------------------------------------

    async def _run(self, method: str, statement: str, parameters: Any) -> Any:
        function = getattr(self._open_connection, method)
        if method == "execute_batch":
            return await function(statement)
        return await function(statement, parameters)

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
        rows = parameters_list if parameters is None else parameters
        statement = self._statement("execute_many", stmt, querystring)
        connection = self._open_connection
        if hasattr(connection, "execute_many"):
            return await connection.execute_many(statement, rows)
        counts = [
            getattr(await connection.execute(statement, row), "rowcount", 0) for row in rows or ()
        ]
        return FakeRecord(sum(counts), rowcount=sum(counts))

    async def pipeline(
        self, queries: list[tuple[Any, ...]] | None = None, prepared: bool | None = None
    ) -> list[Any]:
        """Run statements one after the other and return their results.

        Args:
            queries: a statement and its parameters each; without parameters an empty list, or
                the statement alone.
            prepared: changes nothing here.
        """
        results = []
        for statement, *given in queries or ():
            if given and given[0] is None:
                text = "Parameters must be sequence or mapping"
                raise driver_errors.psqlpy_error("PyToRustValueMappingError", text)
            results.append(await self.execute(statement, *given))
        return results

    async def prepare(self, querystring: str, parameters: Given = None) -> Any:
        """Prepare a statement: see `FakeConnection.prepare`."""
        if self._handle.closed:
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
        if self._handle.closed:
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
        return await self._open_connection.binary_copy_to_table(
            source, table_name, columns, schema_name
        )

    # The transaction itself ----------------------------------------------------------------------

    async def begin(self) -> None:
        """Begin the transaction; calling it twice is fine, as in psqlpy."""
        connection, handle = self._open_connection, self._handle
        handle.state.check("begin")
        if handle.record is not None:
            return
        await self._control("begin", "BEGIN")
        handle.record = handle.state.begin()
        if handle.is_of_fake_connection:
            connection._watch(handle.record)

    async def commit(self) -> None:
        """Commit the transaction and close it.

        If a statement failed in it, PostgreSQL rolls back instead, and psqlpy raises no error.
        """
        await self._end("commit", commit=True)

    async def rollback(self) -> None:
        """Roll the transaction back and close it."""
        await self._end("rollback", commit=False)

    async def _end(self, method: str, *, commit: bool) -> None:
        """End the transaction; if that fails, psqlpy keeps the handle open."""
        self._check_open()
        handle = self._handle
        if handle.record is not None:
            handle.state.check_alive(method)
            try:
                await self._control(method, method.upper())
            except BaseException:
                handle.state.refuse_commit(handle.record)
                raise
            handle.state.end(handle.record, commit=commit)
        handle.closed = True

    async def create_savepoint(self, savepoint_name: str) -> None:
        """Open a savepoint inside the transaction."""
        await self._savepoint_command(f"SAVEPOINT {savepoint_name}")
        self._handle.state.savepoint(savepoint_name)

    async def rollback_savepoint(self, savepoint_name: str) -> None:
        """Roll back to a savepoint, which stays open."""
        await self._savepoint_command(f"ROLLBACK TO SAVEPOINT {savepoint_name}")
        self._handle.state.rollback_to(savepoint_name)

    async def release_savepoint(self, savepoint_name: str) -> None:
        """Release a savepoint: what was done in it stays part of the transaction."""
        await self._savepoint_command(f"RELEASE SAVEPOINT {savepoint_name}")
        self._handle.state.release(savepoint_name)

    async def _savepoint_command(self, statement: str) -> None:
        self._check_open()
        state = self._handle.state
        state.check_open()
        state.check_alive("savepoint")
        if state.current is None:
            command = statement.rpartition(" ")[0]
            text = f"{command} can only be used in transaction blocks"
            raise driver_errors.server_refused(text)
        if not statement.startswith("ROLLBACK"):
            state.check("savepoint")
        await self._control("savepoint", statement)

    async def _control(self, method: str, statement: str) -> None:
        if self._handle.is_of_fake_connection:
            await self.connection._control(method, statement)

    def _check_open(self) -> None:
        if self._handle.closed:
            raise driver_errors.transaction_closed()

    @property
    def _open_connection(self) -> Any:
        self._check_open()
        return self.connection

    @property
    def state(self) -> str:
        """What became of it: "open", "committed", "rolled back"; "not begun" before it began."""
        return "not begun" if self._handle.record is None else self._handle.record.state

    def is_closed(self) -> bool:
        """Return True until commit or rollback, False afterwards: as psqlpy does.

        That is against its name; `state` says what became of the transaction.
        """
        return not self._handle.closed

    async def __aenter__(self) -> FakeTransaction:
        """Begin the transaction and return it."""
        await self.begin()
        return self

    async def __aexit__(self, exc_type: type[BaseException] | None, *_: object) -> Literal[False]:
        """Commit, or roll back after an exception; never swallow it.

        Raises:
            psqlpy's TransactionClosedError: the block has committed or rolled back by itself.
        """
        await (self.commit() if exc_type is None else self.rollback())
        return False


class FakeTransactionContext(FakeTransaction):
    """What `conn.transaction()` returns: a transaction that is still to be entered.

    `async with` yields `.transaction`; `begin`, `commit` and all others work on it directly.
    """

    def __init__(self, connection: Any) -> None:
        super().__init__(connection)
        self.transaction = FakeTransaction(connection, self._handle)

    async def __aenter__(self) -> FakeTransaction:
        """Begin the transaction and return it."""
        return await self.transaction.__aenter__()
