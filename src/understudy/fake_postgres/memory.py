"""asyncpg without a socket: its bytes go to a session by a function call.

asyncpg takes an event loop as an argument. MemoryLoop is the running loop, except that a new
connection gets a transport in memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from understudy.pg.errors import ServerError
from understudy.serving.attribution import call_site, settle
from understudy.serving.transport import Host, Outcome, Transport
from understudy.serving.waits import ConnectionDropped

if TYPE_CHECKING:
    from understudy.serving.transport import Session


class MemoryLoop:
    """The event loop that asyncpg is given; it delegates the rest to the real one.

    Args:
        loop: the running loop.
        host: the server.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, host: Host) -> None:
        self.loop = loop
        self._host = host

    def __getattr__(self, name: str) -> Any:
        return getattr(self.loop, name)

    async def create_unix_connection(
        self, factory: Callable[[], asyncio.Protocol], *_where: Any, **_how: Any
    ) -> tuple[asyncio.Transport, asyncio.Protocol]:
        """Connect to the test's server; the path does not matter."""
        session = self._host.new_session(is_private=True)
        protocol = factory()
        transport = MemoryTransport(session, self._host, self, protocol)
        opened_by = call_site()
        self._host.opened(transport, opened_by)
        settle(protocol, opened_by)
        protocol.connection_made(transport.client_transport)
        return transport.client_transport, protocol


class MemoryTransport(Transport):
    """An asyncpg connection to the server in its own process."""

    def __init__(
        self, session: Session, host: Host, memory: MemoryLoop, protocol: asyncio.Protocol
    ) -> None:
        super().__init__(session, host)
        self.client_transport = _ClientTransport(self)
        self._memory = memory
        self._protocol = protocol
        self._arrived: list[bytes] = []
        self._is_paused = False
        self._task: asyncio.Task[None] | None = None

    def send(self, data: bytes) -> None:
        """Send bytes to asyncpg."""
        if self.is_over:
            return
        self._arrived.append(data)
        if len(self._arrived) == 1:
            self._memory.loop.call_soon(self.deliver)

    def deliver(self) -> None:
        """Pass the data that has arrived to asyncpg, unless reading is paused."""
        while self._arrived and not self._is_paused and not self.is_over:
            self._protocol.data_received(self._arrived.pop(0))

    def pause(self, *, paused: bool) -> None:
        """Pause or resume reading."""
        self._is_paused = paused
        if self._arrived and not paused:
            self._memory.loop.call_soon(self.deliver)

    def finish(self) -> None:
        """Close the connection after the data that has arrived."""
        if not self._memory.loop.is_closed():  # then no client is left
            self._memory.loop.call_soon(self._over)

    break_off = finish

    def take(self, data: bytes) -> None:
        """Process bytes from the client; an error inside the server fails the test."""
        try:
            self.received(data)
        except Exception as error:  # noqa: BLE001 # recorded; the client may catch anything
            self._host.report_internal_error(error)
            self.break_off()

    def hang_up(self) -> None:
        """Note that the client has disconnected."""
        self.session.lose()
        self.finish()

    def _over(self) -> None:
        if not self.is_over:
            self._is_paused = False
            self.deliver()
            self.is_over = True
            self._protocol.connection_lost(None)

    def later(self, seconds: float, function: Callable[[], object]) -> None:
        """Call a function after a delay in seconds."""
        self._memory.loop.call_later(seconds, function)

    def post(self, function: Callable[[], object]) -> None:
        """Call a function in the thread of the loop."""
        loop = self._memory.loop
        if loop.is_closed():
            return
        if asyncio._get_running_loop() is loop or not loop.is_running():
            function()
        else:
            loop.call_soon_threadsafe(function)

    def wait_for(self, awaitable: Awaitable[Any], done: Callable[[Outcome], None]) -> None:
        """Await something in the loop."""

        async def awaited() -> None:
            try:
                outcome = await awaitable
            except (ServerError, ConnectionDropped) as error:
                outcome = error
            done(outcome)

        task = self._memory.loop.create_task(awaited())
        self._task = task  # the loop keeps no strong reference


class _ClientTransport(asyncio.Transport):
    """The client's end of a MemoryTransport."""

    def __init__(self, transport: MemoryTransport) -> None:
        super().__init__()
        self._transport = transport
        self._is_closing = False

    def write(self, data: Any) -> None:
        """Send bytes to the server."""
        if not self._is_closing:
            self._transport.take(bytes(data))

    def writelines(self, list_of_data: Any) -> None:
        """Send them all at once."""
        self.write(b"".join(list_of_data))

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return the default: there is no socket."""
        return default

    def is_closing(self) -> bool:
        """Return whether it was closed."""
        return self._is_closing

    def close(self) -> None:
        """Hang up."""
        if not self._is_closing:
            self._is_closing = True
            self._transport.hang_up()

    abort = close

    def pause_reading(self) -> None:
        """Pause reading."""
        self._transport.pause(paused=True)

    def resume_reading(self) -> None:
        """Resume reading."""
        self._transport.pause(paused=False)
