"""The pool of connections, and transactions on it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiomysql

from app.settings import Settings


async def open_pool(settings: Settings) -> aiomysql.Pool:
    """Return a pool of connections that commit each statement by itself."""
    return await aiomysql.create_pool(
        host=settings.db_host,
        port=settings.db_port,
        user=settings.db_user,
        password=settings.db_password,
        db=settings.db_name,
        autocommit=True,
        minsize=1,
        maxsize=5,
    )


@asynccontextmanager
async def transaction(pool: aiomysql.Pool) -> AsyncIterator[aiomysql.DictCursor]:
    """Give a cursor in a transaction, which is rolled back if the block raises."""
    async with pool.acquire() as connection:
        await connection.begin()
        try:
            async with connection.cursor(aiomysql.DictCursor) as cursor:
                yield cursor
        except BaseException:
            if not connection.closed:  # with the connection, the server rolls back
                await connection.rollback()
            raise
        await connection.commit()
