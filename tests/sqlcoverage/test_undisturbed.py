"""Looking at statements changes nothing that a test can see."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import asyncpg
import psqlpy
import psycopg
import pytest

from tests.real_postgres.conftest import Harness
from understudy.embedded import TestDatabases
from understudy.real_postgres.fixture import ClonedPostgres, RealPostgres
from understudy.sqlcoverage.recorder import Recorder

Database = RealPostgres | ClonedPostgres
Scenario = Callable[[Database], Coroutine[Any, Any, list[Any]]]

# What a session can be asked about itself.
_STATE = (
    "SHOW statement_timeout",
    "SHOW track_counts",
    "SELECT pg_current_xact_id_if_assigned() IS NULL",
    "SELECT locktype, relation::regclass::text, mode FROM pg_locks"
    " WHERE pid = pg_backend_pid() AND relation >= 16384"
    " AND relation::regclass::text NOT LIKE 'pg_%' ORDER BY 1, 2, 3",
    "SELECT count(*) FROM pg_class WHERE relpersistence = 't'",
)
_UPSERT = (
    "INSERT INTO tickets (title) VALUES ({}) ON CONFLICT (title) DO UPDATE SET state = 'again'"
)


async def with_psycopg(real: Database) -> list[Any]:
    seen: list[Any] = []
    connection = await psycopg.AsyncConnection.connect(real.dsn)
    connection.add_notice_handler(lambda notice: seen.append(notice.message_primary))

    async def ask(text: str, *values: Any) -> None:
        try:
            cursor = await connection.execute(text, values)
            rows = await cursor.fetchall() if cursor.description else []
            seen.append((text, cursor.statusmessage, rows))
        except psycopg.Error as error:
            seen.append((text, error.sqlstate, str(error)))

    async def look() -> None:
        for question in _STATE:
            await ask(question)

    await ask("SET statement_timeout = 3000")
    await ask("SELECT name FROM users WHERE id = %s AND age > 5", 1)
    await look()
    await ask("INSERT INTO users VALUES (1, 'Ana', 'a', NULL, 20), (2, 'Bia', 'b', NULL, 3)")
    await ask("SELECT name FROM users WHERE loud(id) = 1")
    await ask(_UPSERT.format("%s"), "one")
    await ask("SELECT currval('tickets_id_seq'), lastval()")
    await ask("SAVEPOINT s")
    await ask("DELETE FROM users WHERE id = %s", 1)
    await ask("ROLLBACK TO SAVEPOINT s")
    await ask("DECLARE c CURSOR FOR SELECT id FROM users ORDER BY id")
    await ask("FETCH c")
    await ask("UPDATE users SET age = age + 1 WHERE id = %s", 2)
    await ask("FETCH c")
    await ask("SELECT touch(id) FROM users WHERE touch(id) > 0")
    await ask("SELECT last_value FROM touched")
    await ask("CREATE TEMP TABLE mine AS SELECT * FROM users WHERE id = 2")
    await ask("UPDATE mine SET age = 0 WHERE id = %s", 2)
    await ask(_UPSERT.format("%s"), "one")
    await look()
    await ask("SELECT id FROM users WHERE 1 / (id - 1) = %s", 1)
    await ask("SELECT id FROM users WHERE id = 1")  # in a failed transaction
    await connection.rollback()
    await ask("SELECT id FROM users WHERE id = 1")
    await connection.close()
    return seen


async def with_asyncpg(real: Database) -> list[Any]:
    seen: list[Any] = []
    connection = await asyncpg.connect(real.dsn)
    connection.add_log_listener(lambda _, notice: seen.append(notice.message))
    rows = [(number, f"u{number}", number % 3) for number in range(8)]
    await connection.executemany("INSERT INTO users (id, name, age) VALUES ($1, $2, $3)", rows)
    seen.append(await connection.fetchrow("SELECT name FROM users WHERE id > $1 ORDER BY id", 2))
    seen.append(await connection.fetchval("SELECT count(*) FROM users WHERE age = $1", 1))
    seen.append(await connection.execute("UPDATE users SET age = 7 WHERE age = $1", 2))
    async with connection.transaction():
        async for row in connection.cursor("SELECT id FROM users WHERE age = $1", 7, prefetch=1):
            seen.append(row)
            seen.append(await connection.fetch("SELECT id FROM users WHERE id = $1", row["id"]))
        try:
            async with connection.transaction():
                await connection.execute("DELETE FROM users WHERE 1 / id = $1", 1)
        except asyncpg.DivisionByZeroError as error:
            seen.append(str(error))
        for question in _STATE:
            seen.append([tuple(row) for row in await connection.fetch(question)])
    statement = await connection.prepare("SELECT loud(id) FROM users WHERE loud(id) < $1")
    seen += [await statement.fetch(3), await statement.fetchval(1)]
    await connection.executemany(_UPSERT.format("$1"), [("a",), ("b",), ("a",)])
    seen.append(await connection.fetchval("SELECT lastval()"))
    await connection.execute("SET statement_timeout = 50")
    try:
        await connection.execute("SELECT pg_sleep(5) FROM users WHERE id >= $1", 0)
    except asyncpg.QueryCanceledError as error:
        seen.append(str(error))
    await connection.close()
    return [tuple(item) if isinstance(item, asyncpg.Record) else item for item in seen]


async def with_psqlpy(real: Database) -> list[Any]:
    seen: list[Any] = []
    pool = psqlpy.ConnectionPool(dsn=real.dsn, max_db_pool_size=2)
    connection = await pool.connection()
    await connection.execute_many(
        "INSERT INTO users (id, name) VALUES ($1::int, $2)", [[1, "Ana"], [2, "Bia"]]
    )
    for text, values in (
        ("SELECT name FROM users WHERE id = $1::int", [1]),
        ("DELETE FROM users WHERE id = $1::int RETURNING id", [1]),
        ("DELETE FROM users WHERE id = $1::int RETURNING id", [1]),
    ):
        seen.append((await connection.fetch(text, values)).result())
    seen.append(await connection.fetch_val("SELECT count(*) FROM users WHERE name = $1", ["Bia"]))
    try:
        await connection.fetch_row("SELECT name FROM users WHERE id = $1::int", [9])
    except Exception as error:  # noqa: BLE001 # psqlpy's classes differ between versions
        seen.append(f"{type(error).__name__}: {error}")
    connection.close()
    pool.close()
    return seen


async def with_several_connections(real: Database) -> list[Any]:
    """What only a clone shows: two transactions at a time, NOTIFY, pipelines, cancelling."""
    seen: list[Any] = []
    one, two = [await asyncpg.connect(real.dsn) for _ in range(2)]
    notified: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    await one.add_listener("news", lambda *news: notified.set_result(str(news[-1])))
    await two.execute("INSERT INTO users VALUES (1, 'Ana', 'a', NULL, 20)")
    async with one.transaction(), two.transaction():
        await one.execute("UPDATE users SET age = age + 1 WHERE id = $1", 1)
        seen.append(await two.fetchval("SELECT age FROM users WHERE id = $1", 1))
        await two.execute("NOTIFY news, 'hello'")
    seen.append(await one.fetchval("SELECT age FROM users WHERE id = $1", 1))
    seen.append(await asyncio.wait_for(notified, 10))
    with pytest.raises(asyncio.TimeoutError):
        await two.fetch("SELECT pg_sleep(30) FROM users WHERE id = $1", 1, timeout=0.3)
    seen.append(await two.fetch("SELECT name FROM users WHERE id = $1", 1))
    await one.close()
    await two.close()
    async with await psycopg.AsyncConnection.connect(real.dsn) as connection:
        async with connection.pipeline():
            cursors = [
                await connection.execute("SELECT name FROM users WHERE id = %s", [number])
                for number in (1, 2, 1)
            ]
            seen += [await cursor.fetchall() for cursor in cursors]
        copy = "COPY users (id, name) FROM STDIN"
        async with connection.cursor() as cursor, cursor.copy(copy) as rows:
            await rows.write_row((7, "Gil"))
        cursor = await connection.execute("SELECT id FROM users WHERE name = %s", ["Gil"])
        seen.append(await cursor.fetchall())
    return seen


@pytest.mark.parametrize(
    "scenario", [with_psycopg, with_asyncpg, with_psqlpy, with_several_connections]
)
def test_a_test_on_a_clone_sees_the_same(
    harness: Harness, databases: TestDatabases, scenario: Scenario
) -> None:
    seen: list[list[Any]] = []
    recorder = Recorder()
    for observer in (None, recorder):
        harness.server.observe(observer)
        clone = ClonedPostgres(harness.server, databases.new()[1])
        try:
            seen.append(asyncio.run(scenario(clone)))
        finally:
            clone.end()
            harness.server.observe(None)
    assert seen[0] == seen[1]
    assert sum(sighting.evaluated for sighting in recorder.sightings.values()) > 3


@pytest.mark.parametrize("scenario", [with_psycopg, with_asyncpg, with_psqlpy])
def test_a_test_sees_the_same(harness: Harness, scenario: Scenario) -> None:
    seen: list[list[Any]] = []
    calls: list[list[Any]] = []
    recorder = Recorder()
    for observer in (None, recorder):
        harness.server.observe(observer)
        try:
            with harness.test() as real:
                seen.append(asyncio.run(scenario(real)))
                calls.append([(call.statement, call.parameters) for call in real.calls])
        finally:
            harness.server.observe(None)
    assert seen[0] == seen[1]
    assert calls[0] == calls[1]
    assert sum(sighting.evaluated for sighting in recorder.sightings.values()) > 3


def test_what_is_looked_at_is_not_counted_in_statistics(harness: Harness) -> None:
    question = "SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relname = 'users'"
    recorder = Recorder()
    harness.server.observe(recorder)
    try:
        with harness.test() as real, psycopg.connect(real.dsn) as connection:
            scans = [connection.execute(question).fetchone()]
            for _ in range(3):
                connection.execute("SELECT name FROM users WHERE age > 5")
                scans.append(connection.execute(question).fetchone())
    finally:
        harness.server.observe(None)
    first = scans[0][0] if scans[0] else 0
    assert [row[0] - first for row in scans if row] == [0, 1, 2, 3]
    assert recorder.sightings["SELECT name FROM users WHERE age > 5"].evaluated == 3
