"""How a test opens the connections, sessions and pools that code takes as arguments."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Opening:
    """How a test gets what the code under test works on: a connection, a session, a pool.

    Attributes:
        name: the variable; "" if the line sets none.
        line: the source that opens it; a `with` or a `try` if it ends with a colon.
        imports: the lines that it needs.
        closing: the line that closes it, if it ends with `try:`.
    """

    name: str
    line: str
    imports: tuple[str, ...] = ()
    closing: str = ""


# FIXTURE stands for the fixture of a server, ENGINE for an async engine on it.
_ASYNCPG = Opening("conn", "conn = await FIXTURE.asyncpg.connect()")
_ASYNCPG_POOL = Opening("pool", "async with FIXTURE.asyncpg.pool() as pool:")
_PSYCOPG = Opening("conn", "conn = await FIXTURE.psycopg.connect()")
_PSYCOPG_SYNC = Opening("conn", "conn = FIXTURE.psycopg.connect_sync()")
_AIOMYSQL = Opening("conn", "conn = await FIXTURE.aiomysql.connect()")
_AIOMYSQL_POOL = Opening("pool", "pool = await FIXTURE.aiomysql.pool()")
_ASYNCMY = Opening("conn", "conn = await FIXTURE.asyncmy.connect()")
_ASYNCMY_POOL = Opening("pool", "pool = await FIXTURE.asyncmy.pool()")
_PYMYSQL = Opening("conn", "conn = FIXTURE.pymysql.connect()")
_PSQLPY = Opening("conn", "conn = await FIXTURE.psqlpy.connect()")
_ENGINE_SYNC = Opening("engine", "engine = FIXTURE.sqlalchemy.sync_engine()")
_SESSION = Opening("session", "with Session(FIXTURE.sqlalchemy.sync_engine()) as session:")
_ASYNC_SESSION = Opening("session", "async with AsyncSession(ENGINE) as session:")
_OF_MYSQL = {
    "aiomysql.Connection": _AIOMYSQL,
    "aiomysql.connection.Connection": _AIOMYSQL,
    "aiomysql.Pool": _AIOMYSQL_POOL,
    "aiomysql.pool.Pool": _AIOMYSQL_POOL,
    "asyncmy.Connection": _ASYNCMY,
    "asyncmy.connection.Connection": _ASYNCMY,
    "asyncmy.Pool": _ASYNCMY_POOL,
    "asyncmy.pool.Pool": _ASYNCMY_POOL,
    "pymysql.Connection": _PYMYSQL,
    "pymysql.connections.Connection": _PYMYSQL,
}
_OF_POSTGRES = {
    "asyncpg.Connection": _ASYNCPG,
    "asyncpg.connection.Connection": _ASYNCPG,
    "asyncpg.pool.PoolConnectionProxy": _ASYNCPG,
    "asyncpg.Pool": _ASYNCPG_POOL,
    "asyncpg.pool.Pool": _ASYNCPG_POOL,
    "psycopg.AsyncConnection": _PSYCOPG,
    "psycopg.Connection": _PSYCOPG_SYNC,
    "psycopg_pool.AsyncConnectionPool": Opening(
        "pool", "async with FIXTURE.psycopg.pool() as pool:"
    ),
    "psycopg_pool.ConnectionPool": Opening(
        "pool",
        "with ConnectionPool(FIXTURE.dsn, min_size=1) as pool:",
        ("from psycopg_pool import ConnectionPool",),
    ),
    "psqlpy.ConnectionPool": Opening("pool", "pool = FIXTURE.psqlpy.pool()"),
    "psqlpy.Connection": _PSQLPY,
}
_OF_ANY = {
    "databases.Database": Opening(
        "database",
        "async with Database(FIXTURE.dsn) as database:",
        ("from databases import Database",),
    ),
    "sqlalchemy.Engine": _ENGINE_SYNC,
    "sqlalchemy.engine.Engine": _ENGINE_SYNC,
    "sqlalchemy.Connection": Opening(
        "conn", "with FIXTURE.sqlalchemy.sync_engine().connect() as conn:"
    ),
    "sqlalchemy.engine.Connection": Opening(
        "conn", "with FIXTURE.sqlalchemy.sync_engine().connect() as conn:"
    ),
    "sqlalchemy.orm.sessionmaker": Opening(
        "sessions",
        "sessions = sessionmaker(FIXTURE.sqlalchemy.sync_engine())",
        ("from sqlalchemy.orm import sessionmaker",),
    ),
    "sqlalchemy.ext.asyncio.AsyncEngine": Opening("engine", "engine = ENGINE"),
    "sqlalchemy.ext.asyncio.AsyncConnection": Opening(
        "conn", "async with ENGINE.connect() as conn:"
    ),
    "sqlalchemy.ext.asyncio.async_sessionmaker": Opening(
        "sessions",
        "sessions = async_sessionmaker(ENGINE)",
        ("from sqlalchemy.ext.asyncio import async_sessionmaker",),
    ),
    **{
        f"{module}.Session": replace(_SESSION, imports=(f"from {module} import Session",))
        for module in ("sqlalchemy.orm", "sqlalchemy.orm.session", "sqlmodel")
    },
    **{
        f"{module}.AsyncSession": replace(
            _ASYNC_SESSION, imports=(f"from {module} import AsyncSession",)
        )
        for module in (
            "sqlalchemy.ext.asyncio",
            "sqlalchemy.ext.asyncio.session",
            "sqlmodel.ext.asyncio.session",
        )
    },
}
_OPENINGS = _OF_MYSQL | _OF_POSTGRES | _OF_ANY
# An argument of any of these kinds is named so.
_SESSION_NAME = re.compile(r"session|db|db_session|(async|db)_session")
_CONNECTION_NAME = re.compile(r"conn|connection|con")


def opening(kind: str, fixture: str, driver: str | None) -> Opening | None:
    """Return how to open what a type is, or None if it is no connection.

    Args:
        kind: the type's dotted name, as it is imported.
        fixture: the fixture to open it with: "fake_postgres", "real_postgres", "fake_mysql".
        driver: the project's driver, on which an engine of SQLAlchemy is.
    """
    of_server = _OF_MYSQL if fixture.endswith("_mysql") else _OF_POSTGRES
    found = of_server.get(kind) or _OF_ANY.get(kind)
    if found is None:
        return None
    argument = f'"{driver}"' if driver in ("psycopg", "asyncmy") else ""
    line = found.line.replace("ENGINE", f"{fixture}.sqlalchemy.engine({argument})")
    return replace(found, line=line.replace("FIXTURE", fixture))


def kind_by_name(
    name: str, *, is_async: bool, driver: str | None, uses_sqlalchemy: bool
) -> str | None:
    """Return the type of connection that an argument without an annotation takes, or None.

    Args:
        name: the argument's name.
        is_async: whether the function is async.
        driver: the project's driver.
        uses_sqlalchemy: whether the project uses SQLAlchemy.
    """
    if uses_sqlalchemy and _SESSION_NAME.fullmatch(name):
        return "sqlalchemy.ext.asyncio.AsyncSession" if is_async else "sqlalchemy.orm.Session"
    if _CONNECTION_NAME.fullmatch(name):
        if driver == "psycopg":
            return "psycopg.AsyncConnection" if is_async else "psycopg.Connection"
        kind = f"{driver}.Connection"
        return kind if driver == "asyncpg" or kind in _OF_MYSQL else None
    kind = f"{driver}.Pool"
    return kind if name == "pool" and kind in _OPENINGS else None


def kind_of(cls: type) -> str | None:
    """Return the name by which the type of a connection is known here, or None for another class.

    The classes of some drivers don't know the module that they are imported from.
    """
    # The most derived one: SQLModel's sessions are SQLAlchemy's, with more methods.
    for base in cls.__mro__:
        for name in _OPENINGS:
            module, _, last = name.rpartition(".")
            if getattr(sys.modules.get(module), last, None) is base:
                return name
    return None


def commit(opened: Opening) -> str | None:
    """Return the line that commits what was done; None if that happens by itself."""
    kinds = (
        ("async with AsyncSession(", True),
        ("with Session(", False),
        (".psycopg.connect()", True),
        (".psycopg.connect_sync()", False),
        (".sync_engine().connect()", False),
        (".connect() as conn:", True),
    )
    for mark, is_async in kinds:
        if mark in opened.line:
            return f"{'await ' if is_async else ''}{opened.name}.commit()"
    return None


def with_options(opened: Opening, options: Sequence[str]) -> Opening:
    """Return the opening of a session or a factory of sessions with options: `autoflush=False`."""
    match = re.search(r"\b(?:Session|AsyncSession|sessionmaker|async_sessionmaker)\(", opened.line)
    if match is None or not options:
        return opened
    depth, end = 1, match.end()
    while depth:
        depth += {"(": 1, ")": -1}.get(opened.line[end], 0)
        end += 1
    line = f"{opened.line[: end - 1]}, {', '.join(options)}{opened.line[end - 1 :]}"
    return replace(opened, line=line)
