"""UND210: errors that gather returns."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import check, parametrized

CASES = {
    "dropped": """
import asyncio
async def test_a(shop):
    await asyncio.gather(shop.order(1), shop.order(2), return_exceptions=True)  # here
    assert await shop.is_open()
""",
    "dropped, of a list": """
from asyncio import gather
async def test_a(shop):
    await gather(*[shop.order(n) for n in range(9)], return_exceptions=True)  # here
    assert await shop.count() > 0
class TestIt:
    async def test_b(self, shop):
        await gather(*(shop.order(n) for n in range(9)), return_exceptions=True)  # here
        assert await shop.count() > 0
""",
    "counted": """
import asyncio
async def test_a(shop):
    orders = [shop.order(n) for n in range(9)]
    results = await asyncio.gather(*orders, return_exceptions=True)  # here
    assert len(results) == 9
""",
    "looked at": """
import asyncio
async def test_a(shop):
    results = await asyncio.gather(shop.order(1), shop.order(2), return_exceptions=True)
    assert len(results) == 2
    assert not any(isinstance(result, Exception) for result in results)
async def test_b(shop):
    one, two = await asyncio.gather(shop.order(1), shop.order(2), return_exceptions=True)
    assert one == two
""",
    "they raise": """
import asyncio
async def test_a(shop):
    await asyncio.gather(shop.order(1), shop.order(2))
    await asyncio.gather(shop.order(1), shop.order(2), return_exceptions=False)
    assert await shop.is_open()
""",
    "tasks of which only the end matters": """
import asyncio
async def test_a(shop):
    task = asyncio.create_task(shop.order(1))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await shop.is_open()
async def test_b(shop):
    await asyncio.gather(*shop.tasks, return_exceptions=True)
    assert await shop.is_open()
async def test_c(shop):
    try:
        assert await shop.is_open()
    finally:
        await asyncio.gather(shop.close_one(), return_exceptions=True)
""",
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND210", case, tmp_path)
