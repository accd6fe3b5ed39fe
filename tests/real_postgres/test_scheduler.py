"""Connections that share a transaction: waiting, cancelling, and forwarding unchanged."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from decimal import Decimal
from typing import Any

import asyncpg
import psycopg
import pytest

from tests.real_postgres.conftest import Harness
from understudy.fake_postgres.protocol.errors import error
from understudy.real_postgres.fixture import RealPostgres
from understudy.real_postgres.upstream import Upstream

INSERT = "INSERT INTO users (name) VALUES ($1)"


async def test_transactions_side_by_side_take_turns(real: RealPostgres) -> None:
    async with real.asyncpg.pool(min_size=3, max_size=3) as pool:

        async def add(name: str) -> int:
            async with pool.acquire() as connection, connection.transaction():
                await connection.execute(INSERT, name)
                await asyncio.sleep(0)
                return await connection.fetchval("SELECT count(*) FROM users")

        counts = await asyncio.gather(*(add(name) for name in "abcdef"))
    assert sorted(counts) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("query", ["SELECT name FROM users", "TABLE users", "SHOW timezone"])
async def test_a_transaction_that_has_only_read_holds_nobody_up(
    real: RealPostgres, query: str
) -> None:
    """As with a session of SQLAlchemy that is left open after it has read."""
    real.patience = 0.05
    reader = await real.asyncpg.connect()
    writer = await real.asyncpg.connect()
    async with reader.transaction():
        await reader.fetch(query)
        await writer.execute(INSERT, "Ana")
        assert await reader.fetchval("SELECT name FROM users") == "Ana"
        async with writer.transaction():
            await writer.execute(INSERT, "Bo")
        await reader.execute(INSERT, "Cy")
    undone = reader.transaction()
    await undone.start()
    await reader.fetch(query)
    await writer.execute(INSERT, "Di")
    await reader.execute("DELETE FROM users")
    await undone.rollback()
    names = await writer.fetch("SELECT name FROM users ORDER BY name")
    assert [name for (name,) in names] == ["Ana", "Bo", "Cy", "Di"]
    await reader.close()
    await writer.close()


@pytest.mark.parametrize("ends", ["commit", "rollback"])
@pytest.mark.parametrize(
    ("setting", "is_local"),
    [
        ("SET LOCAL app.tenant = 'mine'", True),
        ("SET app.tenant = 'mine'", False),
        ("SELECT set_config('app.tenant', 'mine', true)", True),
        ("SELECT set_config('app.tenant', $1, true), name FROM users LIMIT 1", True),
        ("SELECT pg_catalog.set_config($1, 'mine', false)", False),
        ("SET LOCAL ROLE pg_read_all_data", True),
    ],
)
async def test_a_transaction_that_has_set_and_read_holds_up_nobody(
    real: RealPostgres, setting: str, is_local: bool, ends: str
) -> None:
    """As with an app that sets the tenant of each request for its row-level security."""
    real.patience = 0.05
    shown = "SELECT current_user::text || coalesce(current_setting('app.tenant', true), '')"
    one = await real.asyncpg.connect()
    other = await real.asyncpg.connect()
    await other.execute(INSERT, "Ana")
    before = await one.fetchval(shown)
    transaction = one.transaction()
    await transaction.start()
    names = {"$1, true": "mine", "($1": "app.tenant"}
    await one.fetch(setting, *[name for place, name in names.items() if place in setting])
    within = await one.fetchval(shown)
    assert within == ("pg_read_all_data" if "ROLE" in setting else f"{before}mine")
    for name in ("Bo", "Cy"):
        assert await other.fetchval(shown) == before
        await other.execute(INSERT, name)
        assert await one.fetchval(shown) == within
    await getattr(transaction, ends)()
    assert await one.fetchval(shown) == (before if is_local or ends == "rollback" else within)
    assert await other.fetchval("SELECT count(*) FROM users") == 3
    await one.close()
    await other.close()


@pytest.mark.parametrize(
    "query",
    [
        "SELECT name FROM users FOR UPDATE",
        "SELECT nextval('users_id_seq')",
        "SELECT pg_advisory_xact_lock(1)",
        "SAVEPOINT mine",
        "DECLARE names CURSOR FOR SELECT name FROM users",
        "WITH gone AS (DELETE FROM users RETURNING id) SELECT id FROM gone",
        "CREATE TABLE more (id int)",
        "SELECT \"nextval\"('users_id_seq')",
    ],
)
async def test_a_transaction_that_may_have_done_more_is_waited_for(
    harness: Harness, query: str
) -> None:
    with harness.failing() as (real, failures):
        real.patience = 0.05
        one = await real.asyncpg.connect()
        other = await real.asyncpg.connect()
        async with one.transaction():
            await one.execute(query)
            with pytest.raises(asyncpg.LockNotAvailableError):
                await other.fetch("SELECT name FROM users")
        await one.close()
        await other.close()
    assert len(failures) == 1


async def test_a_timeout_names_the_connection_that_it_waited_for(harness: Harness) -> None:
    with harness.failing() as (real, failures):
        real.patience = 0.05
        one = await real.asyncpg.connect()
        other = await real.asyncpg.connect()
        async with one.transaction():
            await one.execute(INSERT, "Ana")
            with pytest.raises(asyncpg.LockNotAvailableError) as caught:
                await other.fetch("SELECT name FROM users")
        assert len(await other.fetch("SELECT name FROM users")) == 1
        await one.close()
        await other.close()
    place = "  waits for the transaction of: "
    lines = caught.value.args[0].splitlines()
    assert lines[2].startswith(f"{place}tests/real_postgres/test_scheduler.py:")
    assert [line for line in lines if not line.startswith(place)] == [
        "a statement waited 0.05 s for another connection's transaction to end",
        "  sql:     SELECT name FROM users",
        "  its latest statement:         INSERT INTO users (name) VALUES ($1)",
        "Isolated by rollback, the connections of a test share one real transaction, one at a"
        " time.",
        "End that transaction first, or give the test a database of its own:",
        '  @pytest.mark.understudy(isolation="clone")',
    ]
    assert failures == [f"TransactionBusy: {caught.value.args[0]}"]


async def test_a_waiting_statement_can_be_cancelled(real: RealPostgres) -> None:
    one = await real.asyncpg.connect()
    other = await real.asyncpg.connect()
    async with one.transaction():
        await one.execute(INSERT, "Ana")
        with pytest.raises(asyncio.TimeoutError):
            await other.fetch("SELECT name FROM users", timeout=0.05)
    assert len(await other.fetch("SELECT name FROM users")) == 1
    await one.close()
    await other.close()


async def test_a_running_statement_can_be_cancelled_and_times_out(real: RealPostgres) -> None:
    connection = await real.asyncpg.connect()
    await connection.execute(INSERT, "Ana")
    with pytest.raises(asyncio.TimeoutError):
        await connection.fetch("SELECT pg_sleep(60)", timeout=0.05)
    await connection.execute("SET statement_timeout TO 20")
    with pytest.raises(asyncpg.QueryCanceledError, match="statement timeout"):
        await connection.fetch("SELECT pg_sleep(60)")
    await connection.execute("RESET statement_timeout")
    assert await connection.fetchval("SELECT count(*) FROM users") == 1
    await connection.close()


@pytest.fixture
def deaf(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A server that ignores the first cancel, as if the statement had not begun yet."""
    heard: list[str] = []
    cancel = Upstream._cancel

    def ignore_the_first(upstream: Upstream) -> None:
        if heard:
            cancel(upstream)
        else:
            upstream._cancels += 1
        heard.append("cancel")

    monkeypatch.setattr(Upstream, "_cancel", ignore_the_first)
    return heard


async def test_a_cancel_that_comes_too_early_is_sent_again(
    real: RealPostgres, deaf: list[str]
) -> None:
    connection = await real.asyncpg.connect()
    with pytest.raises(asyncio.TimeoutError):
        await connection.fetch("SELECT pg_sleep(60)", timeout=0.05)
    assert await connection.fetchval("SELECT 1") == 1
    await connection.close()
    assert len(deaf) > 1


async def test_a_client_that_goes_leaves_nothing(real: RealPostgres) -> None:
    one = await real.asyncpg.connect()
    await one.execute("BEGIN")
    await one.execute(INSERT, "Ana")
    one.terminate()
    other = await real.asyncpg.connect()
    assert await other.fetchval("SELECT count(*) FROM users") == 0
    third = await real.asyncpg.connect()
    running = asyncio.create_task(third.execute("SELECT pg_sleep(60)"))
    while not any(call.statement == "SELECT pg_sleep(60)" for call in real.calls):  # noqa: ASYNC110 # the server runs in another thread
        await asyncio.sleep(0.001)
    third.terminate()
    with pytest.raises(asyncpg.ConnectionDoesNotExistError):
        await running
    assert await other.fetchval("SELECT count(*) FROM users") == 0
    await other.close()


async def test_values_of_every_kind_go_through_as_they_are(real: RealPostgres) -> None:
    connection = await real.asyncpg.connect()
    await connection.set_type_codec(
        "jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog"
    )
    given = ["happy", [(1, Decimal("2.50")), (None, None)], {"a": [1]}, b"\0\xff", None]
    row = await connection.fetchrow(
        "SELECT $1::mood, $2::spot[], $3::jsonb, $4::bytea, $5::int", *given
    )
    assert [row[0], [tuple(spot) for spot in row[1]], row[2], row[3], row[4]] == given
    [field] = await connection.fetch("SELECT 1::numeric(10, 2) AS n, 'x' AS t")
    assert dict(field) == {"n": Decimal("1.00"), "t": "x"}
    await connection.close()


async def test_copy_cursors_and_long_results(real: RealPostgres) -> None:
    async with await real.psycopg.connect() as connection:
        cursor = connection.cursor()
        async with cursor.copy("COPY users (name, id) FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(["text", "int4"])
            for number in range(3000):
                await copy.write_row([f"user {number}", number])
        assert cursor.rowcount == 3000
        async with cursor.copy(
            "COPY (SELECT name FROM users ORDER BY id LIMIT 2) TO STDOUT"
        ) as out:
            assert [row async for row in out.rows()] == [("user 0",), ("user 1",)]
        with pytest.raises(psycopg.errors.UndefinedColumn):
            async with cursor.copy("COPY users (nope) FROM STDIN") as copy:
                await copy.write_row(["x"])
        await connection.rollback()
        async with connection.cursor("of_the_server", scrollable=True) as named:
            await named.execute("SELECT generate_series(1, 1000)")
            assert await named.fetchmany(2) == [(1,), (2,)]
            await named.scroll(-1)
            assert await named.fetchone() == (2,)
    other = await real.asyncpg.connect()
    async with other.transaction():
        numbers = await other.cursor("SELECT generate_series(1, 1000000000)")
        assert [row[0] for row in await numbers.fetch(2)] == [1, 2]
        assert [row[0] for row in await numbers.fetch(2)] == [3, 4]
    assert len(await other.fetch("SELECT repeat('x', 100) FROM generate_series(1, 50000)")) == 50000
    await other.close()


async def test_a_cursor_of_the_protocol_is_one_for_sql_too(real: RealPostgres) -> None:
    connection = await real.asyncpg.connect()
    async with connection.transaction():
        numbers = await connection.cursor("SELECT generate_series(1, 20)")
        assert await numbers.forward(5) == 5
        assert await numbers.fetchrow() == (6,)
        assert await numbers.forward(2) == 2
        assert [row[0] for row in await numbers.fetch(2)] == [9, 10]
        said = await connection.cursor("SELECT pg_notify('news', 'hello')")
        assert await said.fetch(2) == [(None,)]
    await connection.close()


async def test_a_closed_portal_holds_no_lock(
    real: RealPostgres,
) -> None:
    connection = await real.asyncpg.connect()
    async with connection.transaction():
        await connection.execute("CREATE TABLE t AS SELECT generate_series(1, 3) AS i")
        assert [row["i"] async for row in connection.cursor("SELECT i FROM t")] == [1, 2, 3]
        assert await connection.fetchrow("SELECT i FROM t WHERE i > $1", 1) == (2,)
        assert await connection.fetchrow("SELECT i FROM t") == (1,)
        await connection.execute("DROP TABLE t")
        await connection.execute("CREATE TABLE t AS SELECT generate_series(1, 3) AS i")
        assert len([row async for row in connection.cursor("SELECT i FROM t")]) == 3
    await connection.execute("DROP TABLE t")
    await connection.close()


async def test_notifications_come_with_the_commit(real: RealPostgres) -> None:
    heard: list[Any] = []
    one = await real.asyncpg.connect()
    other = await real.asyncpg.connect()
    await one.add_listener("news", lambda _, pid, channel, payload: heard.append((pid, payload)))
    async with other.transaction():
        await other.execute("SELECT pg_notify($1, $2)", "news", "hello")
        assert heard == []
    await other.execute("NOTIFY news, 'again'")
    await one.fetchval("SELECT 1")
    pid = other.get_server_pid()
    assert heard == [(pid, "hello"), (pid, "again")]
    await one.remove_listener("news", heard.append)
    await one.close()
    await other.close()


async def test_prepared_statements_in_sql(real: RealPostgres) -> None:
    async with await real.psycopg.connect(autocommit=True) as connection:
        await connection.execute("PREPARE named (int) AS SELECT $1 + 1")
        assert await (await connection.execute("EXECUTE named (41)")).fetchone() == (42,)
        await connection.execute("DEALLOCATE named")
        with pytest.raises(psycopg.errors.InvalidSqlStatementName):
            await connection.execute("EXECUTE named (41)")


async def test_an_error_about_transactions_names_the_marker(real: RealPostgres) -> None:
    connection = await real.asyncpg.connect()
    with pytest.raises(asyncpg.ActiveSQLTransactionError) as caught:
        await connection.execute("VACUUM users")
    assert caught.value.args[0] == "VACUUM cannot run inside a transaction block"
    assert caught.value.hint == (
        "real_postgres isolates this test by rollback, in a single transaction. For a database of"
        ' its own, with real commits, mark the test @pytest.mark.understudy(isolation="clone").'
    )
    await connection.close()


async def test_a_commit_fails_the_test_and_replaces_the_database(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = len(harness.databases)
    with harness.failing() as (real, failures):
        connection = await real.asyncpg.connect()
        await connection.execute(INSERT, "Ana")
        with monkeypatch.context() as blind:
            # As if PostgreSQL knew a way to commit that is not read here.
            blind.setattr(
                "understudy.fake_postgres.protocol.prepared_statements.read", lambda statement: None
            )
            await connection.execute("COMMIT")
        await connection.close()
    assert failures == [
        "IsolationEscaped: a statement ended the transaction that isolates this test: its changes"
        " are committed\n"
        "  sql: COMMIT\n"
        "The database was replaced, so that no other test sees them. For a test that needs this:\n"
        '  @pytest.mark.understudy(isolation="clone")'
    ]
    with harness.test() as real:
        connection = await real.asyncpg.connect()
        assert await connection.fetchval("SELECT count(*) FROM users") == 0
        await connection.close()
    assert len(harness.databases) == before + 1


async def test_a_server_that_ends_its_connection_is_met_again_by_the_next_test(
    harness: Harness,
) -> None:
    with harness.test() as real:
        connection = await real.asyncpg.connect()
        with pytest.raises(asyncpg.ConnectionDoesNotExistError, match="administrator command"):
            await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        again = await real.asyncpg.connect()
        with pytest.raises(asyncpg.ConnectionDoesNotExistError, match="real PostgreSQL is lost"):
            await again.execute("SELECT 1")
    with harness.test() as real:
        connection = await real.asyncpg.connect()
        assert await connection.fetchval("SELECT count(*) FROM users") == 0
        await connection.close()


async def test_a_server_that_goes_while_a_connection_is_replaced_is_met_by_the_next_test(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(upstream: object) -> None:
        raise error("57P01", "terminating connection due to administrator command")

    constraints = harness.server.scheduler._constraints
    with harness.test() as real:
        connection = await real.asyncpg.connect()
        await connection.execute("SELECT set_config('made.up', 'x', false)")
        monkeypatch.setattr(constraints, "read_from", lost)
    harness.server.wait_for_rollback()
    monkeypatch.undo()

    with harness.test() as real:
        connection = await real.asyncpg.connect()
        assert await connection.fetchval("SELECT current_setting('made.up', true)") is None


async def test_there_is_one_database(real: RealPostgres) -> None:
    with pytest.raises(psycopg.OperationalError, match='database "nowhere" does not exist'):
        await psycopg.AsyncConnection.connect(real.dsn, dbname="nowhere")


def test_a_program_of_its_own_is_isolated_too(harness: Harness) -> None:
    script = (
        "import psycopg, sys\n"
        "with psycopg.connect(sys.argv[1]) as connection:\n"
        "    connection.execute(\"INSERT INTO users (name) VALUES ('Ana')\")\n"
    )
    with harness.test() as real:
        subprocess.run([sys.executable, "-c", script, real.dsn], check=True)
        with real.psycopg.connect_sync() as connection:
            assert connection.execute("SELECT name FROM users").fetchall() == [("Ana",)]
    with harness.beside() as other:
        assert other.execute("SELECT count(*) FROM users").fetchone() == (0,)
