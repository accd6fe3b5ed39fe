"""UND003: an async fixture that pytest-asyncio does not run."""

from __future__ import annotations

from collections.abc import Iterator

from understudy.lint import pytest_items
from understudy.lint.rule import Found, Rule
from understudy.project.sources import Module


def check(module: Module) -> Iterator[Found]:
    """Yield async fixtures made with pytest.fixture that only pytest-asyncio could run."""
    seen = pytest_items.of(module)
    candidates = [
        fixture
        for fixture in seen.fixtures.values()
        if fixture.function.is_async
        and fixture.maker.startswith("pytest.")
        and len(fixture.function.node.decorator_list) == 1  # another may have made it sync
    ]
    if not candidates:
        return
    runners = module.project.runners
    if runners.asyncio_auto or runners.asyncio_legacy or runners.anyio_auto or runners.others:
        return
    if _knows_anyio(module, seen):
        return
    for fixture in candidates:
        yield Found(
            fixture.function.node,
            f"no plugin runs the async fixture {fixture.name}: in strict mode it needs"
            " @pytest_asyncio.fixture",
        )


def _knows_anyio(module: Module, seen: pytest_items.Collected) -> bool:
    """Whether anyio may be used: it runs every async fixture of the tests that it runs."""
    texts = [module.text, *(conftest.text for conftest in seen.conftests)]
    return (
        any("anyio" in text or "asyncio_mode" in text for text in texts)
        or seen.hooked
        or "anyio" in module.project.runners.about
    )


RULE = Rule(
    code="UND003",
    name="plain-async-fixture",
    group="bugs",
    why="In strict mode, @pytest.fixture gives the test the coroutine itself, or an error.",
    instead=(
        'Use @pytest_asyncio.fixture, or set asyncio_mode = "auto" in the pytest configuration.'
    ),
    wrong="""
import pytest


@pytest.fixture
async def conn(pool):  # UND003
    async with pool.acquire() as conn:
        yield conn
""",
    right="""
import pytest_asyncio


@pytest_asyncio.fixture
async def conn(pool):
    async with pool.acquire() as conn:
        yield conn
""",
    path="tests/conftest.py",
    check=check,
    fixable=True,
)
