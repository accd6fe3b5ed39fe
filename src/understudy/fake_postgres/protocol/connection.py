"""What a server knows of one connection, apart from its bytes."""

from __future__ import annotations

from collections.abc import Callable

from understudy.pg.errors import ErrorFields
from understudy.script.boundary import Answer
from understudy.script.calls import Transaction


class Connection:
    """One connection, as the server and a test see it.

    Attributes:
        pid: the process id that BackendKeyData gives; unique in a server.
        secret: the key that a CancelRequest must send.
        user, database: those of the startup message, "" before it.
        settings: run-time parameters as `SHOW` gives them, by name in lower case.
        lasting: those that a commit leaves, without what was set for the transaction only.
        transactions: every transaction so far, in order; savepoints are children.
        current: the current transaction or savepoint, or None.
        channels: the channels that it listens to.
        read_only: whether it refuses to write, after a failover.
        options: run-time parameters from the startup message, as the client sent them.
    """

    def __init__(self, pid: int, secret: int) -> None:
        self.pid = pid
        self.secret = secret
        self.user = ""
        self.database = ""
        self.settings: dict[str, str] = {}
        self.lasting: dict[str, str] = {}
        self.transactions: list[Transaction] = []
        self.current: Transaction | None = None
        self.channels: set[str] = set()
        self.read_only = False
        self.options: dict[str, str] = {}

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
