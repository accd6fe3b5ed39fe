"""UND213: clients that leave the app's startup out."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import check, parametrized

APP = """\
=== app/main.py
from fastapi import FastAPI
async def lifespan(app):
    yield
app = FastAPI(lifespan=lifespan)
def create_app():
    return FastAPI(lifespan=lifespan)
plain = FastAPI()
"""
FACTORY = """\
=== app/main.py
from fastapi import FastAPI
async def lifespan(app):
    yield
app = FastAPI(lifespan=lifespan)
"""
CASES = {
    "a factory that calls another": """
from fastapi.testclient import TestClient
from app.main import factory, other
def test_a():
    assert TestClient(factory()).get("/")  # here
    assert TestClient(other["x"]).get("/")
=== app/main.py
from fastapi import FastAPI
def make():
    return FastAPI(lifespan=print)
def factory():
    app = make()
    return app
other = {}
""",
    "an imported app": """
from httpx import ASGITransport, AsyncClient
from app.main import app
async def test_a():
    async with AsyncClient(transport=ASGITransport(app=app), base_url="http://t") as client:  # here
        assert await client.get("/")
"""
    + APP,
    "a fixture": """
=== tests/conftest.py
import pytest_asyncio, pytest
import httpx
from app.main import create_app
@pytest.fixture
def application():
    return create_app()
@pytest_asyncio.fixture
async def http(application):
    transport = httpx.ASGITransport(application)  # here
    async with httpx.AsyncClient(transport=transport) as client:
        yield client
"""
    + APP,
    "TestClient without a block": """
from fastapi.testclient import TestClient
from app.main import app
http = TestClient(app)  # here
def test_a():
    assert http.get("/")
"""
    + APP,
    "on_event": """
from fastapi.testclient import TestClient
from app.old import app
def test_a():
    assert TestClient(app).get("/")  # here
=== app/old.py
from fastapi import FastAPI
app = FastAPI()
@app.on_event("startup")
async def start():
    pass
""",
    "a manager": """
from asgi_lifespan import LifespanManager
from httpx import ASGITransport, AsyncClient
from app.main import app
async def test_a():
    async with LifespanManager(app), AsyncClient(transport=ASGITransport(app=app)) as client:
        assert await client.get("/")
"""
    + APP,
    "TestClient in a block": """
from fastapi.testclient import TestClient
from app.main import app
def test_a():
    with TestClient(app) as http:
        assert http.get("/")
"""
    + APP,
    "an app without a lifespan": """
from fastapi.testclient import TestClient
from app.main import plain
def test_a():
    assert TestClient(plain).get("/")
"""
    + APP,
    "an app that is not known": """
from fastapi.testclient import TestClient
from elsewhere import app
def test_a(application):
    assert TestClient(app).get("/")
    assert TestClient(application).get("/")
""",
    "once in a file": """
from fastapi.testclient import TestClient
from app.main import app
def test_a():
    assert TestClient(app).get("/a")  # here
def test_b():
    assert TestClient(app).get("/b")
"""
    + FACTORY,
    "an app of the test's own": """
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from app import main
@pytest.fixture
def app():
    return main.app
def test_a():
    app = FastAPI()
    assert TestClient(app).get("/")
"""
    + FACTORY,
    "something else in the place of what the startup makes": """
from fastapi.testclient import TestClient
from app.main import app, pool
def test_a(fake_pool):
    app.dependency_overrides[pool] = lambda: fake_pool
    assert TestClient(app).get("/")
    app.dependency_overrides.clear()
"""
    + FACTORY,
    "the state is set by hand": """
from fastapi.testclient import TestClient
from app.main import app
def test_a(fake_pool):
    app.state.pool = fake_pool
    assert TestClient(app).get("/")
"""
    + FACTORY,
    "replaced in the file of a fixture": """
import httpx
async def test_a(app):
    assert httpx.AsyncClient(transport=httpx.ASGITransport(app=app))
=== tests/conftest.py
from tests.fixtures import *
=== tests/fixtures.py
import pytest
from app.main import app as whole, pool
@pytest.fixture
def app():
    whole.dependency_overrides[pool] = lambda: None
    yield whole
    whole.dependency_overrides.clear()
=== tests/__init__.py
"""
    + FACTORY,
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND213", case, tmp_path)
