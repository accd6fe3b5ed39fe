"""What stands between a driver and the real server where a connection is to be lost.

A server that ends a connection says why. One whose machine is gone says nothing: to have that with
the real server, its bytes go through here, and stop when a scenario says so.
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import tempfile
import threading
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

_PIECE = 65536
# The letters of the protocol's messages (manual, 54.7) that matter here.
_PARSE, _EXECUTE, _QUERY = b"P", b"E", b"Q"
_ROW, _COMPLETE = b"D", b"C"
_SSL_REQUEST = struct.pack("!I", 80877103)


@dataclass
class Loss:
    """When a connection is lost: at the statement in which `text` stands.

    Attributes:
        when: before the server hears of it, during its result (behind `rows` rows), or when the
            server has done it and the client has heard nothing.
    """

    text: bytes
    when: Literal["before", "during", "after"]
    rows: int = 0


class Relay:
    """Takes connections on a socket of its own, and hands them on to the server's.

    Args:
        path: of the server's socket.
        tcp: whether its own is a port of 127.0.0.1, where drivers ask for encryption: they do not
            on a Unix socket.
    """

    def __init__(self, path: str, *, tcp: bool = False) -> None:
        self._server = path
        self._temporary = tempfile.TemporaryDirectory(prefix="relay-")
        if tcp:
            self._listener = socket.create_server(("127.0.0.1", 0))
        else:
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(str(Path(self.folder) / Path(path).name))
            self._listener.listen()
        self._threads: list[threading.Thread] = []
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()
        self.loss: Loss | None = None

    @property
    def folder(self) -> str:
        """The folder that a client takes for the server's."""
        return self._temporary.name

    @property
    def port(self) -> int:
        """The port, or None."""
        return int(self._listener.getsockname()[1])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join(10)
        self.settle()
        self._listener.close()
        self._temporary.cleanup()

    @property
    def has_connections(self) -> bool:
        """Whether there were any since the last `settle`."""
        return bool(self._threads)

    def settle(self) -> None:
        """Wait until the server has heard of all who have hung up; all must have."""
        while self._threads:
            self._threads.pop().join(10)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:  # it was shut down: the test is over
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._server)
            serving = threading.Thread(target=_Connection(self, client, server).serve, daemon=True)
            self._threads.append(serving)
            serving.start()


class _Connection:
    """One client of a relay, and the server that it takes the relay for."""

    def __init__(self, relay: Relay, client: socket.socket, server: socket.socket) -> None:
        self._relay = relay
        self._client = client
        self._server = server
        self._is_parsed = False
        self._loss: Loss | None = None
        self._rows = 0

    def serve(self) -> None:
        forth, back = _messages(has_letters=False), _messages(has_letters=True)
        next(forth)
        next(back)
        with self._client, self._server, contextlib.suppress(OSError):  # either may be gone
            while True:
                readable, _, _ = select.select([self._client, self._server], [], [])
                if self._client in readable:
                    piece = self._client.recv(_PIECE)
                    if not piece or self._ends_forth(forth.send(piece)):
                        return
                if self._server in readable:
                    piece = self._server.recv(_PIECE)
                    if not piece:
                        return
                    if self._loss is None:
                        self._client.sendall(piece)
                    # All that was asked before is answered: what comes now begins a message.
                    elif self._ends_back(self._loss, back.send(piece)):
                        return

    def _ends_forth(self, messages: list[bytes]) -> bool:
        """Hand messages on to the server; whether the connection is lost before one of them."""
        for message in messages:
            if self._begins(message):
                self._loss, self._relay.loss = self._relay.loss, None
                if self._loss is not None and self._loss.when == "before":
                    return True
        self._server.sendall(b"".join(messages))
        return False

    def _begins(self, message: bytes) -> bool:
        """Whether the statement at which the connection is to be lost is executed with this."""
        if self._relay.loss is None:
            return False
        has_text = self._relay.loss.text in message
        self._is_parsed |= has_text and message[:1] == _PARSE
        return (has_text and message[:1] == _QUERY) or (self._is_parsed and message[:1] == _EXECUTE)

    def _ends_back(self, loss: Loss, messages: list[bytes]) -> bool:
        """Hand messages on to the client; whether the connection is lost behind one of them."""
        for message in messages:
            if loss.when == "during":
                self._client.sendall(message)
                self._rows += message[:1] == _ROW
                if self._rows == loss.rows:
                    return True
            elif message[:1] == _COMPLETE:
                return True
        return False


def _messages(*, has_letters: bool) -> Generator[list[bytes], bytes, None]:
    """Cut what is sent to it into messages; the first of a client has no letter."""
    kept = b""
    found: list[bytes] = []
    while True:
        kept += yield found
        found = []
        while len(kept) >= 4 + has_letters:
            length = has_letters + struct.unpack_from("!I", kept, has_letters)[0]
            if len(kept) < length:
                break
            message, kept = kept[:length], kept[length:]
            found.append(message)
            # A client that asks for encryption starts again when that is declined.
            has_letters = has_letters or message[4:] != _SSL_REQUEST
