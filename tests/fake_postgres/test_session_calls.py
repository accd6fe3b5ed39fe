"""pg_notify, NOTIFY, LISTEN, SET, SHOW and set_config are calls like others."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from understudy import ANY, CallNotFound, db_error
from understudy.fake_postgres.fixture import FakePostgres
from understudy.script.expectations import opened

NOTIFY = "SELECT pg_notify($1, $2)"
TENANT = "SELECT set_config('app.tenant', $1, true)"


def statements(fake_postgres: FakePostgres) -> list[str]:
    return [call.statement for call in fake_postgres.calls]


async def test_notifications_are_asserted_with_their_parameters(
    fake_postgres: FakePostgres,
) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    connection = await fake_postgres.asyncpg.connect()
    await connection.add_listener("jobs", lambda *args: heard.put_nowait(args[-1]))
    await connection.execute(NOTIFY, "jobs", "7")
    await connection.execute("NOTIFY jobs, 'eight'")
    fake_postgres.notify("jobs", "nine")

    assert [await heard.get() for _ in range(3)] == ["7", "eight", "nine"]
    fake_postgres.assert_called(NOTIFY, "jobs", ANY, times=1)
    fake_postgres.assert_called("NOTIFY jobs, 'eight'")
    fake_postgres.assert_called("LISTEN ...", times=1)
    with opened(), pytest.raises(CallNotFound):
        fake_postgres.assert_called(NOTIFY, "jobs", "8")


async def test_a_rule_answers_for_its_parameters_alone(fake_postgres: FakePostgres) -> None:
    fake_postgres.on(NOTIFY, "jobs", "7").raises(db_error("54000", message="queue is full"))
    connection = await fake_postgres.asyncpg.connect()
    await connection.execute(NOTIFY, "jobs", "8")
    with pytest.raises(asyncpg.PostgresError, match="queue is full"):
        await connection.execute(NOTIFY, "jobs", "7")
    assert [call.parameters for call in fake_postgres.calls] == [["jobs", "8"], ["jobs", "7"]]


async def test_settings_are_calls_in_their_transaction(fake_postgres: FakePostgres) -> None:
    connection = await fake_postgres.psycopg.connect()
    async with connection.transaction():
        await connection.execute("SET LOCAL statement_timeout = '5s'")
        cursor = await connection.execute("SHOW statement_timeout")
        assert await cursor.fetchone() == ("5s",)
    fake_postgres.assert_called("SET LOCAL statement_timeout = '5s'", times=1)
    assert [call.statement for call in fake_postgres.transactions[0].calls] == statements(
        fake_postgres
    )


@pytest.mark.parametrize("local", ["true", "false"])
async def test_set_config_sets_what_show_gives(fake_postgres: FakePostgres, local: str) -> None:
    tenant = TENANT.replace("true", local)
    fake_postgres.on(tenant, "acme").row(set_config="acme")
    connection = await fake_postgres.asyncpg.connect()
    await connection.execute("SET app.tenant = 'none'")
    async with connection.transaction():
        assert await connection.fetchval(tenant, "acme") == "acme"
        assert await connection.fetchval("SHOW app.tenant") == "acme"
    after = "none" if local == "true" else "acme"
    assert await connection.fetchval("SHOW app.tenant") == after
    fake_postgres.assert_called(tenant, "acme", times=1)


async def test_what_drivers_and_pools_send_stays_hidden(fake_postgres: FakePostgres) -> None:
    fake_postgres.on("SELECT 1 AS a").row(a=1)
    pool = fake_postgres.asyncpg.pool(min_size=1)
    async with pool:
        for _ in range(2):
            await pool.fetchval("SELECT 1 AS a")
    engine = create_async_engine(fake_postgres.dsn.replace("postgresql", "postgresql+asyncpg"))
    async with engine.connect() as connection:
        await connection.execute(sa.text("SELECT 1 AS a"))
    await engine.dispose()
    assert set(statements(fake_postgres)) == {"SELECT 1 AS a"}
