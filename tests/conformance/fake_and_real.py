"""A connection to test: a scripted FakeConnection, or psqlpy on a real PostgreSQL.

A test is written once and runs on both. The real connection ignores the script. Both outcomes are
compared with the same literal.
"""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import Callable
from typing import Any, NamedTuple, Self

import psqlpy

from understudy import FakeConnection, FakePool


class Raised(NamedTuple):
    """The kind and the text of an exception."""

    kind: str
    text: str


class _NoScript:
    """A rule for a connection that needs none."""

    def __getattr__(self, name: str) -> Self:
        return self

    def __call__(self, *args: object, **kwargs: object) -> Self:
        return self


class Subject:
    """A connection, real or fake.

    Attributes:
        conn: the connection. `pool`: where it comes from.
        real: whether it is the real one.
    """

    def __init__(self, pool: Any, conn: Any, monitor: psqlpy.Connection | None) -> None:
        self.pool = pool
        self.conn = conn
        self._monitor = monitor

    @property
    def real(self) -> bool:
        return self._monitor is not None

    def on(self, statement: str | re.Pattern[str], *parameters: Any) -> Any:
        """Script the fake."""
        return _NoScript() if self.real else self.pool.on(statement, *parameters)

    async def kill(self, *statements: str) -> None:
        """Have the server close the connection, which the next of `statements` will find out."""
        if self._monitor is None:
            for statement in statements:
                self.on(statement).optional().drops()
            return
        pid = self.pid
        await self._monitor.execute("SELECT pg_terminate_backend($1)", [pid])
        gone = "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1)"
        while not await self._monitor.fetch_val(gone, [pid]):  # noqa: ASYNC110 # another process
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.02)  # until psqlpy has read that its socket is closed

    pid = 0


async def open_fake() -> Subject:
    pool = FakePool(strict=True)
    return Subject(pool, await pool.connection(), None)


async def open_real(dsn: str, monitor: psqlpy.Connection) -> Subject:
    pool = psqlpy.ConnectionPool(dsn=dsn, max_db_pool_size=2)
    conn = await pool.connection()
    await conn.execute("TRUNCATE users, badges RESTART IDENTITY")
    subject = Subject(pool, conn, monitor)
    subject.pid = await monitor.fetch_val(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid() ORDER BY backend_start DESC LIMIT 1"
    )
    return subject


async def outcome(action: Callable[[], Any]) -> Any:
    """What `action` comes to: a plain value, the data of a result, or what it raised."""
    try:
        value = action()
        if inspect.isawaitable(value) and not hasattr(value, "__aenter__"):
            value = await value
    except Exception as error:  # noqa: BLE001 # any exception is an outcome
        return Raised(type(error).__name__, str(error))
    return data(value)


def data(value: Any) -> Any:
    """The data of a result; a list of results, each."""
    if isinstance(value, list):
        return [data(item) for item in value]
    return value.result() if hasattr(value, "result") else value


__all__ = ["FakeConnection", "Raised", "Subject", "data", "open_fake", "open_real", "outcome"]
