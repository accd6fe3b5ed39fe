"""`real_postgres.changes()` beside open and aborted transactions, and on connections of others."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import asyncpg
import psycopg
import pytest

from understudy.real_postgres.fixture import RealPostgres
from understudy.rows import ChangesUnknown


async def test_rows_of_an_open_transaction_count_and_are_gone_after_its_rollback(
    real: RealPostgres,
) -> None:
    conn = await real.psycopg.connect()
    with real.changes() as changes:
        await conn.execute("INSERT INTO notes (tenant, text) VALUES (1, 'a')")
    assert changes.inserted == {"notes": [{"id": 1, "tenant": 1, "text": "a"}]}

    with real.changes() as changes:
        await conn.rollback()
    assert changes.deleted == {"notes": [{"id": 1}]}
    assert len(real.calls) == 1
    assert len(real.transactions) == 1


async def test_an_aborted_transaction_has_what_it_can_still_commit(real: RealPostgres) -> None:
    conn = await real.psycopg.connect()
    await conn.execute("INSERT INTO notes (tenant, text) VALUES (1, 'a')")
    await conn.execute('SAVEPOINT "s 1"')
    with real.changes() as changes:
        await conn.execute("UPDATE notes SET text = 'b'")
        with pytest.raises(psycopg.errors.DivisionByZero):
            await conn.execute("SELECT 1 / 0")
    assert not changes
    with pytest.raises(psycopg.errors.InFailedSqlTransaction):
        await conn.execute("SELECT 1")

    with real.changes() as changes:
        await conn.execute('ROLLBACK TO SAVEPOINT "s 1"')
        await conn.execute("UPDATE notes SET text = 'c'")
        await conn.commit()
    assert changes.updated == {"notes": [{"id": 1, "text": "c"}]}


async def test_an_aborted_transaction_without_a_savepoint_has_nothing(real: RealPostgres) -> None:
    conn = await real.asyncpg.connect()
    with real.changes() as changes:
        await conn.execute("INSERT INTO notes (tenant, text) VALUES (1, 'a')")
        transaction = conn.transaction()
        await transaction.start()
        await conn.execute("INSERT INTO notes (tenant, text) VALUES (1, 'b')")
        with pytest.raises(asyncpg.DivisionByZeroError):
            await conn.execute("SELECT 1 / 0")
    await transaction.rollback()

    assert [row["text"] for row in changes.inserted["notes"]] == ["a"]
    assert await conn.fetchval("SELECT count(*) FROM notes") == 1


async def test_a_role_and_its_policies_hide_no_rows(real: RealPostgres) -> None:
    conn = await real.psycopg.connect()
    await conn.execute("INSERT INTO notes (tenant, text) VALUES (1, 'a'), (2, 'b')")
    await conn.execute("SET ROLE app; SET app.tenant = '1'")
    with real.changes() as changes:
        await conn.execute("DELETE FROM notes")

    assert changes.deleted == {"notes": [{"id": 1}]}
    [user] = await (await conn.execute("SELECT current_user")).fetchall()
    assert user == ("app",)
    await conn.rollback()


def test_it_waits_for_a_statement_that_runs(real: RealPostgres) -> None:
    insert = "INSERT INTO notes (tenant, text) SELECT 1, 'a' FROM pg_sleep(0.05)"
    conn = real.psycopg.connect_sync(autocommit=True)
    with ThreadPoolExecutor(1) as pool, real.changes() as changes:
        pool.submit(conn.execute, insert)
        while not real.calls:
            time.sleep(0.001)

    assert [row["text"] for row in changes.inserted["notes"]] == ["a"]


async def test_a_failing_read_says_why_and_leaves_the_transaction_alone(real: RealPostgres) -> None:
    conn = await real.psycopg.connect()
    await conn.execute("INSERT INTO notes (tenant, text) VALUES (1, 'a')")
    with pytest.raises(ChangesUnknown) as raised:
        real._read("SELECT nothing")
    await conn.commit()

    assert str(raised.value) == (
        'The rows of the tables cannot be read: ERROR: column "nothing" does not exist'
    )
    assert await (await conn.execute("SELECT text FROM notes")).fetchall() == [("a",)]
    await conn.rollback()
