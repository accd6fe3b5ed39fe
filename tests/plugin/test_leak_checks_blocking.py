"""Steps that keep the event loop from everyone else, by a clock that the test turns."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from understudy.plugin.leak_checks import blocking
from understudy.plugin.leak_checks.project_files import ProjectFiles


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What is told of steps that take more than 100 ms."""
    now = 0.0

    def turn(seconds: float) -> None:
        nonlocal now
        now += seconds

    monkeypatch.setattr(blocking, "perf_counter", lambda: now)
    monkeypatch.setattr(sys.modules[__name__], "turn", turn)
    told: list[str] = []
    end = blocking.watch(100, ProjectFiles(Path(__file__).parent), told.append)
    yield told
    end()


def turn(seconds: float) -> None:
    """Let time pass."""
    raise AssertionError("replaced by the fixture")


async def block(seconds: float = 0.2) -> None:
    turn(seconds)
    await asyncio.sleep(0)


async def test_another_task_waits(found: list[str]) -> None:
    await asyncio.gather(block(), asyncio.sleep(0))
    here = block.__code__.co_firstlineno
    assert found == [
        "the event loop was blocked for 200 ms, with others waiting for it\n"
        f"  by a step of block() of test_leak_checks_blocking.py:{here}\n"
        f"  before it reached test_leak_checks_blocking.py:{here + 2}\n"
        "Something in it waits or computes without `await`: time.sleep, a synchronous client or"
        " driver, hashing.\n"
        "Run that in a thread (asyncio.to_thread), or raise blocked_after, which is 100 ms."
    ]


async def test_a_timer_is_due(found: list[str]) -> None:
    loop = asyncio.get_running_loop()
    timer = loop.call_later(0.005, lambda: None)

    async def wait_for_the_timer() -> None:
        await asyncio.sleep(0)  # nothing else is ready when the next step begins
        while loop.time() <= timer.when():
            pass
        turn(0.2)

    await wait_for_the_timer()
    await asyncio.sleep(0)
    assert len(found) == 1


async def test_a_callback_that_is_no_task(found: list[str]) -> None:
    def callback() -> None:
        turn(0.2)

    loop = asyncio.get_running_loop()
    loop.call_soon(callback)
    loop.call_soon(int)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    [text] = found
    assert "  by a step of test_a_callback_that_is_no_task.callback() of test_leak_checks" in text


async def test_a_library_blocks(found: list[str]) -> None:
    async def library() -> None:
        turn(0.2)

    code = library.__code__.replace(co_filename="/x/site-packages/library.py")
    library.__code__ = code
    await asyncio.gather(library(), asyncio.sleep(0))
    assert found == []


async def test_nobody_waits(found: list[str]) -> None:
    await block()
    asyncio.get_running_loop().call_later(3600, lambda: None)
    await block()
    assert found == []


async def test_it_takes_no_longer_than_allowed(found: list[str]) -> None:
    await asyncio.gather(block(0.09), asyncio.sleep(0))
    assert found == []


async def test_what_is_imported_is_imported_once(
    found: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work() -> None:
        monkeypatch.setitem(sys.modules, "imported_by_a_test", ModuleType("imported_by_a_test"))
        turn(0.2)

    await asyncio.gather(work(), asyncio.sleep(0))
    assert found == []
