"""UND202: patches of what the test is about."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import check, parametrized

APP = """\
=== app/users.py
def _discount(user):
    return 1
def price(user):
    return _discount(user)
class DAO:
    def _verify(self):
        return 1
    def _get_connection(self):
        return 1
    def fetch(self):
        return self._verify()
class Other:
    def total(self):
        return 1
"""
CASES = {
    "beside the function": """
from app import users
def test_a(monkeypatch):
    monkeypatch.setattr(users, "_discount", lambda user: 2)  # here
    assert users.price(1) == 2
"""
    + APP,
    "in a block": """
from unittest.mock import patch
from app.users import price
def test_a():
    with patch("app.users._discount", return_value=2):  # here
        assert price(1) == 2
"""
    + APP,
    "a method of the same class": """
from app.users import DAO
def test_a(monkeypatch):
    dao = DAO()
    monkeypatch.setattr(dao, "_verify", lambda: 2)  # here
    assert dao.fetch() == 2
"""
    + APP,
    "another class": """
from app.users import DAO, Other
def test_a(monkeypatch):
    monkeypatch.setattr(DAO, "fetch", lambda self: 2)
    assert Other().total() == 1
"""
    + APP,
    "a connection": """
from app.users import DAO
def test_a(monkeypatch):
    monkeypatch.setattr(DAO, "_get_connection", lambda self: 2)
    assert DAO().fetch() == 1
"""
    + APP,
    "another module": """
import elsewhere
from app.users import price
def test_a(monkeypatch):
    monkeypatch.setattr(elsewhere, "clock", lambda: 2)
    assert price(1)
"""
    + APP,
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND202", case, tmp_path)
