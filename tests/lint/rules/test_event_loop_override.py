"""UND002: event_loop fixtures that have no effect."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import check, parametrized

CASES = {
    "in conftest": """
=== tests/conftest.py
import asyncio, pytest
@pytest.fixture(scope="session")
def event_loop():  # here
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()
""",
    "in a test file": """
import asyncio, pytest
@pytest.fixture
def event_loop():  # here
    yield asyncio.new_event_loop()
""",
    "by name": """
=== conftest.py
import asyncio, pytest_asyncio
@pytest_asyncio.fixture(name="event_loop")
def loop():  # here
    yield asyncio.new_event_loop()
""",
    "a test asks for it": """
import asyncio, pytest
@pytest.fixture
def event_loop():
    yield asyncio.new_event_loop()
def test_it(event_loop):
    assert event_loop.run_until_complete(f()) == 1
""",
    "a test in another file asks for it": """
def test_it(event_loop):
    assert event_loop.run_until_complete(f()) == 1
=== tests/conftest.py
import asyncio, pytest
@pytest.fixture
def event_loop():
    yield asyncio.new_event_loop()
""",
    "an older pytest-asyncio is asked for": """
=== tests/conftest.py
import asyncio, pytest
@pytest.fixture
def event_loop():
    yield asyncio.new_event_loop()
=== requirements-dev.txt
pytest-asyncio==0.21.1
""",
    "an older pytest-asyncio is locked": """
=== tests/conftest.py
import asyncio, pytest
@pytest.fixture
def event_loop():
    yield asyncio.new_event_loop()
=== poetry.lock
[[package]]
name = "pytest-asyncio"
version = "0.23.8"
""",
    "no fixture": """
def event_loop():
    return 1
""",
    "tests with a project of their own": """
=== pyproject.toml
[project.optional-dependencies]
test = ["pytest-asyncio>=0.21.1,<0.22"]
=== tests/sdk/pytest.ini
[pytest]
=== tests/sdk/conftest.py
import asyncio, pytest
@pytest.fixture
def event_loop():
    yield asyncio.new_event_loop()
""",
    "who says that the plugin is pinned": """
=== tests/conftest.py
import asyncio, pytest
@pytest.fixture
def event_loop():
    '''Needed, since we are pinning pytest-asyncio.'''
    yield asyncio.new_event_loop()
""",
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND002", case, tmp_path)
