"""The transport of one connection: it passes bytes to a session, and the session's answers back.

A subclass, for sockets or for memory, adds writing, timers and a way to await. A transport belongs
to one thread: the one that serves sockets, or that of the client's event loop.
"""

from __future__ import annotations

import asyncio
import inspect
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

from understudy.pg.errors import ServerError
from understudy.serving.waits import ConnectionDropped, Pending

if TYPE_CHECKING:
    from understudy.script.origin import Spot
    from understudy.serving.attribution import CallSite
    from understudy.serving.connection import Connection

# A result of the session's own kind, a further Pending, or an exception for the client.
Outcome: TypeAlias = object
T = TypeVar("T")


def outcome_of(pending: Pending) -> Outcome | Awaitable[Outcome]:
    """Return what a wait comes to when its time is over."""
    try:
        return pending.after()  # type: ignore[no-any-return] # typed where it is made
    except (ServerError, ConnectionDropped) as error:
        return error


class Session(Protocol):
    """The protocol of one connection: bytes in, bytes out.

    Attributes:
        connection: the connection, as a test sees it.
        pending: what the session waits for before it answers anything else, or None.
        closed: whether the connection has ended; the output so far is still to be sent.
        dropped: whether it ended without a message: the transport is to close at once.
        cancel_request: the number and the secret of the connection to cancel, if this one was made
            for that alone.
    """

    pending: Pending | None
    closed: bool
    dropped: bool

    @property
    def connection(self) -> Connection:
        """The connection."""

    @property
    def cancel_request(self) -> tuple[int, int] | None:
        """What this connection was made to cancel."""

    def feed(self, data: bytes) -> bytes:
        """Process the client's bytes; return what to send now."""

    def resume(self, came: Any) -> bytes:
        """Go on with the outcome of `pending`; return what to send now."""

    def lose(self) -> None:
        """Note that the client is gone: roll back what is open."""


class Host(Protocol):
    """What a transport knows of its server.

    Attributes:
        socket_file: the name of its Unix socket.
        latency: the delay of every response, in seconds.
        loop: the event loop of the test; None if unknown.
    """

    socket_file: str
    latency: float
    loop: asyncio.AbstractEventLoop | None

    def new_session(self, *, is_private: bool) -> Session:
        """Return the session of a new connection.

        Args:
            is_private: whether only this user's processes can have made it.
        """

    def opened(self, transport: Transport, by: CallSite | None) -> None:
        """Note a new transport, and who opened it; None if its client notes that itself."""

    def statement_spot(self, session: Session) -> Spot | None:
        """Return the user's instruction that sent a session's statement; None if unknown."""

    def cancel(self, pid: int, secret: int) -> None:
        """Cancel what runs on another connection."""

    def report_internal_error(self, error: Exception) -> None:
        """Record an error inside the server; the caller's thread cannot raise it."""


class Tunnel(Protocol):
    """Another server, to which the bytes of a client are passed on."""

    def pass_on(self, data: bytes) -> None:
        """Pass bytes of the client on."""


class Transport(ABC):
    """A connection, from the server's side.

    Args:
        session: speaks the protocol.
        host: the server.

    Attributes:
        is_over: whether the connection is closed.
        tunnel: what gets the client's bytes instead of the session, once it is logged in.
    """

    def __init__(self, session: Session, host: Host) -> None:
        self.tunnel: Tunnel | None = None
        self.session = session
        self.is_over = False
        self._host = host
        self._waited_for: Pending | None = None
        self._held = b""

    # For subclasses ------------------------------------------------------------------------------

    @abstractmethod
    def send(self, data: bytes) -> None:
        """Send bytes to the client."""

    @abstractmethod
    def finish(self) -> None:
        """Close the connection after everything is sent."""

    @abstractmethod
    def break_off(self) -> None:
        """Close the connection without a message."""

    @abstractmethod
    def later(self, seconds: float, function: Callable[[], object]) -> None:
        """Call a function in this transport's thread, after a delay in seconds."""

    @abstractmethod
    def post(self, function: Callable[[], object]) -> None:
        """Call a function in this transport's thread, from any thread."""

    @abstractmethod
    def wait_for(self, awaitable: Awaitable[Any], done: Callable[[Outcome], None]) -> None:
        """Await something in the test's event loop, and call `done` with the outcome."""

    def aside(self, work: Callable[[], T], done: Callable[[T], None]) -> None:
        """Call `work`, which may take long, and then `done` with what it returns."""
        done(work())

    # Input and output ----------------------------------------------------------------------------

    def received(self, data: bytes) -> None:
        """Process bytes from the client."""
        if self.tunnel is None:
            self.send_output(self.session.feed(data))
        else:
            self.tunnel.pass_on(data)

    def send_output(self, data: bytes) -> None:
        """Send the session's output, and start what the session waits for."""
        session = self.session
        if self._held:
            data, self._held = self._held + data, b""
        if session.pending is not None and not (session.dropped or session.closed):
            # PostgreSQL too sends when it is done or its buffer is full: half an answer would wake
            # the client for nothing.
            self._held, data = data, b""
        if data:
            self._after_latency(lambda: self.send(data))
        if session.dropped:
            if (request := session.cancel_request) is not None:
                self._host.cancel(*request)
            self.break_off()
        elif session.closed:
            self._after_latency(self.finish)
        elif session.pending is not None and session.pending is not self._waited_for:
            self._wait(session.pending)

    def _after_latency(self, function: Callable[[], object]) -> None:
        if delay := self._host.latency:
            self.later(delay, function)
        else:
            function()

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
            return  # it was cancelled, or the connection is closed
        if pending.in_thread:
            self.aside(partial(outcome_of, pending), partial(self._came, pending))
        else:
            self._came(pending, outcome_of(pending))

    def _came(self, pending: Pending, outcome: Outcome | Awaitable[Outcome]) -> None:
        if inspect.isawaitable(outcome):
            self.wait_for(outcome, lambda result: self._resume(pending, result))
        else:
            self._resume(pending, outcome)

    def _resume(self, pending: Pending, outcome: Outcome) -> None:
        if self.session.pending is pending:
            self.send_output(self.session.resume(outcome))
