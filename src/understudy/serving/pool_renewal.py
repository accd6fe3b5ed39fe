"""Pools that outlive a test, whose connections Understudy has ended between two tests.

psqlpy's pool notices that by itself, and those of asyncpg, aiomysql and asyncmy as soon as their
event loop has run. SQLAlchemy's and psycopg_pool's would hand the dead connection to the
application, as would Django, which keeps one for each thread. So they are made to look.
"""

from __future__ import annotations

import asyncio
import functools
import sys
import weakref
from collections.abc import Callable, Iterable
from typing import Any

from understudy.serving import attribution
from understudy.serving.clients import Client

_GET = "_getconn_unchecked"  # of psycopg_pool's pools, since 3.2
# The packages whose pools replace what has ended.
_RENEWED = ("asyncpg", "psqlpy", "psycopg_pool", "sqlalchemy", "django", "aiomysql", "asyncmy")
# More than asyncpg needs to read that its connection has ended.
_STEPS = 3

# The open connections of drivers, with the number that each has got from its server. A later one
# may get the same number, so those that have ended are told by the connection itself.
_numbers: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
_ended: weakref.WeakSet[Any] = weakref.WeakSet()
# The modules that were made to look, by name: a module may be imported again.
_checking: dict[str, Any] = {}


def note_opened(connection: Any, number: int) -> None:
    """Note the number of a driver's connection that may be to a server of Understudy."""
    _numbers[connection] = number


def is_renewed(client: Client) -> bool:
    """Return whether a connection belongs to a pool that replaces what has ended."""
    opened_by = client.attribution.opened_by
    return opened_by is not None and opened_by.pool in _RENEWED


def renew(ended: Iterable[int]) -> None:
    """Have pools replace connections that were ended between two tests.

    Args:
        ended: the numbers of the connections.
    """
    numbers = set(ended)
    if not numbers:
        return
    for reference in _numbers.keyrefs():
        connection = reference()
        if connection is not None and _numbers[connection] in numbers:
            _ended.add(connection)
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
        if record.driver_connection in _ended:
            raise sqlalchemy.exc.DisconnectionError("Understudy has ended it between two tests")

    sqlalchemy.event.listen(sqlalchemy.pool.Pool, "checkout", check)


def _check_in_psycopg_pool(psycopg_pool: Any) -> None:
    """Have psycopg_pool look at each connection that it gives out, as with its option `check`."""

    def wrap(original: Any) -> Callable[..., Any]:
        @functools.wraps(original)
        def get(self: Any, *arguments: Any) -> Any:
            while (found := original(self, *arguments)) in _ended:
                found.close()
                self._putconn(found, from_getconn=True)
                self.check()  # replaces those that are idle, too
            return found

        return get

    def wrap_async(original: Any) -> Callable[..., Any]:
        @functools.wraps(original)
        async def get(self: Any, *arguments: Any) -> Any:
            while (found := await original(self, *arguments)) in _ended:
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
        if not self.in_atomic_block and self.connection in _ended:
            self.close()
        original(self)

    owner.close_if_health_check_failed = close_if_health_check_failed
