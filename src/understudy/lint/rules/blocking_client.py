"""UND209: a synchronous test client in an async test."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from understudy.lint import pytest_items
from understudy.lint.http_clients import TEST_CLIENTS, requesting
from understudy.lint.rule import Found, Rule
from understudy.project.sources import Module

_RUNNERS = ("asyncio.run", "anyio.run")


def check(module: Module) -> Iterator[Found]:
    """Yield the first request of a TestClient, and each asyncio.run, in an async test."""
    seen = pytest_items.of(module)
    for test in seen.tests:
        if not test.is_async or (test.in_class and seen.has_unknown_base(test.in_class)):
            continue
        for call in test.own(ast.Call):
            if module.qualified(call.func) in _RUNNERS:
                yield Found(call, f"{test.name} already runs in an event loop: this raises")
        for call in test.own(ast.Call):
            if requesting(module, call) in TEST_CLIENTS:
                yield Found(
                    call, f"{test.name} blocks its event loop, and the app runs in another one"
                )
                break


RULE = Rule(
    code="UND209",
    name="blocking-client",
    group="design",
    why="TestClient runs the app in another event loop. The test's connections do not work there.",
    instead=(
        "Use httpx.AsyncClient with ASGITransport, or Understudy's fixture `async_client`; or make"
        " the test a plain function if it awaits nothing."
    ),
    wrong="""
from fastapi.testclient import TestClient

from app.main import app


async def test_users():
    client = TestClient(app)
    response = client.get("/users")  # UND209

    assert response.json() == []
""",
    right="""
async def test_users(async_client):
    response = await async_client.get("/users")

    assert response.json() == []
""",
    check=check,
)
