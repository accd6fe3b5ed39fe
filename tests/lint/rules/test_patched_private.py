"""UND201: patches of private names."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import DAO_APP, check, parametrized

CASES = {
    "a function": """
from app import users
def test_a(monkeypatch):
    monkeypatch.setattr(users, "_discount", lambda user: 2)  # here
    assert users.price(1)
"""
    + DAO_APP,
    "by text": """
from unittest.mock import patch
@patch("app.users._discount")  # here
def test_a(discount):
    assert discount
"""
    + DAO_APP,
    "a method": """
from unittest.mock import patch
from app.users import DAO
def test_a():
    with patch.object(DAO, "_verify"):  # here
        assert DAO().fetch()
"""
    + DAO_APP,
    "a public name": """
from app import users
def test_a(monkeypatch):
    monkeypatch.setattr(users, "price", lambda user: 2)
    assert users
"""
    + DAO_APP,
    "a connection": """
from app.users import DAO
def test_a(monkeypatch):
    monkeypatch.setattr(DAO, "_get_connection", lambda self: 2)
    assert DAO
"""
    + DAO_APP,
    "somebody else's": """
import elsewhere
def test_a(monkeypatch):
    monkeypatch.setattr(elsewhere, "_clock", lambda: 2)
    monkeypatch.setattr("elsewhere.__version__", "2")
    assert elsewhere
""",
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND201", case, tmp_path)
