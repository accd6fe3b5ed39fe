"""A pool: its limit, its figures, its end."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.conformance.fake_and_real import Raised, Subject, outcome

CLOSED = Raised("BaseConnectionPoolError", "Database engine pool exception: Pool has been closed")


def figures(pool: Any) -> tuple[int, int, int, int]:
    status = pool.status()
    return (status.max_size, status.size, status.available, status.waiting)


async def test_the_figures_of_a_pool(subject: Subject) -> None:
    pool, first = subject.pool, subject.conn
    assert figures(pool) == (2, 1, 0, 0)
    second = await pool.connection()
    assert figures(pool) == (2, 2, 0, 0)
    third = asyncio.ensure_future(pool.connection())
    async with asyncio.timeout(30):
        while not pool.status().waiting:  # noqa: ASYNC110 # psqlpy's pool has a thread of its own
            await asyncio.sleep(0)
    assert figures(pool) == (2, 2, 0, 1)
    second.close()
    (await third).close()
    assert figures(pool) == (2, 2, 1, 0)
    pool.resize(1)
    assert figures(pool) == (1, 1, 0, 0)
    pool.resize(3)
    assert figures(pool) == (3, 1, 0, 0)
    first.close()
    assert figures(pool) == (3, 1, 1, 0)
    (await pool.connection()).close()
    assert figures(pool) == (3, 1, 1, 0)


async def test_a_closed_pool(subject: Subject) -> None:
    pool = subject.pool
    subject.on("SELECT 1").value(1)
    assert await outcome(pool.close) is None
    assert figures(pool) == (0, 1, 0, 0)
    assert await outcome(pool.connection) == CLOSED
    assert await outcome(lambda: enter(pool)) == CLOSED
    assert await outcome(lambda: subject.conn.fetch_val("SELECT 1")) == 1
    subject.conn.close()
    assert figures(pool) == (0, 0, 0, 0)
    assert await outcome(pool.close) is None


async def test_a_pool_is_closed_by_its_block(subject: Subject) -> None:
    with subject.pool as pool:
        assert pool is subject.pool
    assert await outcome(pool.connection) == CLOSED


async def enter(pool: Any) -> None:
    async with pool.acquire():
        raise AssertionError("the pool is closed")
