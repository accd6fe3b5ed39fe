"""The sockets of a server: one thread, which accepts, reads, asks the sessions, and writes.

It listens on a port of 127.0.0.1, and on a Unix socket in a private folder if the system has Unix
sockets. Of the user's code, the thread runs only functions that answer statements.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import os
import selectors
import socket
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any

from understudy.fake_postgres import attribution
from understudy.fake_postgres.private_folder import PrivateFolder
from understudy.fake_postgres.protocol.statements import ConnectionDropped, Pending
from understudy.fake_postgres.transport import Host, Outcome, T, Transport
from understudy.pg.errors import ServerError
from understudy.script import origin

if TYPE_CHECKING:
    from understudy.fake_postgres.protocol.session import Session

HOST = "127.0.0.1"
SOCKET_PORT = 5432  # in the name of a Unix socket
_PIECE = 256 * 1024
_PATIENCE = 5.0  # seconds, for a long statement when everything is to be processed
# Nothing more is read from a client that does not read its answers.
_MOST_UNREAD = 4 * 1024 * 1024


class Sockets:
    """The sockets of a server.

    Args:
        host: the server.
        route: returns the sockets that serve a new connection; None for these.

    Attributes:
        port: its port of 127.0.0.1. It belongs to the server before anything listens there.
        folder: the private folder of its Unix socket; None if the system has no Unix sockets.
    """

    def __init__(self, host: Host, route: Callable[[], Sockets] | None = None) -> None:
        self._host = host
        self._route = route
        self._private = PrivateFolder.new()
        self.folder = None if self._private is None else self._private.path
        self._bound: socket.socket | None = _bind(0)
        self.port: int = self._bound.getsockname()[1]
        self._listening: list[socket.socket] = []
        self._selector = selectors.DefaultSelector()
        self._timers: list[tuple[float, int, Callable[[], object]]] = []
        self._numbers = itertools.count()
        self._posted: deque[Callable[[], object]] = deque()
        self._waker, self._woken = socket.socketpair()
        self._woken.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ, self._wake_up)
        self._served: Session | None = None
        self._transports: set[SocketTransport] = set()
        self.long_statements: set[threading.Thread] = set()
        self._is_stopped = False
        self._thread = threading.Thread(target=self._run, name="fake_postgres", daemon=True)

    # From other threads --------------------------------------------------------------------------

    def start(self) -> None:
        """Listen, and serve."""
        self.listen()
        self._thread.start()

    def stop(self) -> None:
        """Close everything, and wait for the thread to end."""
        if self._thread.is_alive():
            self.post(self._stop)
            self._thread.join()
        self.refuse()
        if self._bound is not None:
            self._bound.close()
        self._waker.close()
        self._woken.close()
        self._selector.close()
        if self._private is not None:
            self._private.remove()

    def post(self, function: Callable[[], object]) -> None:
        """Call a function in the thread, soon."""
        self._posted.append(function)
        self._waker.send(b"\0")

    def call(self, function: Callable[[], object]) -> None:
        """Call a function in the thread, and wait until it has returned."""
        if threading.current_thread() is self._thread:
            function()
        else:
            self.begin(function).result()

    def begin(self, function: Callable[[], object]) -> Future[None]:
        """Call a function in the thread; return a future of its end."""
        done: Future[None] = Future()

        def run() -> None:
            try:
                function()
            except BaseException as error:  # noqa: BLE001 # raised by result()
                done.set_exception(error)
            else:
                done.set_result(None)

        self.post(run)
        return done

    def settle(self, then: Callable[[], object] = lambda: None) -> None:
        """Process everything that clients have sent so far, then call `then`."""

        def run() -> None:
            self._read_all()
            then()

        self.call(run)

    # In the thread -------------------------------------------------------------------------------

    def listen(self) -> None:
        """Accept connections from now on."""
        if self._bound is None:
            return
        self._listening, self._bound = [self._bound], None
        if self.folder is not None:
            path = self.folder / f".s.PGSQL.{SOCKET_PORT}"
            path.unlink(missing_ok=True)
            private = socket.socket(socket.AF_UNIX)
            private.bind(str(path))
            self._listening.append(private)
        for listening in self._listening:
            listening.setblocking(False)
            listening.listen(1024)
            accept = partial(self._accept, listening)
            self._selector.register(listening, selectors.EVENT_READ, accept)

    def refuse(self) -> None:
        """Refuse connections from now on, as if no server ran."""
        if self._bound is not None:
            return
        for listening in self._listening:
            self._selector.unregister(listening)
            listening.close()
        self._listening = []
        self._bound = _bind(self.port)  # nobody else may have it

    def later(self, seconds: float, function: Callable[[], object]) -> None:
        """Call a function after a delay in seconds."""
        heapq.heappush(self._timers, (monotonic() + seconds, next(self._numbers), function))

    def _run(self) -> None:
        origin.behind[threading.get_ident()] = self._spot_behind
        try:
            while not self._is_stopped:
                for key, events in self._selector.select(self._until_next_timer()):
                    key.data(events)
                while self._timers and self._timers[0][0] <= monotonic():
                    heapq.heappop(self._timers)[2]()
        finally:
            del origin.behind[threading.get_ident()]

    def _read_all(self) -> None:
        while True:
            ready = [
                (key, events)
                for key, events in self._selector.select(0)
                if key.fileobj != self._woken
            ]
            for key, events in ready:
                key.data(events)
            working = list(self.long_statements)
            for thread in working:
                thread.join(_PATIENCE)
            while working and self._posted:
                self._posted.popleft()()
            if not ready and all(thread.is_alive() for thread in working):
                return

    def _until_next_timer(self) -> float | None:
        return max(0.0, self._timers[0][0] - monotonic()) if self._timers else None

    def _wake_up(self, _events: int) -> None:
        self._woken.recv(4096)
        while self._posted:
            self._posted.popleft()()

    def _accept(self, listening: socket.socket, _events: int) -> None:
        is_private = listening.family != socket.AF_INET
        while listening in self._listening:
            try:
                client, _ = listening.accept()
            except BlockingIOError:
                return
            client.setblocking(False)
            if not is_private:
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._route is None:
                self._serve_client(client, is_private=is_private)
            else:
                serving = self._route()
                serving.post(partial(serving._serve_client, client, is_private=is_private))

    def _serve_client(self, client: socket.socket, *, is_private: bool) -> None:
        session = self._host.new_session(is_private=is_private)
        transport = SocketTransport(session, self._host, self, client)
        self._transports.add(transport)
        self._host.opened(transport, None)
        attribution.wrap_drivers()

    def _stop(self) -> None:
        self.refuse()
        for transport in list(self._transports):
            transport.break_off()
        self._is_stopped = True

    # For its transports --------------------------------------------------------------------------

    def serve(self, transport: SocketTransport, function: Callable[[], object]) -> None:
        """Call a function that may answer a statement on a transport."""
        outer, self._served = self._served, transport.session
        try:
            function()
        except Exception as error:  # noqa: BLE001 # recorded; other connections go on
            self._host.report_internal_error(error)
            transport.break_off()
        finally:
            self._served = outer

    def _spot_behind(self) -> origin.Spot | None:
        return None if self._served is None else self._host.statement_spot(self._served)

    def watch(
        self, client: socket.socket, events: int, ready: Callable[[int], None], *, was: int
    ) -> None:
        """Change the events of a socket for which `ready` is called."""
        if not was:
            self._selector.register(client, events, ready)
        elif events:
            self._selector.modify(client, events, ready)
        else:
            self._selector.unregister(client)

    def forget(self, transport: SocketTransport) -> None:
        """Forget a closed transport."""
        self._transports.discard(transport)


class SocketTransport(Transport):
    """A connection over a socket."""

    def __init__(
        self, session: Session, host: Host, sockets: Sockets, client: socket.socket
    ) -> None:
        super().__init__(session, host)
        self.client = client
        self._sockets = sockets
        self._unsent = bytearray()
        self._is_finishing = False
        self._events = 0
        self._watch()

    def ready(self, events: int) -> None:
        """Read and write what can be, unless an earlier event closed the connection."""
        if events & selectors.EVENT_WRITE and not self.is_over:
            self._write()
        if events & selectors.EVENT_READ and not self.is_over:
            self._read()

    def _read(self) -> None:
        try:
            data = self.client.recv(_PIECE)
        except BlockingIOError:
            return
        except OSError:  # the client vanished: treated like a hang-up
            data = b""
        if data:
            self._sockets.serve(self, lambda: self.received(data))
        else:
            self.session.lose()
            self.break_off()

    def send(self, data: bytes) -> None:
        """Send bytes now, or when the client takes them."""
        if self.is_over:
            return
        self._unsent += data
        self._write()

    def _write(self) -> None:
        try:
            while self._unsent:
                sent = self.client.send(self._unsent)
                del self._unsent[:sent]
        except BlockingIOError:
            pass
        except OSError:
            self.session.lose()
            self.break_off()
            return
        if self._is_finishing and not self._unsent:
            self.break_off()
        else:
            self._watch()

    def _watch(self) -> None:
        events = selectors.EVENT_WRITE if self._unsent else 0
        if len(self._unsent) <= _MOST_UNREAD:
            events |= selectors.EVENT_READ
        if events != self._events:
            self._sockets.watch(self.client, events, self.ready, was=self._events)
            self._events = events

    def finish(self) -> None:
        """Close the connection after everything is sent."""
        self._is_finishing = True
        if not self.is_over:
            self._write()

    def break_off(self) -> None:
        """Close the connection without a message."""
        if self.is_over:
            return
        self.is_over = True
        if self._events:
            self._sockets.watch(self.client, 0, self.ready, was=self._events)
        self.client.close()
        self._sockets.forget(self)

    def _resume(self, pending: Pending, outcome: Outcome) -> None:
        self._sockets.serve(self, lambda: super(SocketTransport, self)._resume(pending, outcome))

    def later(self, seconds: float, function: Callable[[], object]) -> None:
        """Call a function after a delay in seconds."""
        self._sockets.later(seconds, lambda: self._sockets.serve(self, function))

    def post(self, function: Callable[[], object]) -> None:
        """Call a function in the thread of the sockets, and wait for it."""
        self._sockets.call(function)

    def aside(self, work: Callable[[], T], done: Callable[[T], None]) -> None:
        """Call `work` in a thread of its own, so that other connections need not wait for it."""
        sent_at = origin.spot()

        def run() -> None:
            origin.behind[threading.get_ident()] = lambda: sent_at
            try:
                came = work()
            except Exception as error:  # noqa: BLE001 # raised in the thread of the sockets
                then = partial(_throw, error)
            else:
                then = partial(done, came)
            finally:
                del origin.behind[threading.get_ident()]
            self._sockets.post(partial(ended, then))

        def ended(then: Callable[[], object]) -> None:
            self._sockets.long_statements.discard(thread)
            self._sockets.serve(self, then)

        thread = threading.Thread(target=run, name="fake_postgres: a long statement", daemon=True)
        self._sockets.long_statements.add(thread)
        thread.start()

    def wait_for(self, awaitable: Awaitable[Any], done: Callable[[Outcome], None]) -> None:
        """Await something in the test's loop, or in a loop of its own if it has none."""

        async def awaited() -> Outcome:
            try:
                outcome: Outcome = await awaitable
            except (ServerError, ConnectionDropped) as error:
                return error
            return outcome

        def hand_over(future: Future[Outcome]) -> None:
            self._sockets.post(lambda: self._sockets.serve(self, lambda: done(future.result())))

        loop = self._host.loop
        if loop is not None and loop.is_running():
            asyncio.run_coroutine_threadsafe(awaited(), loop).add_done_callback(hand_over)
            return
        future: Future[Outcome] = Future()
        future.add_done_callback(hand_over)
        threading.Thread(target=lambda: future.set_result(asyncio.run(awaited()))).start()


def _throw(error: Exception) -> None:
    raise error


def _bind(port: int) -> socket.socket:
    """Return a socket that has a port, where it does not listen; 0 lets the system choose."""
    bound = socket.socket()
    if os.name == "posix":  # elsewhere, the option would let others have the port, too
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((HOST, port))
    return bound
