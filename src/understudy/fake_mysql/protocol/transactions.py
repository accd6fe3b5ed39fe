"""The transactions of one connection."""

from __future__ import annotations

from understudy.fake_mysql.protocol.connection import Connection
from understudy.mysql.error_fields import server_error
from understudy.script.calls import Transaction


class ImplicitTransaction(Transaction):
    """A transaction that a statement began, because autocommit is off."""

    remedy = (
        "MySQL began it, because autocommit is off. Commit it, roll it back, or connect with "
        "autocommit=True."
    )


class Transactions:
    """The transactions of one connection, as a tree.

    A failed statement leaves its transaction open, except for a deadlock.

    Attributes:
        is_read_only: whether the open transaction is one of START TRANSACTION READ ONLY.
        is_shown: whether status flags tell of it: not before the first use of a table, if a
            savepoint began it without autocommit.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._levels: list[Transaction] = []
        self.is_read_only = False
        self.is_shown = True

    @property
    def is_open(self) -> bool:
        """Whether a transaction is open."""
        return bool(self._levels)

    def begin(self, *, is_read_only: bool = False, is_implicit: bool = False) -> None:
        """Begin a transaction; one that is open is committed.

        Args:
            is_read_only: whether it may not write.
            is_implicit: whether a statement began it, because autocommit is off.
        """
        self.end(commit=True)
        kind = ImplicitTransaction if is_implicit else Transaction
        transaction = kind(len(self._connection.transactions) + 1)
        self._connection.note_transaction(transaction)
        self._levels = [transaction]
        self.is_read_only = is_read_only
        self.is_shown = True

    def end(self, *, commit: bool) -> None:
        """End the open transaction, if there is one."""
        if self._levels:
            self._levels[0].end("committed" if commit else "rolled back")
            self._levels = []
            self._connection.current = None
            self.is_read_only = False

    def savepoint(self, name: str) -> None:
        """Open a savepoint; an older one of the same name ends.

        Without a transaction that has no effect, unless autocommit is off.
        """
        if not (self._levels or self._connection.autocommit):
            self.begin(is_implicit=True)
            self.is_shown = False
        if self._levels:
            if (level := self._level(name)) is not None:
                self._levels.pop(level).end("released")
            parent = self._levels[-1]
            self._push(Transaction(parent.number, name, parent))

    def release(self, name: str) -> None:
        """Release a savepoint and those inside it.

        Raises:
            ServerError: it does not exist.
        """
        level = self._find(name)
        self._levels[level].end("released")
        self._cut(level)

    def roll_back_to(self, name: str) -> None:
        """Roll back to a savepoint, which stays open.

        Raises:
            ServerError: it does not exist.
        """
        level = self._find(name)
        ended = self._levels[level]
        ended.end("rolled back")
        self._cut(level)
        self._push(Transaction(ended.number, ended.savepoint, self._levels[-1]))

    def _push(self, transaction: Transaction) -> None:
        self._levels.append(transaction)
        self._connection.current = transaction

    def _cut(self, level: int) -> None:
        del self._levels[level:]
        self._connection.current = self._levels[-1]

    def _level(self, name: str) -> int | None:
        for level in range(len(self._levels) - 1, 0, -1):
            if (self._levels[level].savepoint or "").lower() == name.lower():
                return level
        return None

    def _find(self, name: str) -> int:
        level = self._level(name)
        if level is None:
            raise server_error(1305, "42000", f"SAVEPOINT {name} does not exist")
        return level
