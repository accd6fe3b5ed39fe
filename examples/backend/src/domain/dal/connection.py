"""The connection protocol: the part of psqlpy that the data access layer uses.

It is a protocol so that joined transactions (see ``DAL``) and fakes in tests are connections
too.
"""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, Protocol

Parameters = Sequence[Any] | None


class Rows(Protocol):
    """The rows of a result."""

    def result(self) -> list[dict[str, Any]]:
        """Return all rows as dictionaries."""
        ...


class Row(Protocol):
    """A result with exactly one row."""

    def result(self) -> dict[str, Any]:
        """Return the row as a dictionary."""
        ...


class Statements(Protocol):
    """A connection or a transaction: an object that runs statements."""

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
        """Commit when the block ends, or roll back if it raises."""
        ...


class JoinedTransaction:
    """A connection with an open transaction: ``transaction()`` joins it.

    psqlpy would send a second BEGIN, and the inner COMMIT would commit the outer transaction.
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
        """Return the open transaction without ending it."""
        return nullcontext(self._transaction)
