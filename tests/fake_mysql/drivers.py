"""The drivers, each as a function that sends statements and returns what the last one gives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import aiomysql
import asyncmy
import mysql.connector
import mysql.connector.aio
import pymysql
from sqlalchemy import URL
from sqlalchemy.ext.asyncio import create_async_engine

from understudy.fake_mysql.protocol.session import Session


@dataclass(frozen=True)
class Place:
    """Where a server is, and who logs in."""

    port: int
    user: str = "ana"
    password: str = ""
    database: str = "shop"
    host: str = "127.0.0.1"

    @property
    def arguments(self) -> dict[str, Any]:
        return {
            "host": self.host,
            "port": self.port,
            "user": self.user,
            "password": self.password,
        }


Rows = list[tuple[Any, ...]]
Driver = Callable[[Place, Sequence[str]], Awaitable[Rows]]


async def by_pymysql(place: Place, statements: Sequence[str]) -> Rows:
    def fetch() -> Rows:
        arguments = {**place.arguments, "database": place.database}
        with pymysql.connect(**arguments) as connection, connection.cursor() as cursor:
            for sql in statements:
                cursor.execute(sql)
            return list(cursor.fetchall())

    return await asyncio.to_thread(fetch)


async def by_aiomysql(place: Place, statements: Sequence[str]) -> Rows:
    arguments = {**place.arguments, "db": place.database, "charset": "utf8mb4"}
    async with aiomysql.connect(**arguments) as connection, connection.cursor() as cursor:
        for sql in statements:
            await cursor.execute(sql)
        return list(await cursor.fetchall())


async def by_asyncmy(place: Place, statements: Sequence[str]) -> Rows:
    arguments = {**place.arguments, "db": place.database, "charset": "utf8mb4"}
    async with asyncmy.connect(**arguments) as connection, connection.cursor() as cursor:
        for sql in statements:
            await cursor.execute(sql)
        return list(await cursor.fetchall())


async def by_connector(
    place: Place, statements: Sequence[str], *, is_prepared: bool = False
) -> Rows:
    def fetch() -> Rows:
        arguments = {**place.arguments, "database": place.database, "use_pure": True}
        connection = mysql.connector.connect(**arguments)
        try:
            cursor = connection.cursor(prepared=is_prepared)
            for sql in statements:
                cursor.execute(sql)
            return list(cursor.fetchall())
        finally:
            connection.close()

    return await asyncio.to_thread(fetch)


async def by_prepared_connector(place: Place, statements: Sequence[str]) -> Rows:
    return await by_connector(place, statements, is_prepared=True)


async def by_connector_aio(
    place: Place, statements: Sequence[str], *, is_prepared: bool = False
) -> Rows:
    # Without TLS, this driver connects to no server unless it is told so.
    arguments = {**place.arguments, "database": place.database, "ssl_disabled": True}
    connection = await mysql.connector.aio.connect(**arguments)
    try:
        cursor = await connection.cursor(prepared=is_prepared)
        for sql in statements:
            await cursor.execute(sql)
        return list(await cursor.fetchall())
    finally:
        await connection.close()


async def by_prepared_connector_aio(place: Place, statements: Sequence[str]) -> Rows:
    return await by_connector_aio(place, statements, is_prepared=True)


async def by_sqlalchemy(place: Place, statements: Sequence[str], driver: str) -> Rows:
    url = URL.create(
        f"mysql+{driver}",
        *(place.user, place.password or None, place.host, place.port, place.database),
    )
    engine = create_async_engine(url)
    try:
        async with engine.begin() as connection:
            for sql in statements:
                result = await connection.exec_driver_sql(sql)
            return [tuple(row) for row in result]
    finally:
        await engine.dispose()


async def by_sqlalchemy_aiomysql(place: Place, statements: Sequence[str]) -> Rows:
    return await by_sqlalchemy(place, statements, "aiomysql")


async def by_sqlalchemy_asyncmy(place: Place, statements: Sequence[str]) -> Rows:
    return await by_sqlalchemy(place, statements, "asyncmy")


DRIVERS: list[Driver] = [
    by_pymysql,
    by_aiomysql,
    by_asyncmy,
    by_connector,
    by_prepared_connector,
    by_connector_aio,
    by_prepared_connector_aio,
    by_sqlalchemy_aiomysql,
    by_sqlalchemy_asyncmy,
]


@asynccontextmanager
async def served(connect: Callable[[], Session]) -> AsyncIterator[int]:
    """Serve sessions on a port of 127.0.0.1; yield the port."""
    tasks: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks[task] = writer
        session = connect()
        try:
            writer.write(session.feed(b""))
            with suppress(ConnectionError):
                while not session.closed and (data := await reader.read(65536)):
                    writer.write(session.feed(data))
        finally:
            session.lose()
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in tasks.values():
            writer.transport.abort()
        await asyncio.gather(*tasks)
