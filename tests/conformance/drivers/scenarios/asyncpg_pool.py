"""Pools of asyncpg's."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.conformance.drivers.driver_clients import AsyncpgClient
from tests.conformance.drivers.outcomes import outcome
from tests.conformance.drivers.scenario import ASYNCPG, scenario

ONE = "SELECT 1 AS a"
ADD = "INSERT INTO users (name) VALUES ($1)"
COUNT = "SELECT count(*) FROM users"
SLEEP = "SELECT pg_sleep(60)"


@scenario(*ASYNCPG, connected=False)
async def a_pool(client: AsyncpgClient) -> Any:
    client.server.on(ONE).row(a=1)
    async with client.pool(min_size=1, max_size=2) as pool:
        found = [await pool.fetchval(ONE), await pool.execute(ONE), await pool.fetch(ONE)]
        async with pool.acquire() as first, pool.acquire() as second:
            both = await asyncio.gather(first.fetchval(ONE), second.fetchval(ONE))
        return found, both, pool.get_size(), pool.get_idle_size()


@scenario(*ASYNCPG, connected=False)
async def a_pool_exhausted(client: AsyncpgClient) -> Any:
    client.server.on(ONE).row(a=1)
    async with client.pool(min_size=1, max_size=1) as pool:
        async with pool.acquire() as conn:
            late = await outcome(_acquired(pool, 0.05))
            found = await conn.fetchval(ONE)
        return late, found, await outcome(_acquired(pool, 5))


async def _acquired(pool: Any, seconds: float) -> Any:
    async with pool.acquire(timeout=seconds) as conn:
        return await conn.fetchval(ONE)


@scenario(*ASYNCPG, connected=False)
async def used_after_release(client: AsyncpgClient) -> Any:
    client.server.on(ONE).optional().row(a=1)
    async with client.pool(min_size=1, max_size=1) as pool:
        conn = await pool.acquire()
        await pool.release(conn)
        return [
            await outcome(_called(conn, "fetchval", ONE)),
            await outcome(_called(conn, "execute", ONE)),
            await outcome(pool.release(conn)),
        ]


async def _called(conn: Any, method: str, *arguments: Any) -> Any:
    return await getattr(conn, method)(*arguments)


@scenario(*ASYNCPG, connected=False)
async def released_in_a_transaction(client: AsyncpgClient) -> Any:
    client.server.on(ADD, "Cid").tag("INSERT 0 1")
    client.server.on(COUNT).value(2)
    async with client.pool(min_size=1, max_size=1) as pool:
        conn = await pool.acquire()
        transaction = conn.transaction()
        await transaction.start()
        await conn.execute(ADD, "Cid")
        released = await outcome(pool.release(conn))
        async with pool.acquire() as again:
            return released, again.is_in_transaction(), await again.fetchval(COUNT)


@scenario(*ASYNCPG, connected=False)
async def released_with_begin_in_sql(client: AsyncpgClient) -> Any:
    client.server.on(ADD, "Cid").tag("INSERT 0 1")
    client.server.on(COUNT).value(2)
    async with client.pool(min_size=1, max_size=1) as pool:
        async with pool.acquire() as conn:
            await conn.execute("BEGIN")
            await conn.execute(ADD, "Cid")
            await conn.execute("SET timezone TO 'Asia/Tokyo'")
        async with pool.acquire() as again:
            return [
                again.is_in_transaction(),
                await again.fetchval(COUNT),
                await again.fetchval("SHOW timezone"),
            ]


@scenario(*ASYNCPG, connected=False)
async def released_with_a_listener(client: AsyncpgClient) -> Any:
    """asyncpg warns of it: the suite makes an error of a warning, and here it is an outcome."""

    def listen(*_: Any) -> None: ...

    async with client.pool(min_size=1, max_size=1) as pool:
        conn = await pool.acquire()
        await conn.add_listener("news", listen)
        await conn.remove_listener("news", listen)
        return await outcome(pool.release(conn))


@scenario(*ASYNCPG, connected=False)
async def cancelled_in_a_pool(client: AsyncpgClient) -> Any:
    client.server.on(SLEEP).hangs()
    client.server.on(ONE).row(a=1)
    async with client.pool(min_size=1, max_size=1) as pool:
        task = asyncio.create_task(pool.fetch(SLEEP))
        await client.server.until_running(SLEEP)
        task.cancel()
        return await outcome(task), await pool.fetchval(ONE), pool.get_size()


@scenario(*ASYNCPG, connected=False)
async def a_connection_of_a_pool_is_terminated(client: AsyncpgClient) -> Any:
    client.server.on(ONE).row(a=1)
    async with client.pool(min_size=1, max_size=1) as pool:
        found = [await pool.fetchval(ONE)]
        client.server.terminate()
        await asyncio.sleep(0.05)  # until the pool has read that it is over
        return found, pool.get_size(), await outcome(pool.fetchval(ONE)), pool.get_size()


@scenario(*ASYNCPG, connected=False)
async def a_pool_closed_while_in_use(client: AsyncpgClient) -> Any:
    pool = await client.pool(min_size=1, max_size=1)
    conn = await pool.acquire()
    closing = await outcome(asyncio.wait_for(pool.close(), 0.05))
    return closing, await outcome(_called(conn, "fetchval", ONE)), await outcome(pool.fetchval(ONE))


@scenario(*ASYNCPG, connected=False)
async def a_pool_with_a_setup_of_its_own(client: AsyncpgClient) -> Any:
    client.server.on(ONE).row(a=1)
    seen = []

    async def init(conn: Any) -> None:
        seen.append(("init", await conn.fetchval(ONE)))

    async def setup(conn: Any) -> None:
        seen.append(("setup", await conn.execute("SET timezone TO 'Asia/Tokyo'")))

    async with client.pool(min_size=1, max_size=1, init=init, setup=setup) as pool:
        return await pool.fetchval("SHOW timezone"), seen
