"""What a test leaves behind on `fake_postgres`, and whose fault it is."""

from __future__ import annotations

from understudy.catalog.command_tags import command_in
from understudy.fake_postgres import messages
from understudy.fake_postgres.attribution import FIXTURE
from understudy.fake_postgres.clients import Client
from understudy.script.calls import Transaction
from understudy.script.failures import ConnectionNotReturned, Failure, TransactionLeftOpen
from understudy.script.origin import Origin, at

_READING = frozenset({"SELECT", "VALUES", "SHOW", "FETCH"})


class Left:
    """The transactions and the connections that were open when a test ended."""

    def __init__(self) -> None:
        self._transactions: list[Transaction] = []
        self._connections: list[tuple[str, Origin]] = []

    def in_the_middle(self, client: Client) -> bool:
        """Take note of a connection in the middle of something; say whether it is."""
        if client.line.session.pending is not None:
            if client.latest is not None:
                self._connections.append((messages.STILL_BUSY, client.latest.origin))
            return True
        opened_by = client.attribution.opened_by
        transaction = client.open_transaction
        if transaction is None:
            # asyncpg's pool says so when it takes a connection back; other pools say nothing.
            if opened_by is None or opened_by.pool != "asyncpg" or client.used_by is None:
                return False
            self._connections.append((messages.NOT_GIVEN_BACK, at(client.used_by)))
            return True
        # psycopg and SQLAlchemy begin one for every SELECT. Where the test handed out the
        # connection, and closes it, no harm is done unless something was written.
        if opened_by is None or opened_by.pool != FIXTURE or _writes(transaction):
            self._transactions.append(transaction)
        return True

    def never_closed(self, client: Client, test: int) -> bool:
        """Take note of an open connection that somebody has forgotten; say whether it is one.

        A pool's idle connection is none: the pool may outlive the test. Nor is one of which nobody
        could tell who opened it.

        Args:
            client: the connection.
            test: the number of the test that ends.
        """
        opened_by = client.attribution.opened_by
        if opened_by is None or opened_by.pool or opened_by.spot is None or client.test != test:
            return False
        self._connections.append((messages.NEVER_CLOSED, at(opened_by.spot)))
        return True

    def transactions(self) -> Failure | None:
        """Return the failure for transactions that were not ended."""
        if not self._transactions:
            return None
        return TransactionLeftOpen(messages.left_open(self._transactions))

    def connections(self) -> Failure | None:
        """Return the failure for connections that were not given back."""
        if not self._connections:
            return None
        return ConnectionNotReturned(messages.not_closed(self._connections))


def _writes(transaction: Transaction) -> bool:
    commands = (command_in(call.statement) for call in transaction.calls)
    return any(command not in _READING for command in commands) or any(
        map(_writes, transaction.children)
    )
