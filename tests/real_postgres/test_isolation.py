"""A test is rolled back, and within it the server behaves like one of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import asyncpg
import psqlpy
import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from tests.real_postgres.conftest import Harness
from understudy.real_postgres.fixture import RealPostgres

INSERT = "INSERT INTO users (name) VALUES ('Ana') RETURNING id"


async def of_asyncpg(real: RealPostgres, stack: AsyncExitStack) -> Callable[[str], Awaitable[Any]]:
    connection = await real.asyncpg.connect()
    stack.push_async_callback(connection.close)
    return connection.fetchval


async def of_psycopg(real: RealPostgres, stack: AsyncExitStack) -> Callable[[str], Awaitable[Any]]:
    connection = await real.psycopg.connect(autocommit=True)
    await stack.enter_async_context(connection)

    async def value(sql: str) -> Any:
        row = await (await connection.execute(sql)).fetchone()
        return None if row is None else row[0]

    return value


async def of_psqlpy(real: RealPostgres, stack: AsyncExitStack) -> Callable[[str], Awaitable[Any]]:
    connection = await real.psqlpy.connect()

    async def value(sql: str) -> Any:
        rows = (await connection.fetch(sql)).result()
        return next(iter(rows[0].values())) if rows else None

    return value


async def of_sqlalchemy(
    real: RealPostgres, stack: AsyncExitStack
) -> Callable[[str], Awaitable[Any]]:
    engine = real.sqlalchemy.engine(isolation_level="AUTOCOMMIT")
    stack.push_async_callback(engine.dispose)
    connection = await stack.enter_async_context(engine.connect())

    async def value(sql: str) -> Any:
        return (await connection.execute(text(sql))).scalar()

    return value


DRIVERS = {
    of_asyncpg: asyncpg.UniqueViolationError,
    of_psycopg: psycopg.errors.UniqueViolation,
    of_psqlpy: psqlpy.exceptions.ConnectionExecuteError,
    of_sqlalchemy: IntegrityError,
}


@pytest.mark.parametrize(("driver", "refused"), DRIVERS.items(), ids=lambda each: each.__name__)
async def test_nothing_of_a_test_stays_and_a_failed_statement_poisons_nothing(
    harness: Harness, driver: Any, refused: type[Exception]
) -> None:
    for _ in range(2):  # the second finds what the first found, its sequence too
        with harness.test() as real:
            async with AsyncExitStack() as stack:
                value = await driver(real, stack)
                assert await value("SELECT count(*) FROM users") == 0
                assert await value(INSERT) == 1
                with pytest.raises(refused):
                    await value(INSERT)
                assert await value("SELECT count(*) FROM users") == 1
    with harness.beside() as other:
        assert other.execute("SELECT count(*) FROM users").fetchone() == (0,)


async def in_block(
    connection: asyncpg.Connection, *statements: str, readonly: bool = False
) -> None:
    """Run statements in a transaction, or in a savepoint where there is one."""
    async with connection.transaction(readonly=readonly):
        for statement in statements:
            await connection.execute(statement)


async def test_transactions_are_those_of_the_code_under_test(real: RealPostgres) -> None:
    connection = await real.asyncpg.connect()
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute(INSERT)
    await transaction.rollback()
    async with connection.transaction():
        await connection.execute("INSERT INTO users (name) VALUES ('Bia')")
        with pytest.raises(asyncpg.UniqueViolationError):
            await in_block(
                connection,
                "INSERT INTO users (name) VALUES ('Caio')",
                "INSERT INTO users (name) VALUES ('Bia')",
            )
    rows = await connection.fetch("SELECT name FROM users")

    assert [row["name"] for row in rows] == ["Bia"]
    assert [transaction.state for transaction in real.transactions] == ["rolled back", "committed"]
    await connection.close()


async def test_a_block_that_failed_takes_no_more(real: RealPostgres) -> None:
    async with await real.psycopg.connect() as connection:
        await connection.execute(INSERT)
        with pytest.raises(psycopg.errors.UndefinedTable):
            await connection.execute("SELECT * FROM nope")
        with pytest.raises(psycopg.errors.InFailedSqlTransaction):
            await connection.execute("SELECT 1")
        await connection.rollback()
        cursor = await connection.execute("SELECT count(*) FROM users")
        assert await cursor.fetchone() == (0,)


async def test_several_statements_at_once_are_one_transaction(real: RealPostgres) -> None:
    connection = await real.asyncpg.connect()
    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.execute(f"{INSERT}; {INSERT}")
    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.executemany(
            "INSERT INTO users (name) VALUES ($1)", [("Bia",), ("Caio",), ("Bia",)]
        )
    assert await connection.fetchval("SELECT count(*) FROM users") == 0
    await connection.executemany("INSERT INTO users (name) VALUES ($1)", [("Bia",), ("Caio",)])
    assert await connection.fetchval("SELECT count(*) FROM users") == 2
    await connection.close()


async def test_a_pipeline(real: RealPostgres) -> None:
    async with await real.psycopg.connect() as connection, connection.pipeline():
        await connection.execute("INSERT INTO users (name) VALUES ('Ana')")
        cursor = await connection.execute("SELECT name FROM users")
        assert await cursor.fetchall() == [("Ana",)]


async def test_deferred_constraints_are_checked_at_every_commit(real: RealPostgres) -> None:
    connection = await real.asyncpg.connect()
    orphan = "INSERT INTO users (name, parent) VALUES ('Ana', 99)"
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await connection.execute(orphan)
    for _ in range(2):  # once checked, they are deferred again
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(orphan)
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            await transaction.commit()
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await in_block(
            connection,
            "SET CONSTRAINTS ALL DEFERRED",
            "INSERT INTO users (name, boss) VALUES ('Ana', 99)",
        )
    async with connection.transaction():
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            await in_block(connection, "INSERT INTO users (name, boss) VALUES ('Ana', 99)")
    assert await connection.fetchval("SELECT count(*) FROM users") == 0
    await connection.close()


async def test_a_read_only_transaction_writes_nothing_and_the_next_does(real: RealPostgres) -> None:
    connection = await real.asyncpg.connect()
    async with connection.transaction(readonly=True):
        assert await connection.fetchval("SELECT count(*) FROM users") == 0
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        await in_block(connection, INSERT, readonly=True)
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        await in_block(connection, "SET TRANSACTION READ ONLY", INSERT)
    await connection.execute(INSERT)
    await connection.close()


async def test_run_time_parameters_are_each_connections_own(harness: Harness) -> None:
    show = "SELECT current_setting('TimeZone'), current_setting('my.name', true)"
    with harness.test() as real:
        one = await real.asyncpg.connect(server_settings={"TimeZone": "Asia/Tokyo"})
        other = await real.asyncpg.connect()
        await other.execute("SET my.name TO 'Bia'")
        # PostgreSQL remembers the name of a parameter that was made up, for a whole connection.
        assert tuple(await one.fetchrow(show)) in [("Asia/Tokyo", None), ("Asia/Tokyo", "")]
        before = await other.fetchval("SHOW TimeZone")
        async with other.transaction():
            await other.execute("SET LOCAL TimeZone TO 'Europe/Rome'")
            assert await other.fetchval("SHOW TimeZone") == "Europe/Rome"
        assert tuple(await other.fetchrow(show)) == (before, "Bia")
        transaction = other.transaction()
        await transaction.start()
        await other.execute("SET my.name TO 'Caio'")
        await transaction.rollback()
        assert tuple(await one.fetchrow(show)) == ("Asia/Tokyo", "")
        assert tuple(await other.fetchrow(show)) == (before, "Bia")
        await other.execute("RESET ALL")
        assert tuple(await other.fetchrow(show)) == (before, "")
        await one.execute("RESET ALL")
        assert await one.fetchval("SHOW TimeZone") == "Asia/Tokyo"
        await one.close()
        await other.close()
    with harness.test() as real:
        fresh = await real.asyncpg.connect()
        assert (await fresh.fetchrow(show))[1] in (None, "")
        await fresh.close()


async def test_sequences_and_locks_are_restored(harness: Harness) -> None:
    with harness.test() as real:
        connection = await real.asyncpg.connect()
        await connection.fetchval("SELECT pg_advisory_lock(7)")
        await connection.fetchval("SELECT setval('users_id_seq', 500)")
        await connection.execute("CREATE TEMP TABLE basket (id int)")
        await connection.close()
    with harness.beside() as other:
        assert other.execute("SELECT pg_try_advisory_lock(7)").fetchone() == (True,)
        assert other.execute("SELECT last_value, is_called FROM users_id_seq").fetchone() == (
            1,
            False,
        )
    with harness.test() as real:
        connection = await real.asyncpg.connect()
        assert await connection.fetchval("SELECT to_regclass('basket')") is None
        with pytest.raises(asyncpg.ObjectNotInPrerequisiteStateError):
            await connection.fetchval("SELECT lastval()")
        await connection.close()


async def test_a_test_may_change_the_schema(harness: Harness) -> None:
    for _ in range(2):
        with harness.test() as real:
            connection = await real.asyncpg.connect()
            assert len(await connection.fetch("SELECT * FROM users")) == 0
            await connection.execute("ALTER TABLE users ADD COLUMN age int DEFAULT 7")
            await connection.execute(INSERT)
            row = await connection.fetchrow("SELECT * FROM users")
            assert row["age"] == 7
            await connection.execute(
                "CREATE TABLE pets (id serial, owner int REFERENCES users INITIALLY DEFERRED)"
            )
            with pytest.raises(asyncpg.ForeignKeyViolationError):
                await connection.execute("INSERT INTO pets (owner) VALUES (99)")
            await connection.close()


async def test_discard_all(real: RealPostgres) -> None:
    connection = await real.asyncpg.connect()
    await connection.execute("SET my.name TO 'Ana'; CREATE TEMP TABLE basket (id int)")
    await connection.execute("DISCARD ALL")
    assert await connection.fetchval("SELECT current_setting('my.name', true)") == ""
    assert await connection.fetchval("SELECT to_regclass('basket')") is None
    await connection.close()
