"""The cost of isolating a test on a real PostgreSQL from other tests, for several ways to do it.

Each candidate runs the same two statements, an INSERT and a SELECT, with asyncpg. The difference
from the bare statements on an open connection is the cost of the isolation. The candidates share a
server and a schema of thirty tables. They run in turn, the fast ones for fifteen tests at a time.
Times are wall-clock time, since the server is a separate process. For `real_postgres` the time is
the part of the fixture for which a test waits, plus both statements, which pass through its server.
"""

from __future__ import annotations

import asyncio
import math
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median

import asyncpg

from benchmarks.rounds import Round
from understudy.embedded import Clones, EmbeddedServer, TestDatabases
from understudy.real_postgres.fixture import RealPostgres
from understudy.real_postgres.rollback_server import RollbackServer
from understudy.script import expectations

BARE = "the bare statements"
ROLLBACK = "BEGIN and ROLLBACK by hand, on one connection"
REAL_POSTGRES = "real_postgres, on an open connection"
REAL_POSTGRES_NEW = "real_postgres, on a new connection"
CONNECTION = "a new connection, DELETE of the written rows"
TRUNCATE = "TRUNCATE of all thirty tables"
CLONE = "a copy of a template, and a connection to it"
CLONE_AHEAD = "the same, with copies made ahead and dropped in the background"
WAYS = (BARE, ROLLBACK, REAL_POSTGRES, REAL_POSTGRES_NEW, CONNECTION, TRUNCATE, CLONE, CLONE_AHEAD)
# These tests take so long that warm caches make no difference.
_SLOW = (TRUNCATE, CLONE)
_TESTS = 15
START = "starting the embedded server, with its data directory cached"

_TABLES = 30
_INSERT = "INSERT INTO t0 (name) VALUES ('Ana')"
_SELECT = "SELECT count(*) FROM t0"
_ALL = ", ".join(f"t{n}" for n in range(_TABLES))


def _schema() -> str:
    return "\n".join(
        f"CREATE TABLE t{n} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text);"
        for n in range(_TABLES)
    )


async def _statements(connection: asyncpg.Connection) -> None:
    await connection.execute(_INSERT)
    if await connection.fetchval(_SELECT) != 1:
        raise RuntimeError("a test saw the rows of another test")


class _Ways:
    """The candidates; each method is one test.

    Args:
        databases: creates databases.
        ahead: creates databases ahead, in the background.
        dsn: the URL of a database.
        connection: a connection to that database.
        server: the server of `real_postgres`, which uses another database.
        through: a connection to `server`.
    """

    def __init__(
        self,
        databases: TestDatabases,
        ahead: Clones,
        dsn: str,
        connection: asyncpg.Connection,
        server: RollbackServer,
        through: asyncpg.Connection,
    ) -> None:
        self._databases = databases
        self._ahead = ahead
        self._dsn = dsn
        self._connection = connection
        self._server = server
        self._through = through

    async def bare(self) -> None:
        await _statements(self._connection)

    async def rollback(self) -> None:
        transaction = self._connection.transaction()
        await transaction.start()
        await _statements(self._connection)
        await transaction.rollback()

    async def real_postgres(self) -> None:
        with expectations.opened() as failures:
            real = RealPostgres(self._server)
            await _statements(self._through)
            real.end()
        _check(failures)

    async def real_postgres_new(self) -> None:
        with expectations.opened() as failures:
            real = RealPostgres(self._server)
            connection = await asyncpg.connect(real.dsn)
            await _statements(connection)
            await connection.close()
            real.end()
        _check(failures)

    async def connection(self) -> None:
        connection = await asyncpg.connect(self._dsn)
        await _statements(connection)
        await connection.execute("DELETE FROM t0")
        await connection.close()

    async def truncate(self) -> None:
        await _statements(self._connection)
        await self._connection.execute(f"TRUNCATE {_ALL} RESTART IDENTITY CASCADE")

    async def clone(self) -> None:
        await self._on_a_clone(self._databases)

    async def clone_ahead(self) -> None:
        await self._on_a_clone(self._ahead)

    @staticmethod
    async def _on_a_clone(databases: Clones) -> None:
        name, dsn = databases.new()
        connection = await asyncpg.connect(dsn)
        await _statements(connection)
        await connection.close()
        databases.drop(name)


def _check(failures: expectations.PhaseState) -> None:
    if errors := failures.verify():
        raise errors[0]


async def _measure(databases: TestDatabases, rounds: int) -> list[Round]:
    name, dsn = databases.new()
    connection = await asyncpg.connect(dsn)
    server = RollbackServer(lambda: databases.new()[1])
    server.start()
    through = await asyncpg.connect(server.dsn)
    ahead = Clones(databases.place)
    ahead.prefetch(math.inf)
    ways = _Ways(databases, ahead, dsn, connection, server, through)
    candidates: dict[str, Callable[[], Awaitable[None]]] = {
        BARE: ways.bare,
        ROLLBACK: ways.rollback,
        REAL_POSTGRES: ways.real_postgres,
        REAL_POSTGRES_NEW: ways.real_postgres_new,
        CONNECTION: ways.connection,
        TRUNCATE: ways.truncate,
        CLONE: ways.clone,
        CLONE_AHEAD: ways.clone_ahead,
    }
    found: list[Round] = []
    # The first round warms up and is not counted.
    for _ in range(rounds + 1):
        times = {}
        for candidate, run in candidates.items():
            # Consecutive tests, with the caches that the previous test has warmed.
            tests = []
            for _ in range(1 if candidate in _SLOW else _TESTS):
                start = time.perf_counter()
                await run()
                tests.append(time.perf_counter() - start)
                # Not counted. The rollback of real_postgres also happens here, as it
                # happens in pytest between two tests.
                await connection.execute("DELETE FROM t0")
            times[candidate] = median(tests)
        found.append(times)
    await through.close()
    await connection.close()
    server.stop()
    ahead.stop()
    databases.drop(name)
    return found[1:]


def measure(rounds: int) -> list[Round]:
    """Return the wall-clock seconds of a test with each candidate, for each round."""
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "schema.sql").write_text(_schema(), encoding="utf-8")
        with TestDatabases(["schema.sql"], Path(place)) as databases:
            return asyncio.run(_measure(databases, rounds))


async def _first_answer(server: EmbeddedServer) -> None:
    connection = await asyncpg.connect(server.start().dsn())
    await connection.fetchval("SELECT 1")
    await connection.close()


def measure_start(rounds: int) -> list[Round]:
    """Return the seconds from the start of a cached server to its first answer, for each round."""
    with EmbeddedServer():
        pass  # fills the cache
    found: list[Round] = []
    for _ in range(rounds):
        server = EmbeddedServer()
        start = time.perf_counter()
        asyncio.run(_first_answer(server))
        found.append({START: time.perf_counter() - start})
        server.stop()
    return found
