"""A FastAPI app as of 2022."""

import os

import asyncpg
from fastapi import Depends, FastAPI

app = FastAPI()


@app.on_event("startup")
async def open_pool() -> None:
    app.state.pool = await asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=1)


@app.on_event("shutdown")
async def close_pool() -> None:
    await app.state.pool.close()


def reader() -> str:
    return "anybody"


@app.get("/users/{user_id}")
async def read_user(user_id: int, who: str = Depends(reader)) -> dict[str, str]:
    email = await app.state.pool.fetchval("SELECT email FROM users WHERE id = $1", user_id)
    return {"email": email, "for": who}
