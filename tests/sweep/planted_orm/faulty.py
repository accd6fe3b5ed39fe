"""An app on SQLAlchemy with eight faults, each in a route of its own."""

import asyncio
import logging
from typing import Annotated

import asyncpg
from fastapi import Depends, HTTPException, Request
from sqlalchemy import insert, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from .common import Audit, Order, User, is_lost, make_app

app = make_app()


async def late_commit(request: Request):
    async with request.app.state.sessions() as session:
        yield session
        await session.commit()  # noqa: UND034 - FastAPI has answered


@app.post("/early", status_code=201)
async def early(session: Annotated[AsyncSession, Depends(late_commit)]):
    session.add(Order(amount=7))
    await session.flush()
    return {}


@app.post("/swallowed", status_code=201)
async def swallowed(request: Request):
    async with request.app.state.sessions() as session:
        session.add(User(email="ana@example.com"))
        try:
            await session.commit()
        except DBAPIError:
            logging.getLogger("app").info("not stored")
    return {}


@app.post("/half-done", status_code=201)
async def half_done(request: Request):
    async with request.app.state.sessions() as session:
        session.add(Order(amount=7))
        await session.commit()
        session.add(Audit(entry="ordered"))
        await session.commit()
    return {}


@app.get("/hidden-read")
async def hidden_read(request: Request):
    async with request.app.state.sessions() as session:
        try:
            return list(await session.scalars(select(User.email)))
        except DBAPIError:
            return []


@app.post("/left-open", status_code=201)
async def left_open(request: Request):
    session = request.app.state.sessions()
    app.state.latest = session  # so that the garbage collection does not close it
    session.add(Order(amount=7))
    await session.flush()
    await session.execute(insert(Audit).values(entry="ordered"))
    await session.commit()
    await session.close()
    return {}


@app.post("/retried", status_code=201)
async def retried(request: Request):
    for _ in range(3):
        async with request.app.state.sessions() as session:
            session.add(Order(amount=7))
            try:
                await session.commit()
            except DBAPIError as error:
                if is_lost(error):
                    continue
                raise
            return {}
    raise HTTPException(503)


@app.get("/for-ever")
async def for_ever(request: Request):
    while True:
        async with request.app.state.sessions() as session:
            connection = await session.connection()
            raw = await connection.get_raw_connection()
            while True:
                try:
                    return await raw.driver_connection.fetchval("SELECT count(*) FROM orders")
                except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                    await asyncio.sleep(0.01)


@app.post("/wrong-status", status_code=201)
async def wrong_status(request: Request):
    try:
        async with request.app.state.sessions() as session, session.begin():
            session.add(Audit(entry="seen"))
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == "40001":
            raise HTTPException(500) from None
        raise
    return {}
