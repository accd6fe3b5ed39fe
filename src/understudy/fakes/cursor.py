"""FakeCursor and FakePreparedStatement: statements of a connection that run later."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Literal, Self

from understudy.fakes import driver_errors
from understudy.fakes.connection_state import ConnectionState
from understudy.fakes.record import FakeRecord
from understudy.script.calls import Transaction
from understudy.script.parameter_matching import Given
from understudy.script.waiting import let_others_run

# A failure points at the line that called, not at the functions of this module.
__tracebackhide__ = True

# Answers a statement with its rows, for the method ("cursor.start") and the parameters given.
Run = Callable[[str, str, Any], Awaitable[list[Any]]]


class RowsThenError(list[Any]):
    """Rows, and the error that a fetch raises that would go on after them.

    Attributes:
        error: makes the error.
    """

    def __init__(self, rows: list[Any], error: Callable[[], BaseException]) -> None:
        super().__init__(rows)
        self.error = error


class FakeCursor:
    """A cursor as psqlpy gives it: started by `start`, `execute` or `async with`.

    Each fetch returns a FakeRecord with a list of rows, an empty one at the end; `async for` gives
    `array_size` rows at a time (0: all of them). It ends with the transaction it was started in.
    """

    def __init__(
        self,
        run: Run,
        state: ConnectionState,
        querystring: str | None,
        parameters: Given,
        array_size: int | None,
    ) -> None:
        self.querystring = querystring
        self.parameters = parameters
        self.array_size = 1 if array_size is None else array_size  # 1 is psqlpy's default
        self._run = run
        self._state = state
        self._closed = False
        self._starts = 0
        self._rows: list[Any] | None = None
        self._transaction: Transaction | None = None

    async def start(self) -> None:
        """Ask for the rows of the statement.

        Started again, it has no rows: psqlpy then looks for a portal that is gone.

        Raises:
            Exception: psqlpy's, if the cursor is closed or has no statement.
        """
        if self._closed:
            raise driver_errors.connection_closed()
        if self.querystring is None:
            text = "Cursor start error: Cannot start cursor"
            raise driver_errors.psqlpy_error("CursorStartError", text)
        current = self._state.current
        self._transaction = None if current is None else self._state.root(current)
        rows = await self._run("cursor.start", self.querystring, self.parameters)
        self._rows = rows if isinstance(rows, RowsThenError) else list(rows)
        self._starts += 1

    async def execute(self, querystring: str, parameters: Given = None) -> None:
        """Start the cursor with another statement."""
        self.querystring, self.parameters = querystring, parameters
        await self.start()

    async def fetchone(self) -> FakeRecord:
        """Return the next row, in a list."""
        return await self._next(1)

    async def fetchmany(self, size: int | None = None) -> FakeRecord:
        """Return the next `size` rows, by default `array_size`."""
        return await self._next(self.array_size if size is None else size)

    async def fetchall(self) -> FakeRecord:
        """Return all rows that are left."""
        return await self._next(0)

    def close(self) -> None:
        """Close the cursor: every later use is refused."""
        self._closed = True
        self._rows = None

    def is_closed(self) -> bool:
        """Return True until `close()`, False afterwards: as psqlpy does, against the name."""
        return not self._closed

    async def _next(self, size: int) -> FakeRecord:
        if self._rows is None:
            raise driver_errors.transaction_closed()
        self._state.check("cursor.fetch")
        ended = self._transaction is not None and self._transaction.state != "open"
        if ended or self._starts > 1:
            self._state.fail()
            # psqlpy numbers portals by itself.
            raise driver_errors.server_refused('portal "p1" does not exist')
        await let_others_run()
        if isinstance(self._rows, RowsThenError) and not 0 < size <= len(self._rows):
            raise self._rows.error()
        taken = self._rows[: size or None]
        del self._rows[: size or None]
        return FakeRecord(taken, rowcount=len(taken))

    def __aiter__(self) -> Self:
        """Iterate over the rows, `array_size` at a time."""
        return self

    async def __anext__(self) -> FakeRecord:
        """Return the next rows."""
        record = await self.fetchmany()
        if not record.result():
            raise StopAsyncIteration
        return record

    async def __aenter__(self) -> Self:
        """Start the cursor."""
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> Literal[False]:
        """Close the cursor, and let every exception through."""
        self.close()
        return False


class FakePreparedStatement:
    """A prepared statement as psqlpy gives it: a statement with its parameters, to be run again.

    psqlpy's `columns()` is missing: only a database can tell the columns of a statement.
    """

    def __init__(
        self, run: Run, state: ConnectionState, querystring: str, parameters: Given
    ) -> None:
        self._run = run
        self._state = state
        self._querystring = querystring
        self._parameters = parameters

    async def execute(self) -> FakeRecord:
        """Run the statement on its connection, which answers it as it answers `execute`."""
        return FakeRecord(await self._run("prepared.execute", self._querystring, self._parameters))

    def cursor(self) -> FakeCursor:
        """Return a cursor over the statement's rows."""
        return FakeCursor(self._run, self._state, self._querystring, self._parameters, None)
