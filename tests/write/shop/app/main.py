import os
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated

import asyncpg
from fastapi import Depends, FastAPI, Header, HTTPException
from pydantic import BaseModel, Field

from app.orders_dao import OrderClosed, OrderDAO

app = FastAPI()


class OrderCreate(BaseModel):
    code: str = Field(min_length=2, max_length=8)
    amount: int = Field(ge=0, le=9000)


async def connection() -> AsyncIterator[asyncpg.Connection]:
    conn = await asyncpg.connect(os.environ["DATABASE_URL"])
    try:
        yield conn
    finally:
        await conn.close()


async def current_user(authorization: Annotated[str | None, Header()] = None) -> str:
    if authorization != "Bearer secret":
        raise HTTPException(401, "sign in first")
    return "ana"


class Caller(BaseModel):
    name: str


async def current_caller(authorization: Annotated[str | None, Header()] = None) -> Caller:
    raise HTTPException(401, "sign in first")


def require(code: str) -> Callable[..., Awaitable[None]]:
    async def allowed(
        conn: Annotated[asyncpg.Connection, Depends(connection)],
        caller: Annotated[Caller, Depends(current_caller)],
    ) -> None:
        rows = await conn.fetch("SELECT code FROM grants WHERE name = $1", caller.name)
        if code not in {row["code"] for row in rows}:
            raise HTTPException(403, f"you need {code}")

    return allowed


@app.get("/orders/{order_id}")
async def read_order(
    order_id: int, conn: Annotated[asyncpg.Connection, Depends(connection)]
) -> dict[str, str]:
    try:
        label = await OrderDAO(conn).label(order_id)
    except OrderClosed:
        raise HTTPException(410, "closed") from None
    if label == "unknown":
        raise HTTPException(404, "no such order")
    return {"label": label}


@app.post("/orders", status_code=201)
async def create_order(
    body: OrderCreate,
    conn: Annotated[asyncpg.Connection, Depends(connection)],
    user: Annotated[str, Depends(current_user)],
) -> dict[str, object]:
    try:
        order_id = await OrderDAO(conn).create(body.code, body.amount)
    except asyncpg.UniqueViolationError:
        raise HTTPException(409, "taken") from None
    except ValueError as error:
        raise HTTPException(422, str(error)) from None
    return {"id": order_id, "by": user}


@app.delete("/orders/{order_id}", status_code=204, dependencies=[Depends(require("orders:delete"))])
async def delete_order(
    order_id: int, conn: Annotated[asyncpg.Connection, Depends(connection)]
) -> None:
    await conn.execute("DELETE FROM orders WHERE id = $1", order_id)
