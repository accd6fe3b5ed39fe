"""SQLAlchemy's Core, on both of its asynchronous drivers and synchronously."""

from __future__ import annotations

import datetime as dt
import decimal
import re
import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from tests.conformance.drivers.driver_clients import SQLAlchemyClient, SQLAlchemySync
from tests.conformance.drivers.outcomes import outcome
from tests.conformance.drivers.scenario import SQLALCHEMY_ASYNC, scenario

METADATA = sa.MetaData()
USERS = sa.Table(
    "users",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("email", sa.Text),
    sa.Column("age", sa.Integer),
    sa.Column("mood", postgresql.ENUM("sad", "happy", name="mood", create_type=False)),
)
ANA = {"id": 1, "name": "Ana", "email": "ana@x.io", "age": 30, "mood": "happy"}
BIA = {"id": 2, "name": "Bia", "email": None, "age": None, "mood": None}
SELECTED = "SELECT users.id, users.name, users.email, users.age, users.mood FROM users ..."
INSERTED = "INSERT INTO users ..."
SERIES = sa.text("SELECT n FROM generate_series(1, 25) AS n")


def rows(result: Any) -> Any:
    return [tuple(row) for row in result]


@scenario(*SQLALCHEMY_ASYNC)
async def selected(client: SQLAlchemyClient) -> Any:
    client.server.on(SELECTED).rows(ANA, BIA)
    statement = USERS.select().where(USERS.c.id < 5).order_by(USERS.c.id)
    result = await client.conn.execute(statement)
    return list(result.keys()), rows(result)


@scenario("SQLAlchemy sync")
async def selected_synchronously(client: SQLAlchemySync) -> Any:
    client.server.on(SELECTED).rows(ANA, BIA)
    statement = USERS.select().where(USERS.c.id < 5).order_by(USERS.c.id)
    result = client.conn.execute(statement)
    return list(result.keys()), rows(result)


@scenario(*SQLALCHEMY_ASYNC)
async def selected_with_values_of_many_types(client: SQLAlchemyClient) -> Any:
    when = dt.datetime(2024, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
    values: dict[str, tuple[Any, Any]] = {
        "i": (7, sa.Integer),
        "b": (2**40, sa.BigInteger),
        "n": (decimal.Decimal("1.50"), sa.Numeric(10, 2)),
        "f": (1.5, sa.Float),
        "t": ("x", sa.Text),
        "o": (True, sa.Boolean),
        "u": (uuid.UUID(int=7), sa.Uuid),
        "d": (dt.date(2024, 1, 2), sa.Date),
        "s": (when.replace(tzinfo=None), sa.DateTime),
        "z": (when, sa.DateTime(timezone=True)),
        "v": (dt.timedelta(days=1, seconds=2), sa.Interval),
        "y": (b"\x00\xff", sa.LargeBinary),
        "j": ({"a": [1, None]}, postgresql.JSONB),
        "a": ([1, 2], postgresql.ARRAY(sa.Integer)),
        "e": (None, sa.Text),
    }
    columns = [sa.literal(value, kind).label(name) for name, (value, kind) in values.items()]
    client.server.on("SELECT ... AS i, ...").row(
        {name: value for name, (value, _) in values.items()}
    )
    return rows(await client.conn.execute(sa.select(*columns)))


@scenario(*SQLALCHEMY_ASYNC)
async def inserted_and_returned(client: SQLAlchemyClient) -> Any:
    client.server.on(INSERTED).row(id=3)
    result = await client.conn.execute(USERS.insert().values(name="Cid", mood="sad"))
    return result.inserted_primary_key, result.rowcount, result.returns_rows


@scenario(*SQLALCHEMY_ASYNC)
async def many_inserted(client: SQLAlchemyClient) -> Any:
    client.server.on(INSERTED).tag("INSERT 0 1")
    result = await client.conn.execute(USERS.insert(), [{"name": "Cid"}, {"name": "Dora"}])
    return result.rowcount


@scenario(*SQLALCHEMY_ASYNC)
async def many_inserted_and_returned(client: SQLAlchemyClient) -> Any:
    client.server.on(INSERTED).rows({"id": 3}, {"id": 4})
    statement = USERS.insert().returning(USERS.c.id)
    return rows(await client.conn.execute(statement, [{"name": "Cid"}, {"name": "Dora"}]))


@scenario(*SQLALCHEMY_ASYNC)
async def updated_and_deleted(client: SQLAlchemyClient) -> Any:
    client.server.on("UPDATE users SET age=... WHERE users.id = ...").tag("UPDATE 1")
    client.server.on("DELETE FROM users WHERE users.id > ...").tag("DELETE 1")
    update = USERS.update().where(USERS.c.id == 1).values(age=31)
    delete = USERS.delete().where(USERS.c.id > 1)
    results = [await client.conn.execute(update), await client.conn.execute(delete)]
    return [result.rowcount for result in results]


@scenario(*SQLALCHEMY_ASYNC)
async def an_integrity_error(client: SQLAlchemyClient) -> Any:
    client.server.on(INSERTED).raises(duplicate(client))
    statement = USERS.insert().values(name="Cid", email="ana@x.io")
    return [
        await outcome(client.conn.execute(statement)),
        await outcome(client.conn.execute(sa.text("SELECT 1"))),
        await outcome(client.conn.rollback()),
    ]


def duplicate(client: SQLAlchemyClient) -> Exception:
    return client.server.error(
        client.library,
        "23505",
        constraint="users_email_key",
        table="users",
        schema="public",
        detail="Key (email)=(ana@x.io) already exists.",
    )


@scenario(*SQLALCHEMY_ASYNC)
async def errors_of_its_classes(client: SQLAlchemyClient) -> Any:
    seen = []
    for statement in ("SELECT nowhere", "SELEC 1", "SELECT 'x'::int"):
        seen.append(await outcome(client.conn.execute(sa.text(statement))))
        await client.conn.rollback()
    return seen


@scenario(*SQLALCHEMY_ASYNC)
async def nested(client: SQLAlchemyClient) -> Any:
    client.server.on("SELECT 1 AS a").row(a=1)
    client.server.fails(client.library, "SELECT 1 / 0", sqlstate="22012")
    conn, seen = client.conn, []
    async with conn.begin():
        savepoint = await conn.begin_nested()
        seen.append(await outcome(conn.execute(sa.text("SELECT 1 / 0"))))
        await savepoint.rollback()
        async with conn.begin_nested():
            seen.append(rows(await conn.execute(sa.text("SELECT 1 AS a"))))
        seen += [conn.in_transaction(), conn.in_nested_transaction()]
    return [*seen, conn.in_transaction()]


@scenario(*SQLALCHEMY_ASYNC)
async def isolation_levels(client: SQLAlchemyClient) -> Any:
    conn, seen = client.conn, [await client.conn.get_isolation_level()]
    for level in ("SERIALIZABLE", "READ COMMITTED", "AUTOCOMMIT", "REPEATABLE READ"):
        await conn.execution_options(isolation_level=level)
        seen.append(await conn.get_isolation_level())
        seen.append(rows(await conn.execute(sa.text("SHOW transaction_isolation"))))
        await conn.rollback()
    return seen


@scenario(*SQLALCHEMY_ASYNC)
async def read_only(client: SQLAlchemyClient) -> Any:
    options = {"postgresql_readonly": True, "isolation_level": "SERIALIZABLE"}
    conn = await client.conn.execution_options(**options, postgresql_deferrable=True)
    names = ("transaction_read_only", "transaction_deferrable", "transaction_isolation")
    return [rows(await conn.execute(sa.text(f"SHOW {name}"))) for name in names]


@scenario(*SQLALCHEMY_ASYNC)
async def streamed(client: SQLAlchemyClient) -> Any:
    client.server.on("SELECT n FROM generate_series(1, 25) AS n").rows(
        {"n": n} for n in range(1, 26)
    )
    async with client.conn.stream(SERIES) as result:
        found = [tuple(row) async for row in result]
    await client.conn.execution_options(yield_per=10)
    async with client.conn.stream(SERIES) as result:
        parts = [rows(part) async for part in result.partitions()]
    return found, parts


@scenario(*SQLALCHEMY_ASYNC)
async def asked_about_tables(client: SQLAlchemyClient) -> Any:
    """SQLAlchemy reads PostgreSQL's own tables: no test scripts that."""

    def ask(conn: sa.Connection) -> Any:
        inspector = sa.inspect(conn)
        return [
            inspector.has_table("users"),
            inspector.has_table("nowhere"),
            sorted(inspector.get_table_names()),
            [(column["name"], str(column["type"])) for column in inspector.get_columns("orders")],
            inspector.get_pk_constraint("users"),
            inspector.get_foreign_keys("orders"),
            inspector.get_unique_constraints("users"),
            inspector.get_enums(),
        ]

    return await client.conn.run_sync(ask)


@scenario(*SQLALCHEMY_ASYNC, connected=False)
async def a_pool_exhausted(client: SQLAlchemyClient) -> Any:
    client.server.on("SELECT 1 AS a").row(a=1)
    engine = create_async_engine(client.engine.url, pool_size=1, max_overflow=0, pool_timeout=0.05)
    async with engine.connect() as conn:
        late = await outcome(_connected(engine))
        found = rows(await conn.execute(sa.text("SELECT 1 AS a")))
    again = await outcome(_connected(engine))
    await engine.dispose()
    return late, found, again


async def _connected(engine: Any) -> Any:
    async with engine.connect() as conn:
        return rows(await conn.execute(sa.text("SELECT 1 AS a")))


@scenario(*SQLALCHEMY_ASYNC, connected=False)
async def a_connection_that_was_terminated(client: SQLAlchemyClient) -> Any:
    client.server.on("SELECT 1 AS a").row(a=1)
    found = [await _connected(client.engine)]
    client.server.terminate()
    found.append(await outcome(_connected(client.engine)))
    found.append(await outcome(_connected(client.engine)))
    await client.engine.dispose()
    return found


@scenario(*SQLALCHEMY_ASYNC, connected=False)
async def a_pool_that_pings(client: SQLAlchemyClient) -> Any:
    client.server.on("SELECT 1 AS a").row(a=1)
    engine = create_async_engine(client.engine.url, pool_pre_ping=True)
    found = [await _connected(engine)]
    client.server.terminate()
    found.append(await outcome(_connected(engine)))
    await engine.dispose()
    return found


@scenario(*SQLALCHEMY_ASYNC, connected=False)
async def returned_in_a_transaction(client: SQLAlchemyClient) -> Any:
    client.server.on(re.compile("INSERT INTO users")).tag("INSERT 0 1")
    client.server.on("SELECT count(*) AS n FROM users").row(n=2)
    conn: AsyncConnection
    async with client.engine.connect() as conn:
        await conn.execute(sa.text("INSERT INTO users (name) VALUES ('Cid')"))
    async with client.engine.connect() as conn:
        found = rows(await conn.execute(sa.text("SELECT count(*) AS n FROM users")))
    await client.engine.dispose()
    return found
