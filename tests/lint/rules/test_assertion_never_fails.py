"""UND021: assertions that cannot fail."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import check, parametrized

CASES = {
    "a function that nobody calls": """
def test_a(store):
    store.add(1)
    def check():  # here
        assert store.all() == [1]
class TestIt:
    def test_b(self):
        def test_inner(self):  # here
            assert 1 == 2
""",
    "a loop over nothing": """
def test_a(store):
    for row in []:  # here
        assert row in store
async def test_b(store):
    expected = []
    for row in expected:  # here
        assert row in store
""",
    "a response": """
from fastapi.testclient import TestClient
from httpx import AsyncClient
from app.main import app
client = TestClient(app)
async def test_a(http: AsyncClient):
    response = await http.get("/users")
    assert response  # here
def test_b():
    with TestClient(app) as local:
        response = local.post("/users")
        assert response is not None  # here
""",
    "the client of a fixture": """
async def test_a(http):
    response = await http.get("/users")
    assert response  # here
=== tests/conftest.py
import pytest
from httpx import ASGITransport, AsyncClient
from app.main import app
@pytest.fixture
async def http():
    async with AsyncClient(transport=ASGITransport(app=app), base_url="http://test") as client:
        yield client
""",
    "a function that something calls": """
import pytest
def test_a(store, bus):
    def check():
        assert store.all() == [1]
    check()
def test_b(bus):
    def handler(message):
        assert message == 1
    bus.subscribe(handler)
    bus.publish(1)
def test_c(bus):
    @bus.on("a")
    def handler(message):
        assert message == 1
    bus.publish(1)
def test_d():
    def nothing():
        return 1
""",
    "a list that may be filled": """
def test_a(store):
    found = []
    store.collect(found)
    for row in found:
        assert row
def test_b(store):
    found = []
    found.append(1)
    for row in found:
        assert row
def test_c(store):
    for row in [1, 2]:
        assert row in store
def test_d(store):
    rows = []
    rows = store.all()
    for row in rows:
        assert row
""",
    "a response that is looked into": """
from httpx import AsyncClient
async def test_a(http: AsyncClient):
    response = await http.get("/users")
    assert response
    assert response.status_code == 200
async def test_b(http: AsyncClient):
    response = await http.get("/users")
    assert response is not None
    check(response)
""",
    "false if its status is an error, or an unknown client": """
import requests
from app.client import Client
def test_a():
    response = requests.get("http://test/users")
    assert response
def test_b():
    client = Client()
    response = client.get("/users")
    assert response
def test_c(client):
    response = client.get("/users")
    assert response
""",
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND021", case, tmp_path)
