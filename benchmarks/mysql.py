"""The cost of `real_mysql` for a test with aiomysql, beside ways to isolate by hand.

Each candidate connects, runs an INSERT, a COMMIT and a SELECT, and closes, on a schema of thirty
tables. The private server is measured from its start to the first connection.

A call is a SELECT of one row by its key, and `fetchall`: over `fake_mysql`, on the server, and on
an `AsyncMock` that returns the same row.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import AsyncMock

import aiomysql  # type: ignore[import-untyped] # it has no types
import asyncmy

from benchmarks.rounds import Round, interleaved
from understudy.fake_mysql.fixture import FakeMysql
from understudy.fake_mysql.server import Server
from understudy.mysql_server.address import Address
from understudy.mysql_server.admin import Admin
from understudy.mysql_server.databases import MysqlDatabases
from understudy.mysql_server.server import MysqlServer
from understudy.real_mysql.fixture import RealMysql
from understudy.real_mysql.isolation import Isolation
from understudy.real_mysql.server import RealMysqlServer
from understudy.script import expectations

START = "starting the private server, with its data directory cached"
BARE = "bare aiomysql, not isolated"
TRUNCATED = "bare aiomysql, and TRUNCATE of the thirty tables"
RECREATED = "bare aiomysql, and the database dropped, created and loaded"
REAL: dict[Isolation, str] = {
    "rollback": "real_mysql, by rollback",
    "delete": "real_mysql, by delete",
    "clone": "real_mysql, on a clone",
}
WAYS = (BARE, *REAL.values(), TRUNCATED, RECREATED)
ASYNC_MOCK = "AsyncMock"
ON_SERVER = "{} on the server"
ON_FAKE = "{} on fake_mysql"
DRIVERS = {"aiomysql": aiomysql, "asyncmy": asyncmy}
CALLS = (
    ASYNC_MOCK,
    *(name.format(driver) for driver in DRIVERS for name in (ON_SERVER, ON_FAKE)),
)
_SELECT = "SELECT id, name FROM t0 WHERE id = %s"
_TESTS = 10
_TIMES = 400  # calls in a round
_TABLES = [
    f"CREATE TABLE t{n} (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40) NOT NULL, KEY (name))"
    for n in range(30)
]


class Servers(NamedTuple):
    """A private server, `real_mysql`'s in front of it, and a database outside of any test."""

    real: RealMysqlServer
    place: Address
    admin: Admin


@contextmanager
def servers() -> Iterator[Servers]:
    """Start the servers, and load the schema."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "schema.sql").write_text(";\n".join(_TABLES))
        databases = MysqlDatabases(["schema.sql"], Path(folder)).start()
        real = RealMysqlServer(lambda: databases.place)
        real.start()
        place = databases.place.new_database()
        admin = Admin(place)
        try:
            yield Servers(real, place, admin)
        finally:
            admin.close()
            real.stop()
            databases.stop()


async def _connected(driver: Any, place: Any, database: str) -> Any:
    return await driver.connect(
        host=place.host, port=place.port, user=place.user, password=place.password, db=database
    )


async def _test(place: Any) -> None:
    connection = await _connected(aiomysql, place, place.database)
    async with connection.cursor() as cursor:
        await cursor.execute("INSERT INTO t0 (name) VALUES ('Ana')")
        await connection.commit()
        await cursor.execute("SELECT COUNT(*) FROM t0")
        await cursor.fetchall()
    await connection.commit()
    await connection.ensure_closed()


async def _on_real_mysql(server: RealMysqlServer, isolation: Isolation) -> None:
    with expectations.opened() as failures:
        real = RealMysql(server, isolation=isolation)
        await _test(server)
        real.end()
    if errors := failures.verify():
        raise errors[0]


def _truncate(admin: Admin) -> None:
    for number in range(len(_TABLES)):
        admin.rows(f"TRUNCATE t{number}")


def _recreate(admin: Admin, place: Address) -> None:
    admin.rows(f"DROP DATABASE {place.database}")
    admin.rows(f"CREATE DATABASE {place.database}")
    admin.rows(f"USE {place.database}")
    for table in _TABLES:
        admin.rows(table)


def measure_start() -> float:
    """Return the seconds from the start of a server to its first connection."""
    start = time.perf_counter()
    with MysqlServer() as server, Admin(server.address):
        return time.perf_counter() - start


async def _seconds_per_call(cursor: Any) -> float:
    start = time.perf_counter()
    for _ in range(_TIMES):
        await cursor.execute(_SELECT, (7,))
        await cursor.fetchall()
    return (time.perf_counter() - start) / _TIMES


async def _seconds_of(driver: Any, place: Any, database: str) -> float:
    connection = await _connected(driver, place, database)
    try:
        async with connection.cursor() as cursor:
            return await _seconds_per_call(cursor)
    finally:
        connection.close()


def measure_calls(opened: Servers, rounds: int) -> list[Round]:
    """Return the wall-clock seconds of a call with each candidate, for each round."""
    opened.admin.rows("INSERT INTO t0 VALUES (7, 'Ana')")
    fake_server = Server()
    fake_server.start()

    def mock() -> float:
        cursor = AsyncMock()
        cursor.fetchall.return_value = ((7, "Ana"),)
        return asyncio.run(_seconds_per_call(cursor))

    def on_server(driver: Any) -> Callable[[], float]:
        return lambda: asyncio.run(_seconds_of(driver, opened.place, opened.place.database))

    def on_fake(driver: Any) -> Callable[[], float]:
        def run() -> float:
            fake = FakeMysql(fake_server)
            fake.on(_SELECT, 7).row(id=7, name="Ana")
            try:
                return asyncio.run(_seconds_of(driver, fake, "app"))
            finally:
                fake.end()

        return run

    candidates = {ASYNC_MOCK: mock}
    for name, driver in DRIVERS.items():
        candidates[ON_SERVER.format(name)] = on_server(driver)
        candidates[ON_FAKE.format(name)] = on_fake(driver)
    try:
        return interleaved(rounds + 1, candidates)[1:]  # the first one warms up
    finally:
        fake_server.stop()


def measure(opened: Servers, rounds: int) -> list[Round]:
    """Return the wall-clock seconds of a test with each candidate, for each round."""
    real_server, place, admin = opened

    def timed(once: Callable[[], Any], after: Callable[[], object]) -> Callable[[], float]:
        async def run() -> float:
            await once()  # the first one changes the isolation
            after()
            start = time.perf_counter()
            for _ in range(_TESTS):
                await once()
                after()
            return (time.perf_counter() - start) / _TESTS

        return lambda: asyncio.run(run())

    def bare(after: Callable[[], object] = lambda: None) -> Callable[[], float]:
        return timed(lambda: _test(place), after)

    def real(isolation: Isolation) -> Callable[[], float]:
        return timed(lambda: _on_real_mysql(real_server, isolation), lambda: None)

    found = interleaved(
        rounds + 1,  # the first one warms up and is not counted
        {
            BARE: bare(),
            **{name: real(isolation) for isolation, name in REAL.items()},
            TRUNCATED: bare(lambda: _truncate(admin)),
            RECREATED: bare(lambda: _recreate(admin, place)),
        },
    )
    return found[1:]
