"""UND204: tests that wait for time to pass."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import check, parametrized

CASES = {
    "asyncio": """
import asyncio
async def test_a():
    await asyncio.sleep(0.1)  # here
    assert 1
""",
    "time": """
from time import sleep
def test_a():
    sleep(1)  # here
    assert 1
""",
    "in a class, by a variable": """
import anyio
class TestA:
    async def test_a(self, delay):
        await anyio.sleep(delay)  # here
        assert 1
""",
    "zero": """
import asyncio
async def test_a():
    await asyncio.sleep(0)
    assert 1
""",
    "what the test gives to others": """
import asyncio
async def test_a(service):
    async def slow():
        await asyncio.sleep(10)
    assert await service.run(slow, timeout=0)
""",
    "another sleep": """
def test_a(clock):
    clock.sleep(10)
    assert 1
def helper():
    import time
    time.sleep(1)
""",
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND204", case, tmp_path)
