"""Each driver: connect, insert one parameter, say what happened."""

from __future__ import annotations

import abc
from typing import Any

import asyncpg
import psqlpy
import psycopg

from tests.conformance.parameters.schema import TYPES


class Inserter(abc.ABC):
    """One driver's connection, on which every parameter is inserted by itself."""

    name: str

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn

    @abc.abstractmethod
    async def connect(self) -> None: ...

    @abc.abstractmethod
    async def close(self) -> None: ...

    @abc.abstractmethod
    async def insert(self, statement: str, value: Any) -> str | None: ...

    @abc.abstractmethod
    async def read(self, statement: str) -> Any: ...

    async def outcome(self, statement: str, value: Any) -> tuple[bool, str]:
        """Return whether the value was taken, and what is stored or was said."""
        try:
            return True, str(await self.insert(statement, value))
        except BaseException as error:  # psqlpy's PanicException is one
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
            said = f"{type(error).__name__}: {error}".split("\n")[0]
            await self.recover(error)
            return False, said

    async def recover(self, error: BaseException) -> None:
        """Make the connection usable again."""
        assert isinstance(error, Exception), error


class AsyncpgInserter(Inserter):
    name = "asyncpg"

    async def connect(self) -> None:
        self.connection = await asyncpg.connect(self.dsn)

    async def close(self) -> None:
        await self.connection.close()

    async def insert(self, statement: str, value: Any) -> str | None:
        return await self.connection.fetchval(statement, value)

    async def read(self, statement: str) -> Any:
        return await self.connection.fetchval(statement)


class PsqlpyInserter(Inserter):
    name = "psqlpy"

    async def connect(self) -> None:
        self.connection = await psqlpy.connect(dsn=self.dsn)

    async def close(self) -> None:
        self.connection.close()

    async def insert(self, statement: str, value: Any) -> str | None:
        return await self.connection.fetch_val(statement, [value])

    async def read(self, statement: str) -> Any:
        return await self.connection.fetch_val(statement)

    async def recover(self, error: BaseException) -> None:
        if not isinstance(error, Exception):
            await self.connect()


class PsycopgInserter(Inserter):
    name = "psycopg"

    async def connect(self) -> None:
        self.connection = await psycopg.AsyncConnection.connect(self.dsn, autocommit=True)

    async def close(self) -> None:
        await self.connection.close()

    async def insert(self, statement: str, value: Any) -> str | None:
        cursor = await self.connection.execute(statement.replace("$1", "%s"), [value])
        (stored,) = await cursor.fetchone() or (None,)
        return stored

    async def read(self, statement: str) -> Any:
        cursor = await self.connection.execute(statement)
        (value,) = await cursor.fetchone() or (None,)
        return value


def insertion(number: int) -> str:
    """Return the statement that inserts a parameter into the column of a type of TYPES."""
    assert 0 <= number < len(TYPES)
    return f"INSERT INTO t{number} VALUES ($1) RETURNING v::text"
