"""Roles and settings through each driver: on `real_postgres` as on the real server itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import asyncpg
import psqlpy
import psycopg
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from tests.conformance.role_servers import Address, Servers

PROBE = """
    SELECT current_user::text, session_user::text, nullif(current_setting('app.tenant', true), ''),
        current_setting('search_path'), current_setting('TimeZone'), current_setting('work_mem'),
        (SELECT count(*) FROM public.notes)
"""
SET = "SELECT set_config('app.tenant', $1, $2)"
PATH = {"search_path": "private,public"}


async def with_asyncpg(dsn: str) -> list[Any]:
    async def begin(connection: asyncpg.Connection) -> None:
        await connection.execute("SET app.tenant = '1'")

    pool = await asyncpg.create_pool(dsn, min_size=1, max_size=2, init=begin, server_settings=PATH)
    story: list[Any] = []
    async with pool, pool.acquire() as one, pool.acquire() as other:

        async def ask() -> None:
            story.extend((tuple(await one.fetchrow(PROBE)), one.get_settings().TimeZone))
            if not one.is_in_transaction():
                story.append(tuple(await other.fetchrow(PROBE)))

        counted = await one.prepare("SELECT count(*) FROM public.notes")
        await ask()
        async with one.transaction():
            await one.execute("SET LOCAL app.tenant = '2'")
            story.append(await counted.fetchval())
            with suppress(asyncpg.DivisionByZeroError):
                async with one.transaction():
                    await one.execute("SET TimeZone = 'Asia/Tokyo'")
                    await ask()
                    await one.execute("SELECT 1 / 0")
            await ask()
        await ask()
        await one.executemany(SET, [("1", False), ("2", True)])
        await one.execute("SET work_mem TO '9MB'")
        await ask()
        with suppress(asyncpg.InsufficientPrivilegeError):
            await one.execute("SET ROLE roles_tenant")
        story.append(await counted.fetchval())
        await one.reset()
        await ask()
    return story


async def with_psycopg(dsn: str) -> list[Any]:
    story: list[Any] = []
    options = "-c work_mem=7MB -csearch_path=private,public"
    async with await psycopg.AsyncConnection.connect(dsn, options=options) as connection:

        async def ask() -> None:
            row = await (await connection.execute(PROBE)).fetchone()
            when = await (await connection.execute("SELECT timestamptz '2020-01-01Z'")).fetchone()
            assert when is not None
            story.extend((row, str(when[0]), str(connection.info.timezone)))

        await connection.execute("SELECT set_config('app.tenant', %s, true)", ("2",))
        await connection.execute("SAVEPOINT s")
        await connection.execute("SET LOCAL TIME ZONE 'Asia/Tokyo'")
        await ask()
        await connection.execute("ROLLBACK TO s")
        await ask()
        await connection.commit()
        await ask()
        await connection.execute("SET TIME ZONE 'America/Lima'")
        await connection.rollback()
        await ask()
        await connection.commit()
        async with connection.pipeline():
            await connection.execute("SET LOCAL app.tenant = '1'")
            await ask()
        await connection.commit()
        await connection.set_autocommit(True)
        async with connection.pipeline():
            await connection.execute("SET LOCAL app.tenant = '2'")
            await connection.execute("SET work_mem = '9MB'")
        await ask()
    return story


async def with_psqlpy(dsn: str) -> list[Any]:
    connection = await psqlpy.connect(dsn)
    story: list[Any] = []

    async def ask() -> None:
        story.append([tuple(row.values()) for row in (await connection.fetch(PROBE)).result()])

    async with connection.transaction() as transaction:
        await connection.execute(SET, ["2", True])
        await ask()
        await transaction.create_savepoint("s")
        await connection.execute("SET app.tenant = '1'")
        await ask()
        await transaction.rollback_savepoint("s")
        await ask()
    await ask()
    await connection.execute_batch("SET app.tenant = '2'; SET work_mem = '9MB'")
    await ask()
    await connection.execute("RESET ALL")
    await ask()
    connection.close()
    return story


async def with_sqlalchemy(dsn: str) -> list[Any]:
    url = make_url(dsn).set(drivername="postgresql+asyncpg")
    engine = create_async_engine(url, pool_size=1, connect_args={"server_settings": PATH})
    story: list[Any] = []

    async def ask(session: AsyncSession) -> None:
        story.append(tuple((await session.execute(text(PROBE))).one()))

    async with AsyncSession(engine) as session:
        await session.execute(text("SELECT set_config('app.tenant', :it, true)"), {"it": "2"})
        await ask(session)
        async with session.begin_nested():
            await session.execute(text("SET app.tenant = '1'"))
        await session.execute(text("SET LOCAL work_mem = '5MB'"))
        await ask(session)
        await session.commit()
        await ask(session)
        await session.execute(text("SET app.tenant = '2'"))
        await session.rollback()
        await ask(session)
    async with AsyncSession(engine) as session:
        await ask(session)
    await engine.dispose()
    return story


@pytest.mark.parametrize("user", ["postgres", "roles_app", "roles_defaults"])
@pytest.mark.parametrize("driver", [with_asyncpg, with_psycopg, with_psqlpy, with_sqlalchemy])
def test_settings_through_a_driver_are_those_of_the_real_server(
    role_servers: Servers, driver: Callable[[str], Awaitable[list[Any]]], user: str
) -> None:
    def scene(address: Address) -> list[Any]:
        with asyncio.Runner() as runner:
            return runner.run(driver(address(user)))  # type: ignore[arg-type]  # a coroutine

    played = role_servers.play(scene)

    assert played["rollback"] == played["itself"]
    assert played["clone"] == played["itself"]
