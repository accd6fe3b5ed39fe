"""FakePool: a pool whose connections share one script."""

from __future__ import annotations

import time
from typing import Literal, NamedTuple, Self

from understudy.fakes import driver_errors
from understudy.fakes.connection import FakeConnection
from understudy.fakes.scripted import Scripted
from understudy.script import expectations
from understudy.script.calls import Transaction
from understudy.script.failures import ConnectionNotReturned, Failure, PoolExhausted
from understudy.script.formatting import shown
from understudy.script.origin import Origin, caller
from understudy.script.script import Script
from understudy.script.waiting import let_others_run, pause

# A failure points at the line that called, not at the functions of this module.
__tracebackhide__ = True

_BETWEEN_LOOKS = 0.001  # seconds, while waiting for a connection to come back


class PoolStatus(NamedTuple):
    """How a pool stands: most connections, opened, idle, and how many callers wait."""

    max_size: int
    size: int
    available: int
    waiting: int


class FakePool(Scripted):
    """A pool as psqlpy gives it: `async with pool.acquire() as conn`, or `await pool.connection()`.

    `conn.close()`, the end of `async with` and `release(conn)` (which psqlpy's pool does not have)
    give a connection back. Using it after that raises psqlpy's error. Rules and calls belong to the
    pool, for all of its connections. From the first `on`, a connection that was never given back
    fails the test, and the failure names the line that took it.

    Args:
        max_size: how many connections may be out at once (psqlpy wants 2 at least; a pool of 1
            finds code that takes a second connection while it holds one).
        timeout: how many seconds a caller waits for one; psqlpy would wait for ever.
        strict: as for FakeConnection.
    """

    def __init__(
        self, max_size: int = 2, *, timeout: float = 5.0, strict: bool | None = None
    ) -> None:
        if type(max_size) is not int or max_size < 1:
            raise ValueError(
                f"FakePool takes max_size as a whole number from 1, got {shown(max_size)}"
            )
        super().__init__(Script("pool"), strict)
        self._max_size = max_size
        self._timeout = timeout
        expectations.register(self._script)
        self._taken: list[PooledConnection] = []
        self._connections: list[PooledConnection] = []
        self._idle = 0
        self._waiting: list[object] = []
        self._closed = False

    @property
    def transactions(self) -> list[Transaction]:
        """The transactions of all connections, in the order in which these were taken."""
        return [record for connection in self._connections for record in connection.transactions]

    def acquire(self) -> Acquiring:
        """Take a connection: `async with pool.acquire() as conn`; psqlpy's cannot be awaited."""
        return Acquiring(self, caller())

    async def connection(self) -> PooledConnection:
        """Take a connection, to be given back with `conn.close()`."""
        return await self._take(caller())

    def release(self, connection: FakeConnection) -> None:
        """Give a connection back.

        Raises:
            ValueError: it is not one that is out of this pool.
        """
        if connection not in self._taken:
            raise ValueError(
                "release() was given a connection that is not out of this pool "
                "(given back already?)"
            )
        connection.close()

    def resize(self, new_max_size: int) -> None:
        """Allow another number of connections from now on."""
        self._max_size = new_max_size
        self._drop_surplus()

    def status(self) -> PoolStatus:
        """Return how many connections there are, and how many are idle."""
        size = len(self._taken) + self._idle
        return PoolStatus(self._max_size, size, self._idle, len(self._waiting))

    def close(self) -> None:
        """Close the pool: no connection can be taken any more; those that are out stay usable."""
        self._closed = True
        self.resize(0)

    def __enter__(self) -> Self:
        """Return the pool itself."""
        return self

    def __exit__(self, *_: object) -> Literal[False]:
        """Close the pool, and let every exception through."""
        self.close()
        return False

    def _returned(self, connection: PooledConnection) -> None:
        self._taken.remove(connection)
        self._idle += 1
        self._drop_surplus()

    def _drop_surplus(self) -> None:
        self._idle = max(0, min(self._idle, self._max_size - len(self._taken)))

    async def _take(self, origin: Origin) -> PooledConnection:
        ticket = object()
        self._waiting.append(ticket)
        try:
            await let_others_run()
            await self._turn(ticket, origin)
        finally:
            self._waiting.remove(ticket)
        connection = PooledConnection(self, origin)
        self._idle = max(0, self._idle - 1)
        self._taken.append(connection)
        self._connections.append(connection)
        expectations.expect(connection)
        return connection

    async def _turn(self, ticket: object, origin: Origin) -> None:
        """Wait until a connection is free and everyone who came before has one."""
        patience = time.monotonic() + self._timeout
        while True:
            if self._closed:
                text = "Database engine pool exception: Pool has been closed"
                raise driver_errors.psqlpy_error("BaseConnectionPoolError", text)
            if len(self._taken) < self._max_size and self._waiting[0] is ticket:
                return
            if time.monotonic() > patience:
                raise expectations.record_failure(PoolExhausted(self._exhausted(origin)))
            await pause(_BETWEEN_LOOKS)

    def _exhausted(self, origin: Origin) -> str:
        lines = [
            f"no connection came free in {self._timeout:g} s: all {self._max_size} of the pool are"
            " out",
            f"  wanted at: {origin.place}",
            *(f"  held since: {connection.origin.place}" for connection in self._taken),
            "Give one back sooner, or allow more: FakePool(max_size=...).",
        ]
        return "\n".join(lines)


class PooledConnection(FakeConnection):
    """A connection that is out of a pool, until it is given back."""

    def __init__(self, pool: FakePool, origin: Origin) -> None:
        super().__init__(strict=pool._strict, _script=pool._script)
        self.origin = origin
        self._pool = pool

    def close(self) -> None:
        """Give the connection back to its pool; calling it twice is fine."""
        super().close()
        if self in self._pool._taken:
            self._pool._returned(self)

    async def __aexit__(self, *_: object) -> Literal[False]:
        """Give the connection back, and let every exception through."""
        self.close()
        return False

    def failure_if_unmet(self) -> Failure | None:
        """Return the failure of a strict pool's connection that is still out, else None."""
        if self not in self._pool._taken or not self._pool._is_strict:
            return None
        return ConnectionNotReturned(
            "a connection was never given back to the pool\n"
            f"  taken at: {self.origin.place}\n"
            "Use `async with pool.acquire()`, or call close() on it."
        )


class Acquiring:
    """A connection about to be taken, with `async with`."""

    def __init__(self, pool: FakePool, origin: Origin) -> None:
        self._pool = pool
        self._origin = origin
        self._connection: PooledConnection | None = None

    async def __aenter__(self) -> PooledConnection:
        """Take the connection."""
        self._connection = await self._pool._take(self._origin)
        return self._connection

    async def __aexit__(self, *_: object) -> Literal[False]:
        """Give the connection back, and let every exception through."""
        assert self._connection is not None
        self._connection.close()
        return False
