"""UND203: patches two layers down."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import check, parametrized

CASES = {
    "a connection under a router": """
=== tests/test_users_router.py
def test_a(monkeypatch):
    monkeypatch.setattr("app.dal.DAL._DAL__get_connection", None)  # here
    assert 1
""",
    "a DAO under a router": """
=== tests/test_users_api.py
from app.users import UserDAO
from unittest.mock import patch
@patch("app.users.UserRepository.fetch")  # here
def test_a(monkeypatch):
    monkeypatch.setattr(UserDAO, "fetch_all", None)  # here
    assert 1
""",
    "a connection under a service": """
=== tests/test_users_service.py
from app.dal import DAL
def test_a(monkeypatch):
    monkeypatch.setattr(DAL, "get_connection", None)  # here
    assert 1
""",
    "a service under a router": """
=== tests/test_users_router.py
def test_a(monkeypatch):
    monkeypatch.setattr("app.users.UserService.get_all", None)
    assert 1
""",
    "a DAO under a service": """
=== tests/test_users_service.py
from app.users import UserDAO
def test_a(monkeypatch):
    monkeypatch.setattr(UserDAO, "fetch_all", None)
    assert 1
""",
    "a connection under a DAO": """
=== tests/test_users_dao.py
from app.dal import DAL
def test_a(monkeypatch):
    monkeypatch.setattr(DAL, "get_connection", None)
    assert 1
""",
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND203", case, tmp_path)
