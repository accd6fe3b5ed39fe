"""A connection over a socket."""

from __future__ import annotations

import asyncio
import selectors
import socket
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

from understudy.pg.errors import ServerError
from understudy.script import origin
from understudy.serving.socket_thread import SocketThread
from understudy.serving.transport import Host, Outcome, Session, T, Transport
from understudy.serving.waits import ConnectionDropped, Pending

_PIECE = 256 * 1024
# Nothing more is read from a client that does not read its answers.
_MOST_UNREAD = 4 * 1024 * 1024


class SocketTransport(Transport):
    """A connection over a socket, served in a thread."""

    def __init__(
        self, session: Session, host: Host, thread: SocketThread, client: socket.socket
    ) -> None:
        super().__init__(session, host)
        self.client = client
        self._thread = thread
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
            self._thread.serve(self, lambda: self.received(data))
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
            self._thread.watch(self.client, events, self.ready, was=self._events)
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
            self._thread.watch(self.client, 0, self.ready, was=self._events)
        self.client.close()
        self._thread.forget(self)

    def _resume(self, pending: Pending, outcome: Outcome) -> None:
        self._thread.serve(self, lambda: super(SocketTransport, self)._resume(pending, outcome))

    def later(self, seconds: float, function: Callable[[], object]) -> None:
        """Call a function after a delay in seconds."""
        self._thread.later(seconds, lambda: self._thread.serve(self, function))

    def post(self, function: Callable[[], object]) -> None:
        """Call a function in the thread of the sockets, and wait for it."""
        self._thread.call(function)

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
            self._thread.post(partial(ended, then))

        def ended(then: Callable[[], object]) -> None:
            self._thread.long_statements.discard(thread)
            self._thread.serve(self, then)

        thread = threading.Thread(target=run, name="understudy: a long statement", daemon=True)
        self._thread.long_statements.add(thread)
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
            self._thread.post(lambda: self._thread.serve(self, lambda: done(future.result())))

        loop = self._host.loop
        if loop is not None and loop.is_running():
            asyncio.run_coroutine_threadsafe(awaited(), loop).add_done_callback(hand_over)
            return
        future: Future[Outcome] = Future()
        future.add_done_callback(hand_over)
        threading.Thread(target=lambda: future.set_result(asyncio.run(awaited()))).start()


def _throw(error: Exception) -> None:
    raise error
