"""Rows that a generator yields, taken from it when the client asks for them."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from typing import Any

from understudy.fake_postgres.protocol.statements import Result
from understudy.pg.errors import ServerError


class GeneratedRows:
    """The rows of a generator or an async generator.

    It is the source of a result. The generator is closed with the portal, at the latest.

    Args:
        generator: yields rows: mappings, or values in the order of the columns.
        read: makes a row of what is yielded; it may raise ServerError.
        raised: returns what the client gets if the generator raises.
    """

    def __init__(
        self,
        generator: Generator[Any, Any, Any] | AsyncGenerator[Any, Any],
        read: Callable[[Any], Sequence[Any]],
        raised: Callable[[Exception], ServerError],
    ) -> None:
        self._generator = generator
        self._read = read
        self._raised = raised
        self._rows: list[Sequence[Any]] = []
        self._error: ServerError | None = None

    @property
    def result(self) -> Result:
        """The result of the statement, without rows so far."""
        return Result(self._rows, source=self)

    def close(self) -> None:
        """Close the generator. An async one is closed by its event loop, when nobody holds it."""
        if inspect.isgenerator(self._generator):
            self._generator.close()
        self._generator = _nothing()

    def take(self, count: int | None) -> Result | Awaitable[Result]:
        """Take rows until there are so many, or all; the result has the error that came."""
        if inspect.isasyncgen(self._generator):
            return self._take_later(self._generator, count)
        assert inspect.isgenerator(self._generator)
        while self._wants(count):
            try:
                row = next(self._generator)
            except StopIteration:
                break
            except Exception as error:  # noqa: BLE001 # the client gets any error
                self._error = self._raised(error)
            else:
                self._add(row)
        if self._error is not None:
            self._generator.close()
        return Result(error=self._error)

    async def _take_later(self, generator: AsyncGenerator[Any, Any], count: int | None) -> Result:
        while self._wants(count):
            try:
                row = await anext(generator)
            except StopAsyncIteration:
                break
            except Exception as error:  # noqa: BLE001 # as above
                self._error = self._raised(error)
            else:
                self._add(row)
        if self._error is not None:
            await generator.aclose()
        return Result(error=self._error)

    def _wants(self, count: int | None) -> bool:
        return self._error is None and (count is None or len(self._rows) < count)

    def _add(self, row: Any) -> None:
        try:
            self._rows.append(self._read(row))
        except ServerError as error:
            self._error = error


def _nothing() -> Generator[Any, Any, Any]:
    yield from ()
