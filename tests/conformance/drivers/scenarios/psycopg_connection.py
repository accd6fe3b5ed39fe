"""What is peculiar to an asynchronous connection of psycopg's; the synchronous one shares it."""

from __future__ import annotations

import asyncio
from typing import Any

import psycopg
from psycopg import rows
from psycopg.types import TypeInfo
from psycopg.types.composite import CompositeInfo, register_composite
from psycopg.types.enum import EnumInfo, register_enum

from tests.conformance.drivers.driver_clients import PsycopgPlayer
from tests.conformance.drivers.outcomes import outcome
from tests.conformance.drivers.scenario import behaviour

ONE = "SELECT 1 AS a"
NAMES = "SELECT name, age FROM users ORDER BY id"
ADD = "INSERT INTO users (name) VALUES (%s)"
ADDED = "INSERT INTO users (name) VALUES ($1)"
SLEEP = "SELECT pg_sleep(60)"
SERIES = "SELECT n FROM generate_series(1, 25) AS n"
ROWS = ({"name": "Ana", "age": 30}, {"name": "Bia", "age": None})


def state(conn: Any) -> str:
    return f"{conn.info.transaction_status.name} {conn.info.status.name} {conn.closed}"


@behaviour("psycopg")
async def two_at_once(player: PsycopgPlayer) -> Any:
    player.stage.on(ONE).row(a=1)
    return await asyncio.gather(player.fetch(ONE), player.fetch(ONE))


@behaviour("psycopg")
async def status_of_a_transaction(player: PsycopgPlayer) -> Any:
    player.stage.on(ONE).row(a=1)
    player.stage.fails("psycopg", "SELECT 1 / 0", sqlstate="22012")
    conn = player.conn
    seen = [state(conn)]
    await conn.execute(ONE)
    seen.append(state(conn))
    seen.append(await outcome(conn.execute("SELECT 1 / 0")))
    seen.append(state(conn))
    await conn.commit()
    seen.append(state(conn))
    await conn.close()
    return [*seen, state(conn)]


@behaviour("psycopg")
async def with_autocommit(player: PsycopgPlayer) -> Any:
    player.stage.on(ONE).row(a=1)
    await player.conn.set_autocommit(True)
    seen = [await player.fetch(ONE), state(player.conn)]
    async with player.conn.transaction():
        seen += [await player.fetch(ONE), state(player.conn)]
    return [*seen, state(player.conn)]


@behaviour("psycopg")
async def autocommit_in_a_transaction(player: PsycopgPlayer) -> Any:
    player.stage.on(ONE).row(a=1)
    await player.fetch(ONE)
    return await outcome(player.conn.set_autocommit(True))


@behaviour("psycopg", connected=False)
async def a_clean_exit_commits_and_closes(player: PsycopgPlayer) -> Any:
    player.stage.on(ADDED, "Cid").tag("INSERT 0 1")
    async with await psycopg.AsyncConnection.connect(player.stage.dsn) as conn:
        await conn.execute(ADD, ["Cid"])
    seen = [state(conn)]

    async def broken() -> None:
        async with await psycopg.AsyncConnection.connect(player.stage.dsn) as conn:
            await conn.execute(ADD, ["Cid"])
            raise OSError("of the application")

    return [*seen, await outcome(broken())]


@behaviour("psycopg")
async def nested_transactions(player: PsycopgPlayer) -> Any:
    player.stage.on(ADDED, "Cid").tag("INSERT 0 1")
    player.stage.fails("psycopg", "SELECT 1 / 0", sqlstate="22012")
    player.stage.on("SELECT name FROM users WHERE id > 2").row(name="Cid")
    conn = player.conn
    seen = []
    async with conn.transaction() as outer:
        await conn.execute(ADD, ["Cid"])
        try:
            async with conn.transaction("mine"):
                await conn.execute("SELECT 1 / 0")
        except psycopg.errors.DivisionByZero:
            seen.append(state(conn))
        async with conn.transaction() as inner:
            seen.append(await player.fetch("SELECT name FROM users WHERE id > 2"))
            raise psycopg.Rollback(inner)
        seen.append(state(conn))
        async with conn.transaction():
            raise psycopg.Rollback(outer)
    return [*seen, state(conn)]


@behaviour("psycopg")
async def transactions_of_every_kind(player: PsycopgPlayer) -> Any:
    names = ("transaction_isolation", "transaction_read_only", "transaction_deferrable")
    conn, seen = player.conn, []
    await conn.set_isolation_level(psycopg.IsolationLevel.SERIALIZABLE)
    await conn.set_read_only(True)
    await conn.set_deferrable(True)
    for name in names:
        seen.append(await player.fetch(f"SHOW {name}"))
    await conn.rollback()
    await conn.set_isolation_level(None)
    await conn.set_read_only(False)
    for name in names:
        seen.append(await player.fetch(f"SHOW {name}"))
    return seen


@behaviour("psycopg")
async def rows_of_every_kind(player: PsycopgPlayer) -> Any:
    player.stage.on(NAMES).rows(*ROWS)
    found = []
    for factory in (rows.tuple_row, rows.dict_row, rows.namedtuple_row, rows.scalar_row):
        async with player.conn.cursor(row_factory=factory) as cursor:
            await cursor.execute(NAMES)
            found.append([await cursor.fetchone(), await cursor.fetchmany(5), cursor.rownumber])
    return found


@behaviour("psycopg")
async def described(player: PsycopgPlayer) -> Any:
    statement = "SELECT id, name, mood, age::numeric AS n FROM users WHERE id = 1"
    player.stage.on(statement).row(id=1, name="Ana", mood="happy", n=30)
    cursor = await player.conn.execute(statement)
    columns = [
        (item.name, item.internal_size, item.precision, item.scale) for item in cursor.description
    ]
    return columns, cursor.statusmessage, cursor.rowcount, await cursor.fetchall()


@behaviour("psycopg")
async def in_binary(player: PsycopgPlayer) -> Any:
    statement = "SELECT id, name, age::numeric AS n, now() > '2000-01-01' AS b FROM users"
    player.stage.on(statement).rows(
        {"id": 1, "name": "Ana", "n": 30, "b": True}, {"id": 2, "name": "Bia", "n": None, "b": True}
    )
    cursor = player.conn.cursor(binary=True)
    await cursor.execute(statement)
    return await cursor.fetchall()


@behaviour("psycopg")
async def other_cursors(player: PsycopgPlayer) -> Any:
    player.stage.on("SELECT name FROM users WHERE id = $1", 1).row(name="Ana")
    player.stage.on("SELECT name FROM users WHERE id = 1").row(name="Ana")
    raw = psycopg.AsyncRawCursor(player.conn)
    await raw.execute("SELECT name FROM users WHERE id = $1", [1])
    client = psycopg.AsyncClientCursor(player.conn)
    await client.execute("SELECT name FROM users WHERE id = %s", [1])
    return await raw.fetchall(), await client.fetchall()


@behaviour("psycopg")
async def a_client_cursor_runs_several_statements(player: PsycopgPlayer) -> Any:
    player.stage.on("SELECT 1 AS a").row(a=1)
    player.stage.on("SELECT name FROM users WHERE id < 3").rows({"name": "Ana"}, {"name": "Bia"})
    cursor = await player.conn.execute("SELECT 1 AS a; SELECT name FROM users WHERE id < 3")
    found = [await cursor.fetchall(), cursor.nextset(), await cursor.fetchall()]
    return [*found, cursor.nextset()]


@behaviour("psycopg")
async def executemany_with_returning(player: PsycopgPlayer) -> Any:
    statement = "INSERT INTO users (name) VALUES (%s) RETURNING name"
    for name in ("Cid", "Dora"):
        player.stage.on("INSERT INTO users (name) VALUES ($1) RETURNING name", name).row(name=name)
    cursor = player.conn.cursor()
    await cursor.executemany(statement, [("Cid",), ("Dora",)], returning=True)
    found = [await cursor.fetchall(), cursor.nextset(), await cursor.fetchall()]
    return [*found, cursor.nextset(), cursor.rowcount]


@behaviour("psycopg")
async def prepared(player: PsycopgPlayer) -> Any:
    player.stage.on("SELECT name FROM users WHERE id = $1", 1).row(name="Ana")
    found = []
    for prepare in (True, True, False, None):
        cursor = await player.conn.execute(
            "SELECT name FROM users WHERE id = %s", [1], prepare=prepare
        )
        found.append(await cursor.fetchall())
    return found


@behaviour("psycopg")
async def a_server_side_cursor(player: PsycopgPlayer) -> Any:
    player.stage.on(SERIES).rows({"n": n} for n in range(1, 26))
    async with player.conn.cursor("mine", scrollable=True) as cursor:
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
    return found, state(player.conn)


@behaviour("psycopg")
async def a_cursor_that_is_gone(player: PsycopgPlayer) -> Any:
    player.stage.on(SERIES).optional().rows({"n": n} for n in range(1, 26))
    cursor = player.conn.cursor("mine")
    await cursor.execute(SERIES)
    await player.conn.commit()
    return await outcome(cursor.fetchone()), await outcome(cursor.close())


@behaviour("psycopg")
async def a_cursor_held_over_the_commit(player: PsycopgPlayer) -> Any:
    player.stage.on(SERIES).rows({"n": n} for n in range(1, 26))
    async with player.conn.cursor("mine", withhold=True) as cursor:
        await cursor.execute(SERIES)
        first = await cursor.fetchone()
        await player.conn.commit()
        return first, await cursor.fetchmany(2)


@behaviour("psycopg")
async def streamed(player: PsycopgPlayer) -> Any:
    player.stage.on(SERIES).rows({"n": n} for n in range(1, 26))
    found = [row async for row in player.conn.cursor().stream(SERIES)]
    chunks = [row async for row in player.conn.cursor().stream(SERIES, size=10)]
    return found, chunks


@behaviour("psycopg")
async def a_pipeline(player: PsycopgPlayer) -> Any:
    player.stage.on(ONE).row(a=1)
    player.stage.on(ADDED, "Cid").tag("INSERT 0 1")
    async with player.conn.pipeline() as pipeline:
        first = await player.conn.execute(ONE)
        second = await player.conn.execute(ADD, ["Cid"])
        await pipeline.sync()
        third = await player.conn.execute(ONE)
        found = [await first.fetchall(), second.rowcount, await third.fetchall()]
    return found, state(player.conn)


@behaviour("psycopg")
async def a_pipeline_with_an_error(player: PsycopgPlayer) -> Any:
    player.stage.on(ONE).optional().row(a=1)
    player.stage.on(ADDED, "Cid").optional().tag("INSERT 0 1")
    conn = player.conn
    await conn.set_autocommit(True)

    async def work() -> None:
        async with conn.pipeline():
            await conn.execute(ONE)
            await conn.execute("SELECT nowhere")
            await conn.execute(ADD, ["Cid"])

    return await outcome(work()), state(conn), await player.fetch(ONE)


@behaviour("psycopg")
async def copied_out(player: PsycopgPlayer) -> Any:
    text = "COPY (SELECT name, age FROM users ORDER BY id) TO STDOUT"
    csv = "COPY users (name, age) TO STDOUT (FORMAT csv)"
    player.stage.on(text).rows(*ROWS)
    player.stage.on(csv).value("Ana,30\nBia,\n")
    cursor = player.conn.cursor()
    async with cursor.copy(text) as copy:
        found: list[Any] = [bytes(block) async for block in copy]
    tag = cursor.statusmessage, cursor.rowcount
    async with cursor.copy(text) as copy:
        copy.set_types(["text", "int4"])
        found += [row async for row in copy.rows()]
    async with cursor.copy(csv) as copy:
        found.append(b"".join([bytes(block) async for block in copy]))
    return found, tag, state(player.conn)


@behaviour("psycopg")
async def copied_in(player: PsycopgPlayer) -> Any:
    statement = "COPY users (name, age) FROM STDIN"
    player.stage.on(statement).tag("COPY 2")
    cursor = player.conn.cursor()
    async with cursor.copy(statement) as copy:
        await copy.write_row(("Cid", 7))
        await copy.write_row(("Dora", None))
    return cursor.statusmessage, cursor.rowcount, state(player.conn)


@behaviour("psycopg")
async def copied_in_and_refused(player: PsycopgPlayer) -> Any:
    player.stage.on(ONE).row(a=1)
    conn = player.conn
    await conn.set_autocommit(True)

    async def copy(statement: str, broken: bool = False) -> None:
        async with conn.cursor().copy(statement) as sink:
            await sink.write_row(("Cid", 7))
            if broken:
                raise OSError("the file is gone")

    return [
        await outcome(copy("COPY users (name, age FROM STDIN")),
        await outcome(copy("COPY users (name, age) FROM STDIN", broken=True)),
        await player.fetch(ONE),
    ]


@behaviour("psycopg")
async def copied_to_where_there_is_no_table(player: PsycopgPlayer) -> Any:
    async def copy() -> None:
        async with player.conn.cursor().copy("COPY nowhere FROM STDIN") as sink:
            await sink.write_row(("Cid", 7))

    return await outcome(copy())


@behaviour("psycopg")
async def notified(player: PsycopgPlayer) -> Any:
    conn = player.conn
    await conn.set_autocommit(True)
    handled: list[Any] = []
    await conn.execute("LISTEN news")
    player.stage.notify("news", "from elsewhere")
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


@behaviour("psycopg")
async def warned(player: PsycopgPlayer) -> Any:
    conn = player.conn
    await conn.set_autocommit(True)
    heard: list[Any] = []
    conn.add_notice_handler(
        lambda diag: heard.append((diag.severity, diag.sqlstate, diag.message_primary))
    )
    for statement in ("BEGIN", "BEGIN", "COMMIT", "COMMIT", "ROLLBACK"):
        await conn.execute(statement)
    return heard


@behaviour("psycopg")
async def a_task_cancelled_in_a_query(player: PsycopgPlayer) -> Any:
    player.stage.on(SLEEP).hangs()
    player.stage.on(ONE).row(a=1)
    task = asyncio.create_task(player.fetch(SLEEP))
    await player.stage.until_running(SLEEP)
    task.cancel()
    seen = [await outcome(task), state(player.conn), await outcome(player.fetch(ONE))]
    await player.conn.rollback()
    return [*seen, state(player.conn), await player.fetch(ONE)]


@behaviour("psycopg")
async def cancelled_by_the_driver(player: PsycopgPlayer) -> Any:
    player.stage.on(SLEEP).hangs()
    task = asyncio.create_task(player.fetch(SLEEP))
    await player.stage.until_running(SLEEP)
    await player.conn.cancel_safe(timeout=20)
    return await outcome(task), state(player.conn)


@behaviour("psycopg")
async def timed_out(player: PsycopgPlayer) -> Any:
    player.stage.on(SLEEP).hangs()

    async def in_time() -> Any:
        async with asyncio.timeout(0.05):
            return await player.fetch(SLEEP)

    return await outcome(in_time()), state(player.conn)


@behaviour("psycopg")
async def what_the_server_tells(player: PsycopgPlayer) -> Any:
    info = player.conn.info
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


@behaviour("psycopg", connected=False)
async def settings_given_at_the_start(player: PsycopgPlayer) -> Any:
    conn = await psycopg.AsyncConnection.connect(
        player.stage.dsn,
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


@behaviour("psycopg", connected=False)
async def a_bad_setting_given_at_the_start(player: PsycopgPlayer) -> Any:
    return await outcome(
        psycopg.AsyncConnection.connect(player.stage.dsn, options="-c nothing_of_the_kind=1")
    )


@behaviour("psycopg")
async def types_of_the_schema(player: PsycopgPlayer) -> Any:
    statement = "SELECT 'happy'::mood AS m, ROW(1, 'x')::pair AS p, ARRAY['sad']::mood[] AS a"
    player.stage.on(statement).row(m="happy", p=(1, "x"), a=["sad"])
    conn = player.conn
    found = [await player.fetch(statement)]
    info = await EnumInfo.fetch(conn, "mood")
    pair = await CompositeInfo.fetch(conn, "pair")
    assert info is not None
    assert pair is not None
    register_enum(info, conn)
    register_composite(pair, conn)
    (row,) = await player.fetch(statement)
    found.append([str(row["m"]), str(row["p"]), str(row["a"])])
    return found, info.labels, pair.field_names, await TypeInfo.fetch(conn, "nothing_of_the_kind")


@behaviour("psycopg")
async def closed_while_it_works(player: PsycopgPlayer) -> Any:
    player.stage.on(SLEEP).hangs()
    task = asyncio.create_task(player.fetch(SLEEP))
    await player.stage.until_running(SLEEP)
    await player.conn.close()
    task.cancel()
    return await outcome(task), state(player.conn)
