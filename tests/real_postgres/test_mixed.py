"""Scripted statements on a real server."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import asyncpg
import psqlpy
import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from tests.real_postgres.conftest import Harness
from tests.real_postgres.test_isolation import of_asyncpg, of_psqlpy, of_psycopg, of_sqlalchemy
from understudy import db_error
from understudy.real_postgres.fixture import RealPostgres

INSERT = "INSERT INTO users (name) VALUES ('Ana') RETURNING id"
DEADLOCKS = {
    of_asyncpg: asyncpg.DeadlockDetectedError,
    of_psycopg: psycopg.errors.DeadlockDetected,
    of_psqlpy: psqlpy.exceptions.ConnectionExecuteError,
    of_sqlalchemy: DBAPIError,
}


@pytest.mark.parametrize(("driver", "error"), DEADLOCKS.items(), ids=lambda each: each.__name__)
async def test_one_statement_deadlocks_and_all_else_is_real(
    real: RealPostgres, driver: Any, error: type[Exception]
) -> None:
    real.on(INSERT).raises(db_error("40P01")).times(1)
    async with AsyncExitStack() as stack:
        value = await driver(real, stack)
        await value("INSERT INTO users (name) VALUES ('Bia') RETURNING id")
        with pytest.raises(error):
            await value(INSERT)
        await value(INSERT)  # the error was used once
        assert await value("SELECT count(*) FROM users") == 2
    real.assert_called(INSERT, times=2)


async def test_the_third_of_them_deadlocks(real: RealPostgres) -> None:
    insert = "INSERT INTO users (name) VALUES ($1)"
    real.on(insert).real().then.delay(0.01).real().then.raises(db_error("40P01"))
    connection = await real.asyncpg.connect()
    await connection.execute(insert, "Ana")
    await connection.execute(insert, "Bia")
    with pytest.raises(asyncpg.DeadlockDetectedError):
        await connection.execute(insert, "Caio")
    assert await connection.fetchval("SELECT count(*) FROM users") == 2
    await connection.close()


async def test_rules_see_values_and_answer_with_the_real_columns(real: RealPostgres) -> None:
    connection = await real.asyncpg.connect()
    real.on("SELECT id, mood FROM users WHERE name = $1", "Ana").row(id=7, mood="sad")
    await connection.execute("INSERT INTO users (name, mood) VALUES ($1, $2)", "Bia", "happy")

    query = "SELECT id, mood FROM users WHERE name = $1"
    assert tuple(await connection.fetchrow(query, "Ana")) == (7, "sad")
    assert (await connection.fetchrow(query, "Bia"))["mood"] == "happy"
    real.assert_called("INSERT INTO users ...", "Bia", "happy", times=1)
    await connection.close()


async def test_a_commit_that_fails_is_a_rollback(real: RealPostgres) -> None:
    real.on("COMMIT").raises(db_error("40001")).times(1)
    async with await real.psycopg.connect() as connection:
        await connection.execute(INSERT)
        with pytest.raises(psycopg.errors.SerializationFailure):
            await connection.commit()
        cursor = await connection.execute("SELECT count(*) FROM users")
        assert await cursor.fetchone() == (0,)


@pytest.mark.parametrize(("when", "count"), [("before", 0), ("after", 1)])
async def test_a_connection_that_is_lost_at_commit(
    real: RealPostgres, when: Any, count: int
) -> None:
    real.on("COMMIT").drops(when)
    connection = await real.psycopg.connect()
    await connection.execute(INSERT)
    with pytest.raises(psycopg.OperationalError):
        await connection.commit()
    other = await real.asyncpg.connect()
    assert await other.fetchval("SELECT count(*) FROM users") == count
    await other.close()


@pytest.mark.parametrize(("when", "count"), [("before", 0), ("after", 1)])
async def test_a_connection_that_is_lost_at_a_statement(
    real: RealPostgres, when: Any, count: int
) -> None:
    real.on(INSERT).drops(when)
    connection = await real.asyncpg.connect()
    with pytest.raises(asyncpg.ConnectionDoesNotExistError):
        await connection.execute(INSERT)
    other = await real.asyncpg.connect()
    assert await other.fetchval("SELECT count(*) FROM users") == count
    await other.close()


async def test_an_answer_that_comes_late_and_one_that_never_does(real: RealPostgres) -> None:
    real.on("SELECT 1").delay(0.01).value(7)
    real.on("SELECT 2").hangs()
    real.on("BEGIN ...").delay(0.01).tag("BEGIN")
    connection = await real.asyncpg.connect()
    async with connection.transaction():
        assert await connection.fetchval("SELECT 1") == 7
    with pytest.raises(asyncio.TimeoutError):
        await connection.fetchval("SELECT 2", timeout=0.05)
    assert await connection.fetchval("SELECT 3") == 3
    await connection.close()


async def test_a_rule_that_is_not_used_fails_the_test(harness: Harness) -> None:
    with harness.failing() as (real, failures):
        real.on("SELECT nothing()").value(1)
    assert [text.split(":")[0] for text in failures] == ["UnusedAnswers"]


async def test_a_statement_that_postgresql_refuses_is_refused_though_it_is_scripted(
    real: RealPostgres,
) -> None:
    real.on("SELECT nmae FROM users").value("Ana").optional()
    connection = await real.asyncpg.connect()
    with pytest.raises(asyncpg.UndefinedColumnError):
        await connection.fetchval("SELECT nmae FROM users")
    await connection.close()


async def test_after_a_failover_the_real_server_is_read_only_too(real: RealPostgres) -> None:
    async with await real.psycopg.connect(autocommit=True) as connection:
        await connection.execute(INSERT)
        real.fail_over()
        for statement in (INSERT, "SELECT * FROM users FOR UPDATE"):
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                await connection.execute(statement)
        cursor = await connection.execute("SELECT count(*) FROM users")
        assert await cursor.fetchone() == (1,)
