"""Server faults look to the drivers like those of a real server."""

from __future__ import annotations

import asyncio

import asyncpg
import psycopg
import pytest

from understudy import db_error
from understudy.fake_postgres.fixture import FakePostgres
from understudy.fake_postgres.server import Server

TERMINATED = "terminating connection due to administrator command"


async def test_a_hang_ends_with_the_time_out_and_the_connection_lives(
    fake_postgres: FakePostgres,
) -> None:
    fake_postgres.on("SELECT pg_sleep(9)").hangs()
    fake_postgres.on("SELECT 1 AS a").row(a=1)
    memory = await fake_postgres.asyncpg.connect()
    socket = await fake_postgres.psycopg.connect(autocommit=True)

    with pytest.raises(TimeoutError):
        await memory.execute("SELECT pg_sleep(9)", timeout=0.02)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await socket.execute("SELECT pg_sleep(9)")

    assert await memory.fetchval("SELECT 1 AS a") == 1
    assert await (await socket.execute("SELECT 1 AS a")).fetchall() == [(1,)]


async def test_a_statement_that_hangs_can_be_cancelled(fake_postgres: FakePostgres) -> None:
    fake_postgres.on("SELECT pg_sleep(9)").hangs()
    connection = await fake_postgres.psycopg.connect(autocommit=True)
    task = asyncio.create_task(connection.execute("SELECT pg_sleep(9)"))
    while not fake_postgres.calls:  # noqa: ASYNC110 # filled by another thread
        await asyncio.sleep(0.001)

    await connection.cancel_safe()

    with pytest.raises(psycopg.errors.QueryCanceled, match="due to user request"):
        await task


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_lost_connection(fake_postgres: FakePostgres, when: str) -> None:
    fake_postgres.on("UPDATE t SET a = 1").drops(when)  # type: ignore[arg-type]  # parametrised

    memory = await fake_postgres.asyncpg.connect()
    with pytest.raises(asyncpg.ConnectionDoesNotExistError):
        await memory.execute("UPDATE t SET a = 1")
    assert memory.is_closed()
    socket = await fake_postgres.psycopg.connect()
    with pytest.raises(psycopg.OperationalError):
        await socket.execute("UPDATE t SET a = 1")
    assert socket.broken


async def test_a_connection_lost_within_a_result(fake_postgres: FakePostgres) -> None:
    fake_postgres.on("SELECT id FROM t").drops("during", {"id": 1}, {"id": 2})
    connection = await fake_postgres.psycopg.connect()
    rows = connection.cursor().stream("SELECT id FROM t")

    assert [await anext(rows) for _ in range(2)] == [(1,), (2,)]
    with pytest.raises(psycopg.OperationalError):
        await anext(rows)


@pytest.mark.parametrize(("when", "state"), [("before", "rolled back"), ("after", "committed")])
async def test_a_connection_lost_at_commit(
    fake_postgres: FakePostgres, when: str, state: str
) -> None:
    fake_postgres.on("COMMIT").drops(when)  # type: ignore[arg-type]  # parametrised
    connection = await fake_postgres.asyncpg.connect()

    with pytest.raises(asyncpg.ConnectionDoesNotExistError):
        async with connection.transaction():
            pass

    assert [transaction.state for transaction in fake_postgres.transactions] == [state]


async def test_a_server_that_is_stopped_and_started(fake_postgres: FakePostgres) -> None:
    memory = await fake_postgres.asyncpg.connect()
    socket = await fake_postgres.psycopg.connect()

    fake_postgres.stop()

    with pytest.raises(asyncpg.ConnectionDoesNotExistError, match=TERMINATED):
        await memory.execute("SELECT 1")
    with pytest.raises(psycopg.errors.AdminShutdown, match=TERMINATED):
        await socket.execute("SELECT 1")
    with pytest.raises(ConnectionRefusedError):
        await fake_postgres.asyncpg.connect()
    with pytest.raises(psycopg.OperationalError, match="refused"):
        await fake_postgres.psycopg.connect()

    fake_postgres.start()
    assert not (await fake_postgres.asyncpg.connect()).is_closed()
    assert not (await fake_postgres.psycopg.connect()).closed


async def test_a_restart_ends_connections_and_takes_new_ones(fake_postgres: FakePostgres) -> None:
    before = await fake_postgres.psycopg.connect()

    fake_postgres.restart()

    with pytest.raises(psycopg.errors.AdminShutdown):
        await before.execute("SELECT 1")
    assert not (await fake_postgres.psycopg.connect()).closed


async def test_too_many_connections(fake_postgres: FakePostgres) -> None:
    await fake_postgres.asyncpg.connect()
    fake_postgres.max_connections = sum(
        connection.is_open for connection in fake_postgres.connections
    )

    with pytest.raises(asyncpg.TooManyConnectionsError, match="sorry, too many clients already"):
        await fake_postgres.asyncpg.connect()
    with pytest.raises(psycopg.OperationalError, match="sorry, too many clients already"):
        await fake_postgres.psycopg.connect()


async def test_after_a_failover_old_connections_only_read(fake_postgres: FakePostgres) -> None:
    fake_postgres.on("UPDATE t SET a = 1").tag("UPDATE 1")
    fake_postgres.on("SELECT 1 AS a").row(a=1)
    before = await fake_postgres.asyncpg.connect()

    fake_postgres.fail_over()

    message = "cannot execute UPDATE in a read-only transaction"
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError, match=message):
        await before.execute("UPDATE t SET a = 1")
    assert await before.fetchval("SELECT 1 AS a") == 1
    after = await fake_postgres.asyncpg.connect()
    assert await after.execute("UPDATE t SET a = 1") == "UPDATE 1"


async def test_a_slow_network_delays_every_answer(fake_postgres: FakePostgres) -> None:
    fake_postgres.on("SELECT 1 AS a").row(a=1)
    memory = await fake_postgres.asyncpg.connect()
    assert await memory.fetchval("SELECT 1 AS a") == 1
    socket = fake_postgres.psycopg.connect_sync(autocommit=True)

    fake_postgres.latency = 30.0
    asked = asyncio.create_task(memory.fetchval("SELECT 1 AS a"))
    await asyncio.sleep(0)
    socket.pgconn.send_query(b"SELECT 1 AS a")
    fake_postgres._server._sockets.settle()
    socket.pgconn.consume_input()

    assert fake_postgres.latency == 30.0
    assert len(fake_postgres.calls) == 3
    assert socket.pgconn.is_busy()
    assert not asked.done()
    memory.terminate()
    with pytest.raises(asyncpg.ConnectionDoesNotExistError):
        await asked

    fake_postgres.latency = 0.01
    later = await fake_postgres.psycopg.connect(autocommit=True)
    assert (await (await later.execute("SELECT 1 AS a")).fetchone()) == (1,)
    another = await fake_postgres.asyncpg.connect()
    assert await another.fetchval("SELECT 1 AS a") == 1


async def test_an_error_that_ends_the_connection(fake_postgres: FakePostgres) -> None:
    fake_postgres.on("SELECT 1").raises(db_error("57P01"))
    connection = await fake_postgres.asyncpg.connect()

    with pytest.raises(asyncpg.ConnectionDoesNotExistError, match=TERMINATED):
        await connection.execute("SELECT 1")

    assert connection.is_closed()


async def test_a_login_that_is_required(fake_postgres: FakePostgres) -> None:
    fake_postgres.require_login(user="app", password="s3cret", database="shop")
    right = {"user": "app", "password": "s3cret", "database": "shop"}

    with pytest.raises(asyncpg.InvalidPasswordError, match='failed for user "understudy"'):
        await fake_postgres.asyncpg.connect()
    with pytest.raises(asyncpg.InvalidPasswordError, match='failed for user "app"'):
        await fake_postgres.asyncpg.connect(**{**right, "password": "guess"})
    with pytest.raises(asyncpg.InvalidPasswordError, match='failed for user "root"'):
        await fake_postgres.asyncpg.connect(**{**right, "user": "root"})
    with pytest.raises(asyncpg.InvalidCatalogNameError, match='database "store" does not exist'):
        await fake_postgres.asyncpg.connect(**{**right, "database": "store"})
    await (await fake_postgres.asyncpg.connect(**right)).close()
    async with fake_postgres.asyncpg.pool(**right, max_size=1) as pool:
        assert pool.get_size() == 1


async def test_a_user_alone_that_is_required(fake_postgres: FakePostgres) -> None:
    fake_postgres.require_login(user="app")

    with pytest.raises(psycopg.OperationalError, match='role "understudy" does not exist'):
        await psycopg.AsyncConnection.connect(fake_postgres.socket_dsn)
    with pytest.raises(psycopg.OperationalError) as raised:  # where a password is asked for
        await fake_postgres.psycopg.connect()
    assert str(raised.value).endswith('password authentication failed for user "understudy"')
    await (await fake_postgres.psycopg.connect(user="app", dbname="any")).close()


async def test_a_required_login_ends_with_the_test() -> None:
    server = Server()
    server.start()
    first = FakePostgres(server)
    first.require_login(user="app")
    first.end()

    second = FakePostgres(server)
    await (await second.asyncpg.connect()).close()

    second.end()
    server.stop()
