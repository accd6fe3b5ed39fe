"""What a type checker says of a test that uses the public names. It is checked, never run.

A line with an ignore is a mistake that both type checkers must find.
"""

from __future__ import annotations

from typing import Any, assert_type

import asyncpg
import psqlpy
import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

import understudy
from understudy import (
    ANY,
    FakeConnection,
    FakePool,
    FakePostgres,
    FakeRecord,
    FakeTransaction,
    JsonText,
    RealPostgres,
    UnexpectedStatement,
    db_error,
    dummy,
)


class Mailer:
    """A class of a user's project."""

    async def send(self, address: str) -> int:
        return len(address)


async def on_a_fake_connection(conn: FakeConnection) -> None:
    rule = conn.on("SELECT name FROM users WHERE id = $1", 7).row(name="Ana")
    conn.on("SELECT 1").value(1).then.raises(db_error("40001"))
    conn.on("UPDATE users ...", ANY).tag("UPDATE 1").times(2).optional()
    conn.execute_return = FakeRecord(1)
    conn.fetch_return = [{"name": "Ana"}]
    assert_type(conn.execute_calls[0][0], str)
    async with conn.transaction() as transaction:
        assert_type(transaction, FakeTransaction)
    rule.rows({"name": "Ana"}, {"name": "Bia"})
    conn.on(7)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    rule.times("twice")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    rule.drops("later")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    conn.onn("SELECT 1")  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]


async def on_fake_postgres(fake_postgres: FakePostgres) -> None:
    fake_postgres.on("INSERT INTO users ...").raises(
        db_error("23505", constraint="users_email_key")
    )
    fake_postgres.assert_called("SELECT 1")
    fake_postgres.latency = 0.1
    with fake_postgres.at_most(3):
        pass
    assert_type(await fake_postgres.psycopg.connect(), psycopg.AsyncConnection[Any])
    assert_type(await fake_postgres.psqlpy.connect(), psqlpy.Connection)
    assert_type(fake_postgres.sqlalchemy.engine(), AsyncEngine)
    assert_type(fake_postgres.dsn, str)
    fake_postgres.record().insert("users", id=7).execute("DELETE FROM orders")
    fake_postgres.record(7)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    fake_postgres.latency = "slow"  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]


async def on_real_postgres(real_postgres: RealPostgres) -> None:
    assert real_postgres.insert("users", name="Ana")["name"] == "Ana"
    with real_postgres.changes() as changes:
        real_postgres.on("UPDATE users ...").raises(db_error("40P01"))
    assert_type(changes.updated, dict[str, list[dict[str, Any]]])
    connection: asyncpg.Connection = await real_postgres.asyncpg.connect()
    await connection.execute("SELECT 1")
    real_postgres.insert(7)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def of_other_names(pool: FakePool) -> None:
    assert_type(dummy(Mailer), Any)  # it has on(...) beside the methods of the class
    assert_type(db_error("23505"), Exception)
    assert_type(JsonText("{}"), JsonText)
    with pytest.raises(UnexpectedStatement):
        pass
    pool.acquire()
    understudy.no_such_name  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]  # noqa: B018
