"""Pools connect again if their connection was ended, and only then."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
)
from typing import Any

import asyncpg
import psqlpy
import psycopg
import psycopg_pool
import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import create_async_engine

from understudy.embedded import TestDatabases
from understudy.fake_mysql.server import Server
from understudy.mysql_server.address import Address
from understudy.serving import drivers, pool_renewal

PID = "SELECT pg_backend_pid()"
ID = "SELECT CONNECTION_ID()"

Taking = Callable[[], Coroutine[Any, Any, int]]  # from a pool; returns the connection's number
Pool = Callable[[str], AbstractAsyncContextManager[Taking]]


def sqlalchemy(driver: str, query: str = PID) -> Pool:
    @asynccontextmanager
    async def pool(dsn: str) -> AsyncIterator[Taking]:
        engine = create_async_engine(dsn.replace(":", f"+{driver}:", 1))

        async def take() -> int:
            async with engine.connect() as connection:
                return int(await connection.scalar(text(query)))

        yield take
        await engine.dispose()

    return pool


@asynccontextmanager
async def sqlalchemy_on_pymysql(dsn: str) -> AsyncIterator[Taking]:
    engine = create_engine(dsn.replace(":", "+pymysql:", 1))

    async def take() -> int:
        with engine.connect() as connection:
            return int(connection.scalar(text(ID)))

    yield take
    engine.dispose()


@asynccontextmanager
async def asyncpg_pool(dsn: str) -> AsyncIterator[Taking]:
    async with asyncpg.create_pool(dsn, min_size=1, max_size=1) as pool:

        async def take() -> int:
            return int(await pool.fetchval(PID))

        yield take


@asynccontextmanager
async def psqlpy_pool(dsn: str) -> AsyncIterator[Taking]:
    pool = psqlpy.ConnectionPool(dsn=dsn, max_db_pool_size=2)

    async def take() -> int:
        async with pool.acquire() as connection:
            return int(await connection.fetch_val(PID))

    yield take
    pool.close()


@asynccontextmanager
async def psycopg_async_pool(dsn: str) -> AsyncIterator[Taking]:
    async with psycopg_pool.AsyncConnectionPool(dsn, min_size=1, open=False) as pool:

        async def take() -> int:
            async with pool.connection() as connection:
                return connection.info.backend_pid

        yield take


@asynccontextmanager
async def psycopg_sync_pool(dsn: str) -> AsyncIterator[Taking]:
    with psycopg_pool.ConnectionPool(dsn, min_size=1, open=True) as pool:

        async def take() -> int:
            with pool.connection() as connection:
                return connection.info.backend_pid

        yield take


@asynccontextmanager
async def django_connection(dsn: str) -> AsyncIterator[Taking]:
    from django.apps import apps
    from django.conf import settings
    from django.db import ConnectionHandler

    names = {"NAME": "dbname", "HOST": "host", "PORT": "port", "USER": "user"}
    names["PASSWORD"] = "password"
    parts = conninfo_to_dict(dsn)
    place = {name: parts[key] for name, key in names.items()}
    engine = "django.db.backends.postgresql"
    settings.configure()
    connection = ConnectionHandler({"default": {"ENGINE": engine, **place}})["default"]

    async def take() -> int:
        with connection.cursor() as cursor:
            return int(cursor.execute(PID).fetchone()[0])

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        patch.setattr(apps, "ready", True)
        yield take
        connection.close()
    for name in [name for name in sys.modules if name.partition(".")[0] == "django"]:
        del sys.modules[name]  # an inner run of another test has settings of its own


POSTGRES = {
    "SQLAlchemy on asyncpg": sqlalchemy("asyncpg"),
    "SQLAlchemy on psycopg": sqlalchemy("psycopg"),
    "asyncpg": asyncpg_pool,
    "psqlpy": psqlpy_pool,
    "psycopg_pool": psycopg_async_pool,
    "psycopg_pool, without async": psycopg_sync_pool,
    "Django": django_connection,
}
MYSQL = {
    "SQLAlchemy on asyncmy": sqlalchemy("asyncmy", ID),
    "SQLAlchemy on aiomysql": sqlalchemy("aiomysql", ID),
    "SQLAlchemy on PyMySQL": sqlalchemy_on_pymysql,
}


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("schema")
    (folder / "schema.sql").write_text("CREATE TABLE t (id int);")
    with TestDatabases(["schema.sql"], folder) as databases:
        yield databases.new()[1]


@pytest.fixture(scope="module")
def mysql() -> Iterator[Server]:
    server = Server()
    server.start()
    yield server
    server.stop()


@contextmanager
def taken(pool: Pool, dsn: str) -> Iterator[Callable[[], int]]:
    """Open a pool in an event loop that stands still between two uses of it, as between tests."""
    drivers.wrap_drivers()
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        stack = AsyncExitStack()
        take = runner.run(stack.enter_async_context(pool(dsn)))
        yield lambda: runner.run(take())
        runner.run(stack.aclose())


@pytest.mark.parametrize("pool", POSTGRES.values(), ids=POSTGRES)
def test_a_number_that_comes_again_is_not_that_of_an_ended_process(
    postgres: str, pool: Pool
) -> None:
    with psycopg.connect(postgres, autocommit=True) as admin:
        latest = admin.info.backend_pid
        numbers = [*range(10_000), *range(latest, latest + 10_000)]
        pool_renewal.renew(numbers)

        with taken(pool, postgres) as take:
            first = take()
            assert first in numbers
            assert take() == first

            admin.execute("SELECT pg_terminate_backend(%s, 5000)", (first,))
            pool_renewal.renew([first])
            second = take()
            assert second != first
            pool_renewal.renew([first])
            assert take() == second


@pytest.mark.parametrize("pool", MYSQL.values(), ids=MYSQL)
def test_a_pool_on_mysql_replaces_the_connection_that_was_ended(mysql: Server, pool: Pool) -> None:
    with taken(pool, mysql.dsn) as take:
        first = take()
        assert take() == first

        mysql.renew_pools()
        second = take()
        assert second != first
        pool_renewal.renew([first])
        assert take() == second


@pytest.mark.slow
def test_a_number_of_a_mysql_of_its_own_is_not_that_of_an_ended_process(
    mysql_server: Address,
) -> None:
    user = f"{mysql_server.user}:{mysql_server.password}"
    dsn = f"mysql://{user}@{mysql_server.host}:{mysql_server.port}"
    with taken(sqlalchemy_on_pymysql, dsn) as take:
        first = take()
        pool_renewal.renew([first])
        assert take() == first
