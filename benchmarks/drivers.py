"""Real drivers on `fake_postgres`, compared with AsyncMock and with the embedded PostgreSQL.

Each candidate fetches one row of two columns by its key. The call log grows with each call, so a
candidate is created again after CALLS calls, which is more than a test makes. The creation is not
counted. The comparison with AsyncMock is in processor time. The comparison with the embedded
PostgreSQL, which is a separate process, is in wall-clock time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import partial
from statistics import mean
from typing import Any, NamedTuple
from unittest.mock import AsyncMock

import asyncpg
import psqlpy
import psycopg

from benchmarks.rounds import Round, interleaved
from understudy.catalog import active_checker
from understudy.catalog.checks import Checker
from understudy.catalog.describer import Describer
from understudy.catalog.run_catalog import Catalog
from understudy.embedded import EmbeddedServer
from understudy.fake_postgres.fixture import FakePostgres
from understudy.fake_postgres.server import Server

CALLS = 100
_SCHEMA = """
    CREATE TABLE users (id integer PRIMARY KEY, name text NOT NULL);
    INSERT INTO users VALUES (7, 'Ana');
"""
_ONE = "SELECT id, name FROM users WHERE id = $1"
_ROW = {"id": 7, "name": "Ana"}
_COLUMNS = [f"c{number}" for number in range(10)]
_WIDE = (
    "SELECT "
    + ", ".join(f"{column}::integer AS {column}" for column in _COLUMNS[:5])
    + ", "
    + ", ".join(f"{column}::text AS {column}" for column in _COLUMNS[5:])
    + " FROM (SELECT "
    + ", ".join(f"n AS {column}" for column in _COLUMNS)
    + " FROM generate_series(1, 10000) AS n) AS s"
)
_WIDE_ROWS = [
    {column: n if number < 5 else str(n) for number, column in enumerate(_COLUMNS)}
    for n in range(1, 10001)
]

ASYNC_MOCK = "AsyncMock"
IN_MEMORY = "asyncpg in memory"
FAKE = "{} on fake_postgres"
REAL = "{} on the embedded PostgreSQL"
DRIVERS = ("asyncpg", "psycopg", "psqlpy")

Query = Callable[[], Awaitable[Any]]


class Connected(NamedTuple):
    """A connection: its two queries, and how to close it."""

    one: Query
    wide: Query
    close: Query


class Servers:
    """Both servers.

    Attributes:
        real: the URL of the embedded PostgreSQL.
        real_socket: the same by its private socket.
        fake: the server of `fake_postgres`.
    """

    def __init__(self, real: str, real_socket: str, fake: Server) -> None:
        self.real = real
        self.real_socket = real_socket
        self.fake = fake

    @contextmanager
    def script(self) -> Iterator[FakePostgres]:
        """Begin a test on the fake, with rules for the two queries."""
        fake = FakePostgres(self.fake)
        fake.on(_ONE, 7).row(_ROW).optional()
        fake.on(_WIDE).optional()(lambda call: _WIDE_ROWS)
        yield fake
        fake.end()


@contextmanager
def servers() -> Iterator[Servers]:
    """Start both servers."""
    with EmbeddedServer() as embedded:
        with psycopg.connect(embedded.dsn(), autocommit=True) as connection:
            connection.execute(_SCHEMA)
        catalog = Catalog(None, str, lambda: Describer(embedded.dsn()))
        checker = Checker(catalog)
        active_checker.use(lambda: checker)
        server = Server()
        server.start()
        yield Servers(embedded.dsn(), embedded.socket_dsn(), server)
        server.stop()
        active_checker.use(None)
        catalog.close()


async def _asyncpg(connecting: Awaitable[Any]) -> Connected:
    connection = await connecting
    return Connected(
        lambda: connection.fetchrow(_ONE, 7), lambda: connection.fetch(_WIDE), connection.close
    )


async def _psycopg(dsn: str) -> Connected:
    connection = await psycopg.AsyncConnection.connect(dsn, autocommit=True)

    async def one() -> Any:
        return await (await connection.execute(_ONE.replace("$1", "%s"), [7])).fetchone()

    async def wide() -> Any:
        return await (await connection.execute(_WIDE)).fetchall()

    return Connected(one, wide, connection.close)


async def _psqlpy(dsn: str) -> Connected:
    connection = await psqlpy.connect(dsn)

    async def one() -> Any:
        return (await connection.fetch_row(_ONE, [7])).result()

    async def wide() -> Any:
        return (await connection.fetch(_WIDE)).result()

    async def close() -> None:
        connection.close()

    return Connected(one, wide, close)


async def _async_mock() -> Connected:
    connection = AsyncMock()
    connection.fetchrow.return_value = _ROW
    return Connected(lambda: connection.fetchrow(_ONE, 7), connection.fetch, connection.close)


ON_REAL: dict[str, Callable[[Servers], Awaitable[Connected]]] = {
    "asyncpg": lambda servers: _asyncpg(asyncpg.connect(servers.real)),
    "psycopg": lambda servers: _psycopg(servers.real),
    "psqlpy": lambda servers: _psqlpy(servers.real),
}
ON_FAKE: dict[str, Callable[[FakePostgres], Awaitable[Connected]]] = {
    "asyncpg": lambda fake: _asyncpg(fake.asyncpg.connect()),
    "psycopg": lambda fake: _psycopg(fake.dsn),
    "psqlpy": lambda fake: _psqlpy(fake.dsn),
}


async def _seconds_per_call(
    connecting: Awaitable[Connected], calls: int, clock: Callable[[], float]
) -> float:
    connected = await connecting
    await connected.one()  # prepares the statement
    start = clock()
    for _ in range(calls):
        await connected.one()
    seconds = clock() - start
    await connected.close()
    return seconds / calls


async def _seconds_to_connect(connect: Callable[[], Awaitable[Connected]], times: int) -> float:
    start = time.perf_counter()
    for _ in range(times):
        connected = await connect()
        await connected.close()
    return (time.perf_counter() - start) / times


async def _seconds_for_a_large_result(connecting: Awaitable[Connected]) -> float:
    connected = await connecting
    start = time.perf_counter()
    rows = await connected.wide()
    seconds = time.perf_counter() - start
    assert (len(rows), len(rows[0])) == (10_000, 10)
    await connected.close()
    return seconds


def measure_mock(servers: Servers, rounds: int, batches: int) -> list[Round]:
    """Return the processor time of a call on AsyncMock and on asyncpg in memory, per round."""

    def mock() -> float:
        return mean(
            asyncio.run(_seconds_per_call(_async_mock(), CALLS, time.process_time))
            for _ in range(batches)
        )

    def fake() -> float:
        return mean(
            _on_fake(
                servers,
                lambda fake: _seconds_per_call(ON_FAKE["asyncpg"](fake), CALLS, time.process_time),
            )
            for _ in range(batches)
        )

    return interleaved(rounds, {ASYNC_MOCK: mock, IN_MEMORY: fake})


def measure_calls(servers: Servers, rounds: int) -> list[Round]:
    """Return the wall-clock time of a call, per round."""

    def real(driver: str) -> float:
        connecting = ON_REAL[driver](servers)
        return asyncio.run(_seconds_per_call(connecting, CALLS, time.perf_counter))

    def fake(driver: str) -> float:
        return _on_fake(
            servers,
            lambda fake: _seconds_per_call(ON_FAKE[driver](fake), CALLS, time.perf_counter),
        )

    return interleaved(rounds, _by_driver(fake, real))


def measure_connecting(servers: Servers, rounds: int, times: int) -> list[Round]:
    """Return the wall-clock time to connect and close, per round."""

    def real(driver: str) -> float:
        return asyncio.run(_seconds_to_connect(lambda: ON_REAL[driver](servers), times))

    def fake(driver: str) -> float:
        return _on_fake(
            servers, lambda fake: _seconds_to_connect(lambda: ON_FAKE[driver](fake), times)
        )

    return interleaved(rounds, _by_driver(fake, real))


def measure_large_results(servers: Servers, rounds: int) -> list[Round]:
    """Return the wall-clock time of fetching 10,000 rows of 10 columns, per round."""

    def real(driver: str) -> float:
        return asyncio.run(_seconds_for_a_large_result(ON_REAL[driver](servers)))

    def fake(driver: str) -> float:
        return _on_fake(servers, lambda fake: _seconds_for_a_large_result(ON_FAKE[driver](fake)))

    return interleaved(rounds, _by_driver(fake, real))


def measure_many_connections(servers: Servers, count: int) -> dict[str, float]:
    """Return the seconds to open `count` connections, fetch a row on each, and close them."""

    async def all_at_once(connect: Callable[[], Awaitable[Connected]]) -> float:
        start = time.perf_counter()
        connected = [await connect() for _ in range(count)]
        rows = await asyncio.gather(*(connection.one() for connection in connected))
        assert len(rows) == count
        for connection in connected:
            await connection.close()
        return time.perf_counter() - start

    def seconds(driver: str) -> float:
        def run(fake: FakePostgres) -> Coroutine[Any, Any, float]:
            fake.max_connections = count
            return all_at_once(lambda: ON_FAKE[driver](fake))

        return _on_fake(servers, run)

    return {driver: seconds(driver) for driver in DRIVERS}


def _on_fake(servers: Servers, run: Callable[[FakePostgres], Coroutine[Any, Any, float]]) -> float:
    with servers.script() as fake:
        return asyncio.run(run(fake))


def _by_driver(
    fake: Callable[[str], float], real: Callable[[str], float]
) -> dict[str, Callable[[], float]]:
    return {
        name.format(driver): partial(measure, driver)
        for driver in DRIVERS
        for name, measure in ((FAKE, fake), (REAL, real))
    }
