"""FakeCursor: a cursor over scripted rows."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from understudy.fakes import driver_errors
from understudy.fakes.record import FakeRecord
from understudy.script.parameters import Given
from understudy.script.waiting import let_others_run

if TYPE_CHECKING:
    from understudy.fakes.connection import FakeConnection

_ALL_AT_ONCE = 10  # rows of an iteration where no array_size was given, as psqlpy's default


class FakeCursor:
    """A cursor as psqlpy gives it: started by `start`, `execute` or `async with`.

    Each fetch returns a FakeRecord with a list of rows, an empty one at the end; `async for` gives
    `array_size` rows at a time.
    """

    def __init__(
        self,
        connection: FakeConnection,
        querystring: str | None,
        parameters: Given,
        array_size: int | None,
    ) -> None:
        self.querystring = querystring
        self.parameters = parameters
        self.array_size = array_size or _ALL_AT_ONCE
        self._connection = connection
        self._rows: list[Any] | None = None

    async def start(self) -> None:
        """Ask for the rows of the statement."""
        __tracebackhide__ = True
        record = await self._connection.fetch(self.querystring, self.parameters)
        self._rows = list(record.result() or ())

    async def execute(self, querystring: str, parameters: Given = None) -> FakeRecord:
        """Start the cursor with another statement."""
        __tracebackhide__ = True
        self.querystring, self.parameters = querystring, parameters
        await self.start()
        return FakeRecord([], rowcount=0)

    async def fetchone(self) -> FakeRecord:
        """Return the next row, in a list."""
        return await self._next(1)

    async def fetchmany(self, size: int | None = None) -> FakeRecord:
        """Return the next `size` rows, by default `array_size`."""
        return await self._next(self.array_size if size is None else size)

    async def fetchall(self) -> FakeRecord:
        """Return all rows that are left."""
        return await self._next(None)

    def close(self) -> None:
        """Close the cursor: every later fetch is refused."""
        self._rows = None

    def is_closed(self) -> bool:
        """Say whether the cursor is not started, or closed."""
        return self._rows is None

    async def _next(self, size: int | None) -> FakeRecord:
        if self._rows is None:
            raise driver_errors.transaction_closed()
        await let_others_run()
        taken = self._rows[:size]
        del self._rows[:size]
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

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> Literal[False]:
        """Close the cursor, and let every exception through."""
        self.close()
        return False
