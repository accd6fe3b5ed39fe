"""The one connection to the real server that all clients of a test share.

libpq opens it, because it supports every authentication method. Then bytes are passed through
unchanged, so that no value is decoded on its way.
"""

from __future__ import annotations

import os
import selectors
import socket
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from understudy.catalog.own_connection import connect
from understudy.fake_postgres.protocol.session_settings import REPORTED
from understudy.pg.errors import ErrorFields, ServerError
from understudy.real_postgres import failures, upstream_requests
from understudy.real_postgres.upstream_replies import Reply, messages, take
from understudy.serving.upstream_socket import UpstreamSocket

if TYPE_CHECKING:
    from understudy.serving.sockets import Sockets

Done = Callable[[Sequence[Reply]], None]

_PATIENCE = 10.0  # seconds until a cancelled request ends
# PostgreSQL ignores a cancel that comes before the statement has begun. So it is sent again, after
# these seconds, and at most this often: a function may handle the cancel and go on.
_CANCEL_AGAIN = 0.05
_MOST_CANCELS = 20


class Upstream(UpstreamSocket):
    """A connection to a real server. Except for the constructor, call it in the sockets' thread.

    Args:
        dsn: the URL of the database.
        sockets: the sockets that watch the connection.
        parameters: parameters of libpq that are not in the URL.

    Attributes:
        settings: the run-time parameters that the server has reported, by name in lower case. It is
            replaced and never changed.
    """

    def __init__(self, dsn: str, sockets: Sockets, **parameters: str) -> None:
        # Bytes bypass libpq, which is impossible with encryption.
        self._libpq = connect(dsn, sslmode="disable", gssencmode="disable", **parameters)
        self.settings = {
            name.lower(): value.decode()
            for name in REPORTED
            if (value := self._libpq.pgconn.parameter_status(name.encode())) is not None
        }
        super().__init__(socket.socket(fileno=os.dup(self._libpq.fileno())), sockets)
        self._received = bytearray()
        self._replies: list[Reply] = []
        self._wanted = 0
        self._copied: Sequence[bytes] | None = None
        self._done: Done | None = None
        self._cancels = 0  # of the running request

    def ask(self, data: bytes, wanted: int, done: Done, copied: Sequence[bytes] | None) -> None:
        """Send requests.

        Args:
            data: the requests, each with its end; a COPY from the client without.
            wanted: how many they are.
            done: called with their replies.
            copied: the data of a COPY from the client, else None.
        """
        assert self._done is None, "one at a time"
        self._replies, self._wanted = [Reply()], wanted
        self._copied, self._done, self._cancels = copied, done, 0
        if self.is_lost:
            self._lost()
        else:
            self._send(data)

    def ask_now(self, data: bytes) -> Reply:
        """Send a request and return its reply."""
        replies: list[Reply] = []
        self.ask(data, 1, replies.extend, None)
        self.finish()
        return replies[0]

    def finish(self) -> None:
        """Wait until no request runs; after 10 seconds of silence, close the connection."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, selectors.EVENT_READ)
            while self._done is not None:
                wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._unsent else 0)
                selector.modify(self._socket, wanted)
                repeats = 0 < self._cancels < _MOST_CANCELS
                found = selector.select(_CANCEL_AGAIN if repeats else _PATIENCE)
                if not found and repeats:
                    self._cancel()
                elif not found:
                    self._lost()
                for _, events in found:
                    self._ready(events)

    def cancel(self) -> None:
        """Cancel the running request."""
        if self._done is not None and not self.is_lost:
            self._cancel()
            self._sockets.later(_CANCEL_AGAIN, partial(self._cancel_again, self._done))

    def _cancel_again(self, done: Done) -> None:
        if self._done is done and self._cancels < _MOST_CANCELS:
            self.cancel()

    def _cancel(self) -> None:
        self._cancels += 1
        self._libpq.pgconn.get_cancel().cancel()

    def close(self) -> None:
        """Close the connection."""
        super().close()
        self._libpq.close()

    def _receive(self, data: bytes) -> None:
        self._received += data
        for kind, whole in messages(self._received):
            self._take(kind, whole)
            if self.is_lost:
                break

    def _take(self, kind: bytes, whole: bytes) -> None:
        if kind == b"S":
            name, value, _ = whole[5:].decode().split("\0")
            self.settings = {**self.settings, name.lower(): value}
        if self._done is None:
            return  # a notice or a parameter outside of a request
        reply = self._replies[-1]
        if self._copied is not None and kind in (b"G", b"E"):
            copied = map(upstream_requests.copy_data, self._copied)
            data = b"".join([*copied, upstream_requests.COPY_DONE]) if kind == b"G" else b""
            self._copied = None
            self._send(data + upstream_requests.SYNC)
        if take(reply, kind, whole):
            reply.reported = self.settings
            if len(self._replies) == self._wanted:
                self._hand_over()
            else:
                self._replies.append(Reply())

    def _hand_over(self) -> None:
        done, self._done = self._done, None
        assert done is not None
        done(self._replies)

    def _lost(self) -> None:
        """Close the connection, and fail the running request."""
        if not self.is_lost:
            self.close()
        if self._done is not None:
            reply = self._replies[-1]
            if reply.error is None or reply.error.fields.severity not in ("FATAL", "PANIC"):
                reply.error = ServerError(ErrorFields("57P01", failures.SERVER_GONE, "FATAL"))
            reply.status = ""
            self._hand_over()
