"""What a fake connection remembers between calls: whether it is open, and its transactions."""

from __future__ import annotations

from understudy.fakes import driver_errors
from understudy.script.calls import Transaction


class ConnectionState:
    """The state of one connection, as the server and the driver would see it.

    Attributes:
        closed: why the connection can no longer be used ("closed", "lost"), or None.
        transactions: every transaction of the connection, in order; savepoints are children.
        current: the transaction or savepoint that a statement would run in now, or None.
        begun: whether psqlpy takes the connection for one in a transaction. It knows only of what
            it did itself: it still does after a COMMIT that was refused, or a lost connection.
        prepared: the statements that psqlpy has prepared on this connection, and so knows.
    """

    def __init__(self) -> None:
        self.closed: str | None = None
        self.transactions: list[Transaction] = []
        self.current: Transaction | None = None
        self.begun = False
        self.prepared: set[str] = set()

    def check(self, method: str, *, in_parse: bool = False) -> None:
        """Raise what psqlpy raises if `method` cannot be called in this state.

        Args:
            method: the connection's method that is called.
            in_parse: whether psqlpy notices while it prepares the statement.
        """
        self.check_open()
        self.check_alive(method, in_parse=in_parse)
        if self.current is not None and self.current.aborted:
            raise driver_errors.aborted(method, in_parse=in_parse)

    def check_open(self) -> None:
        """Raise what psqlpy raises if the connection was closed."""
        if self.closed == "closed":
            raise driver_errors.connection_closed()

    def check_alive(self, method: str, *, in_parse: bool = False) -> None:
        """Raise what psqlpy raises if the server has closed the connection."""
        if self.closed == "lost":
            raise driver_errors.connection_lost(method, in_parse=in_parse)

    def begin(self) -> Transaction:
        """Open a transaction and return it.

        If one is already open, PostgreSQL only warns, and both handles share it.
        """
        self.begun = True
        if self.current is not None:
            return self.root(self.current)
        self.current = Transaction(len(self.transactions) + 1)
        self.transactions.append(self.current)
        return self.current

    def end(self, transaction: Transaction, *, commit: bool) -> None:
        """Commit or roll back `transaction`; PostgreSQL rolls back an aborted one either way."""
        self.begun = False
        if transaction.state == "open":
            failed = self.current is not None and self.current.aborted
            transaction.end("committed" if commit and not failed else "rolled back")
            self.current = None

    def refuse_commit(self, transaction: Transaction) -> None:
        """Note that PostgreSQL refused a COMMIT, and so rolled back."""
        transaction.end("rolled back")
        self.current = None

    def savepoint(self, name: str) -> None:
        """Open a savepoint in the current transaction."""
        assert self.current is not None
        self.current = Transaction(self.current.number, _folded(name), self.current)

    def rollback_to(self, name: str) -> None:
        """Roll back to the savepoint `name`, which stays open, as in PostgreSQL.

        Raises:
            psqlpy's DatabaseError: there is no such savepoint.
        """
        found = self._find(name)
        found.end("rolled back")
        self.current = Transaction(found.number, found.savepoint, found.parent)

    def release(self, name: str) -> None:
        """Release the savepoint `name` and all inside it.

        Raises:
            psqlpy's DatabaseError: there is no such savepoint.
        """
        found = self._find(name)
        found.end("released")
        self.current = found.parent

    def fail(self) -> None:
        """Note that PostgreSQL refused a statement: the transaction around it is aborted."""
        if self.current is not None:
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
        while found is not None and found.savepoint != _folded(name):
            found = found.parent
        if found is None:
            self.fail()
            raise driver_errors.server_refused(f'savepoint "{name}" does not exist')
        return found


def _folded(name: str) -> str:
    """Return the name as PostgreSQL reads it: without regard to case, unless it is quoted."""
    return name if name.startswith('"') else name.lower()
