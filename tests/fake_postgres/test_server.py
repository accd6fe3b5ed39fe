"""The server by itself: its address, large answers, many clients, clients that vanish."""

from __future__ import annotations

import asyncio
import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psycopg
import pytest

from understudy import UnexpectedStatement
from understudy.fake_postgres import attribution
from understudy.fake_postgres.fixture import FakePostgres
from understudy.fake_postgres.server import Server
from understudy.script.expectations import opened
from understudy.script.failures import ServerBroke


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    server.start()
    server.start()  # once more does nothing
    yield server
    server.stop()


def test_only_its_user_reaches_the_socket(server: Server) -> None:
    folder = Path(server.host)

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [each.name for each in folder.iterdir()] == [".s.PGSQL.5432"]
    server.stop()
    assert not folder.exists()


def test_a_port_of_this_machine_where_there_are_no_unix_sockets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("understudy.fake_postgres.sockets._address", lambda: ("127.0.0.1", 0, None))
    server = Server()
    try:
        server.start()
        fake = FakePostgres(server)
        fake.on("SELECT 1 AS a").row(a=1)
        assert fake.dsn == (
            f"postgresql://understudy:understudy@127.0.0.1:{server.port}/understudy"
        )
        connection = fake.psycopg.connect_sync()
        assert connection.execute("SELECT 1 AS a").fetchall() == [(1,)]
        fake.end()
    finally:
        server.stop()


def test_a_server_that_was_never_started_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("understudy.fake_postgres.sockets._address", lambda: ("127.0.0.1", 0, None))
    server = Server()
    server.stop()

    with pytest.raises(ConnectionRefusedError), socket.socket() as client:
        client.connect(("127.0.0.1", server.port))


def test_what_is_refused_is_refused_where_a_thread_asks_too(fake_postgres: FakePostgres) -> None:
    with opened() as state:
        connection = fake_postgres.psycopg.connect_sync()
        with pytest.raises(psycopg.errors.InternalError, match="UnexpectedStatement"):
            connection.execute("DELETE FROM users")

    (failure,) = state.failures
    assert isinstance(failure, UnexpectedStatement)
    assert "in test_what_is_refused_is_refused_where_a_thread_asks_too" in str(failure)


def test_a_large_answer_arrives_whole(fake_postgres: FakePostgres) -> None:
    row = {f"c{number}": "x" * 100 for number in range(10)}
    fake_postgres.on("SELECT * FROM t").rows(*[row] * 10_000)
    connection = fake_postgres.psycopg.connect_sync()

    rows = connection.execute("SELECT * FROM t").fetchall()

    assert len(rows) == 10_000
    assert rows[-1] == ("x" * 100,) * 10


async def test_a_thousand_connections_at_once(fake_postgres: FakePostgres) -> None:
    fake_postgres.on("SELECT 1 AS a").row(a=1)
    connections = [await fake_postgres.asyncpg.connect() for _ in range(1000)]

    found = await asyncio.gather(*(each.fetchval("SELECT 1 AS a") for each in connections))

    assert found == [1] * 1000


def test_a_client_that_vanishes_harms_nobody(fake_postgres: FakePostgres) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(f"{fake_postgres.host}/.s.PGSQL.{fake_postgres.port}")
        client.send(b"\x00\x00\x00\x08\x04\xd2\x16\x2f")
        assert client.recv(1) == b"N"
    fake_postgres.on("SELECT 1 AS a").row(a=1)

    connection = fake_postgres.psycopg.connect_sync()

    assert connection.execute("SELECT 1 AS a").fetchall() == [(1,)]


def test_an_error_of_our_own_fails_the_test_and_ends_the_connection(
    fake_postgres: FakePostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("broken")

    connection = fake_postgres.psycopg.connect_sync()
    monkeypatch.setattr("understudy.fake_postgres.protocol.session.Session.feed", broken)
    with opened() as state, pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")

    (failure,) = state.failures
    assert isinstance(failure, ServerBroke)
    assert str(failure).startswith(
        "fake_postgres failed; please report it with what follows\nTraceback"
    )
    assert str(failure).endswith("RuntimeError: broken")


async def test_several_that_wait_are_not_guessed_among(fake_postgres: FakePostgres) -> None:
    assert attribution.waiter_behind(-1, 0.0) is None
    fake_postgres.on("SELECT pg_sleep(9)").hangs()
    connection = await fake_postgres.psycopg.connect(autocommit=True)
    pid = connection.info.backend_pid
    task = asyncio.create_task(connection.execute("SELECT pg_sleep(9)"))
    while not fake_postgres.calls:  # noqa: ASYNC110 # filled by another thread
        await asyncio.sleep(0.001)

    found: list[attribution.Waiter | None] = []
    thread = threading.Thread(
        target=lambda: found.extend(
            [attribution.waiter_behind(pid, 5.0), attribution.waiter_behind(-1, 0.0)]
        )
    )
    thread.start()
    while thread.is_alive():  # noqa: ASYNC110 # a thread has no event
        await asyncio.sleep(0.001)
    await connection.cancel_safe()
    with pytest.raises(psycopg.errors.QueryCanceled):
        await task

    assert found[0] is not None
    assert (found[0].pid, found[0].pool) == (pid, "")
    assert found[1] is None


async def test_a_task_that_runs_is_seen_where_it_is() -> None:
    def inside() -> list[str]:
        assert task is not None
        return [frame.f_code.co_qualname for frame in attribution.frames_running(task)]

    task = asyncio.current_task()
    other = asyncio.create_task(asyncio.sleep(0))

    names = inside()
    assert (
        names.index(test_a_task_that_runs_is_seen_where_it_is.__name__)
        == names.index(inside.__qualname__) - 1
    )
    assert attribution.frames_running(other) == []
    await other
    assert attribution.frames_running(other) == []


async def test_an_asyncpg_connection_sees_the_end_of_its_server(server: Server) -> None:
    fake = FakePostgres(server)
    connection = await fake.asyncpg.connect()
    closed = asyncio.Event()
    connection.add_termination_listener(lambda _: closed.set())

    fake.stop()
    await closed.wait()

    assert connection.is_closed()
    fake.start()
    async with fake.asyncpg.pool(min_size=1, max_size=1) as pool:
        assert isinstance(pool, asyncpg.Pool)
    fake.end()


async def test_a_drivers_own_question_may_be_scripted_after_it_was_prepared(
    fake_postgres: FakePostgres,
) -> None:
    connection = await fake_postgres.asyncpg.connect()
    prepared = await connection.prepare("SELECT current_schema()")
    assert await prepared.fetchval() == "public"

    fake_postgres.on("SELECT current_schema()").row(current_schema="other")

    assert await prepared.fetchval() == "other"
