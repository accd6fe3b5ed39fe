"""What is peculiar to an asynchronous connection of psycopg's; the synchronous one shares it."""

from __future__ import annotations

import asyncio
from typing import Any

import psycopg
from psycopg import rows
from psycopg.types import TypeInfo
from psycopg.types.composite import CompositeInfo, register_composite
from psycopg.types.enum import EnumInfo, register_enum

from tests.conformance.drivers.driver_clients import PsycopgClient
from tests.conformance.drivers.outcomes import outcome
from tests.conformance.drivers.scenario import scenario

ONE = "SELECT 1 AS a"
NAMES = "SELECT name, age FROM users ORDER BY id"
ADD = "INSERT INTO users (name) VALUES (%s)"
ADDED = "INSERT INTO users (name) VALUES ($1)"
SLEEP = "SELECT pg_sleep(60)"
SERIES = "SELECT n FROM generate_series(1, 25) AS n"
ROWS = ({"name": "Ana", "age": 30}, {"name": "Bia", "age": None})


def state(conn: Any) -> str:
    return f"{conn.info.transaction_status.name} {conn.info.status.name} {conn.closed}"


@scenario("psycopg")
async def two_at_once(client: PsycopgClient) -> Any:
    client.server.on(ONE).row(a=1)
    return await asyncio.gather(client.fetch(ONE), client.fetch(ONE))


@scenario("psycopg")
async def status_of_a_transaction(client: PsycopgClient) -> Any:
    client.server.on(ONE).row(a=1)
    client.server.fails("psycopg", "SELECT 1 / 0", sqlstate="22012")
    conn = client.conn
    seen = [state(conn)]
    await conn.execute(ONE)
    seen.append(state(conn))
    seen.append(await outcome(conn.execute("SELECT 1 / 0")))
    seen.append(state(conn))
    await conn.commit()
    seen.append(state(conn))
    await conn.close()
    return [*seen, state(conn)]


@scenario("psycopg")
async def with_autocommit(client: PsycopgClient) -> Any:
    client.server.on(ONE).row(a=1)
    await client.conn.set_autocommit(True)
    seen = [await client.fetch(ONE), state(client.conn)]
    async with client.conn.transaction():
        seen += [await client.fetch(ONE), state(client.conn)]
    return [*seen, state(client.conn)]


@scenario("psycopg")
async def autocommit_in_a_transaction(client: PsycopgClient) -> Any:
    client.server.on(ONE).row(a=1)
    await client.fetch(ONE)
    return await outcome(client.conn.set_autocommit(True))


@scenario("psycopg", connected=False)
async def a_clean_exit_commits_and_closes(client: PsycopgClient) -> Any:
    client.server.on(ADDED, "Cid").tag("INSERT 0 1")
    async with await psycopg.AsyncConnection.connect(client.server.dsn) as conn:
        await conn.execute(ADD, ["Cid"])
    seen = [state(conn)]

    async def broken() -> None:
        async with await psycopg.AsyncConnection.connect(client.server.dsn) as conn:
            await conn.execute(ADD, ["Cid"])
            raise OSError("of the application")

    return [*seen, await outcome(broken())]


@scenario("psycopg")
async def nested_transactions(client: PsycopgClient) -> Any:
    client.server.on(ADDED, "Cid").tag("INSERT 0 1")
    client.server.fails("psycopg", "SELECT 1 / 0", sqlstate="22012")
    client.server.on("SELECT name FROM users WHERE id > 2").row(name="Cid")
    conn = client.conn
    seen = []
    async with conn.transaction() as outer:
        await conn.execute(ADD, ["Cid"])
        try:
            async with conn.transaction("mine"):
                await conn.execute("SELECT 1 / 0")
        except psycopg.errors.DivisionByZero:
            seen.append(state(conn))
        async with conn.transaction() as inner:
            seen.append(await client.fetch("SELECT name FROM users WHERE id > 2"))
            raise psycopg.Rollback(inner)
        seen.append(state(conn))
        async with conn.transaction():
            raise psycopg.Rollback(outer)
    return [*seen, state(conn)]


@scenario("psycopg")
async def transactions_of_every_kind(client: PsycopgClient) -> Any:
    names = ("transaction_isolation", "transaction_read_only", "transaction_deferrable")
    conn, seen = client.conn, []
    await conn.set_isolation_level(psycopg.IsolationLevel.SERIALIZABLE)
    await conn.set_read_only(True)
    await conn.set_deferrable(True)
    for name in names:
        seen.append(await client.fetch(f"SHOW {name}"))
    await conn.rollback()
    await conn.set_isolation_level(None)
    await conn.set_read_only(False)
    for name in names:
        seen.append(await client.fetch(f"SHOW {name}"))
    return seen


@scenario("psycopg")
async def rows_of_every_kind(client: PsycopgClient) -> Any:
    client.server.on(NAMES).rows(*ROWS)
    found = []
    for factory in (rows.tuple_row, rows.dict_row, rows.namedtuple_row, rows.scalar_row):
        async with client.conn.cursor(row_factory=factory) as cursor:
            await cursor.execute(NAMES)
            found.append([await cursor.fetchone(), await cursor.fetchmany(5), cursor.rownumber])
    return found


@scenario("psycopg")
async def described(client: PsycopgClient) -> Any:
    statement = "SELECT id, name, mood, age::numeric AS n FROM users WHERE id = 1"
    client.server.on(statement).row(id=1, name="Ana", mood="happy", n=30)
    cursor = await client.conn.execute(statement)
    columns = [
        (item.name, item.internal_size, item.precision, item.scale) for item in cursor.description
    ]
    return columns, cursor.statusmessage, cursor.rowcount, await cursor.fetchall()


@scenario("psycopg")
async def in_binary(client: PsycopgClient) -> Any:
    statement = "SELECT id, name, age::numeric AS n, now() > '2000-01-01' AS b FROM users"
    client.server.on(statement).rows(
        {"id": 1, "name": "Ana", "n": 30, "b": True}, {"id": 2, "name": "Bia", "n": None, "b": True}
    )
    cursor = client.conn.cursor(binary=True)
    await cursor.execute(statement)
    return await cursor.fetchall()


@scenario("psycopg")
async def other_cursors(client: PsycopgClient) -> Any:
    client.server.on("SELECT name FROM users WHERE id = $1", 1).row(name="Ana")
    client.server.on("SELECT name FROM users WHERE id = 1").row(name="Ana")
    raw = psycopg.AsyncRawCursor(client.conn)
    await raw.execute("SELECT name FROM users WHERE id = $1", [1])
    client = psycopg.AsyncClientCursor(client.conn)
    await client.execute("SELECT name FROM users WHERE id = %s", [1])
    return await raw.fetchall(), await client.fetchall()


@scenario("psycopg")
async def a_client_cursor_runs_several_statements(client: PsycopgClient) -> Any:
    client.server.on("SELECT 1 AS a").row(a=1)
    client.server.on("SELECT name FROM users WHERE id < 3").rows({"name": "Ana"}, {"name": "Bia"})
    cursor = await client.conn.execute("SELECT 1 AS a; SELECT name FROM users WHERE id < 3")
    found = [await cursor.fetchall(), cursor.nextset(), await cursor.fetchall()]
    return [*found, cursor.nextset()]


@scenario("psycopg")
async def executemany_with_returning(client: PsycopgClient) -> Any:
    statement = "INSERT INTO users (name) VALUES (%s) RETURNING name"
    for name in ("Cid", "Dora"):
        client.server.on("INSERT INTO users (name) VALUES ($1) RETURNING name", name).row(name=name)
    cursor = client.conn.cursor()
    await cursor.executemany(statement, [("Cid",), ("Dora",)], returning=True)
    found = [await cursor.fetchall(), cursor.nextset(), await cursor.fetchall()]
    return [*found, cursor.nextset(), cursor.rowcount]


@scenario("psycopg")
async def prepared(client: PsycopgClient) -> Any:
    client.server.on("SELECT name FROM users WHERE id = $1", 1).row(name="Ana")
    found = []
    for prepare in (True, True, False, None):
        cursor = await client.conn.execute(
            "SELECT name FROM users WHERE id = %s", [1], prepare=prepare
        )
        found.append(await cursor.fetchall())
    return found


@scenario("psycopg")
async def a_server_side_cursor(client: PsycopgClient) -> Any:
    client.server.on(SERIES).rows({"n": n} for n in range(1, 26))
    async with client.conn.cursor("mine", scrollable=True) as cursor:
        await cursor.execute(SERIES)
        found = [await cursor.fetchone(), await cursor.fetchmany(3)]
        await cursor.scroll(5)
        found.append(await cursor.fetchone())
        await cursor.scroll(0, mode="absolute")
        cursor.itersize = 10
        found.append([row async for row in cursor])
        found.append(await outcome(cursor.scroll(-30)))
        found.append(
            (cursor.rowcount, cursor.rownumber, [item.name for item in cursor.description])
        )
    return found, state(client.conn)


@scenario("psycopg")
async def a_cursor_that_is_gone(client: PsycopgClient) -> Any:
    client.server.on(SERIES).optional().rows({"n": n} for n in range(1, 26))
    cursor = client.conn.cursor("mine")
    await cursor.execute(SERIES)
    await client.conn.commit()
    return await outcome(cursor.fetchone()), await outcome(cursor.close())


@scenario("psycopg")
async def a_cursor_held_over_the_commit(client: PsycopgClient) -> Any:
    client.server.on(SERIES).rows({"n": n} for n in range(1, 26))
    async with client.conn.cursor("mine", withhold=True) as cursor:
        await cursor.execute(SERIES)
        first = await cursor.fetchone()
        await client.conn.commit()
        return first, await cursor.fetchmany(2)


@scenario("psycopg")
async def streamed(client: PsycopgClient) -> Any:
    client.server.on(SERIES).rows({"n": n} for n in range(1, 26))
    found = [row async for row in client.conn.cursor().stream(SERIES)]
    chunks = [row async for row in client.conn.cursor().stream(SERIES, size=10)]
    return found, chunks


@scenario("psycopg")
async def a_pipeline(client: PsycopgClient) -> Any:
    client.server.on(ONE).row(a=1)
    client.server.on(ADDED, "Cid").tag("INSERT 0 1")
    async with client.conn.pipeline() as pipeline:
        first = await client.conn.execute(ONE)
        second = await client.conn.execute(ADD, ["Cid"])
        await pipeline.sync()
        third = await client.conn.execute(ONE)
        found = [await first.fetchall(), second.rowcount, await third.fetchall()]
    return found, state(client.conn)


@scenario("psycopg")
async def a_pipeline_with_an_error(client: PsycopgClient) -> Any:
    client.server.on(ONE).optional().row(a=1)
    client.server.on(ADDED, "Cid").optional().tag("INSERT 0 1")
    conn = client.conn
    await conn.set_autocommit(True)

    async def work() -> None:
        async with conn.pipeline():
            await conn.execute(ONE)
            await conn.execute("SELECT nowhere")
            await conn.execute(ADD, ["Cid"])

    return await outcome(work()), state(conn), await client.fetch(ONE)


@scenario("psycopg")
async def copied_out(client: PsycopgClient) -> Any:
    text = "COPY (SELECT name, age FROM users ORDER BY id) TO STDOUT"
    csv = "COPY users (name, age) TO STDOUT (FORMAT csv)"
    client.server.on(text).rows(*ROWS)
    client.server.on(csv).value("Ana,30\nBia,\n")
    cursor = client.conn.cursor()
    async with cursor.copy(text) as copy:
        found: list[Any] = [bytes(block) async for block in copy]
    tag = cursor.statusmessage, cursor.rowcount
    async with cursor.copy(text) as copy:
        copy.set_types(["text", "int4"])
        found += [row async for row in copy.rows()]
    async with cursor.copy(csv) as copy:
        found.append(b"".join([bytes(block) async for block in copy]))
    return found, tag, state(client.conn)


@scenario("psycopg")
async def copied_in(client: PsycopgClient) -> Any:
    statement = "COPY users (name, age) FROM STDIN"
    client.server.on(statement).tag("COPY 2")
    cursor = client.conn.cursor()
    async with cursor.copy(statement) as copy:
        await copy.write_row(("Cid", 7))
        await copy.write_row(("Dora", None))
    return cursor.statusmessage, cursor.rowcount, state(client.conn)


@scenario("psycopg")
async def copied_in_and_refused(client: PsycopgClient) -> Any:
    client.server.on(ONE).row(a=1)
    conn = client.conn
    await conn.set_autocommit(True)

    async def copy(statement: str, broken: bool = False) -> None:
        async with conn.cursor().copy(statement) as sink:
            await sink.write_row(("Cid", 7))
            if broken:
                raise OSError("the file is gone")

    return [
        await outcome(copy("COPY users (name, age FROM STDIN")),
        await outcome(copy("COPY users (name, age) FROM STDIN", broken=True)),
        await client.fetch(ONE),
    ]


@scenario("psycopg")
async def copied_to_where_there_is_no_table(client: PsycopgClient) -> Any:
    async def copy() -> None:
        async with client.conn.cursor().copy("COPY nowhere FROM STDIN") as sink:
            await sink.write_row(("Cid", 7))

    return await outcome(copy())


@scenario("psycopg")
async def notified(client: PsycopgClient) -> Any:
    conn = client.conn
    await conn.set_autocommit(True)
    handled: list[Any] = []
    await conn.execute("LISTEN news")
    client.server.notify("news", "from elsewhere")
    found = [
        (notify.channel, notify.payload) async for notify in conn.notifies(timeout=20, stop_after=1)
    ]
    conn.add_notify_handler(lambda item: handled.append((item.channel, item.payload)))
    await conn.execute("NOTIFY news, 'from here'")
    await conn.execute("SELECT pg_notify('news', 'by a function')")
    async with conn.transaction():
        await conn.execute("NOTIFY news, 'in a transaction'")
        handled.append("not yet")
    await conn.execute("UNLISTEN news")
    await conn.execute("NOTIFY news, 'nobody'")
    return found, handled


@scenario("psycopg")
async def warned(client: PsycopgClient) -> Any:
    conn = client.conn
    await conn.set_autocommit(True)
    heard: list[Any] = []
    conn.add_notice_handler(
        lambda diag: heard.append((diag.severity, diag.sqlstate, diag.message_primary))
    )
    for statement in ("BEGIN", "BEGIN", "COMMIT", "COMMIT", "ROLLBACK"):
        await conn.execute(statement)
    return heard


@scenario("psycopg")
async def a_task_cancelled_in_a_query(client: PsycopgClient) -> Any:
    client.server.on(SLEEP).hangs()
    client.server.on(ONE).row(a=1)
    task = asyncio.create_task(client.fetch(SLEEP))
    await client.server.until_running(SLEEP)
    task.cancel()
    seen = [await outcome(task), state(client.conn), await outcome(client.fetch(ONE))]
    await client.conn.rollback()
    return [*seen, state(client.conn), await client.fetch(ONE)]


@scenario("psycopg")
async def cancelled_by_the_driver(client: PsycopgClient) -> Any:
    client.server.on(SLEEP).hangs()
    task = asyncio.create_task(client.fetch(SLEEP))
    await client.server.until_running(SLEEP)
    await client.conn.cancel_safe(timeout=20)
    return await outcome(task), state(client.conn)


@scenario("psycopg")
async def timed_out(client: PsycopgClient) -> Any:
    client.server.on(SLEEP).hangs()

    async def in_time() -> Any:
        async with asyncio.timeout(0.05):
            return await client.fetch(SLEEP)

    return await outcome(in_time()), state(client.conn)


@scenario("psycopg")
async def what_the_server_tells(client: PsycopgClient) -> Any:
    info = client.conn.info
    names = (
        *("server_encoding", "client_encoding", "application_name"),
        *("is_superuser", "DateStyle", "IntervalStyle", "TimeZone"),
        *("integer_datetimes", "standard_conforming_strings", "in_hot_standby"),
        *("default_transaction_read_only", "search_path", "scram_iterations", "nothing"),
    )
    told = [(name, info.parameter_status(name)) for name in names]
    return (
        told,
        info.server_version // 10000,
        info.encoding,
        str(info.timezone),
        info.backend_pid > 0,
    )


@scenario("psycopg", connected=False)
async def settings_given_at_the_start(client: PsycopgClient) -> Any:
    conn = await psycopg.AsyncConnection.connect(
        client.server.dsn,
        application_name="me",
        options="-c timezone=Asia/Tokyo -c search_path=pg_catalog",
    )
    async with conn:
        cursor = await conn.execute("SHOW search_path")
        return [
            await cursor.fetchone(),
            conn.info.parameter_status("application_name"),
            conn.info.parameter_status("TimeZone"),
        ]


@scenario("psycopg", connected=False)
async def a_bad_setting_given_at_the_start(client: PsycopgClient) -> Any:
    return await outcome(
        psycopg.AsyncConnection.connect(client.server.dsn, options="-c nothing_of_the_kind=1")
    )


@scenario("psycopg")
async def types_of_the_schema(client: PsycopgClient) -> Any:
    statement = "SELECT 'happy'::mood AS m, ROW(1, 'x')::pair AS p, ARRAY['sad']::mood[] AS a"
    client.server.on(statement).row(m="happy", p=(1, "x"), a=["sad"])
    conn = client.conn
    found = [await client.fetch(statement)]
    info = await EnumInfo.fetch(conn, "mood")
    pair = await CompositeInfo.fetch(conn, "pair")
    assert info is not None
    assert pair is not None
    register_enum(info, conn)
    register_composite(pair, conn)
    (row,) = await client.fetch(statement)
    found.append([str(row["m"]), str(row["p"]), str(row["a"])])
    return found, info.labels, pair.field_names, await TypeInfo.fetch(conn, "nothing_of_the_kind")


@scenario("psycopg")
async def closed_while_it_works(client: PsycopgClient) -> Any:
    client.server.on(SLEEP).hangs()
    task = asyncio.create_task(client.fetch(SLEEP))
    await client.server.until_running(SLEEP)
    await client.conn.close()
    task.cancel()
    return await outcome(task), state(client.conn)
