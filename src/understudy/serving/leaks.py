"""Transactions and connections of a server that a test leaves open."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from understudy.catalog.command_tags import command_in
from understudy.mysql.effects import Effect, effect_of
from understudy.script.boundary import Database
from understudy.script.calls import Transaction
from understudy.script.failures import ConnectionNotReturned, Failure, TransactionLeftOpen
from understudy.script.origin import Origin, at
from understudy.serving.attribution import FIXTURE
from understudy.serving.clients import Client

# asyncpg's sends a RESET when it takes a connection back; the others are watched.
_TELLING_POOLS = ("asyncpg", "aiomysql", "asyncmy", "mysql")
_READING = frozenset({"SELECT", "VALUES", "SHOW", "FETCH"})
_READS: Final[Mapping[Database, Callable[[str], bool]]] = {
    "postgresql": lambda statement: command_in(statement) in _READING,
    "mysql": lambda statement: effect_of(statement) is Effect.READS,
}


class LeakReport:
    """The transactions and the connections that were open when a test ended.

    Args:
        database: the kind of their database.
    """

    def __init__(self, database: Database) -> None:
        self._reads = _READS[database]
        self._transactions: list[Transaction] = []
        self._connections: list[tuple[str, Origin]] = []
        self._busy: set[int] = set()

    def check_busy(self, client: Client) -> bool:
        """Report a connection with a running statement or an open transaction; True if it is."""
        if client.pid in self._busy:
            return True
        is_busy = self._check_busy(client)
        if is_busy:
            self._busy.add(client.pid)
        return is_busy

    def _check_busy(self, client: Client) -> bool:
        if client.transport.session.pending is not None:
            if client.latest is not None:
                text = "a statement was still running when the test ended; sent at:"
                self._connections.append((text, client.latest.origin))
            return True
        opened_by = client.attribution.opened_by
        transaction = client.open_transaction
        if transaction is None:
            known = opened_by is not None and opened_by.pool in _TELLING_POOLS
            if not known or client.used_by is None or not client.is_taken:
                return False
            text = "a connection was used and not given back to its pool; first used at:"
            self._connections.append((text, at(client.used_by)))
            return True
        # psycopg and SQLAlchemy begin a transaction for every SELECT. On a connection that the
        # fixture made, and closes, that does no harm unless something was written.
        if opened_by is None or opened_by.pool != FIXTURE or self._writes(transaction):
            self._transactions.append(transaction)
        return True

    def _writes(self, transaction: Transaction) -> bool:
        return not all(self._reads(call.statement) for call in transaction.calls) or any(
            map(self._writes, transaction.children)
        )

    def check_unclosed(self, client: Client, test: int) -> bool:
        """Report an open connection that the test has forgotten; True if it is one.

        An idle connection of a pool is not reported: the pool may outlive the test. Nor is a
        connection if it is unknown who opened it.

        Args:
            client: the connection.
            test: the number of the test that ends.
        """
        opened_by = client.attribution.opened_by
        if opened_by is None or opened_by.pool or opened_by.spot is None or client.test != test:
            return False
        text = "a connection was opened and never closed; opened at:"
        self._connections.append((text, at(opened_by.spot)))
        return True

    def transactions(self) -> Failure | None:
        """Return the failure for transactions that were not ended."""
        if not self._transactions:
            return None
        lines = []
        for transaction in self._transactions:
            count = len(transaction.calls)
            calls = {0: "no call", 1: "1 call"}.get(count, f"{count} calls")
            lines.append(f"{transaction.name} was never ended ({calls} in it)")
            lines.append(f"  begun at: {transaction.origin.place}")
        lines.append("Commit it, roll it back, or give its connection back to its pool.")
        return TransactionLeftOpen("\n".join(lines))

    def connections(self) -> Failure | None:
        """Return the failure for connections that were not closed or given back."""
        if not self._connections:
            return None
        lines = [f"{text}\n  {origin.place}" for text, origin in self._connections]
        lines.append("Close it, or use `async with`, so that it goes back.")
        return ConnectionNotReturned("\n".join(lines))
