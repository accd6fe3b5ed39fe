"""UND202: patches of what the test is about."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import DAO_APP, check, parametrized

CASES = {
    "beside the function": """
from app import users
def test_a(monkeypatch):
    monkeypatch.setattr(users, "_discount", lambda user: 2)  # here
    assert users.price(1) == 2
"""
    + DAO_APP,
    "in a block": """
from unittest.mock import patch
from app.users import price
def test_a():
    with patch("app.users._discount", return_value=2):  # here
        assert price(1) == 2
"""
    + DAO_APP,
    "a method of the same class": """
from app.users import DAO
def test_a(monkeypatch):
    dao = DAO()
    monkeypatch.setattr(dao, "_verify", lambda: 2)  # here
    assert dao.fetch() == 2
"""
    + DAO_APP,
    "another class": """
from app.users import DAO, Other
def test_a(monkeypatch):
    monkeypatch.setattr(DAO, "fetch", lambda self: 2)
    assert Other().total() == 1
"""
    + DAO_APP,
    "a connection": """
from app.users import DAO
def test_a(monkeypatch):
    monkeypatch.setattr(DAO, "_get_connection", lambda self: 2)
    assert DAO().fetch() == 1
"""
    + DAO_APP,
    "another module": """
import elsewhere
from app.users import price
def test_a(monkeypatch):
    monkeypatch.setattr(elsewhere, "clock", lambda: 2)
    assert price(1)
"""
    + DAO_APP,
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND202", case, tmp_path)
