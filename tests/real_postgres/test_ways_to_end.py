"""A late commit, a lost server, and a test that ends while a statement runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import psycopg
import pytest

from tests.real_postgres.conftest import Harness
from understudy import db_error
from understudy.real_postgres.fixture import RealPostgres
from understudy.real_postgres.upstream import Upstream

INSERT = "INSERT INTO users (name) VALUES ('Ana')"
ORPHAN = "INSERT INTO users (name, parent) VALUES ('Bia', 99)"
COUNT = "SELECT count(*) FROM users"


@asynccontextmanager
async def connected(real: RealPostgres) -> AsyncIterator[asyncpg.Connection]:
    connection = await real.asyncpg.connect()
    try:
        yield connection
    finally:
        await connection.close()


async def commit(connection: asyncpg.Connection, statement: str) -> None:
    async with connection.transaction():
        await connection.execute(statement)


async def fail_late(error: BaseException) -> Any:
    await asyncio.sleep(0)
    raise error


async def test_a_commit_that_comes_late_is_one_all_the_same(real: RealPostgres) -> None:
    real.on("COMMIT").delay(0.01).tag("COMMIT")
    async with connected(real) as connection:
        await commit(connection, INSERT)
        assert await connection.fetchval(COUNT) == 1
        # What is deferred is still checked, when it comes.
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            await commit(connection, ORPHAN)
        assert await connection.fetchval(COUNT) == 1


@pytest.mark.parametrize("is_computed", [False, True])
async def test_a_commit_that_fails_late_is_a_rollback(
    real: RealPostgres, is_computed: bool
) -> None:
    error = db_error("40001", driver="asyncpg")
    if is_computed:
        real.on("COMMIT")(lambda call: fail_late(error))
    else:
        real.on("COMMIT").delay(0.01).raises(error).times(1)
    async with connected(real) as connection:
        with pytest.raises(asyncpg.SerializationError):
            await commit(connection, INSERT)
        assert await connection.fetchval(COUNT) == 0


async def test_a_savepoint_that_is_scripted_is_one_of_the_real_server_too(
    real: RealPostgres,
) -> None:
    real.on("SAVEPOINT mine").tag("SAVEPOINT")
    async with connected(real) as connection, connection.transaction():
        await connection.execute("SAVEPOINT mine")
        await connection.execute(INSERT)
        await connection.execute("ROLLBACK TO SAVEPOINT mine")
        assert await connection.fetchval(COUNT) == 0


@pytest.mark.parametrize("what", ["PLANS", "SEQUENCES", "TEMP"])
async def test_discard_of_a_part(real: RealPostgres, what: str) -> None:
    async with connected(real) as connection:
        await connection.execute("CREATE TEMP TABLE basket (id serial)")
        await connection.execute("INSERT INTO basket DEFAULT VALUES")
        assert await connection.fetchval("SELECT lastval()") == 1
        await connection.execute(f"DISCARD {what}")
        left = await connection.fetchval("SELECT to_regclass('basket') IS NOT NULL")
        assert left == (what != "TEMP")
        if what == "SEQUENCES":
            with pytest.raises(asyncpg.ObjectNotInPrerequisiteStateError):
                await connection.fetchval("SELECT lastval()")


async def test_more_than_a_socket_holds_goes_both_ways(real: RealPostgres) -> None:
    text = "x" * 5_000_000
    async with await real.psycopg.connect() as connection:
        cursor = await connection.execute("SELECT %s || 'y', length(%s)", [text, text])
        [[back, length]] = await cursor.fetchall()
    assert (back == text + "y", length) == (True, len(text))


async def test_a_statement_that_still_runs_when_its_test_ends_is_cancelled(
    harness: Harness,
) -> None:
    with harness.failing() as (real, failures):
        forgotten = await asyncpg.connect(real.dsn)
        running = asyncio.create_task(forgotten.execute("SELECT pg_sleep(600)"))
        while not any("pg_sleep" in call.statement for call in real.calls):  # noqa: ASYNC110 # the server runs in another thread
            await asyncio.sleep(0.001)
    assert [text.split(":")[0] for text in failures] == ["ConnectionNotReturned"]
    [outcome] = await asyncio.gather(running, return_exceptions=True)
    assert isinstance(outcome, asyncpg.PostgresError | asyncpg.InterfaceError)
    with harness.test() as real:
        async with connected(real) as connection:
            assert await connection.fetchval(COUNT) == 0


def test_a_cancel_at_the_end_of_a_test_is_sent_again(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    cancels: list[int] = []
    cancel = Upstream._cancel

    def ignore_two(upstream: Upstream) -> None:
        cancels.append(1)
        upstream._cancels += 1
        if len(cancels) > 2:
            cancel(upstream)

    monkeypatch.setattr(Upstream, "_cancel", ignore_two)
    before = len(harness.databases)
    with harness.failing() as (real, failures):
        forgotten = psycopg.connect(real.dsn)
        forgotten.pgconn.send_query(b"SELECT pg_sleep(600)")
        while not any("pg_sleep" in call.statement for call in real.calls):
            pass
    forgotten.close()
    assert [text.split(":")[0] for text in failures] == ["ConnectionNotReturned"]
    with harness.test() as real, real.psycopg.connect_sync() as connection:
        assert connection.execute(COUNT).fetchone() == (0,)
    assert len(harness.databases) == before


def test_a_statement_that_ignores_a_cancel_costs_the_connection_only(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = len(harness.databases)
    with monkeypatch.context() as deaf:
        deaf.setattr("understudy.real_postgres.upstream._PATIENCE", 0.05)
        deaf.setattr("understudy.real_postgres.upstream.Upstream.cancel", lambda self: None)
        with harness.failing() as (real, failures):
            forgotten = psycopg.connect(real.dsn)
            forgotten.pgconn.send_query(b"SELECT pg_sleep(600)")
            while not any("pg_sleep" in call.statement for call in real.calls):
                pass
        harness.server.wait_for_rollback()
    forgotten.close()
    assert [text.split(":")[0] for text in failures] == ["ConnectionNotReturned"]
    with harness.test() as real, real.psycopg.connect_sync() as connection:
        assert connection.execute(COUNT).fetchone() == (0,)
    assert len(harness.databases) == before + 1


async def test_a_refused_preparation_fails_the_test_and_replaces_the_database(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = len(harness.databases)
    with harness.failing() as (real, failures):
        async with connected(real) as connection:
            with monkeypatch.context() as broken:
                broken.setattr("understudy.real_postgres.scheduler.SAVEPOINT", "no savepoint")
                await connection.execute(INSERT)
    [failure] = failures
    assert failure.startswith("IsolationBroken: ")
    assert 'syntax error at or near "savepoint"' in failure
    with harness.test() as real:
        async with connected(real) as connection:
            assert await connection.fetchval(COUNT) == 0
    assert len(harness.databases) == before + 1
