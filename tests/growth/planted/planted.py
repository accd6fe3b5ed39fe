"""Twenty functions that send a statement for each row, with every driver; and sound ones."""

from __future__ import annotations

from typing import Any

import aiosql
from sqlalchemy import ForeignKey, select, text
from sqlalchemy.ext.asyncio import AsyncAttrs
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, selectinload
from tortoise import fields
from tortoise.models import Model

USERS = "SELECT id, name FROM users ORDER BY id"
ORDERS = "SELECT id, user_id, number FROM orders"
QUERIES = aiosql.from_str(
    """
-- name: users
SELECT id, name FROM users
-- name: orders_of
SELECT id FROM orders WHERE user_id = :user_id
-- name: user_of^
SELECT name FROM users WHERE id = :id
-- name: orders
SELECT id, user_id FROM orders
""",
    "asyncpg",
    mandatory_parameters=False,
)


# asyncpg ------------------------------------------------------------------------------------------


async def asyncpg_fetch(conn: Any) -> None:
    for user in await conn.fetch(USERS):
        await conn.fetch("SELECT id FROM orders WHERE user_id = $1", user["id"])


async def asyncpg_fetchrow(conn: Any) -> None:
    for order in await conn.fetch(ORDERS):
        await conn.fetchrow("SELECT name FROM users WHERE id = $1", order["user_id"])


async def asyncpg_fetchval(conn: Any) -> None:
    users = await conn.fetch(USERS)
    await conn.fetch("SELECT now()")
    for user in users:
        await conn.fetchval("SELECT count(*) FROM orders WHERE user_id = $1", user["id"])


async def asyncpg_update(conn: Any) -> None:
    for order in await conn.fetch(f"{ORDERS} WHERE NOT paid FOR UPDATE"):
        await conn.execute("UPDATE orders SET paid = true WHERE id = $1", order["id"])


async def asyncpg_insert(conn: Any) -> None:
    async with conn.transaction():
        for order in await conn.fetch(ORDERS):
            await conn.execute("INSERT INTO items (order_id, sku) VALUES ($1, 'x')", order["id"])


async def asyncpg_nested(conn: Any) -> None:
    for user in await conn.fetch("SELECT id FROM users WHERE name <> $1", ""):
        orders = await conn.fetch("SELECT id FROM orders WHERE user_id = $1 LIMIT 5", user["id"])
        assert orders is not None


# psycopg ------------------------------------------------------------------------------------------


async def psycopg_async(conn: Any) -> None:
    cursor = await conn.execute(USERS)
    for number, _ in await cursor.fetchall():
        await conn.execute("SELECT id FROM orders WHERE user_id = %s", (number,))


async def psycopg_join(conn: Any) -> None:
    cursor = await conn.execute(
        "SELECT u.id, o.id FROM users u JOIN orders o ON o.user_id = u.id WHERE o.number > 0"
    )
    for _, order in await cursor.fetchall():
        await conn.execute("SELECT sku FROM items WHERE order_id = %s", (order,))


def psycopg_sync(conn: Any) -> None:
    for _, user, _ in conn.execute(ORDERS).fetchall():
        conn.execute("SELECT name FROM users WHERE id = %s", (user,)).fetchone()


# psqlpy -------------------------------------------------------------------------------------------


async def psqlpy_fetch(conn: Any) -> None:
    for user in (await conn.fetch(USERS)).result():
        await conn.fetch("SELECT id FROM orders WHERE user_id = $1", [user["id"]])


async def psqlpy_row(conn: Any) -> None:
    for order in (await conn.fetch(ORDERS)).result():
        await conn.fetch_row("SELECT name FROM users WHERE id = $1", [order["user_id"]])


# aiosql -------------------------------------------------------------------------------------------


async def aiosql_list(conn: Any) -> None:
    for user in [user async for user in QUERIES.users(conn)]:
        async for order in QUERIES.orders_of(conn, user_id=user["id"]):
            assert order["id"]


async def aiosql_row(conn: Any) -> None:
    for order in [order async for order in QUERIES.orders(conn)]:
        await QUERIES.user_of(conn, id=order["user_id"])


# SQLAlchemy ---------------------------------------------------------------------------------------


class Base(AsyncAttrs, DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    orders: Mapped[list[Order]] = relationship(back_populates="user")


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    number: Mapped[int]
    user: Mapped[User] = relationship(back_populates="orders")


async def sqlalchemy_core(session: Any) -> None:
    for number, _ in await session.execute(text(USERS)):
        await session.execute(text("SELECT id FROM orders WHERE user_id = :id"), {"id": number})


async def sqlalchemy_select(session: Any) -> None:
    for user in await session.scalars(select(User)):
        await session.scalars(select(Order).where(Order.user_id == user.id))


async def sqlalchemy_awaitable(session: Any) -> None:
    for user in (await session.scalars(select(User))).all():
        await user.awaitable_attrs.orders


async def sqlalchemy_refresh(session: Any) -> None:
    for order in (await session.scalars(select(Order))).all():
        await session.refresh(order, ["user"])


def sqlalchemy_lazy(session: Any) -> None:
    for user in session.scalars(select(User)).all():
        assert user.orders is not None


def sqlalchemy_lazy_parent(session: Any) -> None:
    for order in session.scalars(select(Order)).all():
        assert order.user.name


# Tortoise -----------------------------------------------------------------------------------------


class Person(Model):
    id = fields.IntField(primary_key=True)
    name = fields.TextField()
    purchases: fields.ReverseRelation[Purchase]

    class Meta:
        table = "users"


class Purchase(Model):
    id = fields.BigIntField(primary_key=True)
    number = fields.IntField()
    user: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "planted.Person", related_name="purchases"
    )

    class Meta:
        table = "orders"


async def tortoise_reverse(_: Any) -> None:
    for person in await Person.all():
        assert await person.purchases is not None


async def tortoise_parent(_: Any) -> None:
    for purchase in await Purchase.all():
        assert await purchase.user is not None


# Sound --------------------------------------------------------------------------------------------


async def sound_asyncpg(conn: Any) -> None:
    users = await conn.fetch(USERS)
    await conn.fetch("SELECT id FROM orders WHERE user_id = ANY($1)", [row["id"] for row in users])
    for flag in (True, False):
        await conn.fetchval("SELECT count(*) FROM orders WHERE paid = $1", flag)


async def sound_sqlalchemy(session: Any) -> None:
    users = await session.scalars(select(User).options(selectinload(User.orders)))
    assert [user.orders for user in users]
    for number in range(2):
        await session.execute(select(Order).where(Order.number == number))


async def sound_tortoise(_: Any) -> None:
    assert [person.purchases for person in await Person.all().prefetch_related("purchases")]
    for number in range(2):
        await Purchase.filter(number=number)


async def sound_psycopg(conn: Any) -> None:
    cursor = await conn.execute(ORDERS)
    numbers = [number for number, *_ in await cursor.fetchall()]
    for number in numbers[:2]:
        await conn.execute("SELECT sku FROM items WHERE order_id = %s", (number,))


async def of_user(conn: Any, user: Any) -> None:
    await conn.fetch("SELECT id FROM orders WHERE user_id = $1", user["id"])
