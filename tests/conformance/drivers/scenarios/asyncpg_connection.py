"""What is peculiar to a connection of asyncpg's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg

from tests.conformance.drivers.driver_clients import AsyncpgClient
from tests.conformance.drivers.outcomes import Raised, outcome
from tests.conformance.drivers.scenario import ASYNCPG, scenario

ONE = "SELECT 1 AS a"
NAMES = "SELECT name, age FROM users ORDER BY id"
ADD = "INSERT INTO users (name) VALUES ($1)"
SLEEP = "SELECT pg_sleep(60)"
ROWS = ({"name": "Ana", "age": 30}, {"name": "Bia", "age": None})


@scenario(*ASYNCPG)
async def two_at_once(client: AsyncpgClient) -> Any:
    client.server.on(ONE).row(a=1)
    first, second = client.conn.fetchval(ONE), client.conn.fetchval(ONE)
    return await asyncio.gather(outcome(first), outcome(second)), await client.conn.fetchval(ONE)


@scenario(*ASYNCPG)
async def fetched_in_every_way(client: AsyncpgClient) -> Any:
    client.server.on(NAMES).rows(*ROWS)
    conn = client.conn
    record = await conn.fetchrow(NAMES)
    return [
        await conn.fetch(NAMES),
        (record, list(record.keys()), record["age"], record[0]),
        await conn.fetchval(NAMES),
        await conn.fetchval(NAMES, column=1),
        await conn.execute(NAMES),
    ]


@scenario(*ASYNCPG)
async def nothing_fetched_in_every_way(client: AsyncpgClient) -> Any:
    statement = "SELECT name FROM users WHERE false"
    client.server.on(statement).rows()
    conn = client.conn
    return [
        await conn.fetch(statement),
        await conn.fetchrow(statement),
        await conn.fetchval(statement),
        await conn.execute(statement),
    ]


@scenario(*ASYNCPG)
async def prepared(client: AsyncpgClient) -> Any:
    statement = "SELECT id, name, mood, age::numeric AS n FROM users WHERE id = $1 AND name > $2"
    client.server.on(statement, 1, "A").row(id=1, name="Ana", mood="happy", n=30)
    found = await client.conn.prepare(statement)
    return [
        [
            (parameter.name, parameter.kind, parameter.schema)
            for parameter in found.get_parameters()
        ],
        [
            (attribute.name, attribute.type.name, attribute.type.kind)
            for attribute in found.get_attributes()
        ],
        found.get_query(),
        found.get_statusmsg(),
        await found.fetch(1, "A"),
        found.get_statusmsg(),
        await found.fetchval(1, "A", column=3),
        await outcome(found.fetch(1)),
        await outcome(found.fetch("x", "A")),
    ]


@scenario(*ASYNCPG)
async def prepared_and_refused(client: AsyncpgClient) -> Any:
    return await outcome(client.conn.prepare("SELECT nome FROM users"))


@scenario(*ASYNCPG)
async def a_cursor(client: AsyncpgClient) -> Any:
    statement = "SELECT n FROM generate_series(1, 130) AS n"
    client.server.on(statement).rows({"n": n} for n in range(1, 131))
    conn = client.conn
    async with conn.transaction():
        found = [record["n"] async for record in conn.cursor(statement)]
        few = [record["n"] async for record in conn.cursor(statement, prefetch=7)]
        cursor = await conn.cursor(statement)
        steps = [
            await cursor.fetchrow(),
            await cursor.fetch(3),
            await cursor.forward(100),
            await cursor.fetch(50),
            await cursor.fetchrow(),
        ]
    return found, few, steps


@scenario(*ASYNCPG)
async def a_cursor_without_a_transaction(client: AsyncpgClient) -> Any:
    async def iterate() -> None:
        async for _ in client.conn.cursor(NAMES):
            raise AssertionError("a cursor needs a transaction")

    client.server.on(NAMES).optional().rows(*ROWS)
    return await outcome(iterate()), await outcome(_started(client.conn.cursor(NAMES)))


async def _started(cursor: Any) -> Any:
    return type(await cursor).__name__


@scenario(*ASYNCPG)
async def nested_transactions(client: AsyncpgClient) -> Any:
    client.server.on(ADD, "Cid").tag("INSERT 0 1")
    client.server.fails(client.library, "SELECT 1 / 0", sqlstate="22012")
    client.server.on("SELECT name FROM users WHERE id > 2").row(name="Cid")
    conn, seen = client.conn, [client.conn.is_in_transaction()]
    async with conn.transaction():
        await conn.execute(ADD, "Cid")
        try:
            async with conn.transaction():
                seen.append(conn.is_in_transaction())
                await conn.execute("SELECT 1 / 0")
        except asyncpg.DivisionByZeroError:
            seen.append("caught")
        async with conn.transaction():
            seen.append(await conn.fetch("SELECT name FROM users WHERE id > 2"))
    return seen, conn.is_in_transaction(), await conn.fetch("SELECT name FROM users WHERE id > 2")


@scenario(*ASYNCPG)
async def transactions_of_every_kind(client: AsyncpgClient) -> Any:
    names = ("transaction_isolation", "transaction_read_only", "transaction_deferrable")
    seen = []
    for kind in (
        {},
        {"isolation": "serializable"},
        {"isolation": "repeatable_read", "readonly": True},
        {"isolation": "serializable", "readonly": True, "deferrable": True},
        {"isolation": "read_uncommitted"},
    ):
        async with client.conn.transaction(**kind):
            seen.append([await client.conn.fetchval(f"SHOW {name}") for name in names])
    return seen


@scenario(*ASYNCPG)
async def transactions_misused(client: AsyncpgClient) -> Any:
    conn = client.conn
    transaction = conn.transaction()
    steps = [
        await outcome(transaction.commit()),
        await outcome(transaction.start()),
        await outcome(transaction.start()),
        await outcome(transaction.rollback()),
        await outcome(transaction.rollback()),
        await outcome(transaction.commit()),
    ]
    async with conn.transaction():
        steps.append(await outcome(conn.transaction(isolation="serializable").start()))
    await conn.execute("BEGIN")
    steps.append(await outcome(conn.transaction().start()))
    steps.append(await outcome(conn.execute("COMMIT")))
    return steps


@scenario(*ASYNCPG)
async def a_task_cancelled_in_a_query(client: AsyncpgClient) -> Any:
    client.server.on(SLEEP).hangs()
    client.server.on(ONE).row(a=1)
    task = asyncio.create_task(client.conn.fetch(SLEEP))
    await client.server.until_running(SLEEP)
    task.cancel()
    cancelled = await outcome(task)
    await client.server.until_idle(SLEEP)
    return cancelled, await outcome(client.conn.fetch(ONE)), client.conn.is_closed()


@scenario(*ASYNCPG)
async def a_task_cancelled_in_a_transaction(client: AsyncpgClient) -> Any:
    client.server.on(SLEEP).hangs()
    client.server.on(ADD, "Cid").tag("INSERT 0 1")
    client.server.on(NAMES).rows(*ROWS)

    async def work() -> None:
        async with client.conn.transaction():
            await client.conn.execute(ADD, "Cid")
            await client.conn.fetch(SLEEP)

    task = asyncio.create_task(work())
    await client.server.until_running(SLEEP)
    task.cancel()
    return [
        await outcome(task),
        client.conn.is_in_transaction(),
        await outcome(client.conn.fetch(NAMES)),
    ]


@scenario(*ASYNCPG)
async def timed_out(client: AsyncpgClient) -> Any:
    client.server.on(SLEEP).hangs()
    client.server.on(ONE).row(a=1)
    conn = client.conn

    async def in_time() -> Any:
        async with asyncio.timeout(0.05):
            return await conn.fetch(SLEEP)

    return [
        await outcome(conn.fetch(SLEEP, timeout=0.05)),
        await outcome(conn.fetch(ONE)),
        await outcome(in_time()),
        await outcome(conn.fetch(ONE)),
        await outcome(conn.execute(SLEEP, timeout=0.05)),
        await outcome(conn.fetch(ONE)),
    ]


@scenario(*ASYNCPG)
async def copied_out(client: AsyncpgClient) -> Any:
    # What asyncpg makes of its arguments.
    table = 'COPY "users"("id", "name", "age") TO STDOUT'
    query = "COPY (SELECT name FROM users WHERE id < ...) TO STDOUT ..."
    client.server.on(table).rows(
        {"id": 1, "name": "Ana", "age": 30}, {"id": 2, "name": "Bia", "age": None}
    )
    client.server.on(query).value("Ana\nBia\n")
    # asyncpg has the server quote what it puts into the text of a COPY.
    client.server.on("SELECT quote_literal(...)").value("'3'")
    chunks: list[bytes] = []

    async def take(chunk: bytes) -> None:
        chunks.append(bytes(chunk))

    conn = client.conn
    tags = [
        await conn.copy_from_table("users", columns=["id", "name", "age"], output=take),
        await conn.copy_from_query(
            "SELECT name FROM users WHERE id < $1", 3, output=take, format="csv"
        ),
    ]
    return tags, b"".join(chunks)


@scenario(*ASYNCPG)
async def copied_in(client: AsyncpgClient) -> Any:
    client.server.on('COPY "users"("name", "age") FROM STDIN ...').tag("COPY 2")

    async def source() -> AsyncIterator[bytes]:
        yield b"Cid\t7\n"
        yield b"Dora\t\\N\n"

    conn = client.conn
    records = [("Eva", 1), ("Fabio", None)]
    return [
        await conn.copy_to_table("users", columns=["name", "age"], source=source()),
        await conn.copy_records_to_table("users", columns=["name", "age"], records=records),
    ]


@scenario(*ASYNCPG)
async def copied_in_and_refused(client: AsyncpgClient) -> Any:
    client.server.on(ONE).row(a=1)

    async def source() -> AsyncIterator[bytes]:
        yield b"Cid\t7\n"
        raise OSError("the file is gone")

    conn = client.conn
    return [
        await outcome(conn.copy_to_table("users", columns=["name", "age"], source=source())),
        await outcome(conn.fetch(ONE)),
    ]


@scenario(*ASYNCPG)
async def copied_to_where_there_is_no_table(client: AsyncpgClient) -> Any:
    return await outcome(client.conn.copy_records_to_table("nowhere", records=[("Eva",)]))


@scenario(*ASYNCPG)
async def notified(client: AsyncpgClient) -> Any:
    conn = client.conn
    heard: asyncio.Queue[Any] = asyncio.Queue()

    def listen(of: Any, pid: int, channel: str, payload: str) -> None:
        heard.put_nowait((of is conn, pid == conn.get_server_pid(), channel, payload))

    await conn.add_listener("news", listen)
    client.server.notify("news", "from elsewhere")
    found = [await asyncio.wait_for(heard.get(), 20)]
    await conn.execute("NOTIFY news, 'from here'")
    found.append(await asyncio.wait_for(heard.get(), 20))
    async with conn.transaction():
        await conn.execute("NOTIFY news, 'in a transaction'")
        found.append(heard.empty())
    found.append(await asyncio.wait_for(heard.get(), 20))
    await conn.execute("NOTIFY other, 'not listened to'")
    await conn.execute("NOTIFY news")
    found.append(await asyncio.wait_for(heard.get(), 20))
    await conn.remove_listener("news", listen)
    return found, await conn.execute("NOTIFY news, 'nobody'"), heard.empty()


@scenario(*ASYNCPG)
async def warned(client: AsyncpgClient) -> Any:
    conn = client.conn
    heard: list[Any] = []

    def listen(of: Any, message: asyncpg.PostgresLogMessage) -> None:
        told = message.as_dict()
        heard.append((type(message).__name__, told["severity"], told["sqlstate"], str(message)))

    conn.add_log_listener(listen)
    for statement in ("BEGIN", "BEGIN", "COMMIT", "COMMIT", "ROLLBACK"):
        await conn.execute(statement)
    await asyncio.sleep(0)
    conn.remove_log_listener(listen)
    return heard


@scenario(*ASYNCPG)
async def what_the_server_tells(client: AsyncpgClient) -> Any:
    conn = client.conn
    settings = conn.get_settings()
    names = (
        *("server_encoding", "client_encoding", "application_name"),
        *("is_superuser", "DateStyle", "IntervalStyle", "TimeZone"),
        *("integer_datetimes", "standard_conforming_strings", "in_hot_standby"),
        *("default_transaction_read_only", "search_path", "scram_iterations"),
    )
    told = [(name, getattr(settings, name, None)) for name in names]
    return conn.get_server_version().major, told


@scenario(*ASYNCPG)
async def told_of_a_change(client: AsyncpgClient) -> Any:
    conn = client.conn
    await conn.execute("SET application_name TO 'me'; SET TIME ZONE 'Asia/Tokyo'")
    settings = conn.get_settings()
    told = [settings.application_name, settings.TimeZone]
    await conn.reset()
    settings = conn.get_settings()
    return told, settings.application_name, settings.TimeZone


@scenario(*ASYNCPG, connected=False)
async def settings_given_at_the_start(client: AsyncpgClient) -> Any:
    await client.connect(server_settings={"application_name": "me", "search_path": "pg_catalog"})
    conn = client.conn
    found = [await conn.fetchval("SHOW application_name"), await conn.fetchval("SHOW search_path")]
    await conn.execute("SET search_path TO public")
    await conn.execute("RESET search_path")
    return found, await conn.fetchval("SHOW search_path")


@scenario(*ASYNCPG, connected=False)
async def a_bad_setting_given_at_the_start(client: AsyncpgClient) -> Any:
    return await outcome(client.connect(server_settings={"nothing_of_the_kind": "1"}))


@scenario(*ASYNCPG)
async def codecs_of_its_own(client: AsyncpgClient) -> Any:
    conn = client.conn
    statement = """SELECT '{"a": 1}'::jsonb AS j, 'happy'::mood AS m, ROW(1, 'x')::pair AS p"""
    client.server.on(statement).row(j={"a": 1}, m="happy", p=(1, "x"))
    found = [await conn.fetchrow(statement)]
    await conn.set_type_codec("jsonb", schema="pg_catalog", encoder=repr, decoder=str.upper)
    await conn.set_type_codec("mood", encoder=str, decoder=lambda text: f"<{text}>")
    found.append(await conn.fetchrow(statement))
    await conn.reset_type_codec("mood")
    found.append(await conn.fetchrow(statement))
    await conn.reload_schema_state()
    found.append(await conn.fetchrow(statement))
    return found


@scenario(*ASYNCPG)
async def arrays_and_enums_as_parameters(client: AsyncpgClient) -> Any:
    """asyncpg asks the server about each of these types, at its first use."""
    statement = (
        "SELECT $1::mood AS a, $2::mood[] AS b, $3::int[] AS c, $4::pair AS d, $5::int4range AS e"
    )
    values = ("happy", ["sad", None], [[1, 2], [3, 4]], (7, "x"), asyncpg.Range(1, 5))
    client.server.on(statement).row(
        a="happy", b=["sad", None], c=[[1, 2], [3, 4]], d=(7, "x"), e=asyncpg.Range(1, 5)
    )
    found = await client.conn.fetchrow(statement, *values)
    return found, await outcome(client.conn.fetch(statement, "glad", *values[1:]))


@scenario(*ASYNCPG)
async def closed_while_it_works(client: AsyncpgClient) -> Any:
    client.server.on(SLEEP).hangs()
    task = asyncio.create_task(client.conn.fetch(SLEEP))
    await client.server.until_running(SLEEP)
    closing = await outcome(client.conn.close(timeout=5))
    terminated = client.conn.terminate()
    # Whether asyncpg has read the answer to its cancelling by then is a race on a real server too.
    failed = isinstance(await outcome(task), Raised)
    return closing, terminated, failed, client.conn.is_closed()
