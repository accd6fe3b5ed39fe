"""One interface for what all drivers have in common.

Statements are written with `$1`; each client translates them for its driver. Features of a single
driver have scenarios of their own, which use `client.conn`.
"""

from __future__ import annotations

import abc
import re
from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar

import asyncpg
import psqlpy
import psycopg
import sqlalchemy
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tests.conformance.drivers.outcomes import outcome
from tests.conformance.drivers.servers import FakeServer, ServerUnderTest

Rows = list[dict[str, Any]]


class DriverClient(abc.ABC):
    """One connection of one driver.

    Attributes:
        name: of the driver, with the way to the fake if there are two.
        library: the package that raises its errors, as `db_error` names it.
        conn: the driver's own connection.
        on_real: the client to use on a real server, if it is another one.
    """

    name: str
    library: str
    conn: Any
    on_real: ClassVar[type[DriverClient] | None] = None

    def __init__(self, server: ServerUnderTest) -> None:
        self.server = server

    @abc.abstractmethod
    async def connect(self) -> None:
        """Open the connection."""

    @abc.abstractmethod
    async def fetch(self, statement: str, *parameters: Any) -> Rows:
        """Run a statement, return its rows."""

    @abc.abstractmethod
    async def execute(self, statement: str, *parameters: Any) -> Any:
        """Run a statement without rows, return the driver's result."""

    @abc.abstractmethod
    async def execute_many(self, statement: str, rows: Sequence[Sequence[Any]]) -> Any:
        """Run a statement once for each of `rows`."""

    @abc.abstractmethod
    async def begin(self) -> None:
        """Begin a transaction, unless the driver does by itself."""

    @abc.abstractmethod
    async def commit(self) -> Any:
        """Commit it."""

    @abc.abstractmethod
    async def rollback(self) -> Any:
        """Roll it back."""

    async def end(self) -> Any:
        """Roll back what the driver has begun by itself."""
        return await self.rollback()

    @abc.abstractmethod
    async def close(self) -> Any:
        """Close the connection; a second time is allowed."""

    async def leave(self) -> None:
        """Close what the scenario has left open."""
        if hasattr(self, "conn"):
            await outcome(self.close())


class AsyncpgClient(DriverClient):
    name = "asyncpg"
    library = "asyncpg"

    async def connect(self, **settings: Any) -> None:
        self.conn = await asyncpg.connect(self.server.dsn, **settings)

    def pool(self, **settings: Any) -> Any:
        """Return a pool, to be awaited or entered."""
        return asyncpg.create_pool(self.server.dsn, **settings)

    async def fetch(self, statement: str, *parameters: Any) -> Rows:
        return [dict(record) for record in await self.conn.fetch(statement, *parameters)]

    async def execute(self, statement: str, *parameters: Any) -> Any:
        return await self.conn.execute(statement, *parameters)

    async def execute_many(self, statement: str, rows: Sequence[Sequence[Any]]) -> Any:
        return await self.conn.executemany(statement, rows)

    async def begin(self) -> None:
        self.transaction = self.conn.transaction()
        await self.transaction.start()

    async def commit(self) -> Any:
        return await self.transaction.commit()

    async def rollback(self) -> Any:
        return await self.transaction.rollback()

    async def end(self) -> Any:
        """It has begun nothing."""

    async def close(self) -> Any:
        return await self.conn.close()


class AsyncpgInMemory(AsyncpgClient):
    """On the fake without a socket."""

    name = "asyncpg in memory"

    on_real = AsyncpgClient

    async def connect(self, **settings: Any) -> None:
        assert isinstance(self.server, FakeServer)
        self.conn = await self.server.connect_asyncpg(**settings)

    def pool(self, **settings: Any) -> Any:
        assert isinstance(self.server, FakeServer)
        return self.server.asyncpg_pool(**settings)


class PsqlpyClient(DriverClient):
    name = "psqlpy"
    library = "psqlpy"

    async def connect(self) -> None:
        self.conn = await psqlpy.connect(self.server.dsn)

    async def fetch(self, statement: str, *parameters: Any) -> Rows:
        return list((await self.conn.fetch(statement, list(parameters))).result())

    async def execute(self, statement: str, *parameters: Any) -> Any:
        return (await self.conn.execute(statement, list(parameters))).result()

    async def execute_many(self, statement: str, rows: Sequence[Sequence[Any]]) -> Any:
        return await self.conn.execute_many(statement, [list(row) for row in rows])

    async def begin(self) -> None:
        self.transaction = self.conn.transaction()
        await self.transaction.begin()

    async def commit(self) -> Any:
        return await self.transaction.commit()

    async def rollback(self) -> Any:
        return await self.transaction.rollback()

    async def end(self) -> Any:
        """It has begun nothing."""

    async def close(self) -> Any:
        self.conn.close()


class PsycopgClient(DriverClient):
    name = "psycopg"
    library = "psycopg"

    async def connect(self) -> None:
        self.conn = await psycopg.AsyncConnection.connect(self.server.dsn)

    async def fetch(self, statement: str, *parameters: Any) -> Rows:
        cursor = await self.conn.execute(*with_percents(statement, parameters))
        return named(cursor.description, await cursor.fetchall())

    async def execute(self, statement: str, *parameters: Any) -> Any:
        cursor = await self.conn.execute(*with_percents(statement, parameters))
        return cursor.statusmessage, cursor.rowcount

    async def execute_many(self, statement: str, rows: Sequence[Sequence[Any]]) -> Any:
        cursor = self.conn.cursor()
        await cursor.executemany(with_percents(statement, rows[0])[0], rows)
        return cursor.rowcount

    async def begin(self) -> None:
        """Its first statement does."""

    async def commit(self) -> Any:
        return await self.conn.commit()

    async def rollback(self) -> Any:
        return await self.conn.rollback()

    async def close(self) -> Any:
        return await self.conn.close()


class PsycopgSync(DriverClient):
    name = "psycopg sync"
    library = "psycopg"

    async def connect(self) -> None:
        self.conn = psycopg.connect(self.server.dsn)

    async def fetch(self, statement: str, *parameters: Any) -> Rows:
        cursor = self.conn.execute(*with_percents(statement, parameters))
        return named(cursor.description, cursor.fetchall())

    async def execute(self, statement: str, *parameters: Any) -> Any:
        cursor = self.conn.execute(*with_percents(statement, parameters))
        return cursor.statusmessage, cursor.rowcount

    async def execute_many(self, statement: str, rows: Sequence[Sequence[Any]]) -> Any:
        cursor = self.conn.cursor()
        cursor.executemany(with_percents(statement, rows[0])[0], rows)
        return cursor.rowcount

    async def begin(self) -> None:
        """Its first statement does."""

    async def commit(self) -> Any:
        return self.conn.commit()

    async def rollback(self) -> Any:
        return self.conn.rollback()

    async def close(self) -> Any:
        return self.conn.close()


class SQLAlchemyClient(DriverClient):
    """An AsyncConnection; a statement is handed to the driver as it is."""

    @cached_property
    def engine(self) -> AsyncEngine:
        """Made when needed, since the server's address may change."""
        path = self.server.path
        if self.library == "asyncpg":  # whose parameters have other names in a SQLAlchemy URL
            path = path.replace("sslmode=", "ssl=")
        return create_async_engine(f"postgresql+{self.library}{path}")

    async def connect(self) -> None:
        self.conn = await self.engine.connect()

    def _as_the_driver_has_it(
        self, statement: str, parameters: Sequence[Any]
    ) -> tuple[str, tuple[Any, ...]]:
        if self.library == "asyncpg":
            return statement, tuple(parameters)
        return with_percents(statement, parameters)

    async def fetch(self, statement: str, *parameters: Any) -> Rows:
        sent = self._as_the_driver_has_it(statement, parameters)
        result = await self.conn.exec_driver_sql(*sent)
        return [dict(row) for row in result.mappings()]

    async def execute(self, statement: str, *parameters: Any) -> Any:
        sent = self._as_the_driver_has_it(statement, parameters)
        return (await self.conn.exec_driver_sql(*sent)).rowcount

    async def execute_many(self, statement: str, rows: Sequence[Sequence[Any]]) -> Any:
        text, _ = self._as_the_driver_has_it(statement, rows[0])
        return (await self.conn.exec_driver_sql(text, [tuple(row) for row in rows])).rowcount

    async def begin(self) -> None:
        """Its first statement does."""

    async def commit(self) -> Any:
        return await self.conn.commit()

    async def rollback(self) -> Any:
        return await self.conn.rollback()

    async def close(self) -> Any:
        await self.conn.close()
        await self.engine.dispose()


class SQLAlchemyAsyncpg(SQLAlchemyClient):
    name = "SQLAlchemy on asyncpg"
    library = "asyncpg"


class SQLAlchemyPsycopg(SQLAlchemyClient):
    name = "SQLAlchemy on psycopg"
    library = "psycopg"


class SQLAlchemySync(DriverClient):
    name = "SQLAlchemy sync"
    library = "psycopg"

    @cached_property
    def engine(self) -> sqlalchemy.Engine:
        """As above."""
        return sqlalchemy.create_engine(f"postgresql+psycopg{self.server.path}")

    async def connect(self) -> None:
        self.conn = self.engine.connect()

    async def fetch(self, statement: str, *parameters: Any) -> Rows:
        result = self.conn.exec_driver_sql(*with_percents(statement, parameters))
        return [dict(row) for row in result.mappings()]

    async def execute(self, statement: str, *parameters: Any) -> Any:
        return self.conn.exec_driver_sql(*with_percents(statement, parameters)).rowcount

    async def execute_many(self, statement: str, rows: Sequence[Sequence[Any]]) -> Any:
        text, _ = with_percents(statement, rows[0])
        return self.conn.exec_driver_sql(text, [tuple(row) for row in rows]).rowcount

    async def begin(self) -> None:
        """Its first statement does."""

    async def commit(self) -> Any:
        return self.conn.commit()

    async def rollback(self) -> Any:
        return self.conn.rollback()

    async def close(self) -> Any:
        self.conn.close()
        self.engine.dispose()


def with_percents(statement: str, parameters: Sequence[Any]) -> tuple[str, tuple[Any, ...]]:
    """Return a statement as psycopg wants it, which has `%s` for `$1`, `$2` ... in order."""
    if not parameters:
        return statement, ()
    numbers = [int(number) for number in re.findall(r"\$(\d+)", statement)]
    assert numbers == list(range(1, len(numbers) + 1)), statement
    return re.sub(r"\$\d+", "%s", statement), tuple(parameters)


def named(description: Any, rows: Sequence[Sequence[Any]]) -> Rows:
    names = [column.name for column in description or ()]
    return [dict(zip(names, row, strict=True)) for row in rows]


DRIVER_CLIENTS: tuple[type[DriverClient], ...] = (
    AsyncpgInMemory,
    AsyncpgClient,
    PsqlpyClient,
    PsycopgClient,
    PsycopgSync,
    SQLAlchemyAsyncpg,
    SQLAlchemyPsycopg,
    SQLAlchemySync,
)
