"""Connections and pools of each driver to the test's server, scripted or real.

They are closed when the test ends. The code under test closes what it opens by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from understudy.serving.closers import Closers
from understudy.serving.drivers import imported

if TYPE_CHECKING:
    import aiomysql  # type: ignore[import-untyped] # it has no types
    import asyncmy
    import pymysql
    from sqlalchemy import Engine
    from sqlalchemy.ext.asyncio import AsyncEngine

    from understudy.serving.location import Location
    from understudy.serving.server import Server


class Connecting:
    """The base of each driver's factory.

    Args:
        place: the server.
        closers: close the connections and pools made here.
    """

    def __init__(self, place: Location | Server[Any], closers: Closers) -> None:
        self._place = place
        self._closers = closers

    def _where(self, database: str, options: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments of a driver that calls its database so."""
        place = self._place
        where = {"host": place.host, "port": place.port, "user": place.user}
        return {**where, "password": place.password, database: place.database, **options}


class Aiomysql(Connecting):
    """aiomysql."""

    async def connect(self, **options: Any) -> aiomysql.Connection:
        """Return a connection; `options` are those of `aiomysql.connect`."""
        module = imported("aiomysql", "aiomysql")
        connection = await module.connect(**self._where("db", options))
        self._closers.add(connection.close)
        return connection

    async def pool(self, **options: Any) -> aiomysql.Pool:
        """Return a pool; `options` are those of `aiomysql.create_pool`."""
        module = imported("aiomysql", "aiomysql")
        pool = await module.create_pool(**self._where("db", options))
        self._closers.add(lambda: _close_pool(pool))
        return pool


class Asyncmy(Connecting):
    """asyncmy."""

    async def connect(self, **options: Any) -> asyncmy.Connection:
        """Return a connection; `options` are those of `asyncmy.connect`."""
        module = imported("asyncmy", "asyncmy")
        connection: asyncmy.Connection = await module.connect(**self._where("database", options))
        self._closers.add(connection.close)
        return connection

    async def pool(self, **options: Any) -> asyncmy.Pool:
        """Return a pool; `options` are those of `asyncmy.create_pool`."""
        module = imported("asyncmy", "asyncmy")
        pool: asyncmy.Pool = await module.create_pool(**self._where("database", options))
        self._closers.add(lambda: _close_pool(pool))
        return pool


def _close_pool(pool: Any) -> None:
    """Close a pool, also of another loop: terminate() leaves the free connections open."""
    if not pool._closed:
        pool.terminate()
    while pool._free:
        pool._free.popleft().close()


class Pymysql(Connecting):
    """PyMySQL."""

    def connect(self, **options: Any) -> pymysql.Connection[Any]:
        """Return a connection; `options` are those of `pymysql.connect`."""
        module = imported("pymysql", "pymysql")
        # The server has no TLS, and to prepare for it takes longer than all else.
        options = {"ssl_disabled": True, **options}
        connection: pymysql.Connection[Any] = module.connect(**self._where("database", options))
        self._closers.add(lambda: connection.close() if connection.open else None)
        return connection


class Sqlalchemy(Connecting):
    """SQLAlchemy, on aiomysql or asyncmy, and on PyMySQL."""

    def engine(self, driver: str = "aiomysql", **options: Any) -> AsyncEngine:
        """Return an async engine; `options` are those of `create_async_engine`."""
        module = imported("sqlalchemy.ext.asyncio", "sqlalchemy[asyncio]")
        engine: AsyncEngine = module.create_async_engine(self._url(driver), **options)
        event = imported("sqlalchemy", "sqlalchemy").event
        event.listen(engine.sync_engine, "connect", self._opened)
        return engine

    def _opened(self, _adapted: object, record: Any) -> None:
        # An async engine can only be disposed of in its event loop, which may be gone by then.
        self._closers.add(record.driver_connection.close)

    def sync_engine(self, driver: str = "pymysql", **options: Any) -> Engine:
        """Return an engine that is not async; `options` are those of `create_engine`."""
        engine: Engine
        engine = imported("sqlalchemy", "sqlalchemy").create_engine(self._url(driver), **options)
        self._closers.add(engine.dispose)
        return engine

    def _url(self, driver: str) -> str:
        return self._place.dsn.replace("mysql:", f"mysql+{driver}:", 1)


class Drivers:
    """Connections and pools of every driver.

    Attributes:
        aiomysql, asyncmy, pymysql, sqlalchemy: make connections and pools of each.
    """

    def __init__(self, place: Location | Server[Any]) -> None:
        self._closers = Closers()
        self.aiomysql = Aiomysql(place, self._closers)
        self.asyncmy = Asyncmy(place, self._closers)
        self.pymysql = Pymysql(place, self._closers)
        self.sqlalchemy = Sqlalchemy(place, self._closers)
