"""What a server knows of one connection, whatever its database."""

from __future__ import annotations

from collections.abc import Callable

from understudy.pg.errors import ErrorFields
from understudy.script.boundary import Answer
from understudy.script.calls import Transaction


class Connection:
    """One connection, as the server and a test see it.

    Attributes:
        pid: its number, which the client knows too; unique in a process.
        user, database: those of the login, "" before it.
        transactions: every transaction so far, in order; savepoints are children.
        current: the current transaction or savepoint, or None.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.user = ""
        self.database = ""
        self.transactions: list[Transaction] = []
        self.current: Transaction | None = None

    def note_transaction(self, transaction: Transaction) -> None:
        """Record a transaction that begins."""
        self.transactions.append(transaction)
        self.current = transaction

    def note_completed(self, tag: str, answer: Callable[[], Answer | None] | None = None) -> None:
        """Record that the statement is answered, or with "" a part of it or a new connection.

        Args:
            tag: the command tag.
            answer: returns the first rows of the answer; None for a new connection.
        """

    def note_failed(self, fields: ErrorFields) -> None:
        """Record that the client gets an error."""

    def note_lost(self) -> None:
        """Record that the connection ends."""
