"""A call on a fake yields to other tasks in every loop, and costs little if none is waiting."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
from typing import Any

import anyio
import pytest

from understudy import FakeConnection, FakePool, UnexpectedStatement
from understudy.script import waiting
from understudy.script.expectations import opened


async def count(conn: FakeConnection, name: str, seen: list[str], times: int = 3) -> None:
    for _ in range(times):
        await conn.fetch("SELECT 1")
        seen.append(name)


async def test_two_tasks_take_turns() -> None:
    conn = FakeConnection()
    seen: list[str] = []
    await asyncio.gather(count(conn, "a", seen), count(conn, "b", seen))
    assert seen == ["a", "b"] * 3


CALLS: dict[str, Any] = {
    "execute": lambda conn: conn.execute("SELECT 1"),
    "execute_many": lambda conn: conn.execute_many("SELECT 1", [[1]]),
    "execute_batch": lambda conn: conn.execute_batch("SELECT 1"),
    "fetch": lambda conn: conn.fetch("SELECT 1"),
    "fetch_row": lambda conn: conn.fetch_row("SELECT 1"),
    "fetch_val": lambda conn: conn.fetch_val("SELECT 1"),
    "prepare": lambda conn: conn.prepare("SELECT 1"),
    "copy_records_to_table": lambda conn: conn.copy_records_to_table("users", []),
    "cursor": lambda conn: conn.cursor("SELECT 1").start(),
    "begin": lambda conn: conn.transaction().begin(),
    "pool": lambda conn: FakePool().connection(),
}


@pytest.mark.parametrize("call", CALLS)
async def test_every_call_gives_another_task_its_turn(call: str) -> None:
    turns: list[str] = []

    async def other() -> None:
        turns.append("other")

    task = asyncio.ensure_future(other())
    await CALLS[call](FakeConnection())
    assert turns == ["other"]
    await task


async def test_a_lost_update_happens_on_a_fake_too() -> None:
    conn = FakeConnection()
    balance = {"value": 0}

    @conn.on("SELECT balance")
    def read(call: Any) -> int:
        return balance["value"]

    async def add() -> None:
        value = await conn.fetch_val("SELECT balance")
        balance["value"] = value + 1

    await asyncio.gather(add(), add())
    assert balance["value"] == 1


async def test_a_tight_loop_does_not_starve_a_timer() -> None:
    conn = FakeConnection()

    async def busy() -> None:
        while True:
            await conn.fetch("SELECT 1")

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(busy(), 0.02)


async def test_trying_again_for_ever_does_not_starve_a_timer() -> None:
    conn = FakeConnection(strict=True)

    async def stubborn() -> None:
        while True:
            with contextlib.suppress(UnexpectedStatement):
                await conn.fetch("SELECT 1")

    with opened() as book, pytest.raises(TimeoutError):
        await asyncio.wait_for(stubborn(), 0.02)
    assert len(book.failures) > 1


async def test_a_tight_loop_does_not_starve_a_thread() -> None:
    conn = FakeConnection()
    loop = asyncio.get_running_loop()
    done: list[int] = []
    thread = threading.Thread(target=lambda: loop.call_soon_threadsafe(done.append, 1))
    thread.start()
    thread.join()
    for _ in range(200):
        await conn.fetch("SELECT 1")
        if done:
            break
    assert done == [1]


async def test_a_socket_that_becomes_ready_is_served() -> None:
    reader, writer = os.pipe()
    loop = asyncio.get_running_loop()
    seen: list[bytes] = []
    loop.add_reader(reader, lambda: seen.append(os.read(reader, 1)))
    os.write(writer, b"x")
    conn = FakeConnection()
    for _ in range(200):
        await conn.fetch("SELECT 1")
        if seen:
            break
    loop.remove_reader(reader)
    for end in (reader, writer):
        os.close(end)
    assert seen == [b"x"]


async def use_everything() -> list[str]:
    """All that waits: a call, a delay, a pool, and something that hangs until it is cancelled."""
    pool = FakePool(max_size=1)
    pool.on("SELECT 1").delay(0.001).value(1)
    pool.on("SELECT 2").hangs()
    seen: list[str] = []

    async def work(name: str) -> None:
        async with pool.acquire() as conn:
            seen.append(f"{name} {await conn.fetch_val('SELECT 1')}")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(work, "a")
        tasks.start_soon(work, "b")
    with anyio.move_on_after(0.01) as scope:
        async with pool.acquire() as conn:
            await conn.fetch("SELECT 2")
    assert scope.cancelled_caught
    assert pool.status().available == 1
    return sorted(seen)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_in_any_loop(backend: str) -> None:
    assert anyio.run(use_everything, backend=backend) == ["a 1", "b 1"]


def test_two_tasks_take_turns_in_trio() -> None:
    async def main() -> list[str]:
        conn = FakeConnection()
        seen: list[str] = []
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(count, conn, "a", seen)
            tasks.start_soon(count, conn, "b", seen)
        return seen

    seen = anyio.run(main, backend="trio")
    assert sorted(seen) == ["a"] * 3 + ["b"] * 3
    assert seen not in (["a"] * 3 + ["b"] * 3, ["b"] * 3 + ["a"] * 3)


@pytest.mark.skipif(sys.platform == "win32", reason="uvloop does not exist for Windows")
def test_in_uvloop() -> None:
    import uvloop

    async def main() -> list[str]:
        seen: list[str] = []
        conn = FakeConnection()
        await asyncio.gather(count(conn, "a", seen), count(conn, "b", seen))
        return seen

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(use_everything()) == ["a 1", "b 1"]
        assert runner.run(main()) == ["a", "b"] * 3


async def test_a_loop_that_does_not_tell_is_taken_for_busy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    turns: list[int] = []
    monkeypatch.setattr(waiting, "_running_loop", lambda: object())
    asyncio.get_running_loop().call_soon(turns.append, 1)
    await FakeConnection().fetch("SELECT 1")
    assert turns == [1]


async def test_an_idle_loop_is_left_alone_most_of_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Idle:
        _ready = ()
        _scheduled = ()

    turns: list[int] = []
    monkeypatch.setattr(waiting, "_running_loop", Idle)
    monkeypatch.setattr(waiting, "_unyielded", 0)
    conn = FakeConnection()
    for call in range(130):
        asyncio.get_running_loop().call_soon(turns.append, call)
        await conn.fetch("SELECT 1")
    assert len(turns) in (64, 128)  # two turns, each of which ran all that was due
