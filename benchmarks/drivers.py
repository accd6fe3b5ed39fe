"""Real drivers on `fake_postgres`, against AsyncMock and against the embedded PostgreSQL.

Each candidate asks the same question: one row of two columns by its key. As a call log grows with a
test, each is made anew after CALLS calls, which are more than a test asks for; making it is not
counted. What is compared with AsyncMock is processor time; what is compared with the embedded
PostgreSQL, which works in a process of its own, is the time by the clock.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple
from unittest.mock import AsyncMock

import asyncpg
import psqlpy
import psycopg

from benchmarks.processes import pytest_in
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

Ask = Callable[[], Awaitable[Any]]


class Connected(NamedTuple):
    """A connection: what is asked on it, and how it is closed."""

    one: Ask
    wide: Ask
    close: Ask


class Stage:
    """Both servers.

    Attributes:
        real: the URL of the embedded PostgreSQL.
        server: the one made of Python.
    """

    def __init__(self, real: str, server: Server) -> None:
        self.real = real
        self.server = server

    @contextmanager
    def script(self) -> Iterator[FakePostgres]:
        """A test on the fake, with the rules for what is asked here."""
        fake = FakePostgres(self.server)
        fake.on(_ONE, 7).row(_ROW).optional()
        fake.on(_WIDE).optional()(lambda call: _WIDE_ROWS)
        yield fake
        fake.end()


@contextmanager
def stage() -> Iterator[Stage]:
    """Start both servers."""
    with EmbeddedServer() as embedded:
        with psycopg.connect(embedded.dsn(), autocommit=True) as connection:
            connection.execute(_SCHEMA)
        catalog = Catalog(None, str, lambda: Describer(embedded.dsn()))
        checker = Checker(catalog)
        active_checker.use(lambda: checker)
        server = Server()
        server.start()
        yield Stage(embedded.dsn(), server)
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


ON_REAL: dict[str, Callable[[Stage], Awaitable[Connected]]] = {
    "asyncpg": lambda stage: _asyncpg(asyncpg.connect(stage.real)),
    "psycopg": lambda stage: _psycopg(stage.real),
    "psqlpy": lambda stage: _psqlpy(stage.real),
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
    await connected.one()  # so that it is prepared
    start = clock()
    for _ in range(calls):
        await connected.one()
    taken = clock() - start
    await connected.close()
    return taken / calls


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
    taken = time.perf_counter() - start
    assert (len(rows), len(rows[0])) == (10_000, 10)
    await connected.close()
    return taken


def measure_mock(stage: Stage, rounds: int, batches: int) -> list[Round]:
    """Return the processor time of a call on AsyncMock and on asyncpg in memory, per round."""

    def mock() -> float:
        return mean(
            asyncio.run(_seconds_per_call(_async_mock(), CALLS, time.process_time))
            for _ in range(batches)
        )

    def fake() -> float:
        return mean(
            _on_fake(
                stage,
                lambda fake: _seconds_per_call(ON_FAKE["asyncpg"](fake), CALLS, time.process_time),
            )
            for _ in range(batches)
        )

    return interleaved(rounds, {ASYNC_MOCK: mock, IN_MEMORY: fake})


def measure_calls(stage: Stage, rounds: int) -> list[Round]:
    """Return the time of a call of each driver on each server, per round."""

    def real(driver: str) -> float:
        connecting = ON_REAL[driver](stage)
        return asyncio.run(_seconds_per_call(connecting, CALLS, time.perf_counter))

    def fake(driver: str) -> float:
        return _on_fake(
            stage,
            lambda fake: _seconds_per_call(ON_FAKE[driver](fake), CALLS, time.perf_counter),
        )

    return interleaved(rounds, _by_driver(fake, real))


def measure_connecting(stage: Stage, rounds: int, times: int) -> list[Round]:
    """Return the time that it takes to connect and to close, per round."""

    def real(driver: str) -> float:
        return asyncio.run(_seconds_to_connect(lambda: ON_REAL[driver](stage), times))

    def fake(driver: str) -> float:
        return _on_fake(
            stage, lambda fake: _seconds_to_connect(lambda: ON_FAKE[driver](fake), times)
        )

    return interleaved(rounds, _by_driver(fake, real))


def measure_large_results(stage: Stage, rounds: int) -> list[Round]:
    """Return the time of 10,000 rows of 10 columns, per round."""

    def real(driver: str) -> float:
        return asyncio.run(_seconds_for_a_large_result(ON_REAL[driver](stage)))

    def fake(driver: str) -> float:
        return _on_fake(stage, lambda fake: _seconds_for_a_large_result(ON_FAKE[driver](fake)))

    return interleaved(rounds, _by_driver(fake, real))


def measure_many_connections(stage: Stage, count: int) -> dict[str, float]:
    """Return the seconds that it takes to open `count` connections, ask on each, and close them."""

    async def all_at_once(connect: Callable[[], Awaitable[Connected]]) -> float:
        start = time.perf_counter()
        connected = [await connect() for _ in range(count)]
        rows = await asyncio.gather(*(each.one() for each in connected))
        assert len(rows) == count
        for each in connected:
            await each.close()
        return time.perf_counter() - start

    def seconds(driver: str) -> float:
        def ask(fake: FakePostgres) -> Coroutine[Any, Any, float]:
            fake.max_connections = count
            return all_at_once(lambda: ON_FAKE[driver](fake))

        return _on_fake(stage, ask)

    return {driver: seconds(driver) for driver in DRIVERS}


def _on_fake(stage: Stage, ask: Callable[[FakePostgres], Coroutine[Any, Any, float]]) -> float:
    with stage.script() as fake:
        return asyncio.run(ask(fake))


def _by_driver(
    fake: Callable[[str], float], real: Callable[[str], float]
) -> dict[str, Callable[[], float]]:
    return {
        name.format(driver): partial(measure, driver)
        for driver in DRIVERS
        for name, measure in ((FAKE, fake), (REAL, real))
    }


_SETTINGS = """\
[tool.understudy]
schema = ["schema.sql"]
[tool.pytest.ini_options]
asyncio_mode = "auto"
asyncio_default_fixture_loop_scope = "function"
"""
_TESTS = """\
import asyncio

import psutil
import pytest

process = psutil.Process()


BODY
    if number in (COUNT // 10, COUNT - 1):
        with open("memory.txt", "a") as file:
            file.write(f"{process.memory_info().rss}\\n")
"""
_BODIES = {
    "a connection each": """\
@pytest.mark.parametrize("number", range(COUNT))
async def test_it(fake_postgres, number):
    fake_postgres.on("SELECT id, name FROM users WHERE id = $1", 7).row(id=7, name="Ana")
    conn = await fake_postgres.asyncpg.connect()
    assert (await conn.fetchrow("SELECT id, name FROM users WHERE id = $1", 7))["name"] == "Ana"
    await conn.close()
""",
    "nothing at all, the plugin off": """\
@pytest.mark.parametrize("number", range(COUNT))
async def test_it(number):
    await asyncio.sleep(0)
""",
}
MEMORY = tuple(_BODIES)


def measure_memory(tests: int, of: str) -> tuple[float, float]:
    """Return the megabytes of a pytest process after a tenth of its tests, and after all.

    Args:
        tests: how many.
        of: what each test does, one of MEMORY.
    """
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "pyproject.toml").write_text(_SETTINGS, encoding="utf-8")
        (folder / "schema.sql").write_text(_SCHEMA, encoding="utf-8")
        (folder / "test_it.py").write_text(
            _TESTS.replace("BODY", _BODIES[of].rstrip()).replace("COUNT", str(tests)),
            encoding="utf-8",
        )
        off = () if "fake_postgres" in _BODIES[of] else ("-p", "no:understudy")
        done = pytest_in(folder, "-p", "no:randomly", "-p", "no:cacheprovider", *off)
        if done.returncode != 0:
            raise RuntimeError(done.stdout)
        first, last = (folder / "memory.txt").read_text(encoding="utf-8").split()
        return int(first) / 1e6, int(last) / 1e6
