"""SQLAlchemy leaves its context managers in tasks of its own: their statements have a line too."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

INSERT = "INSERT INTO users (name) VALUES (...) RETURNING users.id"


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


async def flushed_at_the_end(engine: AsyncEngine) -> None:
    async with async_sessionmaker(engine).begin() as session:
        session.add(User(name="Ana"))


async def session_in_a_transaction(engine: AsyncEngine) -> None:
    async with AsyncSession(engine) as session, session.begin():
        session.add(User(name="Ana"))


async def committed(engine: AsyncEngine) -> None:
    async with AsyncSession(engine) as session:
        session.add(User(name="Ana"))
        await session.commit()


async def on_a_connection(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("INSERT INTO users (name) VALUES ('Ana') RETURNING users.id"))


@pytest.mark.parametrize(
    "use", [flushed_at_the_end, session_in_a_transaction, committed, on_a_connection]
)
@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
async def test_its_statements_are_those_of_the_line_that_leaves(
    fake_postgres: Any, use: Callable[[AsyncEngine], Awaitable[None]], driver: str
) -> None:
    fake_postgres.on(INSERT).row(id=7)

    await use(fake_postgres.sqlalchemy.engine(driver))

    assert {call.origin.code for call in fake_postgres.calls} == {use.__code__}
