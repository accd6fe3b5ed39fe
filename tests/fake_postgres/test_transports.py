"""Transports: late answers, paused reading, clients that disconnect."""

from __future__ import annotations

import asyncio
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import psycopg
import pytest

from tests.fake_postgres.frontend import query, socket_path, startup
from understudy import db_error
from understudy.fake_postgres.fixture import FakePostgres
from understudy.fake_postgres.memory import MemoryTransport
from understudy.fake_postgres.server import Server
from understudy.script.expectations import opened
from understudy.serving.private_folder import PrivateFolder
from understudy.serving.socket_transport import SocketTransport

ONE = "SELECT 1 AS a"


@pytest.fixture
def server(fake_postgres: FakePostgres) -> Server:
    return fake_postgres._server


@pytest.fixture
def client(server: Server) -> Iterator[socket.socket]:
    """A connection on which the test sends every byte."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(socket_path(server.socket_dsn))
        client.sendall(startup())
        client.recv(65536)
        yield client


def transport_of(server: Server) -> Any:
    return server.clients[-1].transport


async def connections(fake: FakePostgres) -> list[Any]:
    """One in memory and one over the socket."""
    memory = await fake.asyncpg.connect()
    return [memory, await asyncpg.connect(fake.dsn)]


async def test_an_answer_that_comes_too_late_is_none(fake_postgres: FakePostgres) -> None:
    fake_postgres.on(ONE).delay(0.25).row(a=1)
    fake_postgres.on("SELECT 2 AS a").delay(0.3).row(a=2)

    for connection in await connections(fake_postgres):
        asked = len(fake_postgres.calls)
        asking = asyncio.create_task(connection.fetchval(ONE))
        while len(fake_postgres.calls) == asked:  # noqa: ASYNC110 # noted in another thread
            await asyncio.sleep(0.001)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

        assert await connection.fetchval("SELECT 2 AS a") == 2
        await connection.close()


async def test_an_error_may_be_late(fake_postgres: FakePostgres) -> None:
    fake_postgres.on(ONE).delay(0.001).raises(db_error("40001"))
    fake_postgres.on("SELECT 2 AS a").delay(0.001).drops()

    for connection in await connections(fake_postgres):
        with pytest.raises(asyncpg.SerializationError):
            await connection.fetchval(ONE)
        with pytest.raises(asyncpg.ConnectionDoesNotExistError):
            await connection.fetchval("SELECT 2 AS a")


async def test_what_an_async_function_comes_to_too_late_is_nothing(
    fake_postgres: FakePostgres,
) -> None:
    begun, going_on, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def answer(call: Any) -> int:
        begun.set()
        await going_on.wait()
        done.set()
        return 1

    fake_postgres.on(ONE).optional()(answer)
    fake_postgres.on(ONE, 7).row(a=1).optional()
    fake_postgres.on("SELECT 2 AS a").row(a=2)
    memory, other = await connections(fake_postgres)
    for connection in (memory, other):
        asking = asyncio.create_task(connection.fetchval(ONE))
        await begun.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        going_on.set()
        await done.wait()

        assert await connection.fetchval("SELECT 2 AS a") == 2
        for event in (begun, going_on, done):
            event.clear()
    await other.close()


async def test_an_async_function_that_raises_in_memory(fake_postgres: FakePostgres) -> None:
    async def answer(call: Any) -> None:
        raise db_error("40001")

    fake_postgres.on(ONE)(answer)
    fake_postgres.on(ONE, 7).row(a=1).optional()
    connection = await fake_postgres.asyncpg.connect()

    with pytest.raises(asyncpg.SerializationError):
        await connection.fetchval(ONE)


async def test_asyncpg_takes_a_copy_at_its_own_pace(fake_postgres: FakePostgres) -> None:
    fake_postgres.on('COPY "t" TO STDOUT').rows(*({"a": "x" * 1000} for _ in range(200)))
    connection = await fake_postgres.asyncpg.connect()
    taken: list[bytes] = []

    async def take(data: bytes) -> None:
        await asyncio.sleep(0)
        taken.append(data)

    assert await connection.copy_from_table("t", output=take) == "COPY 200"
    assert b"".join(taken) == (b"x" * 1000 + b"\n") * 200


async def test_asyncpg_may_want_nothing_for_a_while(fake_postgres: FakePostgres) -> None:
    fake_postgres.on(ONE).row(a=1)
    connection = await fake_postgres.asyncpg.connect()
    transport = transport_of(fake_postgres._server)
    assert isinstance(transport, MemoryTransport)

    transport.client_transport.pause_reading()
    asked = asyncio.create_task(connection.fetchval(ONE))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not asked.done()
    transport.client_transport.resume_reading()

    assert await asked == 1


async def test_a_transport_is_closed_once_and_takes_no_more(fake_postgres: FakePostgres) -> None:
    await fake_postgres.asyncpg.connect()
    transport = transport_of(fake_postgres._server)
    client_transport = transport.client_transport

    assert client_transport.get_extra_info("socket", "none") == "none"
    client_transport.writelines(
        [query("SET application_name = 'a'"), query("SET work_mem = '9MB'")]
    )
    assert transport.session.connection.settings["work_mem"] == "9MB"
    assert not client_transport.is_closing()
    client_transport.close()
    client_transport.abort()
    client_transport.write(query("SET work_mem = '5MB'"))

    assert client_transport.is_closing()
    assert transport.session.connection.settings["work_mem"] == "9MB"
    await asyncio.sleep(0)
    assert transport.is_over
    transport.send(b"nobody hears")
    assert transport._arrived == []


def test_a_connection_is_closed_with_its_event_loop(fake_postgres: FakePostgres) -> None:
    async def connect() -> asyncpg.Connection:
        return await fake_postgres.asyncpg.connect()

    with asyncio.Runner() as runner:
        connection = runner.run(connect())
        transport = transport_of(fake_postgres._server)

    assert transport.session.closed
    assert connection.is_closed()
    fake_postgres.restart()


def test_what_raises_in_the_thread_raises_where_it_was_called(server: Server) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        server._sockets.call(fail)


def test_what_a_client_has_sent_is_seen_before_a_test_ends(
    server: Server, client: socket.socket
) -> None:
    def send_and_settle() -> None:
        client.sendall(query("SET work_mem = '9MB'"))
        server._sockets.settle()

    server._sockets.call(send_and_settle)

    assert transport_of(server).session.connection.settings["work_mem"] == "9MB"


def test_nothing_to_read_is_no_end(server: Server, client: socket.socket) -> None:
    transport = transport_of(server)
    assert isinstance(transport, SocketTransport)

    server._sockets.call(transport._read)

    assert not transport.is_over
    client.sendall(query("SHOW work_mem"))
    assert b"4MB" in client.recv(65536)


def test_a_client_that_hangs_up_before_it_has_its_answer(
    fake_postgres: FakePostgres, server: Server, client: socket.socket
) -> None:
    fake_postgres.on("SELECT * FROM t").rows(*[{"a": "x" * 1000}] * 5000)
    transport = transport_of(server)
    client.sendall(query("SELECT * FROM t"))
    client.recv(1)
    assert not transport.is_over

    client.close()
    server._sockets.settle()

    assert transport.is_over
    assert transport.session.closed
    server._sockets.call(transport.break_off)  # once more does nothing
    unsent = len(transport._unsent)
    server._sockets.call(lambda: transport.send(b"nobody hears"))
    assert len(transport._unsent) == unsent


def test_a_client_that_reads_nothing_is_not_read_either(
    fake_postgres: FakePostgres, server: Server, client: socket.socket
) -> None:
    fake_postgres.on("SELECT * FROM t").rows(*[{"a": "x" * 1000}] * 5000)
    fake_postgres.on(ONE).row(a=1)
    client.sendall(query("SELECT * FROM t") + query(ONE) * 3)
    server._sockets.settle()
    client.sendall(query(ONE))
    server._sockets.settle()
    assert len(fake_postgres.calls) == 4

    client.settimeout(30)
    received = b""
    while received.count(b"Z\0\0\0\5I") < 5:
        received += client.recv(1 << 20)

    assert len(fake_postgres.calls) == 5


def test_the_folder_of_the_socket_is_short_enough(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    long = tmp_path / ("x" * 90)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))

    folder = PrivateFolder.new()

    assert folder is not None
    assert folder.path.parent == Path("/tmp")
    assert list(long.iterdir()) == []
    folder.remove()


def test_no_unix_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(socket, "AF_UNIX")

    assert PrivateFolder.new() is None


async def test_a_pool_of_psycopg_that_finds_no_server(fake_postgres: FakePostgres) -> None:
    fake_postgres.stop()

    with opened(), pytest.raises(psycopg.OperationalError):
        await fake_postgres.psycopg.connect()
    fake_postgres.max_connections = 3
    assert fake_postgres.max_connections == 3
