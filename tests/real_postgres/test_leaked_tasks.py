"""Statements of tasks and threads that an earlier test has leaked are rejected."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import asyncpg
import psqlpy
import psycopg
import pytest

from tests.real_postgres.conftest import Harness

INSERT = "INSERT INTO users (name) VALUES ('left')"
PSQLPY_SAYS = "Cannot execute query, error - db error: ERROR: "


def refusal(who: str) -> str:
    return (
        f"LeakedTaskRefused: {who} of an earlier test still sends statements\n"
        f"  sql: {INSERT}\n"
        "The statement was rejected, because it would affect the current test.\n"
        "End the task or thread in the test that starts it (await, cancel or join it). If all tests"
        " share it:\n"
        "  real_postgres.allow(task)"
    )


@pytest.mark.parametrize("allowed", [False, True])
async def test_a_task(harness: Harness, allowed: bool) -> None:
    go, connected = asyncio.Event(), asyncio.Event()

    async def in_the_background(dsn: str) -> None:
        connection = await asyncpg.connect(dsn)
        connected.set()
        await go.wait()
        try:
            await connection.execute(INSERT)
        finally:
            connection.terminate()

    with harness.failing() as (real, _):
        task = asyncio.create_task(in_the_background(real.dsn), name="background")
        await connected.wait()
        if allowed:
            real.allow(task)
    with harness.failing() as (real, failures):
        own = await real.asyncpg.connect()
        again = asyncio.create_task(in_the_background(real.dsn), name="again")
        go.set()
        await again
        [outcome] = await asyncio.gather(task, return_exceptions=True)
        count = await own.fetchval("SELECT count(*) FROM users WHERE name = 'left'")
        await own.close()
    # Its connection was ended with its test, which had opened and not closed it.
    assert isinstance(outcome, asyncpg.PostgresError | asyncpg.InterfaceError)
    assert count == 1
    assert failures == []


async def with_asyncpg(dsn: str) -> str:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(INSERT)
    except asyncpg.InternalServerError as error:
        return str(error)
    finally:
        await connection.close()
    return "not refused"


async def with_psycopg(dsn: str) -> str:
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        try:
            await connection.execute(INSERT)
        except psycopg.errors.InternalError_ as error:
            return str(error)
    return "not refused"


async def with_psqlpy(dsn: str) -> str:
    connection = await psqlpy.connect(dsn)
    try:
        await connection.execute(INSERT)
    except psqlpy.exceptions.Error as error:
        return str(error)
    finally:
        connection.close()
    return "not refused"


# The server may look at the task before it has stopped to wait: with asyncpg it often did.
@pytest.mark.parametrize("insert", [with_asyncpg, with_psycopg, with_psqlpy])
async def test_a_task_that_connects_again(
    harness: Harness, insert: Callable[[str], Awaitable[str]]
) -> None:
    go, begun = asyncio.Event(), asyncio.Event()

    async def in_the_background(dsn: str) -> str:
        begun.set()
        await go.wait()
        return await insert(dsn)

    with harness.test() as real:
        own = await real.asyncpg.connect()  # so that the event loop is known
        task = asyncio.create_task(in_the_background(real.dsn), name="background")
        await begun.wait()
        await own.close()
    with harness.failing() as (_, failures):
        go.set()
        said = await task
    assert failures == [refusal("the task 'background'")]
    assert said.removeprefix(PSQLPY_SAYS) == failures[0]


def test_a_thread(harness: Harness) -> None:
    go = threading.Event()
    raised: list[str] = []

    def in_the_background(dsn: str) -> None:
        go.wait()
        with psycopg.connect(dsn, autocommit=True) as connection:
            try:
                connection.execute(INSERT)
            except psycopg.errors.InternalError_ as error:
                raised.append(str(error))

    with harness.test() as real:
        thread = threading.Thread(target=in_the_background, args=[real.dsn], name="background")
        thread.start()
    with harness.failing() as (_, failures):
        go.set()
        thread.join()
    assert failures == raised == [refusal("the thread 'background'")]


def test_a_thread_of_a_pool_is_not_leaked(harness: Harness) -> None:
    def add(dsn: str) -> None:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(INSERT)

    with ThreadPoolExecutor(1) as pool:
        for _ in range(2):
            with harness.test() as real:
                pool.submit(add, real.dsn).result()


async def test_a_connection_in_the_middle_of_a_transaction_is_ended(harness: Harness) -> None:
    kept: list[Any] = []
    with harness.failing() as (real, failures):
        kept.append(await asyncpg.connect(real.dsn))
        await kept[0].execute("BEGIN")
        await kept[0].execute(INSERT)
    assert [text.split(":")[0] for text in failures] == ["TransactionLeftOpen"]
    with harness.test() as real:
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
            await kept[0].execute("COMMIT")
        own = await real.asyncpg.connect()
        assert await own.fetchval("SELECT count(*) FROM users") == 0
        await own.close()


async def test_a_pool_that_outlives_a_test_serves_the_next(harness: Harness) -> None:
    async with asyncpg.create_pool(harness.server.dsn, min_size=1, max_size=1) as pool:
        for _ in range(2):
            with harness.test():
                assert await pool.fetchval("SELECT count(*) FROM users") == 0
                await pool.execute(INSERT)
        # Between two tests as well: it is undone when the next one begins.
        await pool.execute(INSERT)
        with harness.test():
            assert await pool.fetchval("SELECT count(*) FROM users") == 0
