"""A pool: limits, order of waiting, what fails the test, and what it says."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.places import within
from understudy import ConnectionNotReturned, FakePool, PoolExhausted
from understudy.script.expectations import opened


@pytest.mark.parametrize("size", [0, -1, 1.5, "2", True])
def test_a_size_that_cannot_be(size: Any) -> None:
    with pytest.raises(ValueError, match="max_size") as caught:
        FakePool(max_size=size)
    assert str(caught.value) == f"FakePool takes max_size as a whole number from 1, got {size!r}"


async def test_a_connection_is_given_back_by_the_block() -> None:
    pool = FakePool(max_size=1)
    for _ in range(3):
        async with pool.acquire() as conn:
            assert pool.status() == (1, 1, 0, 0)
            await conn.execute("SELECT 1")
    assert pool.status() == (1, 1, 1, 0)


async def test_a_connection_is_given_back_after_an_exception() -> None:
    pool = FakePool(max_size=1)
    with pytest.raises(LookupError):
        async with pool.acquire():
            raise LookupError
    with pytest.raises(LookupError):
        async with await pool.connection():
            raise LookupError
    assert pool.status().available == 1


async def test_each_time_is_a_new_connection() -> None:
    pool = FakePool()
    async with pool.acquire() as first:
        pass
    async with pool.acquire() as second:
        assert second is not first
        with pytest.raises(Exception, match="Underlying connection is returned to the pool"):
            await first.execute("SELECT 1")


async def test_those_who_wait_are_served_in_order() -> None:
    pool = FakePool(max_size=1)
    served: list[int] = []

    async def work(number: int) -> None:
        async with pool.acquire() as conn:
            served.append(number)
            await conn.execute("SELECT 1")

    async with asyncio.TaskGroup() as tasks:
        for number in range(5):
            tasks.create_task(work(number))
    assert served == [0, 1, 2, 3, 4]


async def test_one_who_gives_up_does_not_hold_up_the_others() -> None:
    pool = FakePool(max_size=1)
    held = await pool.connection()
    impatient = asyncio.ensure_future(pool.connection())
    patient = asyncio.ensure_future(pool.connection())
    await asyncio.sleep(0.01)
    assert pool.status().waiting == 2
    impatient.cancel()
    held.close()
    (await patient).close()
    assert impatient.cancelled()
    assert pool.status() == (1, 1, 1, 0)


async def test_exhausted() -> None:
    pool = FakePool(max_size=2, timeout=0.01)
    first = await pool.connection()  # first
    async with pool.acquire() as second:  # second
        with opened() as book, pytest.raises(PoolExhausted) as caught:
            await pool.connection()  # third
        assert book.failures == [caught.value]
        assert second.origin
    first.close()
    assert str(caught.value) == (
        f"no connection came free in 0.01 s: all 2 of the pool are out\n"
        f"  wanted at: {within('third')}\n"
        f"  held since: {within('first')}\n"
        f"  held since: {within('second')}\n"
        "Give one back sooner, or allow more: FakePool(max_size=...)."
    )


async def test_never_given_back() -> None:
    with opened() as book:
        pool = FakePool(strict=True)
        await pool.connection()  # taken
        async with pool.acquire():
            pass
    [failure] = book.verify()
    assert type(failure) is ConnectionNotReturned
    assert str(failure) == (
        "a connection was never given back to the pool\n"
        f"  taken at: {within('taken')}\n"
        "Use `async with pool.acquire()`, or call close() on it."
    )


async def test_never_given_back_to_a_lenient_pool() -> None:
    with opened() as book:
        for pool in (FakePool(), FakePool(strict=False)):
            await pool.connection()
    assert book.verify() == []


async def test_never_given_back_and_a_transaction_in_it() -> None:
    with opened() as book:
        pool = FakePool(strict=True)
        conn = await pool.connection()
        await conn.transaction().begin()
    assert [type(each).__name__ for each in book.verify()] == [
        "ConnectionNotReturned",
        "TransactionLeftOpen",
    ]


async def test_given_back_by_release() -> None:
    pool = FakePool(strict=True)
    conn = await pool.connection()
    pool.release(conn)
    conn.close()
    other = await FakePool().connection()
    for foreign in (conn, other):
        with pytest.raises(ValueError, match="not out of this pool") as caught:
            pool.release(foreign)
    assert str(caught.value) == (
        "release() was given a connection that is not out of this pool (given back already?)"
    )


async def test_resized() -> None:
    pool = FakePool(max_size=1, timeout=1)
    first = await pool.connection()
    waiting = asyncio.ensure_future(pool.connection())
    await asyncio.sleep(0.01)
    pool.resize(2)
    second = await waiting
    assert pool.status() == (2, 2, 0, 0)
    pool.resize(1)
    assert pool.status() == (1, 2, 0, 0)
    second.close()
    first.close()
    assert pool.status() == (1, 1, 1, 0)


async def test_closed_while_someone_waits() -> None:
    pool = FakePool(max_size=1)
    conn = await pool.connection()
    waiting = asyncio.ensure_future(pool.connection())
    await asyncio.sleep(0.01)
    pool.close()
    with pytest.raises(Exception, match="Pool has been closed"):
        await waiting
    await conn.execute("SELECT 1")


async def test_a_pool_block_swallows_nothing() -> None:
    with pytest.raises(LookupError), FakePool():
        raise LookupError


async def test_rules_and_calls_are_those_of_the_pool() -> None:
    pool = FakePool()
    pool.on("SELECT 1").value(1).then.value(2)
    found = []
    for _ in range(2):
        async with pool.acquire() as conn:
            found.append(await conn.fetch_val("SELECT 1"))
    assert found == [1, 2]
    assert [call.sql for call in pool.calls] == ["SELECT 1", "SELECT 1"]
    async with pool.acquire() as conn:
        conn.on("SELECT 3").value(3)
        assert await conn.fetch_val("SELECT 3") == 3
