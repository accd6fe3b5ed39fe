"""A connection of a server: who opened it, who uses it, and its transactions."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from understudy.pg.errors import ErrorFields
from understudy.script import boundary, requests
from understudy.script.boundary import Answer, Event
from understudy.script.calls import Call, Sender, Transaction
from understudy.script.origin import Spot
from understudy.script.parameter_matching import Given
from understudy.serving.attribution import Attribution, latest_psqlpy_call
from understudy.serving.connection import Connection

if TYPE_CHECKING:
    from understudy.serving.transport import Transport


# The application_name of the connection of a real server's `insert`.
INSERTER = "understudy insert"


class Client(Connection):
    """A connection, and who uses it.

    Attributes:
        transport: the way to the client.
        begun: the transactions of the test, to which its own are added.
        attribution: what its client has noted: who opened it, who sent its latest statement.
        used_by: where it was first used since it was opened, or given back to its pool.
        latest: the latest statement on it.
        test: the number of the test in which it was opened.
        is_admitted: whether it has connected, and was not refused.
        event: what the server answers now; None between two answers.
    """

    transport: Transport

    def __init__(self, pid: int, begun: list[Transaction]) -> None:
        super().__init__(pid)
        self.begun = begun
        self.attribution = Attribution()
        self.used_by: Spot | None = None
        self._returns = 0
        self.latest: Call | None = None
        self.test = 0
        self.is_admitted = False
        self.event: Event | None = None

    def note_transaction(self, transaction: Transaction) -> None:
        """Record a transaction that begins, here and in the test."""
        super().note_transaction(transaction)
        if not self.is_inserter:
            self.begun.append(transaction)

    def note_call(self, call: Call) -> None:
        """Record the latest call on the connection, and its first user."""
        self.latest = call
        if not self.is_taken:
            self.used_by, self._returns = call.spot, self.attribution.returns

    @property
    def is_taken(self) -> bool:
        """Whether it was used since it was opened, or given back to its pool."""
        return self.used_by is not None and self._returns == self.attribution.returns

    def note_completed(self, tag: str, answer: Callable[[], Answer | None] | None = None) -> None:
        """Record the answer to a statement."""
        event = self.event
        if event is not None:
            self.event = None
            event.ended, event.tag = requests.now(), tag
            if boundary.watchers:
                if answer is not None:
                    event.answer = answer()
                boundary.tell_ended(event)

    def note_failed(self, fields: ErrorFields) -> None:
        """Record the error that answers a statement."""
        event = self.event
        if event is not None:
            self.event = None
            event.ended, event.error = requests.now(), fields
            boundary.tell_ended(event)

    def note_lost(self) -> None:
        """Record that the connection ends instead of an answer."""
        event = self.event
        if event is not None:
            self.event = None
            event.ended, event.is_lost = requests.now(), True
            boundary.tell_ended(event)

    def call(self, sql: str, parameters: Given, spot: Spot) -> Call:
        """Return a call of a statement that the client has sent."""
        call = Call("execute", sql, parameters, self.current, spot)
        call.sender = Sender(self.pid, self.user, self.database, self.application_name)
        return call

    @property
    def application_name(self) -> str:
        """The name that the client has given itself, "" for none."""
        return ""

    @property
    def is_inserter(self) -> bool:
        """Whether it is Understudy's own, for the rows that a test inserts."""
        return self.application_name == INSERTER

    @property
    def is_open(self) -> bool:
        """Whether client and server still talk."""
        return not (self.transport.is_over or self.transport.session.closed)

    @property
    def noted(self) -> Attribution | None:
        """Who sent its latest statement; None if unknown."""
        if self.attribution.sent_at is None and self.attribution.opened_by is None:
            return latest_psqlpy_call()
        return self.attribution

    @property
    def request(self) -> requests.Request | None:
        """The request for which its latest statement was sent; None if unknown, or for none."""
        if self.attribution.is_on_stack:
            return requests.current.get()
        noted = self.noted
        return requests.only_running() if noted is None else noted.request

    @property
    def is_handling(self) -> bool:
        """Whether its latest statement was sent in an `except`; False if unknown."""
        if self.attribution.is_on_stack:
            return sys.exc_info()[0] is not None
        noted = self.noted
        return noted is not None and noted.is_handling

    @property
    def is_busy(self) -> bool:
        """Whether it waits for an answer, or has a transaction that was not ended."""
        return self.transport.session.pending is not None or self.open_transaction is not None

    @property
    def open_transaction(self) -> Transaction | None:
        """The transaction (no savepoint) that was begun on it and not ended."""
        return next((last for last in self.transactions[-1:] if last.state == "open"), None)

    def carry_over(self, begun: list[Transaction]) -> None:
        """Forget the test that is over; the next one's transactions go to `begun`."""
        self.begun = begun
        self.transactions.clear()
        self.latest = None
