"""Real drivers on `fake_postgres` get their answers from the script."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Generator
from typing import Any

import asyncpg
import psycopg
import pytest
import sqlalchemy as sa
from psycopg.types import TypeInfo

from understudy import ANY, CallNotFound, ScriptError, db_error
from understudy.fake_postgres.fixture import FakePostgres
from understudy.script.expectations import opened

ONE = "SELECT id, name FROM users WHERE id = $1"
PSYCOPG_ONE = ONE.replace("$1", "%s")


async def test_asyncpg_in_memory(fake_postgres: FakePostgres) -> None:
    fake_postgres.on(ONE, 7).row(id=7, name="Ana")

    connection = await fake_postgres.asyncpg.connect()
    row = await connection.fetchrow(ONE, 7)

    assert type(row) is asyncpg.Record
    assert dict(row) == {"id": 7, "name": "Ana"}
    (call,) = fake_postgres.calls
    assert (call.method, call.statement, call.parameters) == ("execute", ONE, [7])
    assert call.origin.code.co_name == "test_asyncpg_in_memory"


async def test_asyncpg_over_the_socket(fake_postgres: FakePostgres) -> None:
    fake_postgres.on(ONE, 7).row(id=7, name="Ana")

    connection = await asyncpg.connect(fake_postgres.dsn)
    row = await connection.fetchrow(ONE, 7)
    await connection.close()

    assert dict(row) == {"id": 7, "name": "Ana"}
    assert fake_postgres.calls[0].origin.code.co_name == "test_asyncpg_over_the_socket"


async def test_psycopg(fake_postgres: FakePostgres) -> None:
    fake_postgres.on(ONE, 7).row(id=7, name="Ana")

    connection = await fake_postgres.psycopg.connect()
    cursor = await connection.execute(PSYCOPG_ONE, (7,))

    assert await cursor.fetchall() == [(7, "Ana")]
    assert fake_postgres.calls[0].origin.code.co_name == "test_psycopg"


async def test_what_is_awaited_behind_an_object(fake_postgres: FakePostgres) -> None:
    fake_postgres.on("SELECT 1 AS a").row(a=1)
    connection = await fake_postgres.psycopg.connect(autocommit=True)

    class Lazy:  # as SQLAlchemy's `await engine.connect()`
        def __await__(self) -> Generator[Any, Any, Any]:
            return connection.execute("SELECT 1 AS a").__await__()

    assert await (await Lazy()).fetchall() == [(1,)]
    (call,) = fake_postgres.calls
    assert call.origin.code.co_name == "test_what_is_awaited_behind_an_object"


def test_psycopg_that_blocks(fake_postgres: FakePostgres) -> None:
    fake_postgres.on(ONE, 7).row(id=7, name="Ana")

    with fake_postgres.psycopg.connect_sync() as connection:
        assert connection.execute(PSYCOPG_ONE, (7,)).fetchall() == [(7, "Ana")]

    assert fake_postgres.calls[0].origin.code.co_name == "test_psycopg_that_blocks"
    assert [transaction.state for transaction in fake_postgres.transactions] == ["committed"]


async def test_psqlpy(fake_postgres: FakePostgres) -> None:
    fake_postgres.on(ONE, 7).row(id=7, name="Ana")

    connection = await fake_postgres.psqlpy.connect()
    rows = await connection.fetch(ONE, [7])

    assert rows.result() == [{"id": 7, "name": "Ana"}]
    fake_postgres.assert_called(ONE, 7, times=1)


async def test_a_pool_of_asyncpg(fake_postgres: FakePostgres) -> None:
    fake_postgres.on(ONE, 7).row(id=7, name="Ana")

    async with fake_postgres.asyncpg.pool(max_size=2) as pool:
        rows = await asyncio.gather(*(pool.fetchrow(ONE, 7) for _ in range(4)))

    assert [row["name"] for row in rows] == ["Ana"] * 4
    assert len({call.statement for call in fake_postgres.calls}) == 1


async def test_parameters_are_compared_as_postgresql_gets_them(
    fake_postgres: FakePostgres,
) -> None:
    key = uuid.uuid4()
    fake_postgres.on("SELECT 1 AS a WHERE $1::uuid = $2::uuid", key, ANY).row(a=1)
    fake_postgres.on("SELECT 2 AS a WHERE $1 = $2", "7", str.isdigit).row(a=2)

    connection = await fake_postgres.asyncpg.connect()

    query = "SELECT 1 AS a WHERE $1::uuid = $2::uuid"
    assert await connection.fetchval(query, str(key), uuid.uuid4()) == 1
    assert await connection.fetchval("SELECT 2 AS a WHERE $1 = $2", "7", "8") == 2


async def test_every_kind_of_answer(fake_postgres: FakePostgres) -> None:
    fake_postgres.on("SELECT a").value("x").then.value(None)
    fake_postgres.on("SELECT b").rows({"b": 1}, {"b": 2**40})
    fake_postgres.on("SELECT c").rows()
    fake_postgres.on("UPDATE t SET a = 1").tag("UPDATE 3")
    fake_postgres.on("INSERT INTO t ...")
    fake_postgres.on("SELECT d").delay(0.01).value(4)

    connection = await fake_postgres.asyncpg.connect()

    assert [await connection.fetchval("SELECT a") for _ in range(2)] == ["x", None]
    assert [row["b"] for row in await connection.fetch("SELECT b")] == [1, 2**40]
    assert await connection.fetch("SELECT c") == []
    assert await connection.execute("UPDATE t SET a = 1") == "UPDATE 3"
    assert await connection.execute("INSERT INTO t VALUES (1)") == "INSERT 0 0"
    assert await connection.fetchval("SELECT d") == 4


async def test_functions_answer_with_the_call_in_hand(fake_postgres: FakePostgres) -> None:
    @fake_postgres.on("SELECT $1::text AS a")
    async def echo(call: Any) -> dict[str, Any]:
        await asyncio.sleep(0)
        return {"a": call.parameters[0].upper()}

    fake_postgres.on("SELECT $1::text AS a", "columns").row(a="columns").optional()
    memory = await fake_postgres.asyncpg.connect()
    socket = await fake_postgres.psycopg.connect()

    assert await memory.fetchval("SELECT $1::text AS a", "x") == "X"
    cursor = await socket.execute("SELECT %s::text AS a", ("y",))
    assert await cursor.fetchall() == [("Y",)]


def test_an_async_function_answers_where_no_loop_runs(fake_postgres: FakePostgres) -> None:
    fake_postgres.on("SELECT 1 AS a", ANY).row(a=1).optional()

    @fake_postgres.on("SELECT 1 AS a")
    async def answer(call: Any) -> dict[str, int]:
        await asyncio.sleep(0)
        return {"a": 2}

    connection = fake_postgres.psycopg.connect_sync()

    assert connection.execute("SELECT 1 AS a").fetchall() == [(2,)]


async def test_errors_become_the_drivers_own(fake_postgres: FakePostgres) -> None:
    error = db_error("23505", constraint="t_key", detail="Key (a)=(1) exists.", driver="psqlpy")
    fake_postgres.on("INSERT INTO t ...").raises(error)

    memory = await fake_postgres.asyncpg.connect()
    with pytest.raises(asyncpg.UniqueViolationError) as by_asyncpg:
        await memory.execute("INSERT INTO t VALUES (1)")
    socket = await fake_postgres.psycopg.connect()
    with pytest.raises(psycopg.errors.UniqueViolation) as by_psycopg:
        await socket.execute("INSERT INTO t VALUES (1)")
    await socket.rollback()

    assert by_asyncpg.value.constraint_name == "t_key"
    assert by_asyncpg.value.detail == "Key (a)=(1) exists."
    assert by_psycopg.value.diag.constraint_name == "t_key"
    assert str(by_psycopg.value).splitlines()[0] == (
        'duplicate key value violates unique constraint "t_key"'
    )


def test_what_no_server_sends_cannot_be_scripted(fake_postgres: FakePostgres) -> None:
    with pytest.raises(ScriptError) as raised:
        fake_postgres.on("SELECT 1").optional().raises(ValueError("x"))

    assert str(raised.value) == (
        "raises(ValueError('x')): no PostgreSQL server sends this, and only what a server sends "
        "reaches the driver.\n"
        "An error of the database is raises(db_error(...)); a lost connection is drops(); "
        "for a time-out let the answer come late, delay(...), or never, hangs()."
    )


async def test_commit_can_fail(fake_postgres: FakePostgres) -> None:
    fake_postgres.on("COMMIT").raises(db_error("40001"))
    fake_postgres.on("UPDATE t SET a = 1").tag("UPDATE 1")

    connection = await fake_postgres.asyncpg.connect()
    with pytest.raises(asyncpg.SerializationError):
        async with connection.transaction():
            await connection.execute("UPDATE t SET a = 1")

    assert [transaction.state for transaction in fake_postgres.transactions] == ["rolled back"]


async def test_transactions_are_a_tree_with_their_calls(fake_postgres: FakePostgres) -> None:
    fake_postgres.on("UPDATE t SET a = 1").tag("UPDATE 1")

    connection = await fake_postgres.asyncpg.connect()
    async with connection.transaction(), connection.transaction():
        await connection.execute("UPDATE t SET a = 1")

    (outer,) = fake_postgres.transactions
    (inner,) = outer.children
    assert (outer.state, inner.state) == ("committed", "released")
    assert [call.statement for call in inner.calls] == ["UPDATE t SET a = 1"]
    assert outer.origin.code.co_name == "test_transactions_are_a_tree_with_their_calls"


async def test_calls_can_be_asserted_on(fake_postgres: FakePostgres) -> None:
    fake_postgres.on(ONE).row(id=7, name="Ana")
    connection = await fake_postgres.psycopg.connect()
    await connection.execute(PSYCOPG_ONE, (7,))

    fake_postgres.assert_called(ONE, 7, times=1)
    with opened(), pytest.raises(CallNotFound):
        fake_postgres.assert_called(ONE, 8)


async def test_notifications_reach_whoever_listens(fake_postgres: FakePostgres) -> None:
    heard: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
    memory = await fake_postgres.asyncpg.connect()
    await memory.add_listener("jobs", lambda _c, _pid, *said: heard.put_nowait(said))
    socket = await fake_postgres.psycopg.connect(autocommit=True)
    await socket.execute("LISTEN jobs")

    fake_postgres.notify("jobs", "one")
    await socket.execute("NOTIFY jobs, 'two'")

    assert [await heard.get() for _ in range(2)] == [("jobs", "one"), ("jobs", "two")]
    received = [notify async for notify in socket.notifies(timeout=5, stop_after=2)]
    assert [item.payload for item in received] == ["one", "two"]
    await memory.reset()


async def test_copy(fake_postgres: FakePostgres) -> None:
    fake_postgres.on("COPY users TO STDOUT").rows(
        {"id": 1, "name": "A\tB"}, {"id": 2, "name": None}
    )
    fake_postgres.on("COPY users FROM STDIN")

    connection = await fake_postgres.psycopg.connect()
    async with connection.cursor() as cursor:
        async with cursor.copy("COPY users TO STDOUT") as copy:
            out = b"".join([bytes(item) async for item in copy])
        async with cursor.copy("COPY users FROM STDIN") as copy:
            await copy.write_row((1, "Ana"))
            await copy.write_row((2, "Bia"))
        assert cursor.rowcount == 2
    await connection.commit()

    assert out == b"1\tA\\tB\n2\t\\N\n"
    assert fake_postgres.calls[1].rows == [("1", "Ana"), ("2", "Bia")]  # texts without a schema
    fake_postgres.assert_called("COPY users FROM STDIN", (1, "Ana"), (2, "Bia"), times=1)


async def test_a_pool_of_psycopg(fake_postgres: FakePostgres) -> None:
    fake_postgres.on(ONE, 7).row(id=7, name="Ana")

    async with fake_postgres.psycopg.pool(max_size=2) as pool, pool.connection() as connection:
        found = await (await connection.execute(PSYCOPG_ONE, (7,))).fetchone()

    assert found == (7, "Ana")
    assert fake_postgres.transactions[0].state == "committed"


def test_an_engine_that_is_not_async_asks_its_own_questions(fake_postgres: FakePostgres) -> None:
    fake_postgres.on("SELECT name FROM users WHERE id = $1", 7).row(name="Ana")
    engine = fake_postgres.sqlalchemy.sync_engine()

    # With SQLAlchemy's own questions: the version, the schema, whether there is hstore.
    with engine.begin() as connection:
        found = connection.execute(sa.text("SELECT name FROM users WHERE id = :id"), {"id": 7})
        assert found.scalar_one() == "Ana"

    assert [call.statement for call in fake_postgres.calls] == [
        "SELECT name FROM users WHERE id = $1"
    ]
    assert fake_postgres.transactions[-1].state == "committed"


def test_asyncpg_in_memory_on_uvloop(fake_postgres: FakePostgres) -> None:
    uvloop = pytest.importorskip("uvloop", reason="uvloop is not for Windows")
    fake_postgres.on(ONE, 7).row(id=7, name="Ana")
    fake_postgres.on("SELECT pg_sleep(9)").hangs()

    async def ask() -> list[Any]:
        async with fake_postgres.asyncpg.pool(max_size=2) as pool:
            rows = await asyncio.gather(*(pool.fetchrow(ONE, 7) for _ in range(5)))
            with pytest.raises(TimeoutError):
                await pool.execute("SELECT pg_sleep(9)", timeout=0.01)
            return [tuple(row) for row in rows]

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(ask()) == [(7, "Ana")] * 5


async def test_any_value_of_a_column_that_the_rows_have(fake_postgres: FakePostgres) -> None:
    fake_postgres.on(ONE, ANY).row(id=7, name="Ana")
    connection = await fake_postgres.asyncpg.connect()

    assert tuple(await connection.fetchrow(ONE, 7)) == (7, "Ana")


def test_without_a_schema_every_name_is_a_type_and_nobody_knows_more(
    fake_postgres: FakePostgres,
) -> None:
    connection = fake_postgres.psycopg.connect_sync()
    mood, integer = TypeInfo.fetch(connection, "mood"), TypeInfo.fetch(connection, "integer")
    assert mood is not None
    assert integer is not None
    assert (integer.oid, integer.array_oid) == (23, 1007)
    # SQLAlchemy looks for it whenever an engine connects.
    assert TypeInfo.fetch(connection, "hstore") is None

    with opened(), pytest.raises(psycopg.InternalError, match="there is no PostgreSQL to ask"):
        connection.execute("SELECT typname FROM pg_catalog.pg_type WHERE oid = %s", [23])
