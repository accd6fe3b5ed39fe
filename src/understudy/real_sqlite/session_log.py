"""The calls of a connection: their events, and the transactions that begin and end with them."""

from __future__ import annotations

import itertools
import sqlite3
from typing import Any

from understudy.pg.errors import ErrorFields
from understudy.real_sqlite import statements
from understudy.real_sqlite.sender import Sender
from understudy.real_sqlite.shared_state import SharedState
from understudy.script import calls
from understudy.script.boundary import Event, Kind, tell_ended
from understudy.script.calls import Call, Transaction
from understudy.script.origin import at
from understudy.script.requests import now
from understudy.script.sqlite_errors import name_of

_REMEDY = "Commit it, roll it back, or close the connection."
_SAVEPOINTS = ("savepoint", "release", "rollback to")
_numbers = itertools.count(1)


class SessionLog:
    """Notes what a connection does. Its caller holds the lock of the database.

    Args:
        connection: the connection.
        shared: what it shares with the other connections.

    Attributes:
        transaction: the open transaction or savepoint, or None.
    """

    def __init__(self, connection: sqlite3.Connection, shared: SharedState) -> None:
        self._connection = connection
        self._shared = shared
        self._number = next(_numbers)
        self._begun = 0
        self.transaction: Transaction | None = None

    def call(self, method: str, statement: str, given: Any, here: Sender) -> Call:
        """Return a new call."""
        call = Call(method, statement, given, self.transaction, here.spot)
        call.sender = calls.Sender(self._number, "", "main", "")
        return call

    def event(self, kind: Kind, call: Call, here: Sender, *, is_drivers: bool = False) -> Event:
        """Begin the event of a call."""
        event = self._shared.boundary.begin(kind, call, here.request, is_drivers=is_drivers)
        event.is_handling = here.is_handling
        return event

    def ended(self, event: Event, tag: str, error: BaseException | None = None) -> None:
        """End an event, with the command tag of its success or with an error."""
        event.ended = now()
        if error is None:
            event.tag = tag
        else:
            event.call.fail()
            event.error = ErrorFields(name_of(error), str(error))
        tell_ended(event)

    def begins(self, statement: str) -> bool:
        """Return whether sqlite3 begins a transaction before a statement."""
        connection = self._connection
        is_legacy = getattr(connection, "autocommit", -1) == -1  # since Python 3.12
        return (
            is_legacy
            and connection.isolation_level is not None
            and not connection.in_transaction
            and statements.changes_rows(statement)
        )

    def begin_implicitly(self, statement: str, here: Sender) -> tuple[Transaction, Event] | None:
        """Note the transaction that begins with a statement."""
        is_outermost = statements.kind_of(statement) == "savepoint" and self.transaction is None
        if not is_outermost and not self.begins(statement):
            return None
        return self._begin(here)

    def _begin(self, here: Sender) -> tuple[Transaction, Event]:
        event = self.event("begin", self.call("execute", "BEGIN", None, here), here)
        event.is_drivers = True
        self.ended(event, "BEGIN")
        return self._new_transaction(here), event

    def _new_transaction(self, here: Sender, savepoint: str | None = None) -> Transaction:
        parent = self.transaction
        if parent is None:
            self._begun += 1
        self.transaction = Transaction(self._begun, savepoint, parent)
        self.transaction.origin = at(here.spot)
        self.transaction.remedy = _REMEDY
        if parent is None:
            self._shared.transactions.append(self.transaction)
        return self.transaction

    def forget(self, transaction: Transaction, event: Event, call: Call) -> None:
        """Forget a transaction that did not begin: SQLite has refused its first statement."""
        self.transaction = call.transaction = None
        self._begun -= 1
        self._shared.transactions.remove(transaction)
        self._shared.boundary.events.remove(event)

    def settle(self, event: Event | None, here: Sender, error: BaseException | None = None) -> None:
        """Note which transactions have begun or ended with a call."""
        kind = None if event is None else event.kind
        try:
            is_open = self._connection.in_transaction
        except sqlite3.ProgrammingError:
            return  # closed
        # With autocommit=False another transaction has begun.
        is_over = not is_open or (error is None and kind in ("commit", "rollback"))
        if self.transaction is not None and is_over:
            is_lost = error is not None or kind == "rollback"
            self._end_transaction("rolled back" if is_lost else "committed")
        if is_open and self.transaction is None:
            if kind == "begin":
                self._new_transaction(here)
            else:
                self._begin(here)
        elif event is not None and error is None and kind in _SAVEPOINTS:
            self._move(kind, statements.words(event.call.statement)[-1], here)

    def _move(self, kind: Kind, name: str, here: Sender) -> None:
        """Note a savepoint that is set, released or gone back to."""
        if kind == "savepoint":
            self._new_transaction(here, name.strip('"').lower())
            return
        transaction = self.transaction
        while transaction is not None and transaction.savepoint != name.strip('"').lower():
            transaction = transaction.parent
        if transaction is None:
            return
        if kind == "release":
            transaction.end("released")
            self.transaction = transaction.parent
        else:  # the savepoint itself stays
            transaction.end("rolled back")
            transaction.state = "open"
            self.transaction = transaction

    def _end_transaction(self, state: calls.State) -> None:
        outermost = self.transaction
        while outermost is not None and outermost.parent is not None:
            outermost = outermost.parent
        assert outermost is not None
        outermost.end(state)
        self.transaction = None

    def close(self, here: Sender) -> None:
        """Note that the connection is closed, which rolls back."""
        if self.transaction is not None:
            call = self.call("execute", "ROLLBACK", None, here)
            event = self.event("rollback", call, here, is_drivers=True)
            self._end_transaction("rolled back")
            self.ended(event, "ROLLBACK")
