"""SQLAlchemy's ORM."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import async_sessionmaker
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, selectinload

from tests.conformance.drivers.driver_clients import SQLAlchemyClient
from tests.conformance.drivers.outcomes import outcome
from tests.conformance.drivers.scenario import SQLALCHEMY_ASYNC, scenario
from tests.conformance.drivers.scenarios.sqlalchemy_core import duplicate


class Base(DeclarativeBase):
    """What is mapped here."""


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    email: Mapped[str | None]
    orders: Mapped[list[Order]] = relationship(back_populates="user", order_by="Order.id")


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"))
    code: Mapped[str | None]
    user: Mapped[User] = relationship(back_populates="orders")


# SQLAlchemy 2.1 as well as 2.0, which names the columns of some of its statements again.
USERS = "SELECT users.id ..., users.name ..., users.email ... FROM users ..."
ORDERS = "SELECT orders.user_id ... FROM orders ..."
ANA = {"id": 1, "name": "Ana", "email": "ana@x.io"}


def sessions(client: SQLAlchemyClient) -> Any:
    return async_sessionmaker(client.engine, expire_on_commit=False)


async def closed(client: SQLAlchemyClient, found: Any) -> Any:
    await client.engine.dispose()
    return found


@scenario(*SQLALCHEMY_ASYNC, connected=False)
async def got_by_key(client: SQLAlchemyClient) -> Any:
    client.server.on(USERS, 1).row(ANA)
    client.server.on(USERS, 9).rows()
    async with sessions(client)() as session:
        user = await session.get(User, 1)
        found = [
            user.name,
            user.email,
            await session.get(User, 9),
            await session.get(User, 1) is user,
        ]
    return await closed(client, found)


@scenario(*SQLALCHEMY_ASYNC, connected=False)
async def added(client: SQLAlchemyClient) -> Any:
    client.server.on("INSERT INTO users (name, email) VALUES (...) RETURNING users.id").row(id=3)
    async with sessions(client).begin() as session:
        user = User(name="Cid")
        session.add(user)
        await session.flush()
        found = user.id
    return await closed(client, found)


@scenario(*SQLALCHEMY_ASYNC, connected=False)
async def several_added(client: SQLAlchemyClient) -> Any:
    client.server.on("INSERT INTO users ... RETURNING users.id, users.id AS id__1").rows(
        {"id": 3, "id__1": 3}, {"id": 4, "id__1": 4}
    )
    async with sessions(client).begin() as session:
        users = [User(name="Cid"), User(name="Dora")]
        session.add_all(users)
        await session.flush()
        found = [user.id for user in users]
    return await closed(client, found)


@scenario(*SQLALCHEMY_ASYNC, connected=False)
async def changed_and_deleted(client: SQLAlchemyClient) -> Any:
    client.server.on(USERS).row(id=2, name="Bia", email=None)
    client.server.on("UPDATE users SET name=... WHERE users.id = ...").tag("UPDATE 1")
    client.server.on("DELETE FROM users WHERE users.id = ...").tag("DELETE 1")
    client.server.on("SELECT orders.id ... FROM orders ...").optional().rows()
    async with sessions(client)() as session:
        user = await session.get(User, 2)
        user.name = "Eva"
        await session.commit()
        await session.delete(user)
        await session.commit()
        found = sa.inspect(user).detached
    return await closed(client, found)


@scenario(*SQLALCHEMY_ASYNC, connected=False)
async def changed_by_someone_else(client: SQLAlchemyClient) -> Any:
    """The row is gone when it is written: SQLAlchemy finds out by the count."""
    client.server.on(USERS).row(id=2, name="Bia", email=None)
    client.server.on("UPDATE users SET name=... WHERE users.id = ...").tag("UPDATE 0")
    async with sessions(client)() as session:
        user = await session.get(User, 2)
        if client.server.real:
            client.server.admin.execute("DELETE FROM users WHERE id = 2")
        user.name = "Eva"
        found = await outcome(session.commit())
    return await closed(client, found)


@scenario(*SQLALCHEMY_ASYNC, connected=False)
async def loaded_with_its_orders(client: SQLAlchemyClient) -> Any:
    client.server.on(USERS).rows(
        {"id": 1, "name": "Ana", "email": "ana@x.io"}, {"id": 2, "name": "Bia", "email": None}
    )
    client.server.on(ORDERS).row(user_id=1, id=1, code="abc")
    async with sessions(client)() as session:
        statement = sa.select(User).order_by(User.id).options(selectinload(User.orders))
        users = (await session.scalars(statement)).all()
        found = [(user.name, [order.code for order in user.orders]) for user in users]
    return await closed(client, found)


@scenario(*SQLALCHEMY_ASYNC, connected=False)
async def joined(client: SQLAlchemyClient) -> Any:
    client.server.on("SELECT users.name, count(orders.id) AS n FROM users JOIN orders ...").row(
        name="Ana", n=1
    )
    statement = sa.select(User.name, sa.func.count(Order.id).label("n")).join(User.orders)
    async with sessions(client)() as session:
        result = await session.execute(statement.group_by(User.name))
        found = [dict(row) for row in result.mappings()]
    return await closed(client, found)


@scenario(*SQLALCHEMY_ASYNC, connected=False)
async def an_integrity_error_of_a_flush(client: SQLAlchemyClient) -> Any:
    client.server.on("INSERT INTO users ...").raises(duplicate(client))
    client.server.on(USERS).row(ANA)
    async with sessions(client)() as session:
        session.add(User(name="Cid", email="ana@x.io"))
        found = [await outcome(session.flush()), await outcome(session.get(User, 1))]
        await session.rollback()
        found.append((await session.get(User, 1)).name)
    return await closed(client, found)


@scenario(*SQLALCHEMY_ASYNC, connected=False)
async def a_savepoint_of_a_session(client: SQLAlchemyClient) -> Any:
    client.server.on("INSERT INTO users ...", "Cid", "ana@x.io").raises(duplicate(client))
    client.server.on("INSERT INTO users ...", "Dora", None).row(id=4)
    found: list[Any] = []
    async with sessions(client).begin() as session:

        async def add() -> None:
            async with session.begin_nested():
                session.add(User(name="Cid", email="ana@x.io"))

        found.append(await outcome(add()))
        user = User(name="Dora")
        session.add(user)
        await session.flush()
        found.append(user.id)
    return await closed(client, found)
