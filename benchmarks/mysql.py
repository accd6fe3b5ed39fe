"""The cost of `real_mysql` for a test with aiomysql, beside ways to isolate by hand.

Each candidate connects, runs an INSERT, a COMMIT and a SELECT, and closes, on a schema of thirty
tables. The private server is measured from its start to the first connection.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiomysql  # type: ignore[import-untyped] # it has no types

from benchmarks.rounds import Round, interleaved
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
_TESTS = 10
_TABLES = [
    f"CREATE TABLE t{n} (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40) NOT NULL, KEY (name))"
    for n in range(30)
]


async def _test(place: Any) -> None:
    connection = await aiomysql.connect(
        host=place.host,
        port=place.port,
        user=place.user,
        password=place.password,
        db=place.database,
    )
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


def measure(rounds: int) -> list[Round]:
    """Return the wall-clock seconds of a test with each candidate, for each round."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "schema.sql").write_text(";\n".join(_TABLES))
        databases = MysqlDatabases(["schema.sql"], Path(folder)).start()
        server = RealMysqlServer(lambda: databases.place)
        server.start()
        place = databases.place.new_database()
        admin = Admin(place)
        try:
            return _measured(rounds, server, place, admin)
        finally:
            admin.close()
            server.stop()
            databases.stop()


def _measured(rounds: int, server: RealMysqlServer, place: Address, admin: Admin) -> list[Round]:
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
        return timed(lambda: _on_real_mysql(server, isolation), lambda: None)

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
