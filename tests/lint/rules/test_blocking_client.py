"""UND209: synchronous clients in async tests."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import check, parametrized

CASES = {
    "a client of the test": """
from fastapi.testclient import TestClient
from app.main import app
async def test_a():
    client = TestClient(app)
    response = client.get("/users")  # here
    assert client.get("/users").json() == response.json()
""",
    "a client of the file or of a fixture": """
from starlette.testclient import TestClient
from app.main import app
async def test_a(api):
    assert api.get("/users").json() == []  # here
async def test_b(client: TestClient):
    assert client.post("/users").status_code == 201  # here
=== tests/conftest.py
import pytest
from starlette.testclient import TestClient
from app.main import app
@pytest.fixture
def api():
    with TestClient(app) as client:
        yield client
""",
    "another loop in a loop": """
import asyncio
from app.users import fetch
async def test_a():
    assert asyncio.run(fetch(7)) == 7  # here
""",
    "a sync test": """
import asyncio
from fastapi.testclient import TestClient
from app.main import app
from app.users import fetch
def test_a():
    assert TestClient(app).get("/users").json() == []
    client = TestClient(app)
    assert client.get("/users").json() == []
    assert asyncio.run(fetch(7)) == 7
""",
    "an async client": """
from httpx import AsyncClient
async def test_a(client: AsyncClient, other):
    response = await client.get("/users")
    assert other.get("a") == response.json()
""",
    "a test that no loop runs": """
import asyncio
from unittest import TestCase
class TestIt(TestCase):
    async def test_a(self):
        asyncio.run(fetch())
""",
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND209", case, tmp_path)
