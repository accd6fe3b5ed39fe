from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from tests.wire.frontend import Message, complete, read
from tests.wire.responders import Known
from understudy.postgres import EmbeddedServer

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
        query = parse_qs(urlsplit(server.dsn()).query)
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(_SILENCE)
        self._socket.connect(f"{query['host'][0]}/.s.PGSQL.{query['port'][0]}")

    def say(self, data: bytes, ready: int = 1) -> list[Message]:
        """Send bytes and read until the server had its turn `ready` times, or hangs up."""
        self._socket.sendall(data)
        found = b""
        while True:
            if complete(found):
                messages = read(found)
                turns = sum(kind == "Z" for kind, _ in messages)
                if turns >= ready or (messages and messages[-1][0] == "G"):
                    return messages
            try:
                piece = self._socket.recv(65536)
            except ConnectionResetError:
                piece = b""
            if not piece:
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
