"""UND208: tests that replace three things or more."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import check, parametrized

CASES = {
    "monkeypatch": """
def test_a(monkeypatch):  # here
    monkeypatch.setattr("app.a", 1)
    monkeypatch.setattr("app.b", 1)
    monkeypatch.setattr("app.c", 1)
    assert 1
""",
    "decorators": """
from unittest.mock import patch
@patch("app.a")
@patch("app.b")
@patch("app.c")
def test_a(a, b, c):  # here
    assert 1
""",
    "blocks": """
from unittest.mock import patch
async def test_a():  # here
    with patch("app.a"), patch("app.b"), patch("app.c") as c:
        assert c
""",
    "two": """
def test_a(monkeypatch):
    monkeypatch.setattr("app.a", 1)
    monkeypatch.setattr("app.b", 1)
    assert 1
""",
    "one in each test": """
def test_a(monkeypatch):
    monkeypatch.setattr("app.a", 1)
    assert 1
def test_b(monkeypatch):
    monkeypatch.setattr("app.a", 1)
    assert 1
def test_c(monkeypatch):
    monkeypatch.setattr("app.a", 1)
    assert 1
""",
    "a fixture": """
import pytest
@pytest.fixture
def patched(monkeypatch):
    monkeypatch.setattr("app.a", 1)
    monkeypatch.setattr("app.b", 1)
    monkeypatch.setattr("app.c", 1)
""",
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND208", case, tmp_path)
