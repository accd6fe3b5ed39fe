"""Pools of psycopg's."""

from __future__ import annotations

from typing import Any

from psycopg_pool import AsyncConnectionPool

from tests.conformance.drivers.driver_clients import PsycopgPlayer
from tests.conformance.drivers.outcomes import outcome
from tests.conformance.drivers.scenario import behaviour

ONE = "SELECT 1 AS a"
ADD = "INSERT INTO users (name) VALUES ('Cid')"
COUNT = "SELECT count(*) AS n FROM users"


def pool_of(player: PsycopgPlayer, **settings: Any) -> AsyncConnectionPool[Any]:
    settings = {"min_size": 1, "max_size": 1, "open": False, "timeout": 20.0, **settings}
    return AsyncConnectionPool(player.stage.dsn, **settings)


async def fetched(conn: Any, statement: str) -> Any:
    return await (await conn.execute(statement)).fetchall()


@behaviour("psycopg", connected=False)
async def a_pool(player: PsycopgPlayer) -> Any:
    player.stage.on(ONE).row(a=1)
    async with pool_of(player, max_size=2) as pool:
        async with pool.connection() as first, pool.connection() as second:
            found = [await fetched(first, ONE), await fetched(second, ONE), first is second]
        return found, pool.get_stats()["pool_size"]


@behaviour("psycopg", connected=False)
async def a_pool_exhausted(player: PsycopgPlayer) -> Any:
    async with pool_of(player) as pool, pool.connection():
        return await outcome(pool.getconn(timeout=0.05))


@behaviour("psycopg", connected=False)
async def used_after_release(player: PsycopgPlayer) -> Any:
    player.stage.on(ONE).row(a=1)
    async with pool_of(player) as pool:
        async with pool.connection() as conn:
            pass
        return await outcome(fetched(conn, ONE))


@behaviour("psycopg", connected=False)
async def released_in_a_transaction(player: PsycopgPlayer) -> Any:
    player.stage.on(ADD).tag("INSERT 0 1")
    player.stage.on(COUNT).row(n=2)
    async with pool_of(player) as pool:
        conn = await pool.getconn()
        await conn.execute(ADD)
        await pool.putconn(conn)
        async with pool.connection() as again:
            return conn is again, await fetched(again, COUNT)


@behaviour("psycopg", connected=False)
async def released_after_an_error(player: PsycopgPlayer) -> Any:
    player.stage.on(ONE).row(a=1)

    async def work(pool: AsyncConnectionPool[Any]) -> None:
        async with pool.connection() as conn:
            await conn.execute("SELECT nowhere")

    async with pool_of(player) as pool:
        failed = await outcome(work(pool))
        async with pool.connection() as conn:
            return failed, await fetched(conn, ONE)


@behaviour("psycopg", connected=False)
async def a_connection_of_a_pool_is_terminated(player: PsycopgPlayer) -> Any:
    player.stage.on(ONE).row(a=1)
    async with pool_of(player) as pool:
        async with pool.connection() as conn:
            found = [await fetched(conn, ONE)]
        player.stage.terminate()
        async with pool.connection() as conn:
            found.append(await outcome(fetched(conn, ONE)))
        async with pool.connection() as conn:
            found.append(await outcome(fetched(conn, ONE)))
        return found


@behaviour("psycopg", connected=False)
async def a_pool_that_checks_its_connections(player: PsycopgPlayer) -> Any:
    player.stage.on(ONE).row(a=1)
    async with pool_of(player, check=AsyncConnectionPool.check_connection) as pool:
        async with pool.connection() as conn:
            found = [await fetched(conn, ONE)]
        player.stage.terminate()
        async with pool.connection() as conn:
            found.append(await outcome(fetched(conn, ONE)))
        return found
