"""Connections and pools of each driver to the test's server, scripted or real.

They are closed when the test ends. The code under test closes what it opens by itself.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from understudy.serving.closers import Closers
from understudy.serving.drivers import imported

if TYPE_CHECKING:
    import asyncpg
    import psqlpy
    import psycopg
    from psycopg_pool import AsyncConnectionPool
    from sqlalchemy import Engine
    from sqlalchemy.ext.asyncio import AsyncEngine

    from understudy.fake_postgres.server import Server


class Connecting:
    """The base of each driver's factory.

    Args:
        dsn: the server's URL.
        closers: close the connections and pools made here.
        server: a server in this process, which needs no socket; None if there is only the URL.
    """

    def __init__(self, dsn: str, closers: Closers, server: Server | None = None) -> None:
        self._dsn = dsn
        self._closers = closers
        self._server = server


class Asyncpg(Connecting):
    """asyncpg; its bytes stay in memory if the server is in this process."""

    async def connect(self, **options: Any) -> asyncpg.Connection:
        """Return a connection; `options` are those of `asyncpg.connect`."""
        module = imported("asyncpg", "asyncpg")
        connection = await module.connect(**{**self._where(), **options})
        self._closers.add(connection.terminate)
        return connection

    def pool(self, **options: Any) -> asyncpg.Pool:
        """Return a pool, to be awaited or used with `async with`, as `asyncpg.create_pool` does."""
        module = imported("asyncpg", "asyncpg")
        pool = module.create_pool(**{**self._where(), "min_size": 1, **options})

        def close() -> None:
            with suppress(module.InterfaceError):  # it was never opened
                pool.terminate()

        self._closers.add(close)
        return pool

    def _where(self) -> dict[str, Any]:
        if self._server is None:
            return {"dsn": self._dsn}
        # With a password, asyncpg reads no password file; with a path, it looks for no socket.
        return {
            "host": "/fake_postgres",
            "port": 5432,
            "user": self._server.user,
            "password": self._server.password,
            "database": self._server.database,
            "ssl": False,
            "loop": self._server.memory(),
        }


class Psycopg(Connecting):
    """psycopg, over the socket."""

    async def connect(self, **options: Any) -> psycopg.AsyncConnection[Any]:
        """Return an async connection; `options` are those of `psycopg.AsyncConnection.connect`."""
        module = imported("psycopg", "psycopg")
        connection: psycopg.AsyncConnection[Any]
        connection = await module.AsyncConnection.connect(self._dsn, **options)
        # Not close(), which is to be awaited, even if its loop is gone.
        self._closers.add(lambda: connection.pgconn.finish())
        return connection

    def connect_sync(self, **options: Any) -> psycopg.Connection[Any]:
        """Return a connection; `options` are those of `psycopg.connect`."""
        connection: psycopg.Connection[Any]
        connection = imported("psycopg", "psycopg").connect(self._dsn, **options)
        self._closers.add(connection.close)
        return connection

    def pool(self, **options: Any) -> AsyncConnectionPool[Any]:
        """Return a pool that is not open yet: use it with `async with`, as psycopg wants it."""
        module = imported("psycopg_pool", "psycopg_pool")
        pool: AsyncConnectionPool[Any]
        pool = module.AsyncConnectionPool(self._dsn, open=False, **{"min_size": 1, **options})
        return pool


class Psqlpy(Connecting):
    """psqlpy, over the socket."""

    async def connect(self, **options: Any) -> psqlpy.Connection:
        """Return a connection; `options` are those of `psqlpy.connect_pool`."""
        return await self.pool(**options).connection()

    def pool(self, **options: Any) -> psqlpy.ConnectionPool:
        """Return a pool; `options` are those of `psqlpy.ConnectionPool`."""
        pool: psqlpy.ConnectionPool
        pool = imported("psqlpy", "psqlpy").ConnectionPool(dsn=self._dsn, **options)
        self._closers.add(pool.close)
        return pool


class Sqlalchemy(Connecting):
    """SQLAlchemy, on asyncpg or on psycopg."""

    def engine(self, driver: str = "asyncpg", **options: Any) -> AsyncEngine:
        """Return an async engine; `options` are those of `create_async_engine`."""
        module = imported("sqlalchemy.ext.asyncio", "sqlalchemy[asyncio]")
        if driver == "asyncpg" and self._server is not None:
            options.setdefault("async_creator", self._create)
        engine: AsyncEngine
        engine = module.create_async_engine(self._url(driver), **options)
        event = imported("sqlalchemy", "sqlalchemy").event
        event.listen(engine.sync_engine, "connect", self._opened)
        return engine

    def _opened(self, _adapted: object, record: Any) -> None:
        # An async engine can only be disposed of in its event loop, which may be gone by then.
        connection = record.driver_connection
        if hasattr(connection, "terminate"):
            self._closers.add(connection.terminate)
        else:
            self._closers.add(lambda: connection.pgconn.finish())

    def sync_engine(self, driver: str = "psycopg", **options: Any) -> Engine:
        """Return an engine that is not async; `options` are those of `create_engine`."""
        engine: Engine
        engine = imported("sqlalchemy", "sqlalchemy").create_engine(self._url(driver), **options)
        self._closers.add(engine.dispose)
        return engine

    async def _create(self) -> asyncpg.Connection:
        return await Asyncpg(self._dsn, self._closers, self._server).connect()

    def _url(self, driver: str) -> str:
        return self._dsn.replace("postgresql:", f"postgresql+{driver}:", 1)


class Drivers:
    """Connections and pools of every driver.

    Attributes:
        asyncpg, psycopg, psqlpy, sqlalchemy: make connections and pools of each.
    """

    def __init__(self, dsn: str, server: Server | None = None) -> None:
        self._closers = Closers()
        self.asyncpg = Asyncpg(dsn, self._closers, server)
        self.psycopg = Psycopg(dsn, self._closers)
        self.psqlpy = Psqlpy(dsn, self._closers)
        self.sqlalchemy = Sqlalchemy(dsn, self._closers, server)

    def _close_all(self) -> bool:
        """Close what a test made, latest first; return whether there was anything."""
        return self._closers.close_all()
