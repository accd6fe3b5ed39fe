"""What it costs to keep a test on a real PostgreSQL apart from the others, by each way to do it.

Each candidate does the same two statements, an INSERT and a SELECT, on asyncpg; what is above the
bare statements on a connection that is open already is the price of the way. They share a server
and a schema of thirty tables, and take turns, those that are fast for fifteen tests at a time.
Times are by the clock: the server is a process of its own. What `real_postgres` costs is all that
its fixture keeps a test waiting for, and both statements on their way through it.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median

import asyncpg

from benchmarks.rounds import Round
from understudy.embedded import EmbeddedServer, TestDatabases
from understudy.real_postgres.fixture import RealPostgres
from understudy.real_postgres.rollback_server import RollbackServer
from understudy.script import expectations

BARE = "the bare statements"
ROLLBACK = "BEGIN and ROLLBACK by hand, one connection"
SANDBOX = "real_postgres, on an open connection"
SANDBOX_NEW = "real_postgres, on a new connection"
CONNECTION = "a new connection, DELETE of what was written"
TRUNCATE = "TRUNCATE of all thirty tables"
CLONE = "a copy of a template, and a connection to it"
WAYS = (BARE, ROLLBACK, SANDBOX, SANDBOX_NEW, CONNECTION, TRUNCATE, CLONE)
# A test takes so long that there is nothing to be warm for.
_SLOW = (TRUNCATE, CLONE)
_TESTS = 15
START = "start from the cache, to the first answer"

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
        raise RuntimeError("a test saw the rows of another")


class _Ways:
    """Each method is one test.

    Args:
        databases: makes databases.
        dsn, connection: one of them, and a connection to it.
        sandbox, through: the server of `real_postgres` on another, and a connection to that.
    """

    def __init__(
        self,
        databases: TestDatabases,
        dsn: str,
        connection: asyncpg.Connection,
        sandbox: RollbackServer,
        through: asyncpg.Connection,
    ) -> None:
        self._databases = databases
        self._dsn = dsn
        self._connection = connection
        self._sandbox = sandbox
        self._through = through

    async def bare(self) -> None:
        await _statements(self._connection)

    async def rollback(self) -> None:
        transaction = self._connection.transaction()
        await transaction.start()
        await _statements(self._connection)
        await transaction.rollback()

    async def sandbox(self) -> None:
        with expectations.opened() as failures:
            real = RealPostgres(self._sandbox)
            await _statements(self._through)
            real.end()
        _nothing_failed(failures)

    async def sandbox_new(self) -> None:
        with expectations.opened() as failures:
            real = RealPostgres(self._sandbox)
            connection = await asyncpg.connect(real.dsn)
            await _statements(connection)
            await connection.close()
            real.end()
        _nothing_failed(failures)

    async def connection(self) -> None:
        connection = await asyncpg.connect(self._dsn)
        await _statements(connection)
        await connection.execute("DELETE FROM t0")
        await connection.close()

    async def truncate(self) -> None:
        await _statements(self._connection)
        await self._connection.execute(f"TRUNCATE {_ALL} RESTART IDENTITY CASCADE")

    async def clone(self) -> None:
        name, dsn = self._databases.new()
        connection = await asyncpg.connect(dsn)
        await _statements(connection)
        await connection.close()
        self._databases.drop(name)


def _nothing_failed(failures: expectations.PhaseState) -> None:
    if left := failures.verify():
        raise left[0]


async def _measure(databases: TestDatabases, rounds: int) -> list[Round]:
    name, dsn = databases.new()
    connection = await asyncpg.connect(dsn)
    sandbox = RollbackServer(lambda: databases.new()[1])
    sandbox.start()
    through = await asyncpg.connect(sandbox.dsn)
    ways = _Ways(databases, dsn, connection, sandbox, through)
    candidates: dict[str, Callable[[], Awaitable[None]]] = {
        BARE: ways.bare,
        ROLLBACK: ways.rollback,
        SANDBOX: ways.sandbox,
        SANDBOX_NEW: ways.sandbox_new,
        CONNECTION: ways.connection,
        TRUNCATE: ways.truncate,
        CLONE: ways.clone,
    }
    found: list[Round] = []
    # The first round prepares what later ones find prepared, and is not counted.
    for _ in range(rounds + 1):
        times = {}
        for candidate, run in candidates.items():
            # Tests follow each other, and find warm what the one before has left.
            tests = []
            for _ in range(1 if candidate in _SLOW else _TESTS):
                begun = time.perf_counter()
                await run()
                tests.append(time.perf_counter() - begun)
                # This is not in it. Nor is what goes on meanwhile: as while pytest has its turn.
                await connection.execute("DELETE FROM t0")
            times[candidate] = median(tests)
        found.append(times)
    await through.close()
    await connection.close()
    sandbox.stop()
    databases.drop(name)
    return found[1:]


def measure(rounds: int) -> list[Round]:
    """Return the seconds that a test takes in each of the ways, for each round."""
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "schema.sql").write_text(_schema(), encoding="utf-8")
        with TestDatabases(["schema.sql"], Path(place)) as databases:
            return asyncio.run(_measure(databases, rounds))


async def _first_answer(server: EmbeddedServer) -> None:
    connection = await asyncpg.connect(server.start().dsn())
    await connection.fetchval("SELECT 1")
    await connection.close()


def measure_start(rounds: int) -> list[Round]:
    """Return the seconds from nothing to the first answer of a server that was there before."""
    with EmbeddedServer():
        pass  # so that the cache is filled
    found: list[Round] = []
    for _ in range(rounds):
        server = EmbeddedServer()
        begun = time.perf_counter()
        asyncio.run(_first_answer(server))
        found.append({START: time.perf_counter() - begun})
        server.stop()
    return found
