"""UND006: coroutines that never run."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import check, parametrized

CASES = {
    "a function of the project": """
from app.users import remove
async def test_a():
    remove(7)  # here
=== app/users.py
async def remove(user):
    return user
""",
    "a helper in the file": """
async def seed():
    return 1
async def test_a():
    seed()  # here
    assert seed()  # here
    assert not seed() and 1  # here
    assert seed() == 1  # here
""",
    "a method": """
from app.users import Users
async def test_a(users: Users):
    users.remove(7)  # here
    other = Users()
    other.remove(7)  # here
    assert other.exists(7)  # here
class TestA:
    async def arrange(self):
        return 1
    async def test_b(self):
        self.arrange()  # here
=== app/users.py
class Base:
    async def remove(self, user):
        return user
class Users(Base):
    async def exists(self, user):
        return user
""",
    "httpx's client": """
from httpx import AsyncClient
async def test_a(http: AsyncClient):
    http.post("/users")  # here
    await http.post("/users")
""",
    "awaited, or handed on": """
import asyncio
from app.users import remove
async def test_a():
    await remove(7)
    coroutine = remove(7)
    await coroutine
    asyncio.create_task(remove(7))
    await asyncio.gather(remove(7), remove(8))
    assert await remove(7)
    assert asyncio.iscoroutine(remove(7))
=== app/users.py
async def remove(user):
    return user
""",
    "a decorator makes it sync": """
from app.users import remove
def test_a():
    remove(7)
    assert remove(7)
=== app/users.py
def sync(f):
    return lambda *args: 1
@sync
async def remove(user):
    return user
""",
    "a sync function, an unknown one, a generator": """
from app.users import remove, rows
from elsewhere import clear
def test_a(client):
    remove(7)
    clear()
    client.post("/users")
    assert rows()
=== app/users.py
def remove(user):
    return user
async def rows():
    yield 1
""",
    "a parameter of the same name": """
async def remove(user):
    return user
def test_a(remove):
    remove(7)
""",
    "kept in a variable and asserted": """
from app.users import exists
async def test_a():
    found = exists(7)
    assert found  # here
async def test_b():
    found = exists(7)
    assert found is not None  # here
def test_c():
    found = exists(7)
    assert not found or 1  # here
=== app/users.py
async def exists(user):
    return user
""",
    "a request of a client of the test or of a fixture": """
from httpx import AsyncClient
from app.main import app
async def test_a(http):
    response = http.get("/users")
    assert response  # here
    assert http.get("/users")  # here
async def test_b():
    async with AsyncClient() as client:
        response = client.post("/users")
        assert response is not None  # here
=== tests/conftest.py
import pytest
from httpx import AsyncClient
@pytest.fixture
async def http():
    async with AsyncClient() as client:
        yield client
""",
    "kept and awaited, handed on, or looked into": """
import asyncio
from app.users import exists
async def test_a(pool):
    found = exists(7)
    assert found
    assert await found
    other = exists(7)
    assert asyncio.iscoroutine(other)
    other.close()
    third = exists(7)
    if pool:
        third = await third
    assert third
    fourth = exists(7)
    assert fourth
    pool.submit(fourth)
=== app/users.py
async def exists(user):
    return user
""",
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND006", case, tmp_path)
