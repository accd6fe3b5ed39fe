"""The cost of `real_sqlite` for a test with aiosqlite, beside ways to do it by hand.

Each candidate connects, runs an INSERT, a COMMIT and a SELECT, and closes, on a schema of thirty
tables. Bare aiosqlite has a file beside that of `real_sqlite`, which is never emptied.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import aiosqlite

from benchmarks.rounds import Round, interleaved
from understudy.real_sqlite.database import SqliteDatabase
from understudy.real_sqlite.fixture import RealSqlite
from understudy.script import expectations

BARE = "bare aiosqlite, on one file for all tests"
MEMORY = "bare aiosqlite, :memory: and the schema for each test"
REAL_SQLITE = "real_sqlite"
WAYS = (BARE, MEMORY, REAL_SQLITE)
_TESTS = 15
_SCHEMA = "\n".join(
    f"CREATE TABLE t{n} (id INTEGER PRIMARY KEY, name TEXT NOT NULL);\n"
    f"CREATE INDEX i{n} ON t{n} (name);"
    for n in range(30)
)


async def _test(path: Path | str, schema: str = "") -> None:
    async with aiosqlite.connect(path) as connection:
        if schema:
            await connection.executescript(schema)
        await connection.execute("INSERT INTO t0 (name) VALUES ('Ana')")
        await connection.commit()
        await (await connection.execute("SELECT count(*) FROM t0")).fetchone()


async def _on_real_sqlite(database: SqliteDatabase) -> None:
    with expectations.opened() as failures:
        real = RealSqlite(database)
        await _test(real.path)
        real.end()
    if errors := failures.verify():
        raise errors[0]


def _load(template: sqlite3.Connection) -> None:
    template.executescript(_SCHEMA)


def measure(rounds: int) -> list[Round]:
    """Return the wall-clock seconds of a test with each candidate, for each round."""
    database = SqliteDatabase(_load)
    database.start()
    bare = database.path.with_name("bare.db")
    with closing(sqlite3.connect(bare)) as connection:
        connection.executescript(_SCHEMA)

    def timed(test: Callable[[], Awaitable[None]]) -> Callable[[], float]:
        async def run() -> float:
            start = time.perf_counter()
            for _ in range(_TESTS):
                await test()
            return (time.perf_counter() - start) / _TESTS

        return lambda: asyncio.run(run())

    try:
        found = interleaved(
            rounds + 1,  # the first one warms up and is not counted
            {
                BARE: timed(lambda: _test(bare)),
                MEMORY: timed(lambda: _test(":memory:", _SCHEMA)),
                REAL_SQLITE: timed(lambda: _on_real_sqlite(database)),
            },
        )
    finally:
        database.stop()
    return found[1:]
