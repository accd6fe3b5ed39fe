"""The methods that psqlpy's connection and its transaction share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Coroutine
from typing import Any

from understudy.fakes.record import FakeRecord
from understudy.script.parameter_matching import Given

# A failure points at the line that called, not at the functions of this module.
__tracebackhide__ = True


class PsqlpyMethods(ABC):
    """Run statements with psqlpy's signatures.

    A statement may be given as `stmt`, or as `querystring` as psqlpy calls it. `prepared` changes
    nothing here.
    """

    @abstractmethod
    def _run(self, method: str, statement: str, parameters: Any) -> Coroutine[Any, Any, Any]:
        """Run a statement, and return what `method` returns."""

    async def execute(
        self,
        stmt: str | None = None,
        parameters: Given = None,
        prepared: bool | None = None,
        *,
        querystring: str | None = None,
    ) -> FakeRecord:
        """Answer a statement with all its rows."""
        statement = stmt or self._statement("execute", stmt, querystring)
        record: FakeRecord = await self._run("execute", statement, parameters)
        return record

    async def execute_batch(self, querystring: str) -> None:
        """Answer several statements in one string, without parameters and without a result."""
        await self._run("execute_batch", querystring, None)

    async def fetch(
        self,
        stmt: str | None = None,
        parameters: Given = None,
        prepared: bool | None = None,
        *,
        querystring: str | None = None,
    ) -> FakeRecord:
        """Answer a statement with all its rows."""
        statement = stmt or self._statement("fetch", stmt, querystring)
        record: FakeRecord = await self._run("fetch", statement, parameters)
        return record

    async def fetch_row(
        self,
        stmt: str | None = None,
        parameters: Given = None,
        prepared: bool | None = None,
        *,
        querystring: str | None = None,
    ) -> Any:
        """Answer a statement with its only row, a scripted one as a FakeRecord."""
        statement = stmt or self._statement("fetch_row", stmt, querystring)
        return await self._run("fetch_row", statement, parameters)

    async def fetch_val(
        self,
        stmt: str | None = None,
        parameters: Given = None,
        prepared: bool | None = None,
        *,
        querystring: str | None = None,
    ) -> Any:
        """Answer a statement with the first column of its only row."""
        statement = stmt or self._statement("fetch_val", stmt, querystring)
        return await self._run("fetch_val", statement, parameters)

    def _statement(self, method: str, stmt: str | None, querystring: str | None) -> str:
        """Return the statement that was given under either name."""
        statement = querystring if stmt is None else stmt
        if statement is None:
            raise TypeError(
                f"{type(self).__name__}.{method}() missing 1 required positional argument: "
                "'stmt' ('querystring' in psqlpy)"
            )
        return statement
