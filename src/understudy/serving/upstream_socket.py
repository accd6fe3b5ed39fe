"""A socket to a real server, which bytes of clients are passed to."""

from __future__ import annotations

import selectors
import socket
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from understudy.serving.sockets import Sockets

_RECEIVED_BYTES = 256 * 1024


class UpstreamSocket(ABC):
    """A connected socket, watched by a server's sockets. Call it in their thread.

    Args:
        connected: the socket.
        sockets: the sockets that watch it.

    Attributes:
        is_lost: whether the connection has ended.
    """

    def __init__(self, connected: socket.socket, sockets: Sockets) -> None:
        self._socket = connected
        self._socket.setblocking(False)
        self._sockets = sockets
        self._unsent = bytearray()
        self._events = 0
        self.is_lost = False

    @abstractmethod
    def _receive(self, data: bytes) -> None:
        """Process bytes of the server."""

    @abstractmethod
    def _lost(self) -> None:
        """Close the connection, and fail what runs: the server is gone."""

    def close(self) -> None:
        """Close the connection."""
        self.is_lost = True
        if self._events:
            self._sockets.watch(self._socket, 0, self._ready, was=self._events)
            self._events = 0
        self._socket.close()

    def watch(self) -> None:
        """Watch for answers, and for room for what is unsent."""
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._unsent else 0)
        if events != self._events:
            self._sockets.watch(self._socket, events, self._ready, was=self._events)
            self._events = events

    def _send(self, data: bytes) -> None:
        self._unsent += data
        self._write()

    def _write(self) -> None:
        try:
            while self._unsent:
                sent = self._socket.send(self._unsent)
                del self._unsent[:sent]
        except BlockingIOError:
            pass
        except OSError:  # messages that the server sent before may still be read
            self._unsent.clear()
        self.watch()

    def _ready(self, events: int) -> None:
        if events & selectors.EVENT_WRITE:
            self._write()
        if events & selectors.EVENT_READ:
            self._read()

    def _read(self) -> None:
        try:
            data = self._socket.recv(_RECEIVED_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._receive(data)
        else:
            self._lost()
