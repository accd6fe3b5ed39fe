"""The thread of a server's sockets: it waits for them and for timers, and calls what is due.

Of the user's code, it runs only functions that answer statements.
"""

from __future__ import annotations

import heapq
import itertools
import selectors
import socket
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from time import monotonic

from understudy.script import origin
from understudy.serving.transport import Host, Session, Transport

_PATIENCE = 5.0  # seconds, for a long statement when everything is to be processed


class SocketThread:
    """The thread, and what waits for it.

    Args:
        host: the server.

    Attributes:
        long_statements: the threads of statements that take long.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self._selector = selectors.DefaultSelector()
        self._timers: list[tuple[float, int, Callable[[], object]]] = []
        self._numbers = itertools.count()
        self._posted: deque[Callable[[], object]] = deque()
        self._waker, self._woken = socket.socketpair()
        self._woken.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ, self._wake_up)
        self._served: Session | None = None
        self.long_statements: set[threading.Thread] = set()
        self._transports: set[Transport] = set()
        self._is_stopped = False
        self._thread = threading.Thread(target=self._run, name="understudy: a server", daemon=True)

    # From other threads --------------------------------------------------------------------------

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

    def _end(self) -> None:
        """End the thread, if it was started, and its connections."""
        if self._thread.is_alive():
            self.post(self._stop)
            self._thread.join()

    def _close(self) -> None:
        """Close what the thread waited for."""
        self._waker.close()
        self._woken.close()
        self._selector.close()

    # In the thread -------------------------------------------------------------------------------

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

    def _stop(self) -> None:
        for transport in list(self._transports):
            transport.break_off()
        self._is_stopped = True

    # For its transports --------------------------------------------------------------------------

    def serve(self, transport: Transport, function: Callable[[], object]) -> None:
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

    def forget(self, transport: Transport) -> None:
        """Forget a closed transport."""
        self._transports.discard(transport)
