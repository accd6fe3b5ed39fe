"""An app with twelve faults, each in a route of its own."""

import asyncio
import logging
from typing import Annotated

import asyncpg
from fastapi import Depends, HTTPException, Request

from .common import LOST, make_app

USER = "INSERT INTO users (email) VALUES ($1)"
ORDER = "INSERT INTO orders (amount) VALUES ($1)"
AUDIT = "INSERT INTO audit (entry) VALUES ($1)"
app = make_app()


async def late_commit(request: Request):
    async with request.app.state.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            yield connection
        except BaseException:
            await transaction.rollback()
            raise
        await transaction.commit()  # noqa: UND034 - FastAPI has answered


async def late_audit(request: Request):
    async with request.app.state.pool.acquire() as connection:
        yield connection
        await connection.execute(AUDIT, "counted")  # the response has gone out by now


@app.post("/swallowed", status_code=201)
async def swallowed(request: Request):
    try:
        await request.app.state.pool.execute(USER, "ana@example.com")
    except asyncpg.PostgresError:
        logging.getLogger("app").info("not stored")
    return {}


@app.post("/commit-in-finally", status_code=201)
async def commit_in_finally(request: Request):
    async with request.app.state.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            await connection.execute(ORDER, 7)
            async with connection.transaction():
                await connection.execute(AUDIT, "ordered")
        finally:
            await transaction.commit()
    return {}


@app.post("/retried", status_code=201)
async def retried(request: Request):
    for _ in range(3):
        try:
            await request.app.state.pool.execute(ORDER, 7)
        except LOST:
            continue
        return {}
    raise HTTPException(503)


@app.post("/not-rolled-back", status_code=201)
async def not_rolled_back(request: Request):
    connection = request.app.state.shared
    await connection.execute("BEGIN")
    await connection.execute(ORDER, 7)
    await connection.execute("COMMIT")
    return {}


@app.post("/leaked", status_code=201)
async def leaked(request: Request):
    connection = await request.app.state.pool.acquire()
    await connection.execute(ORDER, 7)
    await request.app.state.pool.release(connection)
    return {}


@app.post("/early", status_code=201)
async def early(connection: Annotated[asyncpg.Connection, Depends(late_commit)]):
    await connection.execute(ORDER, 7)
    return {}


@app.post("/half-done", status_code=201)
async def half_done(request: Request):
    async with request.app.state.pool.acquire() as connection:
        await connection.execute(ORDER, 7)
        await connection.execute(AUDIT, "ordered")
    return {}


@app.get("/for-ever")
async def for_ever(request: Request):
    async with request.app.state.pool.acquire() as connection:
        while True:
            try:
                return await connection.fetchval("SELECT count(*) FROM orders")
            except LOST:
                await asyncio.sleep(0.01)


@app.get("/hidden-read")
async def hidden_read(request: Request):
    try:
        return [dict(row) for row in await request.app.state.pool.fetch("SELECT email FROM users")]
    except asyncpg.PostgresError:
        return []


@app.post("/ignored-commit", status_code=201)
async def ignored_commit(request: Request):
    async with request.app.state.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(ORDER, 7)
        try:
            await transaction.commit()
        except asyncpg.PostgresError:
            logging.getLogger("app").info("not committed")
    return {}


@app.get("/after-the-response")
async def after_the_response(connection: Annotated[asyncpg.Connection, Depends(late_audit)]):
    return await connection.fetchval("SELECT count(*) FROM users")


@app.post("/wrong-status", status_code=201)
async def wrong_status(request: Request):
    try:
        await request.app.state.pool.execute(AUDIT, "seen")
    except asyncpg.SerializationError:
        raise HTTPException(500) from None
    return {}
