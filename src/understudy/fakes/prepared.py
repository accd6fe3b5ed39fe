"""FakePreparedStatement: a statement with its parameters, to be run again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from understudy.fakes.cursor import FakeCursor
from understudy.fakes.record import FakeRecord
from understudy.script.parameter_matching import Given

if TYPE_CHECKING:
    from understudy.fakes.connection import FakeConnection


class FakePreparedStatement:
    """A prepared statement as psqlpy gives it.

    psqlpy's `columns()` is not here: the columns of a statement are the database's to tell.
    """

    def __init__(self, connection: FakeConnection, querystring: str, parameters: Given) -> None:
        self._connection = connection
        self._querystring = querystring
        self._parameters = parameters

    async def execute(self) -> FakeRecord:
        """Run the statement on its connection, where it is answered as by `execute`."""
        __tracebackhide__ = True
        rows = await self._connection._run("prepared.execute", self._querystring, self._parameters)
        return FakeRecord(rows)

    def cursor(self) -> FakeCursor:
        """Return a cursor over the statement's rows."""
        return FakeCursor(self._connection, self._querystring, self._parameters, None)
