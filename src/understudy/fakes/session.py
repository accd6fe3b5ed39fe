"""What a fake connection remembers between calls: whether it lives, and its transactions."""

from __future__ import annotations

from understudy.fakes import driver_errors
from understudy.script.transactions import Transaction


class Session:
    """The state of one connection, as the server and the driver would see it.

    Attributes:
        closed: why the connection can no longer be used ("closed", "lost"), or None.
        transactions: every transaction of the connection, in order; savepoints are children.
        current: the transaction or savepoint that a statement would run in now, or None.
    """

    def __init__(self) -> None:
        self.closed: str | None = None
        self.transactions: list[Transaction] = []
        self.current: Transaction | None = None

    def check(self, method: str) -> None:
        """Raise what psqlpy raises where `method` cannot be called in this state."""
        if self.closed == "closed":
            raise driver_errors.connection_closed()
        if self.closed == "lost":
            raise driver_errors.connection_lost(method)
        if self.current is not None and self.current.aborted:
            raise driver_errors.aborted(method)

    def begin(self) -> Transaction:
        """Open a transaction and return it.

        Where one is open already, PostgreSQL only warns: both handles then share that one.
        """
        if self.current is not None:
            return self.root(self.current)
        self.current = Transaction(len(self.transactions) + 1)
        self.transactions.append(self.current)
        return self.current

    def end(self, transaction: Transaction, *, commit: bool) -> None:
        """Commit or roll back `transaction`; PostgreSQL rolls back an aborted one either way."""
        if transaction.state == "open":
            failed = self.current is not None and self.current.aborted
            transaction.end("committed" if commit and not failed else "rolled back")
            self.current = None

    def savepoint(self, name: str) -> None:
        """Open a savepoint in the current transaction."""
        assert self.current is not None
        self.current = Transaction(self.current.number, name, self.current)

    def rollback_to(self, name: str) -> None:
        """Roll back to the savepoint `name`, which stays open, as in PostgreSQL.

        Raises:
            psqlpy's DatabaseError: there is no such savepoint.
        """
        found = self._find(name)
        found.end("rolled back")
        self.current = Transaction(found.number, name, found.parent)

    def release(self, name: str) -> None:
        """Release the savepoint `name` and all inside it.

        Raises:
            psqlpy's DatabaseError: there is no such savepoint.
        """
        found = self._find(name)
        found.end("released")
        self.current = found.parent

    def fail(self, method: str) -> None:
        """Note that PostgreSQL refused a statement: the transaction around it is aborted.

        psqlpy runs `execute_many` in a savepoint of its own, so there the transaction lives on.
        """
        if self.current is not None and method != "execute_many":
            self.current.aborted = True

    def lose(self) -> None:
        """Note that the connection is gone; what was open is rolled back by the server."""
        self.closed = "lost"
        if self.current is not None:
            self.root(self.current).end("rolled back")
            self.current = None

    def root(self, transaction: Transaction) -> Transaction:
        """Return the transaction around a savepoint."""
        while transaction.parent is not None:
            transaction = transaction.parent
        return transaction

    def _find(self, name: str) -> Transaction:
        found = self.current
        while found is not None and found.savepoint != name:
            found = found.parent
        if found is None:
            self.fail("savepoint")
            raise driver_errors.no_savepoint(name)
        return found
