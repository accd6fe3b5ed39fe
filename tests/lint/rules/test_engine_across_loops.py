"""UND018: engines and pools that tests with an event loop each share."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import check, parametrized

DB = """
=== app/db.py
import asyncpg
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
engine = create_async_engine("postgresql+asyncpg://localhost/app")
sessions = async_sessionmaker(engine, expire_on_commit=False)
_pool = None
async def get_pool():
    global _pool
    if _pool is None:
        _pool = await asyncpg.create_pool("postgresql://localhost/app")
    return _pool
async def names():
    async with sessions() as session:
        return list(await session.scalars("SELECT name FROM users"))
=== requirements.txt
asyncpg
pytest-asyncio
"""
APP = (
    """
=== app/deps.py
from typing import Annotated
from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from app.db import sessions
async def get_session():
    async with sessions() as session:
        yield session
async def get_own_session():
    own = create_async_engine("postgresql+asyncpg://localhost/app")
    async with AsyncSession(own) as session:
        yield session
    await own.dispose()
async def current_user(session: Annotated[AsyncSession, Depends(get_session)]):
    return await session.scalar("SELECT 1")
SessionDep = Annotated[AsyncSession, Depends(get_session)]
UserDep = Annotated[int, Depends(current_user)]
=== app/orders.py
from fastapi import APIRouter
from app import deps
router = APIRouter(prefix="/orders")
@router.post("/{number}")
async def order(number: int, user: deps.UserDep):
    return number
=== app/main.py
from fastapi import Depends, FastAPI
from app import orders
from app.config import settings
from app.deps import SessionDep, get_own_session, get_session
app = FastAPI()
@app.get("/users")
async def users(session=Depends(get_session)):
    return []
@app.post("/users")
async def add_user():
    return []
@app.get("/health")
async def health():
    return "ok"
@app.get("/own")
async def own(session=Depends(get_own_session)):
    return "ok"
def create_app():
    made = FastAPI()
    made.include_router(orders.router, prefix=settings.prefix)
    return made
"""
    + DB
)
CASES = {
    "an engine of a module": """
import pytest
from app.db import engine
pytestmark = pytest.mark.asyncio
async def test_a():
    async with engine.connect() as connection:
        await connection.execute("x")
async def test_b():
    async with engine.connect() as connection:  # here
        await connection.execute("x")
async def test_c():
    async with engine.connect() as connection:
        await connection.execute("x")
"""
    + DB,
    "a session maker, through a function of the app": """
import pytest
from app import db
@pytest.mark.asyncio
async def test_a():
    assert await db.names() == []
@pytest.mark.asyncio
@pytest.mark.parametrize("number", [1, 2])
async def test_b(number):
    assert await db.names() == []  # here
"""
    + DB,
    "a pool that is made once": """
from app.db import get_pool
async def test_a():
    pool = await get_pool()
    assert await pool.fetchval("SELECT 1") == 1
async def test_b():
    pool = await get_pool()  # here
    assert await pool.fetchval("SELECT 1") == 1
=== pytest.ini
[pytest]
asyncio_mode = auto
"""
    + DB,
    "through a fixture of function scope": """
async def test_a(session):
    assert await session.scalar("SELECT 1") == 1
async def test_b(session):  # here
    assert await session.scalar("SELECT 1") == 1
=== tests/conftest.py
import pytest_asyncio
from app.db import sessions
@pytest_asyncio.fixture
async def session():
    async with sessions() as session:
        yield session
=== pytest.ini
[pytest]
asyncio_mode = auto
"""
    + DB,
    "fixtures of wider scopes": """
async def test_a(pool, made):
    assert await pool.fetchval("SELECT 1") == 1
async def test_b(pool):  # here
    assert await pool.fetchval("SELECT 1") == 1
=== tests/conftest.py
import asyncpg
import pytest
import pytest_asyncio
@pytest_asyncio.fixture(scope="session")
async def pool():
    async with asyncpg.create_pool("postgresql://localhost/app") as pool:
        yield pool
@pytest.fixture(scope="module")
def made():
    return 1
=== pytest.ini
[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = session
"""
    + DB,
    "a dependency of the app, by a client of its own": """
import pytest
from httpx import ASGITransport, AsyncClient
from app.main import app
pytestmark = pytest.mark.asyncio
async def test_a():
    async with AsyncClient(transport=ASGITransport(app=app), base_url="http://test") as client:
        await client.get("/users")
async def test_b():
    async with AsyncClient(transport=ASGITransport(app=app), base_url="http://test") as client:
        await client.get("/health")
async def test_c():
    async with AsyncClient(transport=ASGITransport(app=app), base_url="http://test") as client:
        await client.get("/users")  # here
"""
    + APP,
    "a dependency of a router, by a client of a fixture": """
async def test_a(web):
    await web.post("/api/orders/7?x=1")
async def test_b(web):
    await web.post(f"/api/orders/{2}")  # here
=== tests/conftest.py
import httpx
import pytest_asyncio
from app.main import create_app
@pytest_asyncio.fixture
async def web():
    transport = httpx.ASGITransport(create_app())
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client
=== pytest.ini
[pytest]
asyncio_mode = auto
"""
    + APP,
    "dependencies that are replaced, or that are not reached": """
import httpx
import pytest
from app.main import app
pytestmark = pytest.mark.asyncio
def client():
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test")
async def test_a():
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as client:
        await client.get("/health")
async def test_b():
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as client:
        await client.post("/users")
async def test_c():
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as client:
        await client.get("/unknown")
async def test_d():
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as client:
        await client.get("/own")
async def test_e():
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as client:
        await client.get("/own")
"""
    + APP,
    "an override for all tests": """
import httpx
import pytest
from app.main import app
from app.deps import get_session
pytestmark = pytest.mark.asyncio
@pytest.fixture(autouse=True)
def no_database():
    app.dependency_overrides[get_session] = lambda: None
async def test_a():
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as client:
        await client.get("/users")
async def test_b():
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as client:
        await client.get("/users")
"""
    + APP,
    "a pool of psycopg under anyio": """
import pytest
from app.pool import pool
pytestmark = pytest.mark.anyio
async def test_a():
    async with pool.connection() as connection:
        await connection.execute("SELECT 1")
async def test_b():
    async with pool.connection() as connection:  # here
        await connection.execute("SELECT 1")
=== app/pool.py
from psycopg_pool import AsyncConnectionPool
pool = AsyncConnectionPool("postgresql://localhost/app", open=False)
=== requirements.txt
psycopg
psycopg_pool
anyio
""",
    "NullPool": """
import pytest
from app.db import engine
pytestmark = pytest.mark.asyncio
async def test_a():
    async with engine.connect() as connection:
        await connection.execute("x")
async def test_b():
    async with engine.connect() as connection:
        await connection.execute("x")
=== app/db.py
from sqlalchemy import NullPool
from sqlalchemy.ext.asyncio import create_async_engine
engine = create_async_engine("postgresql+asyncpg://localhost/app", poolclass=NullPool)
""",
    "drivers that work in any loop": """
import pytest
from app.db import engine, lite, rust
pytestmark = pytest.mark.asyncio
async def test_a():
    await engine.connect(), lite.connect(), rust.connection()
async def test_b():
    await engine.connect(), lite.connect(), rust.connection()
=== app/db.py
from psqlpy import ConnectionPool
from sqlalchemy.ext.asyncio import create_async_engine
engine = create_async_engine("postgresql+psycopg://localhost/app")
lite = create_async_engine("sqlite+aiosqlite://")
rust = ConnectionPool(dsn="postgresql://localhost/app")
=== requirements.txt
asyncpg
""",
    "a driver that is not known": """
import pytest
from app.db import engine
pytestmark = pytest.mark.asyncio
async def test_a():
    await engine.connect()
async def test_b():
    await engine.connect()
=== app/db.py
from app.settings import settings
from sqlalchemy.ext.asyncio import create_async_engine
engine = create_async_engine(settings.database_url)
=== requirements.txt
asyncpg
psycopg
""",
    "one loop for all": """
from app.db import names
async def test_a():
    assert await names() == []
async def test_b():
    assert await names() == []
=== pytest.ini
[pytest]
asyncio_mode = auto
asyncio_default_test_loop_scope = session
"""
    + DB,
    "marks with a loop scope": """
import pytest
from app.db import names
pytestmark = pytest.mark.asyncio(loop_scope="module")
async def test_a():
    assert await names() == []
async def test_b():
    assert await names() == []
"""
    + DB,
    "a hook that marks": """
from app.db import names
async def test_a():
    assert await names() == []
async def test_b():
    assert await names() == []
=== tests/conftest.py
import pytest
def pytest_collection_modifyitems(items):
    for item in items:
        item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
=== pytest.ini
[pytest]
asyncio_mode = auto
"""
    + DB,
    "a loop of anyio that a fixture keeps": """
import pytest
from app.db import names
pytestmark = pytest.mark.anyio
async def test_a():
    assert await names() == []
async def test_b():
    assert await names() == []
=== tests/conftest.py
import pytest
@pytest.fixture(scope="session")
def anyio_backend():
    return "asyncio"
@pytest.fixture(scope="session", autouse=True)
async def one_event_loop(anyio_backend):
    yield
"""
    + DB,
    "disposed of after each test": """
from app.db import names
async def test_a():
    assert await names() == []
async def test_b():
    assert await names() == []
=== tests/conftest.py
import pytest_asyncio
from app.db import engine
@pytest_asyncio.fixture(autouse=True)
async def clean():
    yield
    await engine.dispose()
=== pytest.ini
[pytest]
asyncio_mode = auto
"""
    + DB,
    "closed in the test": """
import pytest
from app.db import get_pool
pytestmark = pytest.mark.asyncio
async def test_a():
    await (await get_pool()).close()
async def test_b():
    await (await get_pool()).close()
"""
    + DB,
    "the app closes it": """
import pytest
from app.db import names
pytestmark = pytest.mark.asyncio
async def test_a(async_client):
    assert await names() == []
async def test_b(async_client):
    assert await names() == []
"""
    + DB,
    "replaced in each test": """
import pytest
from app.db import names
pytestmark = pytest.mark.asyncio
@pytest.fixture(autouse=True)
def replaced(monkeypatch, fresh):
    monkeypatch.setattr("app.db.sessions", fresh)
async def test_a():
    assert await names() == []
async def test_b():
    assert await names() == []
"""
    + DB,
    "one test only, and tests without a loop": """
import pytest
from app.db import engine, names
@pytest.mark.asyncio
async def test_a():
    assert await names() == []
def test_b():
    assert engine.url.database == "app"
"""
    + DB,
    "a pool of each test": """
import pytest
import pytest_asyncio
import asyncpg
pytestmark = pytest.mark.asyncio
@pytest_asyncio.fixture
async def pool():
    return await asyncpg.create_pool("postgresql://localhost/app")
async def test_a(pool):
    assert await pool.fetchval("SELECT 1") == 1
async def test_b(pool):
    assert await pool.fetchval("SELECT 1") == 1
"""
    + DB,
    "a TestCase with loops of its own": """
import unittest
from app.db import names
class TestNames(unittest.IsolatedAsyncioTestCase):
    async def test_a(self):
        assert await names() == []
    async def test_b(self):
        assert await names() == []
"""
    + DB,
    "a connection of the module's own": """
import asyncpg
import pytest_asyncio
@pytest_asyncio.fixture(scope="module")
async def connection():
    connection = await asyncpg.connect("postgresql://localhost/app")
    yield connection
    await connection.close()
async def test_a(connection):
    assert await connection.fetchval("SELECT 1") == 1
async def test_b(connection):  # here
    assert await connection.fetchval("SELECT 2") == 2
=== pytest.ini
[pytest]
asyncio_mode = auto
""",
    "only to prepare the database": """
import asyncpg
import pytest_asyncio
@pytest_asyncio.fixture(scope="session")
async def url():
    async with asyncpg.create_pool("postgresql://localhost/app") as pool:
        await pool.execute("CREATE TABLE users (name text)")
    connection = await asyncpg.connect("postgresql://localhost/app")
    await connection.close()
    yield "postgresql://localhost/app"
async def test_a(url):
    assert url
async def test_b(url):
    assert url
=== pytest.ini
[pytest]
asyncio_mode = auto
""",
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND018", case, tmp_path)
