"""The twin of the faulty app: the same routes and statements, without the faults."""

from typing import Annotated

from fastapi import Depends, HTTPException, Request
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from .common import Audit, Order, User, make_app

app = make_app()


async def in_transaction(request: Request):
    async with request.app.state.sessions() as session, session.begin():
        yield session


@app.post("/early", status_code=201)
async def early(session: Annotated[AsyncSession, Depends(in_transaction, scope="function")]):
    session.add(Order(amount=7))
    await session.flush()
    return {}


@app.post("/swallowed", status_code=201)
async def swallowed(request: Request):
    async with request.app.state.sessions() as session, session.begin():
        session.add(User(email="ana@example.com"))
    return {}


@app.post("/half-done", status_code=201)
async def half_done(request: Request):
    async with request.app.state.sessions() as session, session.begin():
        session.add(Order(amount=7))
        await session.flush()
        session.add(Audit(entry="ordered"))
    return {}


@app.get("/hidden-read")
async def hidden_read(request: Request):
    async with request.app.state.sessions() as session:
        return list(await session.scalars(select(User.email)))


@app.post("/left-open", status_code=201)
async def left_open(request: Request):
    async with request.app.state.sessions() as session:
        session.add(Order(amount=7))
        await session.flush()
        try:
            async with session.begin_nested():
                session.add(Audit(entry="ordered"))
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) not in ("40001", "40P01"):
                raise
        await session.commit()
    return {}


@app.post("/retried", status_code=201)
async def retried(request: Request):
    for _ in range(3):
        try:
            async with request.app.state.sessions() as session, session.begin():
                session.add(Order(amount=7))
            return {}
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) not in ("40001", "40P01"):
                raise
    raise HTTPException(503)


@app.get("/for-ever")
async def for_ever(request: Request):
    async with request.app.state.sessions() as session:
        return await session.scalar(select(func.count()).select_from(Order))


@app.post("/wrong-status", status_code=201)
async def wrong_status(request: Request):
    async with request.app.state.sessions() as session, session.begin():
        session.add(Audit(entry="seen"))
    return {}
