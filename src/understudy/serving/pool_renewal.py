"""Pools that outlive a test, whose connections Understudy has ended between two tests.

psqlpy's pool notices that by itself, and those of asyncpg, aiomysql and asyncmy as soon as their
event loop has run. SQLAlchemy's and psycopg_pool's would hand the dead connection to the
application, as would Django, which keeps one for each thread. So they are made to look.
"""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import Callable, Iterable
from typing import Any

from understudy.serving import attribution
from understudy.serving.clients import Client
from understudy.serving.mysql_drivers import number_of

_GET = "_getconn_unchecked"  # of psycopg_pool's pools, since 3.2
# The packages whose pools replace what has ended.
_RENEWED = ("asyncpg", "psqlpy", "psycopg_pool", "sqlalchemy", "django", "aiomysql", "asyncmy")
# More than asyncpg needs to read that its connection has ended.
_STEPS = 3

# The numbers that Understudy's servers give begin above those of processes on Linux.
FIRST_NUMBER = 2**22 + 1

# Connections of PostgreSQL's processes are among them, which have smaller numbers.
_ended: set[int] = set()
# The modules that were made to look, by name: a module may be imported again.
_checking: dict[str, Any] = {}


def note_new(number: int) -> None:
    """Note that a new connection has a number, which one that has ended may have had."""
    _ended.discard(number)


def is_renewed(client: Client) -> bool:
    """Return whether a connection belongs to a pool that replaces what has ended."""
    opened_by = client.attribution.opened_by
    return opened_by is not None and opened_by.pool in _RENEWED


def renew(ended: Iterable[int]) -> None:
    """Have pools replace connections that were ended between two tests.

    Args:
        ended: the numbers of the connections.
    """
    before = len(_ended)
    _ended.update(ended)
    if len(_ended) == before:
        return
    if asyncio._get_running_loop() is None:
        for loop in attribution.loops_of_this_thread():
            if not loop.is_running():
                loop.run_until_complete(_steps())
    for name, check_in in (
        ("sqlalchemy", _check_in_sqlalchemy),
        ("psycopg_pool", _check_in_psycopg_pool),
        ("django.db.backends.base.base", _check_in_django),
    ):
        module = sys.modules.get(name)
        if module not in (None, _checking.get(name)):
            _checking[name] = module
            check_in(module)


async def _steps() -> None:
    for _ in range(_STEPS):
        await asyncio.sleep(0)


def _check_in_sqlalchemy(sqlalchemy: Any) -> None:
    def check(_connection: Any, record: Any, _proxy: Any) -> None:
        if _number(record.driver_connection) in _ended:
            raise sqlalchemy.exc.DisconnectionError("Understudy has ended it between two tests")

    def note(_connection: Any, record: Any) -> None:
        note_new(_number(record.driver_connection))

    sqlalchemy.event.listen(sqlalchemy.pool.Pool, "checkout", check)
    # It may be another server's, which gives the same numbers, or has the id of an ended process.
    sqlalchemy.event.listen(sqlalchemy.pool.Pool, "connect", note)


def _check_in_psycopg_pool(psycopg_pool: Any) -> None:
    """Have psycopg_pool look at each connection that it gives out, as with its option `check`."""

    def wrap(original: Any) -> Callable[..., Any]:
        @functools.wraps(original)
        def get(self: Any, *arguments: Any) -> Any:
            while _has_ended(found := original(self, *arguments)):
                found.close()
                self._putconn(found, from_getconn=True)
                self.check()  # replaces those that are idle, too
            return found

        return get

    def wrap_async(original: Any) -> Callable[..., Any]:
        @functools.wraps(original)
        async def get(self: Any, *arguments: Any) -> Any:
            while _has_ended(found := await original(self, *arguments)):
                await found.close()
                await self._putconn(found, from_getconn=True)
                await self.check()
            return found

        return get

    for name, wrapped in (("ConnectionPool", wrap), ("AsyncConnectionPool", wrap_async)):
        pool = getattr(psycopg_pool, name)
        if hasattr(pool, _GET):
            setattr(pool, _GET, wrapped(getattr(pool, _GET)))


def _check_in_django(base: Any) -> None:
    """Have Django look before a cursor or a transaction, as with its CONN_HEALTH_CHECKS."""
    owner = base.BaseDatabaseWrapper
    original = owner.close_if_health_check_failed

    @functools.wraps(original)
    def close_if_health_check_failed(self: Any) -> None:
        if not self.in_atomic_block and _has_ended(self.connection):
            self.close()
        original(self)

    owner.close_if_health_check_failed = close_if_health_check_failed


def _has_ended(connection: Any) -> bool:
    return not getattr(connection, "closed", True) and _number(connection) in _ended


def _number(connection: Any) -> int:
    """Return the number of a driver's connection, or 0."""
    for name in ("get_server_pid", "get_backend_pid"):  # asyncpg's and psycopg2's
        number: Callable[[], int] | None = getattr(connection, name, None)
        if number is not None:
            return number()
    pgconn = getattr(connection, "pgconn", None)
    if pgconn is not None:
        return int(pgconn.backend_pid)
    # A MySQL counts from 1: a number of its own may be that of an ended process of PostgreSQL.
    own = number_of(connection)
    return own if own >= FIRST_NUMBER else 0
