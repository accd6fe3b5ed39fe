"""UND201: patches of private names."""

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
    "a function": """
from app import users
def test_a(monkeypatch):
    monkeypatch.setattr(users, "_discount", lambda user: 2)  # here
    assert users.price(1)
"""
    + APP,
    "by text": """
from unittest.mock import patch
@patch("app.users._discount")  # here
def test_a(discount):
    assert discount
"""
    + APP,
    "a method": """
from unittest.mock import patch
from app.users import DAO
def test_a():
    with patch.object(DAO, "_verify"):  # here
        assert DAO().fetch()
"""
    + APP,
    "a public name": """
from app import users
def test_a(monkeypatch):
    monkeypatch.setattr(users, "price", lambda user: 2)
    assert users
"""
    + APP,
    "a connection": """
from app.users import DAO
def test_a(monkeypatch):
    monkeypatch.setattr(DAO, "_get_connection", lambda self: 2)
    assert DAO
"""
    + APP,
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
