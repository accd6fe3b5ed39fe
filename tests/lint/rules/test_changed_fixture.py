"""UND215: fixtures of wider scope that a test changes."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import check, parametrized

CASES = {
    "a dict of the session": """
def test_a(user):
    user["role"] = "admin"  # here
    assert user
=== tests/conftest.py
import pytest
@pytest.fixture(scope="session")
def user():
    return {"name": "Ana"}
""",
    "a list of the module": """
import pytest
@pytest.fixture(scope="module")
def users():
    rows = []
    yield rows
def test_a(users):
    users.append(1)  # here
    assert users
""",
    "a set, by position": """
import pytest
@pytest.fixture("session")
def users():
    return set()
class TestA:
    def test_a(self, users):
        users.add(1)  # here
        assert users
""",
    "function scope": """
import pytest
@pytest.fixture
def user():
    return {"name": "Ana"}
def test_a(user):
    user["role"] = "admin"
    assert user
""",
    "a copy": """
import pytest
@pytest.fixture(scope="session")
def user():
    return {"name": "Ana"}
def test_a(user):
    user = dict(user)
    user["role"] = "admin"
    assert user
def test_b(user):
    other = {**user}
    other["role"] = "admin"
    assert other
""",
    "something that may reset itself": """
import pytest
@pytest.fixture(scope="session")
def cache():
    return make_cache()
def test_a(cache):
    cache["x"] = 1
    assert cache
""",
    "a nearer fixture of the same name": """
import pytest
@pytest.fixture
def user():
    return {}
def test_a(user):
    user["role"] = "admin"
    assert user
=== tests/conftest.py
import pytest
@pytest.fixture(scope="session")
def user():
    return {"name": "Ana"}
""",
    "tests that build on each other": """
import pytest
@pytest.fixture(scope="session")
def ana():
    return {"name": "Ana"}
@pytest.mark.dependency()
def test_a(ana):
    ana["id"] = create()
    assert ana
""",
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND215", case, tmp_path)
