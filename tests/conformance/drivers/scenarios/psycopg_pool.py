"""Pools of psycopg's."""

from __future__ import annotations

from typing import Any

from psycopg_pool import AsyncConnectionPool

from tests.conformance.drivers.driver_clients import PsycopgClient
from tests.conformance.drivers.outcomes import outcome
from tests.conformance.drivers.scenario import scenario

ONE = "SELECT 1 AS a"
ADD = "INSERT INTO users (name) VALUES ('Cid')"
COUNT = "SELECT count(*) AS n FROM users"


def pool_of(client: PsycopgClient, **settings: Any) -> AsyncConnectionPool[Any]:
    settings = {"min_size": 1, "max_size": 1, "open": False, "timeout": 20.0, **settings}
    return AsyncConnectionPool(client.server.dsn, **settings)


async def fetched(conn: Any, statement: str) -> Any:
    return await (await conn.execute(statement)).fetchall()


@scenario("psycopg", connected=False)
async def a_pool(client: PsycopgClient) -> Any:
    client.server.on(ONE).row(a=1)
    async with pool_of(client, max_size=2) as pool:
        async with pool.connection() as first, pool.connection() as second:
            found = [await fetched(first, ONE), await fetched(second, ONE), first is second]
        return found, pool.get_stats()["pool_size"]


@scenario("psycopg", connected=False)
async def a_pool_exhausted(client: PsycopgClient) -> Any:
    async with pool_of(client) as pool, pool.connection():
        return await outcome(pool.getconn(timeout=0.05))


@scenario("psycopg", connected=False)
async def used_after_release(client: PsycopgClient) -> Any:
    client.server.on(ONE).row(a=1)
    async with pool_of(client) as pool:
        async with pool.connection() as conn:
            pass
        return await outcome(fetched(conn, ONE))


@scenario("psycopg", connected=False)
async def released_in_a_transaction(client: PsycopgClient) -> Any:
    client.server.on(ADD).tag("INSERT 0 1")
    client.server.on(COUNT).row(n=2)
    async with pool_of(client) as pool:
        conn = await pool.getconn()
        await conn.execute(ADD)
        await pool.putconn(conn)
        async with pool.connection() as again:
            return conn is again, await fetched(again, COUNT)


@scenario("psycopg", connected=False)
async def released_after_an_error(client: PsycopgClient) -> Any:
    client.server.on(ONE).row(a=1)

    async def work(pool: AsyncConnectionPool[Any]) -> None:
        async with pool.connection() as conn:
            await conn.execute("SELECT nowhere")

    async with pool_of(client) as pool:
        failed = await outcome(work(pool))
        async with pool.connection() as conn:
            return failed, await fetched(conn, ONE)


@scenario("psycopg", connected=False)
async def a_connection_of_a_pool_is_terminated(client: PsycopgClient) -> Any:
    client.server.on(ONE).row(a=1)
    async with pool_of(client) as pool:
        async with pool.connection() as conn:
            found = [await fetched(conn, ONE)]
        client.server.terminate()
        async with pool.connection() as conn:
            found.append(await outcome(fetched(conn, ONE)))
        async with pool.connection() as conn:
            found.append(await outcome(fetched(conn, ONE)))
        return found


@scenario("psycopg", connected=False)
async def a_pool_that_checks_its_connections(client: PsycopgClient) -> Any:
    client.server.on(ONE).row(a=1)
    async with pool_of(client, check=AsyncConnectionPool.check_connection) as pool:
        async with pool.connection() as conn:
            found = [await fetched(conn, ONE)]
        client.server.terminate()
        async with pool.connection() as conn:
            found.append(await outcome(fetched(conn, ONE)))
        return found
