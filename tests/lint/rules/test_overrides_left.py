"""UND009: dependency overrides that stay."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import check, parametrized

CASES = {
    "an imported app": """
from app.main import app, user
def test_a(client):
    app.dependency_overrides[user] = lambda: "Ana"  # here
    assert client.get("/me")
=== app/main.py
""",
    "a fixture that does not take it away": """
import pytest
from app.main import app, user
@pytest.fixture
def ana():
    app.dependency_overrides[user] = lambda: "Ana"  # here
    return "Ana"
""",
    "an app of the session": """
def test_a(client, app):
    app.dependency_overrides[user] = lambda: "Ana"  # here
    assert client.get("/me")
=== tests/conftest.py
import pytest
from app.main import create
@pytest.fixture(scope="session")
def app():
    return create()
""",
    "taken away in the test": """
from app.main import app, user
def test_a(client):
    app.dependency_overrides[user] = lambda: "Ana"
    assert client.get("/me")
    app.dependency_overrides.clear()
""",
    "taken away by a fixture for all": """
from app.main import app, user
def test_a(client):
    app.dependency_overrides[user] = lambda: "Ana"
    assert client.get("/me")
=== tests/conftest.py
import pytest
from app.main import app
@pytest.fixture(autouse=True)
def clean():
    yield
    app.dependency_overrides = {}
""",
    "an app for each test": """
from app.main import create
def test_a(app):
    app.dependency_overrides[user] = lambda: "Ana"
    assert app
def test_b():
    app = create()
    app.dependency_overrides[user] = lambda: "Ana"
    assert app
=== tests/conftest.py
import pytest
from app.main import create
@pytest.fixture
def app():
    return create()
""",
    "monkeypatch": """
from app.main import app, user
def test_a(client, monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, user, lambda: "Ana")
    assert client.get("/me")
""",
    "understudy restores it": """
from app.main import app, user
def test_a(client):
    app.dependency_overrides[user] = lambda: "Ana"
    assert client.get("/me")
=== pyproject.toml
[tool.understudy]
app = "app.main:app"
""",
    "understudy restores it after a fixture's test": """
import pytest
from app.main import app, user
@pytest.fixture
def ana():
    app.dependency_overrides[user] = lambda: "Ana"
    return "Ana"
async def test_a(async_client, ana):
    assert await async_client.get("/me")
=== pyproject.toml
[tool.understudy]
app = "app.main:app"
""",
    "a test without understudy's fixtures": """
from fastapi.testclient import TestClient
from understudy import FakeConnection
from app.main import app, user
def test_a():
    app.dependency_overrides[user] = lambda: "Ana"  # here
    assert TestClient(app).get("/me")
=== pyproject.toml
[tool.understudy]
app = "app.main:app"
""",
    "another app than the configured one": """
from app.main import app, user
def test_a(client):
    app.dependency_overrides[user] = lambda: "Ana"  # here
    assert client.get("/me")
=== pyproject.toml
[tool.understudy]
app = "app.main:create_app"
=== app/main.py
""",
    "the project's own client": """
from app.main import app, user
def test_a(client):
    app.dependency_overrides[user] = lambda: "Ana"  # here
    assert client.get("/me")
=== tests/conftest.py
import pytest
from fastapi.testclient import TestClient
from app.main import app
@pytest.fixture
def client():
    return TestClient(app)
=== pyproject.toml
[tool.understudy]
app = "app.main:app"
""",
    "taken away in the file of a fixture": """
from app.main import app, user
def test_a(client):
    app.dependency_overrides[user] = lambda: "Ana"
    assert client.get("/me")
=== tests/conftest.py
from tests.fixtures import *
=== tests/fixtures.py
import pytest
from app.main import app
@pytest.fixture
def client():
    yield make(app)
    app.dependency_overrides.clear()
=== tests/__init__.py
=== app/main.py
""",
    "several at once": """
from app.main import app, user, clock
def test_a(client):
    app.dependency_overrides.update({user: lambda: "Ana", clock: lambda: 9})  # here
    assert client.get("/me")
""",
    "a new dict": """
from app.main import app, user
def test_a(client):
    app.dependency_overrides = {user: lambda: "Ana"}  # here
    assert client.get("/me")
""",
    "merged": """
from app.main import app, user
def test_a(client):
    app.dependency_overrides |= {user: lambda: "Ana"}  # here
    assert client.get("/me")
""",
    "a new dict, and the old one again": """
import pytest
from app.main import app, user
@pytest.fixture
def ana():
    before = app.dependency_overrides
    app.dependency_overrides = {user: lambda: "Ana"}
    yield
    app.dependency_overrides = before
""",
    "several at once, and none again": """
from app.main import app, user
def test_a(client):
    app.dependency_overrides.update({user: lambda: "Ana"})
    assert client.get("/me")
    app.dependency_overrides = {}
""",
    "another dict of the app": """
from app.main import app
def test_a(client):
    app.settings.update({"page": 1})
    assert client.get("/me")
""",
    "for every test": """
import pytest
from app.main import app, current_user
@pytest.fixture(autouse=True)
def ana():
    app.dependency_overrides[current_user] = lambda: "Ana"
=== app/main.py
from fastapi import FastAPI
app = FastAPI()
def current_user(): ...
""",
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND009", case, tmp_path)
