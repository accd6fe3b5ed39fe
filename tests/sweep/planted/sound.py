"""The twin of the faulty app: the same routes and statements, without the faults."""

from typing import Annotated

import asyncpg
from fastapi import Depends, HTTPException, Request

from .common import LOST, make_app

USER = "INSERT INTO users (email) VALUES ($1)"
ORDER = "INSERT INTO orders (amount) VALUES ($1)"
AUDIT = "INSERT INTO audit (entry) VALUES ($1)"
app = make_app()


async def connected(request: Request):
    async with request.app.state.pool.acquire() as connection:
        yield connection


async def in_transaction(request: Request):
    async with request.app.state.pool.acquire() as connection, connection.transaction():
        yield connection


@app.post("/swallowed", status_code=201)
async def swallowed(request: Request):
    await request.app.state.pool.execute(USER, "ana@example.com")
    return {}


@app.post("/commit-in-finally", status_code=201)
async def commit_in_finally(request: Request):
    async with request.app.state.pool.acquire() as connection, connection.transaction():
        await connection.execute(ORDER, 7)
        try:
            async with connection.transaction():
                await connection.execute(AUDIT, "ordered")
        except (asyncpg.SerializationError, asyncpg.DeadlockDetectedError):
            pass  # undone in its savepoint: the order counts without its entry
    return {}


@app.post("/retried", status_code=201)
async def retried(request: Request):
    attempts = 3
    while True:
        attempts -= 1
        try:
            async with request.app.state.pool.acquire() as connection, connection.transaction():
                await connection.execute(ORDER, 7)
            return {}
        except (asyncpg.SerializationError, asyncpg.DeadlockDetectedError):
            if not attempts:  # PostgreSQL has undone it, so it may be tried again
                raise


@app.post("/not-rolled-back", status_code=201)
async def not_rolled_back(request: Request):
    async with request.app.state.shared.transaction():
        await request.app.state.shared.execute(ORDER, 7)
    return {}


@app.post("/leaked", status_code=201)
async def leaked(request: Request):
    async with request.app.state.pool.acquire() as connection:
        await connection.execute(ORDER, 7)
    return {}


@app.post("/early", status_code=201)
async def early(
    connection: Annotated[asyncpg.Connection, Depends(in_transaction, scope="function")],
):
    await connection.execute(ORDER, 7)
    return {}


@app.post("/half-done", status_code=201)
async def half_done(request: Request):
    async with request.app.state.pool.acquire() as connection, connection.transaction():
        await connection.execute(ORDER, 7)
        await connection.execute(AUDIT, "ordered")
    return {}


@app.get("/for-ever")
async def for_ever(request: Request):
    for _ in range(2):
        try:
            return await request.app.state.pool.fetchval("SELECT count(*) FROM orders")
        except LOST:
            continue  # the pool replaces a lost connection
    raise HTTPException(503)


@app.get("/hidden-read")
async def hidden_read(request: Request):
    return [dict(row) for row in await request.app.state.pool.fetch("SELECT email FROM users")]


@app.post("/ignored-commit", status_code=201)
async def ignored_commit(request: Request):
    async with request.app.state.pool.acquire() as connection, connection.transaction():
        await connection.execute(ORDER, 7)
    return {}


@app.get("/after-the-response")
async def after_the_response(
    connection: Annotated[asyncpg.Connection, Depends(connected, scope="function")],
):
    number = await connection.fetchval("SELECT count(*) FROM users")
    await connection.execute(AUDIT, "counted")
    return number


@app.post("/wrong-status", status_code=201)
async def wrong_status(request: Request):
    await request.app.state.pool.execute(AUDIT, "seen")
    return {}
