from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import psycopg
import pytest

from tests.fake_postgres.frontend import Message, complete, read, socket_path
from tests.fake_postgres.responders import Known
from understudy.embedded import EmbeddedServer

_SILENCE = 20  # seconds, after which the test fails: the server says nothing that it should

Talk = Callable[[list[bytes]], list[list[Message]]]


@pytest.fixture(scope="session")
def wire_server() -> Iterator[EmbeddedServer]:
    with EmbeddedServer() as server:
        with psycopg.connect(server.dsn(), autocommit=True) as connection:
            connection.execute("create table t (i int)")
        yield server


class Line:
    """A connection to the real server, byte by byte."""

    def __init__(self, server: EmbeddedServer) -> None:
        self.closed = False
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(_SILENCE)
        self._socket.connect(socket_path(server.socket_dsn()))

    def say(self, data: bytes) -> None:
        self._socket.sendall(data)

    def ask(self, data: bytes) -> bytes:
        """Ask for encryption; the answer is a single byte."""
        self._socket.sendall(data)
        return self._socket.recv(1)

    def listen(self, ready: int) -> list[Message]:
        """Read until the server had its turn `ready` times, waits for data, or hangs up."""
        found = b""
        while True:
            if complete(found):
                messages = read(found)
                turns = sum(kind == "Z" for kind, _ in messages)
                if messages[-1][0] == "G" or (messages[-1][0] == "Z" and turns >= ready > 0):
                    return messages
            try:
                piece = self._socket.recv(65536)
            except ConnectionResetError:
                piece = b""
            if not piece:
                self.closed = True
                return read(found)
            found += piece

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def line(wire_server: EmbeddedServer) -> Iterator[Line]:
    opened = Line(wire_server)
    yield opened
    opened.close()


@pytest.fixture
def known() -> Known:
    return Known()
