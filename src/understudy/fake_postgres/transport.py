"""One connection on its way: its bytes go to a session, and what that answers goes back.

Whoever carries the bytes, a socket or the memory of the process, derives from `Line` and gives it a
place to write, a clock, and a way to await. A line belongs to one thread: the one that serves
sockets, or that of the client's event loop.
"""

from __future__ import annotations

import asyncio
import inspect
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Protocol

from understudy.fake_postgres.protocol.statements import ConnectionDropped, Pending, Result
from understudy.pg.errors import ServerError

if TYPE_CHECKING:
    from understudy.fake_postgres.attribution import CallSite
    from understudy.fake_postgres.protocol.session import Session
    from understudy.script.origin import Spot

Outcome = Result | Pending | Exception


class Host(Protocol):
    """What a line knows of its server.

    Attributes:
        latency: how long every answer is under way, in seconds.
        loop: the event loop of the test, where it has one.
    """

    latency: float
    loop: asyncio.AbstractEventLoop | None

    def new_session(self) -> Session:
        """Return the session of a new connection."""

    def opened(self, transport: Transport, by: CallSite | None) -> None:
        """Note a new line, and who opened it; None if its client notes that itself."""

    def statement_spot(self, session: Session) -> Spot | None:
        """Return the user's instruction that sent a session's statement; None if unknown."""

    def cancel(self, pid: int, secret: int) -> None:
        """Cancel what runs on another connection."""

    def report_internal_error(self, error: Exception) -> None:
        """Take note of an error of our own, in a thread where nobody could catch it."""


class Transport(ABC):
    """A connection, from the server's side.

    Args:
        session: what speaks the protocol on it.
        host: the server.

    Attributes:
        is_over: whether client and server talk no more.
    """

    def __init__(self, session: Session, host: Host) -> None:
        self.session = session
        self.is_over = False
        self._host = host
        self._waited_for: Pending | None = None
        self._held = b""

    # What a transport gives ----------------------------------------------------------------------

    @abstractmethod
    def send(self, data: bytes) -> None:
        """Have bytes arrive at the client, behind all earlier ones."""

    @abstractmethod
    def finish(self) -> None:
        """Close the connection once everything that was sent has arrived."""

    @abstractmethod
    def break_off(self) -> None:
        """Close the connection without a word."""

    @abstractmethod
    def later(self, seconds: float, function: Callable[[], object]) -> None:
        """Call a function in this line's thread, in so many seconds."""

    @abstractmethod
    def post(self, function: Callable[[], object]) -> None:
        """Call a function in this line's thread, from whichever thread."""

    @abstractmethod
    def wait_for(self, awaitable: Awaitable[Any], done: Callable[[Outcome], None]) -> None:
        """Await something in the test's event loop, and hand over what it came to."""

    # What it does with them ----------------------------------------------------------------------

    def received(self, data: bytes) -> None:
        """Take what the client has sent."""
        self.send_output(self.session.feed(data))

    def send_output(self, data: bytes) -> None:
        """Send what the session has answered, and see what it wants next."""
        session = self.session
        if self._held:
            data, self._held = self._held + data, b""
        if session.pending is not None and not (session.dropped or session.closed):
            # As PostgreSQL does, which hands over when it is done or its buffer is full: whoever
            # gets the first half of an answer wakes up for nothing.
            self._held, data = data, b""
        if data:
            delay = self._host.latency
            if delay:
                self.later(delay, lambda: self.send(data))
            else:
                self.send(data)
        if session.dropped:
            if (request := session.cancel_request) is not None:
                self._host.cancel(*request)
            self.break_off()
        elif session.closed:
            self._finish_behind_what_is_under_way()
        elif session.pending is not None and session.pending is not self._waited_for:
            self._wait(session.pending)

    def _finish_behind_what_is_under_way(self) -> None:
        delay = self._host.latency
        if delay:
            self.later(delay, self.finish)
        else:
            self.finish()

    def _wait(self, pending: Pending) -> None:
        self._waited_for = pending
        if pending.begin is not None:
            pending.begin(lambda outcome: self._resume(pending, outcome))
        elif pending.delay:
            self.later(pending.delay, lambda: self._due(pending))
        elif pending.delay is not None:
            self._due(pending)

    def _due(self, pending: Pending) -> None:
        if self.session.pending is not pending:
            return  # cancelled meanwhile, or the connection is gone
        outcome = outcome_of(pending.after)
        if inspect.isawaitable(outcome):
            self.wait_for(outcome, lambda result: self._resume(pending, result))
        else:
            self._resume(pending, outcome)

    def _resume(self, pending: Pending, outcome: Outcome) -> None:
        if self.session.pending is pending:
            self.send_output(self.session.resume(outcome))


def outcome_of(function: Callable[[], Any]) -> Any:
    """Return what a function returns, or what the server makes of it raising."""
    try:
        return function()
    except (ServerError, ConnectionDropped) as error:
        return error
