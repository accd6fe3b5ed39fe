"""UND001: async tests that no plugin runs."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import check, parametrized

CASES = {
    "a plugin from elsewhere may run them": """
async def test_a():
    assert 1
=== tests/conftest.py
pytest_plugins = "aiohttp.pytest_plugin"
""",
    "one of several plugins may": """
async def test_a():
    assert 1
=== tests/conftest.py
pytest_plugins = ("pytester", "elsewhere.plugin")
""",
    "a plugin that is named elsewhere may": """
async def test_a():
    assert 1
=== tests/conftest.py
from elsewhere import PLUGINS
pytest_plugins = [*PLUGINS]
""",
    "and so may all that is loaded so": """
async def test_a():
    assert 1
=== tests/conftest.py
from elsewhere import PLUGINS
pytest_plugins = PLUGINS + ["pytester"]
""",
    "these run none": """
async def test_a():  # here
    assert 1
=== tests/conftest.py
pytest_plugins = ["pytester", "anyio", "pytest_mock"]
""",
    "a package marks its tests": """
async def test_a():
    assert 1
=== tests/__init__.py
import pytest
pytestmark = pytest.mark.asyncio
""",
    "usefixtures asks for anyio's backend": """
import pytest
@pytest.mark.usefixtures("anyio_backend")
async def test_a():
    assert 1
@pytest.mark.usefixtures("anyio_backend")
class TestA:
    async def test_a(self):
        assert 1
""",
    "a fixture of a plugin of the project": """
async def test_a(backend):
    assert 1
async def test_b(other):
    assert 1
async def test_c(third):  # here
    assert 1
=== tests/conftest.py
from tests.shared import *
from tests.shared import other
pytest_plugins = ["tests.fixtures", "pytester"]
=== tests/fixtures.py
import pytest
@pytest.fixture
def backend(anyio_backend):
    return 1
=== tests/shared.py
import pytest
@pytest.fixture
def other(anyio_backend):
    return 1
@pytest.fixture
def third():
    return 1
=== tests/__init__.py
""",
    "one plugin of the project": """
async def test_a(backend):
    assert 1
=== tests/conftest.py
pytest_plugins = "tests.fixtures"
=== tests/fixtures.py
import pytest
@pytest.fixture
def backend(anyio_backend):
    return 1
=== tests/__init__.py
""",
    "marks that cannot be told": """
from elsewhere import marks
pytestmark = marks
async def test_a():
    assert 1
""",
    "marks from elsewhere": """
from elsewhere import pytestmark
async def test_a():
    assert 1
""",
    "a list of marks from another file": """
from tests.marks import MARKS
pytestmark = MARKS
async def test_a():
    assert 1
=== tests/marks.py
import pytest
MARKS = [pytest.mark.slow, pytest.mark.asyncio]
=== tests/__init__.py
""",
    "anyio alone": """
async def test_a():  # here
    assert 1
=== requirements.txt
anyio
""",
    "a function": """
async def test_a():  # here
    assert 1
""",
    "a method": """
class TestA:
    async def test_a(self):  # here
        assert 1
""",
    "another mark is not enough": """
import pytest
@pytest.mark.parametrize("n", [1])
@pytest.mark.slow
async def test_a(n):  # here
    assert n
""",
    "a base class of the project without a mark": """
from tests.base import Base
class TestA(Base):
    async def test_a(self):  # here
        assert 1
=== tests/base.py
class Base:
    pass
=== tests/__init__.py
""",
    "strict, in so many words": """
async def test_a():  # here
    assert 1
=== pytest.ini
[pytest]
asyncio_mode = strict
""",
    "a mark on the function": """
import pytest
@pytest.mark.asyncio
async def test_a():
    assert 1
""",
    "a mark under another name": """
from pytest import mark
import pytest as pt
@mark.asyncio(loop_scope="session")
async def test_a():
    assert 1
@pt.mark.anyio
async def test_b():
    assert 1
""",
    "a mark on the class": """
import pytest
@pytest.mark.asyncio
class TestA:
    async def test_a(self):
        assert 1
""",
    "a mark on the module": """
import pytest
pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]
async def test_a():
    assert 1
""",
    "a mark in the class body": """
import pytest
class TestA:
    pytestmark = pytest.mark.asyncio
    async def test_a(self):
        assert 1
""",
    "a mark on a base class in another file": """
from tests.base import Base
class TestA(Base):
    async def test_a(self):
        assert 1
=== tests/base.py
import pytest
@pytest.mark.asyncio
class Root:
    pass
class Base(Root):
    pass
=== tests/__init__.py
""",
    "a mark with a name of its own": """
from tests.marks import in_loop
@in_loop
async def test_a():
    assert 1
=== tests/marks.py
import pytest
in_loop = pytest.mark.asyncio(loop_scope="session")
=== tests/__init__.py
""",
    "auto mode": """
async def test_a():
    assert 1
=== pytest.ini
[pytest]
asyncio_mode = auto
""",
    "auto mode in addopts": """
async def test_a():
    assert 1
=== pytest.ini
[pytest]
addopts = -ra --asyncio-mode=auto
""",
    "auto mode as pytest is called": """
async def test_a():
    assert 1
=== Makefile
test:
	pytest --asyncio-mode auto tests
""",
    "a hook adds the mark": """
async def test_a():
    assert 1
=== conftest.py
import pytest
def pytest_collection_modifyitems(items):
    for item in items:
        item.add_marker(pytest.mark.asyncio)
""",
    "anyio's backend is asked for": """
async def test_a(anyio_backend):
    assert 1
async def test_b(client):
    assert 1
=== tests/conftest.py
import pytest
@pytest.fixture
def client(anyio_backend):
    return 1
""",
    "IsolatedAsyncioTestCase runs its own": """
import unittest
class TestA(unittest.IsolatedAsyncioTestCase):
    async def test_a(self):
        assert 1
""",
    "a decorator of the project may run it": """
from tests.tools import in_loop
@in_loop
async def test_a():
    assert 1
=== tests/tools.py
import asyncio, functools
def in_loop(f):
    @functools.wraps(f)
    def run(*args):
        return asyncio.run(f(*args))
    return run
=== tests/__init__.py
""",
    "another plugin runs them": """
async def test_a():
    assert 1
=== requirements.txt
pytest-trio==0.8
""",
    "no test": """
import pytest
@pytest.fixture
async def test_data():
    return 1
async def helper():
    assert 1
class Helper:
    async def test_a(self):
        assert 1
""",
    "aiomisc runs them": """
async def test_a():
    assert 1
=== requirements.txt
aiomisc-pytest
""",
    "below TYPE_CHECKING": """
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    async def test_type_of_names():
        await names()
""",
    "a script": """
import asyncio
async def test_a():
    assert 1
if __name__ == "__main__":
    asyncio.run(test_a())
""",
    "a script without a condition": """
import asyncio
async def test_a():
    assert 1
asyncio.run(test_a())
""",
    "a file that starts pytest": """
import pytest
async def test_a():  # here
    assert 1
if __name__ == "__main__":
    pytest.main([__file__])
""",
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND001", case, tmp_path)
