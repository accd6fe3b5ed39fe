"""UND207: what one test could change for all."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import check, parametrized

CASES = {
    "a dict": """
import pytest
@pytest.fixture(scope="session")
def user():
    return {"name": "Ana"}  # here
""",
    "a list": """
import pytest
@pytest.fixture(scope="module")
def users():
    return [1]  # here
""",
    "a call": """
=== tests/conftest.py
import pytest
from collections import defaultdict
@pytest.fixture(scope="package")
def users():
    return defaultdict(list)  # here
""",
    "function scope": """
import pytest
@pytest.fixture
def user():
    return {"name": "Ana"}
""",
    "immutable": """
import pytest
@pytest.fixture(scope="session")
def users():
    return ("Ana", "Bia")
@pytest.fixture(scope="session")
def number():
    return 7
""",
    "no fixture": """
def user():
    return {"name": "Ana"}
""",
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND207", case, tmp_path)
