"""Calls what is planted, each with its driver, on two users with an order each."""

from __future__ import annotations

import inspect
from typing import Any

import asyncpg
import planted
import psqlpy
import psycopg
import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session
from tortoise import Tortoise

FUNCTIONS = {
    name: function
    for name, function in inspect.getmembers(planted, inspect.isfunction)
    if function.__module__ == "planted" and "_" in name
}


def of(*drivers: str, sync: bool = False) -> Any:
    names = [
        name
        for name, function in FUNCTIONS.items()
        if any(driver in name for driver in drivers)
        and inspect.iscoroutinefunction(function) != sync
    ]
    return pytest.mark.parametrize("function", map(FUNCTIONS.get, names), ids=names)


@pytest.fixture(autouse=True)
def _rows(real_postgres: Any) -> None:
    for number in (1, 2):
        user = real_postgres.insert("users")
        real_postgres.insert("orders", user_id=user.id, number=number)


@of("asyncpg", "aiosql")
async def test_asyncpg(function: Any, real_postgres: Any) -> None:
    connection = await asyncpg.connect(real_postgres.dsn)
    await function(connection)
    await connection.close()


@of("psycopg")
async def test_psycopg(function: Any, real_postgres: Any) -> None:
    async with await psycopg.AsyncConnection.connect(real_postgres.dsn) as connection:
        await function(connection)


@of("psycopg", sync=True)
def test_psycopg_sync(function: Any, real_postgres: Any) -> None:
    with psycopg.connect(real_postgres.dsn) as connection:
        function(connection)


@of("psqlpy")
async def test_psqlpy(function: Any, real_postgres: Any) -> None:
    connection = await psqlpy.connect(real_postgres.dsn)
    await function(connection)
    connection.close()


@of("sqlalchemy")
async def test_sqlalchemy(function: Any, real_postgres: Any) -> None:
    url = real_postgres.dsn.replace("postgresql", "postgresql+asyncpg", 1)
    engine = create_async_engine(url)
    async with AsyncSession(engine) as session:
        await function(session)
    await engine.dispose()


@of("sqlalchemy", sync=True)
def test_sqlalchemy_sync(function: Any, real_postgres: Any) -> None:
    engine = create_engine(real_postgres.dsn.replace("postgresql", "postgresql+psycopg", 1))
    with Session(engine) as session:
        function(session)
    engine.dispose()


@of("tortoise")
async def test_tortoise(function: Any, real_postgres: Any) -> None:
    url = real_postgres.dsn.replace("postgresql", "asyncpg", 1)
    await Tortoise.init(db_url=url, modules={"planted": ["planted"]})
    try:
        await function(None)
    finally:
        await Tortoise.close_connections()


async def test_a_request(real_postgres: Any) -> None:
    app = FastAPI()

    @app.get("/users")
    async def users() -> None:
        connection = await asyncpg.connect(real_postgres.dsn)
        for user in await connection.fetch(planted.USERS):
            await planted_request(connection, user)
        await connection.close()

    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
        assert (await client.get("/users")).status_code == 200


planted_request = planted.of_user
