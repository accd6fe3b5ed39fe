"""What is peculiar to a connection of asyncpg's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg

from tests.conformance.drivers.driver_clients import AsyncpgPlayer
from tests.conformance.drivers.outcomes import Raised, outcome
from tests.conformance.drivers.scenario import ASYNCPG, behaviour

ONE = "SELECT 1 AS a"
NAMES = "SELECT name, age FROM users ORDER BY id"
ADD = "INSERT INTO users (name) VALUES ($1)"
SLEEP = "SELECT pg_sleep(60)"
ROWS = ({"name": "Ana", "age": 30}, {"name": "Bia", "age": None})


@behaviour(*ASYNCPG)
async def two_at_once(player: AsyncpgPlayer) -> Any:
    player.stage.on(ONE).row(a=1)
    first, second = player.conn.fetchval(ONE), player.conn.fetchval(ONE)
    return await asyncio.gather(outcome(first), outcome(second)), await player.conn.fetchval(ONE)


@behaviour(*ASYNCPG)
async def fetched_in_every_way(player: AsyncpgPlayer) -> Any:
    player.stage.on(NAMES).rows(*ROWS)
    conn = player.conn
    record = await conn.fetchrow(NAMES)
    return [
        await conn.fetch(NAMES),
        (record, list(record.keys()), record["age"], record[0]),
        await conn.fetchval(NAMES),
        await conn.fetchval(NAMES, column=1),
        await conn.execute(NAMES),
    ]


@behaviour(*ASYNCPG)
async def nothing_fetched_in_every_way(player: AsyncpgPlayer) -> Any:
    statement = "SELECT name FROM users WHERE false"
    player.stage.on(statement).rows()
    conn = player.conn
    return [
        await conn.fetch(statement),
        await conn.fetchrow(statement),
        await conn.fetchval(statement),
        await conn.execute(statement),
    ]


@behaviour(*ASYNCPG)
async def prepared(player: AsyncpgPlayer) -> Any:
    statement = "SELECT id, name, mood, age::numeric AS n FROM users WHERE id = $1 AND name > $2"
    player.stage.on(statement, 1, "A").row(id=1, name="Ana", mood="happy", n=30)
    found = await player.conn.prepare(statement)
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


@behaviour(*ASYNCPG)
async def prepared_and_refused(player: AsyncpgPlayer) -> Any:
    return await outcome(player.conn.prepare("SELECT nome FROM users"))


@behaviour(*ASYNCPG)
async def a_cursor(player: AsyncpgPlayer) -> Any:
    statement = "SELECT n FROM generate_series(1, 130) AS n"
    player.stage.on(statement).rows({"n": n} for n in range(1, 131))
    conn = player.conn
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


@behaviour(*ASYNCPG)
async def a_cursor_without_a_transaction(player: AsyncpgPlayer) -> Any:
    async def iterate() -> None:
        async for _ in player.conn.cursor(NAMES):
            raise AssertionError("a cursor needs a transaction")

    player.stage.on(NAMES).optional().rows(*ROWS)
    return await outcome(iterate()), await outcome(_started(player.conn.cursor(NAMES)))


async def _started(cursor: Any) -> Any:
    return type(await cursor).__name__


@behaviour(*ASYNCPG)
async def nested_transactions(player: AsyncpgPlayer) -> Any:
    player.stage.on(ADD, "Cid").tag("INSERT 0 1")
    player.stage.fails(player.library, "SELECT 1 / 0", sqlstate="22012")
    player.stage.on("SELECT name FROM users WHERE id > 2").row(name="Cid")
    conn, seen = player.conn, [player.conn.is_in_transaction()]
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


@behaviour(*ASYNCPG)
async def transactions_of_every_kind(player: AsyncpgPlayer) -> Any:
    names = ("transaction_isolation", "transaction_read_only", "transaction_deferrable")
    seen = []
    for kind in (
        {},
        {"isolation": "serializable"},
        {"isolation": "repeatable_read", "readonly": True},
        {"isolation": "serializable", "readonly": True, "deferrable": True},
        {"isolation": "read_uncommitted"},
    ):
        async with player.conn.transaction(**kind):
            seen.append([await player.conn.fetchval(f"SHOW {name}") for name in names])
    return seen


@behaviour(*ASYNCPG)
async def transactions_misused(player: AsyncpgPlayer) -> Any:
    conn = player.conn
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


@behaviour(*ASYNCPG)
async def a_task_cancelled_in_a_query(player: AsyncpgPlayer) -> Any:
    player.stage.on(SLEEP).hangs()
    player.stage.on(ONE).row(a=1)
    task = asyncio.create_task(player.conn.fetch(SLEEP))
    await player.stage.until_running(SLEEP)
    task.cancel()
    cancelled = await outcome(task)
    await player.stage.until_idle(SLEEP)
    return cancelled, await outcome(player.conn.fetch(ONE)), player.conn.is_closed()


@behaviour(*ASYNCPG)
async def a_task_cancelled_in_a_transaction(player: AsyncpgPlayer) -> Any:
    player.stage.on(SLEEP).hangs()
    player.stage.on(ADD, "Cid").tag("INSERT 0 1")
    player.stage.on(NAMES).rows(*ROWS)

    async def work() -> None:
        async with player.conn.transaction():
            await player.conn.execute(ADD, "Cid")
            await player.conn.fetch(SLEEP)

    task = asyncio.create_task(work())
    await player.stage.until_running(SLEEP)
    task.cancel()
    return [
        await outcome(task),
        player.conn.is_in_transaction(),
        await outcome(player.conn.fetch(NAMES)),
    ]


@behaviour(*ASYNCPG)
async def timed_out(player: AsyncpgPlayer) -> Any:
    player.stage.on(SLEEP).hangs()
    player.stage.on(ONE).row(a=1)
    conn = player.conn

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


@behaviour(*ASYNCPG)
async def copied_out(player: AsyncpgPlayer) -> Any:
    # What asyncpg makes of its arguments.
    table = 'COPY "users"("id", "name", "age") TO STDOUT'
    query = "COPY (SELECT name FROM users WHERE id < ...) TO STDOUT ..."
    player.stage.on(table).rows(
        {"id": 1, "name": "Ana", "age": 30}, {"id": 2, "name": "Bia", "age": None}
    )
    player.stage.on(query).value("Ana\nBia\n")
    # asyncpg has the server quote what it puts into the text of a COPY.
    player.stage.on("SELECT quote_literal(...)").value("'3'")
    chunks: list[bytes] = []

    async def take(chunk: bytes) -> None:
        chunks.append(bytes(chunk))

    conn = player.conn
    tags = [
        await conn.copy_from_table("users", columns=["id", "name", "age"], output=take),
        await conn.copy_from_query(
            "SELECT name FROM users WHERE id < $1", 3, output=take, format="csv"
        ),
    ]
    return tags, b"".join(chunks)


@behaviour(*ASYNCPG)
async def copied_in(player: AsyncpgPlayer) -> Any:
    player.stage.on('COPY "users"("name", "age") FROM STDIN ...').tag("COPY 2")

    async def source() -> AsyncIterator[bytes]:
        yield b"Cid\t7\n"
        yield b"Dora\t\\N\n"

    conn = player.conn
    records = [("Eva", 1), ("Fabio", None)]
    return [
        await conn.copy_to_table("users", columns=["name", "age"], source=source()),
        await conn.copy_records_to_table("users", columns=["name", "age"], records=records),
    ]


@behaviour(*ASYNCPG)
async def copied_in_and_refused(player: AsyncpgPlayer) -> Any:
    player.stage.on(ONE).row(a=1)

    async def source() -> AsyncIterator[bytes]:
        yield b"Cid\t7\n"
        raise OSError("the file is gone")

    conn = player.conn
    return [
        await outcome(conn.copy_to_table("users", columns=["name", "age"], source=source())),
        await outcome(conn.fetch(ONE)),
    ]


@behaviour(*ASYNCPG)
async def copied_to_where_there_is_no_table(player: AsyncpgPlayer) -> Any:
    return await outcome(player.conn.copy_records_to_table("nowhere", records=[("Eva",)]))


@behaviour(*ASYNCPG)
async def notified(player: AsyncpgPlayer) -> Any:
    conn = player.conn
    heard: asyncio.Queue[Any] = asyncio.Queue()

    def listen(of: Any, pid: int, channel: str, payload: str) -> None:
        heard.put_nowait((of is conn, pid == conn.get_server_pid(), channel, payload))

    await conn.add_listener("news", listen)
    player.stage.notify("news", "from elsewhere")
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


@behaviour(*ASYNCPG)
async def warned(player: AsyncpgPlayer) -> Any:
    conn = player.conn
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


@behaviour(*ASYNCPG)
async def what_the_server_tells(player: AsyncpgPlayer) -> Any:
    conn = player.conn
    settings = conn.get_settings()
    names = (
        *("server_encoding", "client_encoding", "application_name"),
        *("is_superuser", "DateStyle", "IntervalStyle", "TimeZone"),
        *("integer_datetimes", "standard_conforming_strings", "in_hot_standby"),
        *("default_transaction_read_only", "search_path", "scram_iterations"),
    )
    told = [(name, getattr(settings, name, None)) for name in names]
    return conn.get_server_version().major, told


@behaviour(*ASYNCPG)
async def told_of_a_change(player: AsyncpgPlayer) -> Any:
    conn = player.conn
    await conn.execute("SET application_name TO 'me'; SET TIME ZONE 'Asia/Tokyo'")
    settings = conn.get_settings()
    told = [settings.application_name, settings.TimeZone]
    await conn.reset()
    settings = conn.get_settings()
    return told, settings.application_name, settings.TimeZone


@behaviour(*ASYNCPG, connected=False)
async def settings_given_at_the_start(player: AsyncpgPlayer) -> Any:
    await player.connect(server_settings={"application_name": "me", "search_path": "pg_catalog"})
    conn = player.conn
    found = [await conn.fetchval("SHOW application_name"), await conn.fetchval("SHOW search_path")]
    await conn.execute("SET search_path TO public")
    await conn.execute("RESET search_path")
    return found, await conn.fetchval("SHOW search_path")


@behaviour(*ASYNCPG, connected=False)
async def a_bad_setting_given_at_the_start(player: AsyncpgPlayer) -> Any:
    return await outcome(player.connect(server_settings={"nothing_of_the_kind": "1"}))


@behaviour(*ASYNCPG)
async def codecs_of_its_own(player: AsyncpgPlayer) -> Any:
    conn = player.conn
    statement = """SELECT '{"a": 1}'::jsonb AS j, 'happy'::mood AS m, ROW(1, 'x')::pair AS p"""
    player.stage.on(statement).row(j={"a": 1}, m="happy", p=(1, "x"))
    found = [await conn.fetchrow(statement)]
    await conn.set_type_codec("jsonb", schema="pg_catalog", encoder=repr, decoder=str.upper)
    await conn.set_type_codec("mood", encoder=str, decoder=lambda text: f"<{text}>")
    found.append(await conn.fetchrow(statement))
    await conn.reset_type_codec("mood")
    found.append(await conn.fetchrow(statement))
    await conn.reload_schema_state()
    found.append(await conn.fetchrow(statement))
    return found


@behaviour(*ASYNCPG)
async def arrays_and_enums_as_parameters(player: AsyncpgPlayer) -> Any:
    """asyncpg asks the server about each of these types, at its first use."""
    statement = (
        "SELECT $1::mood AS a, $2::mood[] AS b, $3::int[] AS c, $4::pair AS d, $5::int4range AS e"
    )
    values = ("happy", ["sad", None], [[1, 2], [3, 4]], (7, "x"), asyncpg.Range(1, 5))
    player.stage.on(statement).row(
        a="happy", b=["sad", None], c=[[1, 2], [3, 4]], d=(7, "x"), e=asyncpg.Range(1, 5)
    )
    found = await player.conn.fetchrow(statement, *values)
    return found, await outcome(player.conn.fetch(statement, "glad", *values[1:]))


@behaviour(*ASYNCPG)
async def closed_while_it_works(player: AsyncpgPlayer) -> Any:
    player.stage.on(SLEEP).hangs()
    task = asyncio.create_task(player.conn.fetch(SLEEP))
    await player.stage.until_running(SLEEP)
    closing = await outcome(player.conn.close(timeout=5))
    terminated = player.conn.terminate()
    # Whether asyncpg has read the answer to its cancelling by then is a race on a real server too.
    failed = isinstance(await outcome(task), Raised)
    return closing, terminated, failed, player.conn.is_closed()
