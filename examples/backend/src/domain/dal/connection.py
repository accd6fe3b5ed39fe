"""What the data access layer asks of a connection: the part of psqlpy that it uses.

A protocol rather than psqlpy's own class, so that a transaction that was joined (see ``DAL``)
and a test's fake are connections too.
"""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, Protocol

Parameters = Sequence[Any] | None


class Rows(Protocol):
    """The rows of a result."""

    def result(self) -> list[dict[str, Any]]:
        """All rows, as dictionaries."""
        ...


class Row(Protocol):
    """The one row of a result."""

    def result(self) -> dict[str, Any]:
        """The row, as a dictionary."""
        ...


class Statements(Protocol):
    """Whatever runs statements: a connection, or a transaction on one."""

    async def execute(self, stmt: str, parameters: Parameters = None, /) -> Rows:
        """Run a statement."""
        ...

    async def execute_batch(self, stmt: str, /) -> None:
        """Run several statements without parameters, separated by semicolons."""
        ...

    async def execute_many(self, stmt: str, parameters: list[list[Any]] | None = None, /) -> Any:
        """Run one statement once per list of parameters."""
        ...

    async def fetch(self, stmt: str, parameters: Parameters = None, /) -> Rows:
        """Run a statement and return its rows."""
        ...

    async def fetch_row(self, stmt: str, parameters: Parameters = None, /) -> Row:
        """Run a statement that returns exactly one row; any other number is an error."""
        ...

    async def fetch_val(self, stmt: str, parameters: Parameters = None, /) -> Any:
        """Run a statement that returns exactly one row; return its first value."""
        ...


class Connection(Statements, Protocol):
    """A connection: statements, and transactions."""

    def transaction(self) -> AbstractAsyncContextManager[Statements]:
        """Commit what the block did when it ends, or roll it back when it raises."""
        ...


class JoinedTransaction:
    """A connection on which a transaction is open already: ``transaction()`` joins that one.

    psqlpy would send a second BEGIN, and the inner COMMIT would commit the outer work too soon.
    """

    def __init__(self, transaction: Statements) -> None:
        self._transaction = transaction
        self.execute = transaction.execute
        self.execute_batch = transaction.execute_batch
        self.execute_many = transaction.execute_many
        self.fetch = transaction.fetch
        self.fetch_row = transaction.fetch_row
        self.fetch_val = transaction.fetch_val

    def transaction(self) -> AbstractAsyncContextManager[Statements]:
        """Hand out the open transaction; whoever opened it ends it."""
        return nullcontext(self._transaction)
