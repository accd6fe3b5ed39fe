"""The server: its address, large answers, many clients, clients that vanish."""

from __future__ import annotations

import asyncio
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psycopg
import pytest
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from tests.fake_postgres.frontend import socket_path
from understudy import UnexpectedStatement
from understudy.fake_postgres.fixture import FakePostgres
from understudy.fake_postgres.server import Server
from understudy.script.expectations import opened
from understudy.script.failures import ServerBroke
from understudy.serving.attribution import FIXTURE
from understudy.serving.private_folder import PrivateFolder


class Base(DeclarativeBase):
    """The tables of these tests."""


class Row(Base):
    __tablename__ = "t"
    a: Mapped[int] = mapped_column(primary_key=True)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    server.start()
    server.start()  # once more does nothing
    yield server
    server.stop()


def test_only_its_user_reaches_the_socket(server: Server) -> None:
    folder = Path(socket_path(server.socket_dsn)).parent

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {path.name for path in folder.iterdir()} == {".s.PGSQL.5432", "lock"}
    server.stop()
    assert not folder.exists()


def test_no_unix_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PrivateFolder, "new", lambda: None)
    server = Server()
    try:
        server.start()
        fake = FakePostgres(server)
        fake.on("SELECT 1 AS a").row(a=1)
        assert fake.socket_dsn == fake.dsn
        connection = fake.psycopg.connect_sync()
        assert connection.execute("SELECT 1 AS a").fetchall() == [(1,)]
        fake.end()
    finally:
        server.stop()


def test_a_server_that_was_never_started_leaves_nothing() -> None:
    server = Server()
    server.stop()

    assert not Path(socket_path(server.socket_dsn)).parent.exists()
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

    found = await asyncio.gather(
        *(connection.fetchval("SELECT 1 AS a") for connection in connections)
    )

    assert found == [1] * 1000


def test_a_client_that_vanishes_harms_nobody(fake_postgres: FakePostgres) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(socket_path(fake_postgres.socket_dsn))
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


async def test_callers_of_several_tasks_are_told_apart(fake_postgres: FakePostgres) -> None:
    fake_postgres.on("SELECT 1 AS a").row(a=1)
    fake_postgres.on("SELECT 2 AS a").row(a=2)

    async def one(connection: psycopg.AsyncConnection[tuple[int]]) -> None:
        await connection.execute("SELECT 1 AS a")

    async def two(connection: asyncpg.Connection) -> None:
        await connection.execute("SELECT 2 AS a")

    socket = await asyncpg.connect(fake_postgres.dsn)
    await asyncio.gather(
        one(await fake_postgres.psycopg.connect(autocommit=True)),
        two(socket),
    )
    await socket.close()

    callers = {call.statement: call.origin.code for call in fake_postgres.calls}
    assert callers == {"SELECT 1 AS a": one.__code__, "SELECT 2 AS a": two.__code__}
    openers = [client.attribution.opened_by for client in fake_postgres.connections]
    assert [None if site is None else site.pool for site in openers] == ["", FIXTURE]


async def test_psqlpy_in_several_tasks_is_not_guessed_at(fake_postgres: FakePostgres) -> None:
    fake_postgres.on("SELECT 1 AS a").row(a=1)
    connection = await fake_postgres.psqlpy.connect()

    async def ask() -> None:
        await connection.execute("SELECT 1 AS a")

    await ask()
    await asyncio.create_task(ask())

    alone, several = (call.origin for call in fake_postgres.calls)
    assert alone.code is ask.__code__
    assert several.place == "a connection over a socket (the driver does not tell which line)"


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
