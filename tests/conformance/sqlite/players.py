"""Each driver, as it carries out the steps of a flow."""

from __future__ import annotations

import math
import sqlite3
import warnings
from pathlib import Path
from typing import Any

import aiosqlite
from sqlalchemy import exc
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from tests.conformance.sqlite.flows import Flow

TIMEOUT = 0.0  # seconds that a connection waits for a lock


def shown(value: Any) -> Any:
    """Return a value that equals itself."""
    if isinstance(value, float) and math.isnan(value):
        return "nan"
    if isinstance(value, list | tuple):
        return [shown(part) for part in value]
    return value, type(value).__name__


def failed(error: BaseException) -> Any:
    """Return all that an app can see of an exception."""
    original = getattr(error, "orig", None)
    return (
        *(type(error).__name__, shown(tuple(map(str, error.args)))),
        *(getattr(error, "sqlite_errorcode", None), getattr(error, "sqlite_errorname", None)),
        None if original is None else failed(original),
    )


class Sqlite3:
    """sqlite3 itself."""

    def __init__(self, path: Path, **options: Any) -> None:
        self._path = path
        self._options = options
        self._connections: dict[int, sqlite3.Connection] = {}

    async def play(self, flow: Flow) -> list[Any]:
        """Return the outcome of each step."""
        outcomes: list[Any] = []
        for number, kind, *arguments in flow:
            try:
                outcomes.append(await self.step(number, kind, arguments))
            except Exception as error:  # noqa: BLE001 # it is the outcome
                outcomes.append(failed(error))
        await self.end()
        return outcomes

    async def step(self, number: int, kind: str, arguments: list[Any]) -> Any:
        """Carry out a step."""
        if number not in self._connections:
            self._connections[number] = sqlite3.connect(
                self._path, timeout=TIMEOUT, **self._options
            )
        connection = self._connections[number]
        if kind in ("commit", "rollback", "close"):
            getattr(connection, kind)()
            return kind == "close" or connection.in_transaction
        cursor: Any
        if kind == "script":
            cursor = connection.executescript(*arguments)
        elif kind == "many":
            cursor = connection.cursor()
            cursor.executemany(*arguments)
        else:
            cursor = connection.execute(*arguments)
        rows = cursor.fetchall()
        seen = (cursor.description, cursor.rowcount, cursor.lastrowid, connection.total_changes)
        return shown(rows), *seen, connection.in_transaction

    async def end(self) -> None:
        """Close the connections."""
        for connection in self._connections.values():
            connection.close()


class Aiosqlite(Sqlite3):
    """aiosqlite."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._async: dict[int, aiosqlite.Connection] = {}

    async def step(self, number: int, kind: str, arguments: list[Any]) -> Any:
        """Carry out a step."""
        if number not in self._async:
            self._async[number] = await aiosqlite.connect(self._path, timeout=TIMEOUT)
        connection = self._async[number]
        if kind in ("commit", "rollback", "close"):
            await getattr(connection, kind)()
            return kind == "close" or connection.in_transaction
        names = {"script": "executescript", "many": "executemany", "execute": "execute"}
        cursor = await getattr(connection, names[kind])(*arguments)
        rows = [tuple(row) for row in await cursor.fetchall()]
        seen = (cursor.description, cursor.rowcount, cursor.lastrowid, connection.total_changes)
        return shown(rows), *seen, connection.in_transaction

    async def end(self) -> None:
        """Close the connections."""
        for connection in self._async.values():
            await connection.close()


class SQLAlchemy(Sqlite3):
    """SQLAlchemy over aiosqlite."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        url = f"sqlite+aiosqlite:///{path.as_posix()}"
        self._engine = create_async_engine(
            url, poolclass=NullPool, connect_args={"timeout": TIMEOUT}
        )
        self._opened: dict[int, Any] = {}

    async def step(self, number: int, kind: str, arguments: list[Any]) -> Any:
        """Carry out a step."""
        if number not in self._opened:
            self._opened[number] = await self._engine.connect()
        connection = self._opened[number]
        if kind in ("commit", "rollback", "close"):
            await getattr(connection, kind)()
            return kind
        if kind == "script":
            driver = (await connection.get_raw_connection()).driver_connection
            await driver.executescript(*arguments)
            return kind
        statement, *rest = arguments
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", exc.SAWarning)
            result = await connection.exec_driver_sql(statement, *rest)
        count = result.rowcount
        if not result.returns_rows:
            return count, result.lastrowid
        return shown([tuple(row) for row in result.all()]), list(result.keys()), count

    async def end(self) -> None:
        """Close the connections."""
        for connection in self._opened.values():
            await connection.close()
        await self._engine.dispose()


DRIVERS: dict[str, type[Sqlite3]] = {
    "sqlite3": Sqlite3,
    "aiosqlite": Aiosqlite,
    "sqlalchemy": SQLAlchemy,
}
