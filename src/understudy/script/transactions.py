"""Transactions as they happened: a tree, in which a savepoint is a child."""

from __future__ import annotations

from typing import Literal

from understudy.script import messages
from understudy.script.calls import Call
from understudy.script.failures import Failure, TransactionLeftOpen
from understudy.script.origin import caller

State = Literal["open", "committed", "rolled back", "released"]


class Transaction:
    """A transaction or a savepoint.

    Attributes:
        number: 1 for the first of its connection; of a savepoint, that of its transaction.
        savepoint: the savepoint's name, or None for a transaction.
        state: "open", then "committed" or "rolled back"; of a savepoint, "released" or
            "rolled back" (or what became of its transaction).
        aborted: whether a statement failed in it: PostgreSQL then refuses all others until a
            rollback, and turns a commit into one.
        parent: the transaction or savepoint around it, or None.
        children: the savepoints inside it, in order.
        calls: the calls made directly in it.
        origin: the line that began it.
    """

    def __init__(
        self, number: int, savepoint: str | None = None, parent: Transaction | None = None
    ) -> None:
        self.number = number
        self.savepoint = savepoint
        self.state: State = "open"
        self.aborted = False
        self.parent = parent
        self.children: list[Transaction] = []
        self.calls: list[Call] = []
        self.origin = caller()
        if parent is not None:
            parent.children.append(self)

    def end(self, state: State) -> None:
        """End it, and with it every savepoint inside that is still open."""
        # Not by calling itself: savepoints may lie in each other deeper than Python can call.
        inside = [self]
        while inside:
            one = inside.pop()
            one.state = state
            inside.extend(child for child in one.children if child.state == "open")

    def failure_if_unmet(self) -> Failure | None:
        """Return the failure to report at the end of a test, None where it has ended."""
        if self.state != "open":
            return None
        return TransactionLeftOpen(messages.transaction_left_open(self))

    def __repr__(self) -> str:
        """Show which transaction it is, and its state."""
        return f"<{messages.transaction_name(self)}: {self.state}>"
