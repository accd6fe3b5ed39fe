"""UND206: expensive objects created for every test."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import check, parametrized

CASES = {
    "an app": """
=== tests/conftest.py
import pytest
from app import create_app
@pytest.fixture
def app():
    return create_app()  # here
""",
    "an engine": """
=== tests/conftest.py
import pytest_asyncio
from sqlalchemy.ext.asyncio import create_async_engine
@pytest_asyncio.fixture
async def engine():
    engine = create_async_engine("x")  # here
    yield engine
    await engine.dispose()
""",
    "in so many words": """
import pytest
import app
@pytest.fixture(scope="function")
def application():
    return app.create_app()  # here
""",
    "session scope": """
import pytest
from app import create_app
@pytest.fixture(scope="session")
def app():
    return create_app()
@pytest.fixture(scope="module")
def other():
    return create_app()
""",
    "no fixture": """
from app import create_app
def test_a():
    assert create_app()
def helper():
    return create_app()
""",
    "something cheap": """
import pytest
@pytest.fixture
def user():
    return create_user()
""",
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND206", case, tmp_path)
