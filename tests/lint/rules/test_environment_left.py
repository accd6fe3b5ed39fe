"""UND010: environment variables that stay."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import check, parametrized

CASES = {
    "in a test": """
import os
def test_a():
    os.environ["DEBUG"] = "1"  # here
    assert load()
""",
    "in a fixture": """
import os
import pytest
@pytest.fixture
def debug():
    os.environ["DEBUG"] = "1"  # here
    yield
""",
    "another name for it": """
from os import environ
import os as system
def test_a():
    environ["DEBUG"] = "1"  # here
    system.environ["MODE"] = "x"  # here
    assert load()
""",
    "put back": """
import os
def test_a():
    os.environ["DEBUG"] = "1"
    try:
        assert load()
    finally:
        del os.environ["DEBUG"]
""",
    "monkeypatch and patch.dict": """
import os
from unittest.mock import patch
def test_a(monkeypatch):
    monkeypatch.setenv("DEBUG", "1")
    assert load()
@patch.dict(os.environ, {"DEBUG": "1"})
def test_b():
    os.environ["MODE"] = "x"
    assert load()
""",
    "for the whole run": """
=== tests/conftest.py
import os
import pytest
os.environ["DATABASE_URL"] = "postgresql://"
@pytest.fixture(scope="session", autouse=True)
def environment():
    os.environ["MODE"] = "test"
""",
    "another mapping": """
def test_a(environ):
    environ["DEBUG"] = "1"
    assert load(environ)
""",
    "for every test": """
import os, pytest
@pytest.fixture(autouse=True)
def configured():
    os.environ["DEBUG"] = "1"
""",
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND010", case, tmp_path)
