"""What is peculiar to psqlpy."""

from __future__ import annotations

import asyncio
from typing import Any

import psqlpy

from tests.conformance.drivers.driver_clients import PsqlpyClient
from tests.conformance.drivers.outcomes import outcome
from tests.conformance.drivers.scenario import scenario

ONE = "SELECT 1 AS a"
NAMES = "SELECT name, age FROM users ORDER BY id"
ADD = "INSERT INTO users (name) VALUES ($1)"
COUNT = "SELECT count(*) AS n FROM users"
ROWS = ({"name": "Ana", "age": 30}, {"name": "Bia", "age": None})


async def value(result: Any) -> Any:
    return (await result).result()


@scenario("psqlpy")
async def two_at_once(client: PsqlpyClient) -> Any:
    client.server.on(ONE).row(a=1)
    return await asyncio.gather(client.fetch(ONE), client.fetch(ONE))


@scenario("psqlpy")
async def fetched_in_every_way(client: PsqlpyClient) -> Any:
    client.server.on(NAMES).rows(*ROWS)
    by_id = "SELECT name, age FROM users WHERE id = $1"
    client.server.on(by_id, 1).row(ROWS[0])
    client.server.on(by_id, 9).rows()
    conn = client.conn
    return [
        await value(conn.execute(NAMES)),
        await value(conn.fetch(NAMES)),
        await value(conn.fetch_row(by_id, [1])),
        await conn.fetch_val(by_id, [1]),
        await outcome(conn.fetch_row(by_id, [9])),
        await outcome(conn.fetch_val(by_id, [9])),
        await outcome(conn.fetch_row(NAMES)),
        await value(conn.fetch(NAMES, prepared=False)),
    ]


@scenario("psqlpy")
async def a_batch(client: PsqlpyClient) -> Any:
    client.server.on("UPDATE users SET age = 1 WHERE id = 1").tag("UPDATE 1")
    client.server.on("DELETE FROM users WHERE id = 2").tag("DELETE 1")
    batch = "UPDATE users SET age = 1 WHERE id = 1; DELETE FROM users WHERE id = 2;"
    return await outcome(client.conn.execute_batch(batch))


@scenario("psqlpy")
async def a_batch_with_an_error(client: PsqlpyClient) -> Any:
    client.server.on("UPDATE users SET age = 1 WHERE id = 1").tag("UPDATE 1")
    batch = "UPDATE users SET age = 1 WHERE id = 1; SELECT nowhere; DELETE FROM users"
    return await outcome(client.conn.execute_batch(batch)), await client.conn.in_transaction()


@scenario("psqlpy")
async def a_transaction_in_a_block(client: PsqlpyClient) -> Any:
    client.server.on(ADD, "Cid").tag("INSERT 0 1")
    client.server.on(COUNT).row(n=3)
    async with client.conn.transaction() as transaction:
        await transaction.execute(ADD, ["Cid"])
        inside = await client.conn.in_transaction()

    async def broken() -> None:
        async with client.conn.transaction() as transaction:
            await transaction.execute(ADD, ["Cid"])
            raise OSError("of the application")

    return [inside, await client.fetch(COUNT), await outcome(broken()), await client.fetch(COUNT)]


@scenario("psqlpy")
async def savepoints(client: PsqlpyClient) -> Any:
    client.server.on(ADD, "Cid").tag("INSERT 0 1")
    client.server.fails("psqlpy", "SELECT 1 / 0", sqlstate="22012")
    client.server.on(COUNT).row(n=3)
    transaction = client.conn.transaction()
    await transaction.begin()
    await transaction.execute(ADD, ["Cid"])
    await transaction.create_savepoint("a")
    seen = [await outcome(transaction.execute("SELECT 1 / 0"))]
    await transaction.rollback_savepoint("a")
    seen.append(await value(transaction.fetch(COUNT)))
    seen.append(await outcome(transaction.release_savepoint("a")))
    seen.append(await outcome(transaction.rollback_savepoint("b")))
    await transaction.rollback()
    return seen


@scenario("psqlpy")
async def transactions_of_every_kind(client: PsqlpyClient) -> Any:
    names = ("transaction_isolation", "transaction_read_only", "transaction_deferrable")
    seen = []
    for kind in (
        {"isolation_level": psqlpy.IsolationLevel.Serializable},
        {"read_variant": psqlpy.ReadVariant.ReadOnly},
        {"isolation_level": psqlpy.IsolationLevel.RepeatableRead, "deferrable": True},
    ):
        async with client.conn.transaction(**kind) as transaction:
            seen.append([await value(transaction.fetch(f"SHOW {name}")) for name in names])
    return seen


@scenario("psqlpy")
async def two_transactions_at_once(client: PsqlpyClient) -> Any:
    client.server.on(ONE).row(a=1)
    first, second = client.conn.transaction(), client.conn.transaction()
    return [
        await outcome(first.begin()),
        await outcome(second.begin()),
        await outcome(value(second.fetch(ONE))),
        await outcome(second.commit()),
        await outcome(first.commit()),
        await client.conn.in_transaction(),
    ]


@scenario("psqlpy")
async def a_cursor(client: PsqlpyClient) -> Any:
    statement = "SELECT n FROM generate_series(1, 25) AS n"
    client.server.on(statement).rows({"n": n} for n in range(1, 26))
    async with client.conn.transaction() as transaction:
        cursor = transaction.cursor(statement)
        await cursor.start()
        found = [await value(cursor.fetchone()), await value(cursor.fetchmany(3))]
        found.append(await value(cursor.fetchall()))
    return found


@scenario("psqlpy")
async def a_cursor_is_iterated(client: PsqlpyClient) -> Any:
    statement = "SELECT n FROM generate_series(1, 25) AS n"
    client.server.on(statement).rows({"n": n} for n in range(1, 26))
    async with (
        client.conn.transaction() as transaction,
        transaction.cursor(statement, array_size=10) as cursor,
    ):
        return [chunk.result() async for chunk in cursor]


@scenario("psqlpy")
async def a_cursor_is_closed(client: PsqlpyClient) -> Any:
    client.server.on(ONE).row(a=1)
    transaction = client.conn.transaction()
    await transaction.begin()
    cursor = transaction.cursor(ONE)
    await cursor.start()
    found = await value(cursor.fetchone())
    cursor.close()
    return found, await outcome(value(cursor.fetchone())), await outcome(transaction.commit())


@scenario("psqlpy")
async def prepared(client: PsqlpyClient) -> Any:
    statement = "SELECT name, age FROM users WHERE id = $1"
    client.server.on(statement, 1).row(ROWS[0])
    found = await client.conn.prepare(statement, [1])
    return await value(found.execute()), [column.name for column in found.columns()]


@scenario("psqlpy", connected=False)
async def a_pool(client: PsqlpyClient) -> Any:
    client.server.on(ONE).row(a=1)
    pool = psqlpy.ConnectionPool(dsn=client.server.dsn, max_db_pool_size=2)
    first = await pool.connection()
    async with pool.acquire() as second:
        found = await asyncio.gather(value(first.fetch(ONE)), value(second.fetch(ONE)))
    status = pool.status()
    first.close()
    after = [await outcome(value(conn.fetch(ONE))) for conn in (first, second)]
    pool.close()
    return found, status.max_size, status.size, after, await outcome(_acquired(pool))


async def _acquired(pool: Any) -> Any:
    async with pool.acquire() as conn:
        return await value(conn.fetch(ONE))


@scenario("psqlpy", connected=False)
async def released_in_a_transaction(client: PsqlpyClient) -> Any:
    """It leaks: the next user of the connection is in it."""
    client.server.on(ADD, "Cid").tag("INSERT 0 1")
    client.server.on(COUNT).row(n=3)
    pool = psqlpy.ConnectionPool(dsn=client.server.dsn, max_db_pool_size=2)
    conn = await pool.connection()
    await conn.execute("BEGIN")
    await conn.execute(ADD, ["Cid"])
    conn.close()
    again = await pool.connection()
    found = [await value(again.fetch(COUNT)), await outcome(again.execute("COMMIT"))]
    again.close()
    pool.close()
    return found[0]


@scenario("psqlpy")
async def a_listener(client: PsqlpyClient) -> Any:
    pool = psqlpy.ConnectionPool(dsn=client.server.dsn, max_db_pool_size=2)
    listener = pool.listener()
    heard: asyncio.Queue[Any] = asyncio.Queue()

    async def listen(connection: Any, payload: str, channel: str, process_id: int) -> None:
        heard.put_nowait((payload, channel))

    await listener.add_callback(channel="news", callback=listen)
    await listener.startup()
    listener.listen()
    found = []
    for payload in ("first", "second"):
        for _ in range(400):
            client.server.notify("news", payload)
            try:
                found.append(await asyncio.wait_for(heard.get(), 0.05))
                break
            except TimeoutError:
                continue
        while not heard.empty():
            heard.get_nowait()
    listener.abort_listen()
    await listener.shutdown()
    pool.close()
    return found


# The binary format of COPY: its signature, flags and extension, one row of one text, the end.
BINARY = b"PGCOPY\n\xff\r\n\0" + bytes(8) + b"\0\x01" + b"\0\0\0\x03Cid" + b"\xff\xff"


@scenario("psqlpy")
async def copied_in(client: PsqlpyClient) -> Any:
    client.server.on('COPY "users"(name) FROM STDIN (FORMAT binary)').tag("COPY 1")
    return await client.conn.binary_copy_to_table(
        source=BINARY, table_name="users", columns=["name"]
    )
