"""UND003: async fixtures that pytest-asyncio does not see."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import check, parametrized

CASES = {
    "in conftest": """
=== tests/conftest.py
import pytest
@pytest.fixture
async def db():  # here
    yield 1
""",
    "with arguments": """
=== tests/conftest.py
from pytest import fixture
@fixture(scope="session", autouse=True)
async def db():  # here
    return 1
""",
    "in a class": """
import pytest
class TestA:
    @pytest.fixture
    async def db(self):  # here
        yield 1
""",
    "pytest-asyncio's own": """
=== tests/conftest.py
import pytest_asyncio
@pytest_asyncio.fixture
async def db():
    yield 1
""",
    "auto mode": """
=== tests/conftest.py
import pytest
@pytest.fixture
async def db():
    yield 1
=== pyproject.toml
[tool.pytest.ini_options]
asyncio_mode = "auto"
=== pytest.ini
[pytest]
asyncio_mode = auto
""",
    "anyio runs it": """
=== tests/conftest.py
import pytest
@pytest.fixture
def anyio_backend():
    return "asyncio"
@pytest.fixture
async def db():
    yield 1
""",
    "a sync fixture": """
=== tests/conftest.py
import pytest
@pytest.fixture
def db():
    async def ask():
        return 1
    return ask
""",
    "another decorator makes it sync": """
=== tests/conftest.py
import pytest
@pytest.fixture
@in_loop
async def db():
    return 1
""",
    "the legacy mode of an older pytest-asyncio": """
=== tests/conftest.py
import pytest
@pytest.fixture
async def db():
    return 1
=== requirements.txt
pytest-asyncio==0.16.0
""",
    "a pytest-asyncio that is strict": """
=== tests/conftest.py
import pytest
@pytest.fixture
async def db():  # here
    return 1
=== requirements.txt
pytest-asyncio>=0.16,<0.24
""",
    "an older pytest-asyncio in Pipfile.lock": """
=== tests/conftest.py
import pytest
@pytest.fixture
async def db():
    return 1
=== Pipfile.lock
{"develop": {"pytest-asyncio": {"hashes": [], "version": "==0.16.0"}}}
""",
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND003", case, tmp_path)
