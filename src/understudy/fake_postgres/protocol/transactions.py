"""The transactions of one connection."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from understudy.fake_postgres.protocol import errors
from understudy.fake_postgres.protocol.connection import Connection
from understudy.script.calls import Transaction


class TransactionalState(Protocol):
    """State that a rollback undoes: settings, cursors, LISTEN and NOTIFY."""

    def mark(self) -> Any:
        """Return what is needed to restore the current state."""

    def restore(self, mark: Any) -> None:
        """Restore the state of `mark`, in the same transaction."""

    def fail(self, mark: Any) -> None:
        """Restore the state of `mark` as far as a failed transaction shows it."""

    def settle(self, mark: Any, *, commit: bool) -> None:
        """End the transaction that began with the state of `mark`."""


class _Level(NamedTuple):
    transaction: Transaction
    marks: list[Any]


class Transactions:
    """The transactions of one connection, as a tree, and the state that they govern.

    A statement outside a block is a transaction of its own; so are the statements of a simple
    query, and those between two Syncs. These implicit transactions are not in the tree.

    Attributes:
        implicit: whether several statements share an implicit transaction, which PostgreSQL treats
            as a block without savepoints.
        queried: whether the block has run a query.
    """

    def __init__(self, connection: Connection, followers: list[TransactionalState]) -> None:
        self._connection = connection
        self._states = followers
        self._levels: list[_Level] = []
        self.implicit = False
        self.queried = False
        self._base = self._marks()

    @property
    def in_block(self) -> bool:
        """Whether a transaction block is open."""
        return bool(self._levels)

    def begin(self) -> None:
        """Begin a block; it includes what ran before it in the same simple query."""
        transaction = Transaction(len(self._connection.transactions) + 1)
        self._connection.note_transaction(transaction)
        self.queried = False
        self._levels = [_Level(transaction, self._base)]

    def end(self, *, commit: bool) -> bool:
        """End the block, or the implicit transaction; return whether it was committed.

        An aborted one is rolled back in any case.
        """
        if self._levels:
            current = self._connection.current
            commit = commit and not (current is not None and current.aborted)
            self._levels[0].transaction.end("committed" if commit else "rolled back")
            self._levels = []
            self._connection.current = None
        for state, mark in zip(self._states, self._base, strict=True):
            state.settle(mark, commit=commit)
        self._base = self._marks()
        return commit

    def fail(self) -> None:
        """Note that a statement failed: undo the work of the block or implicit transaction."""
        if self._levels:
            transaction, marks = self._levels[-1]
            transaction.aborted = True
            for state, mark in zip(self._states, marks, strict=True):
                state.fail(mark)
        else:
            self.end(commit=False)

    def lose(self) -> None:
        """Note that the connection is gone: roll back what is open."""
        if self._levels:
            self._levels[0].transaction.end("rolled back")
            self._levels = []
            self._connection.current = None

    def savepoint(self, name: str) -> None:
        """Open a savepoint.

        Raises:
            ServerError: no transaction block is open.
        """
        parent = self._block("SAVEPOINT")
        self._push(Transaction(parent.number, name, parent), self._marks())

    def release(self, name: str) -> None:
        """Release a savepoint and those inside it.

        Raises:
            ServerError: no block is open, or the savepoint does not exist.
        """
        self._block("RELEASE SAVEPOINT")
        level = self._find(name)
        self._levels[level].transaction.end("released")
        del self._levels[level:]
        self._connection.current = self._levels[-1].transaction

    def rollback_to(self, name: str) -> None:
        """Roll back to a savepoint, which stays open.

        Raises:
            ServerError: no block is open, or the savepoint does not exist.
        """
        self._block("ROLLBACK TO SAVEPOINT")
        level = self._find(name)
        ended, marks = self._levels[level]
        ended.end("rolled back")
        del self._levels[level:]
        self._restore(marks)
        self._push(Transaction(ended.number, ended.savepoint, ended.parent), marks)

    def _push(self, transaction: Transaction, marks: list[Any]) -> None:
        self._levels.append(_Level(transaction, marks))
        self._connection.current = transaction

    def _block(self, command: str) -> Transaction:
        current = self._connection.current
        if current is None:
            raise errors.needs_block(command)
        return current

    def _find(self, name: str) -> int:
        for level in range(len(self._levels) - 1, 0, -1):
            if self._levels[level].transaction.savepoint == name:
                return level
        raise errors.error("3B001", f'savepoint "{name}" does not exist')

    def _restore(self, marks: list[Any]) -> None:
        for state, mark in zip(self._states, marks, strict=True):
            state.restore(mark)

    def _marks(self) -> list[Any]:
        return [state.mark() for state in self._states]
