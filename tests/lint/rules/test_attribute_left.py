"""UND011: attributes of imported objects that stay changed."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import check, parametrized

CASES = {
    "special attributes, and pytest's own": """
import pytest
from app import main, users
def test_a():
    main.__version__ = "2"
    pytest.shared = 1
    users.app.debug = True
    main.dependency_overrides = {}
    assert main
""",
    "settings": """
from app.settings import settings
def test_a():
    settings.debug = True  # here
    assert load()
""",
    "a function of a module": """
from unittest.mock import Mock
from app import users
def test_a():
    users.fetch = Mock(return_value=7)  # here
    assert users.names()
""",
    "a class": """
from app.users import UserDAO
class TestA:
    def test_a(self):
        UserDAO.create = None  # here
        assert load()
""",
    "set back": """
from app.settings import settings
def test_a():
    before = settings.debug
    settings.debug = True
    try:
        assert load()
    finally:
        settings.debug = before
""",
    "a fixture sets it back": """
import pytest
from app.settings import settings
@pytest.fixture(autouse=True)
def clean():
    yield
    settings.debug = False
def test_a():
    settings.debug = True
    assert load()
""",
    "monkeypatch": """
from app.settings import settings
def test_a(monkeypatch):
    monkeypatch.setattr(settings, "debug", True)
    settings.debug = False
    assert load()
""",
    "an object of the test": """
from app.users import User
def test_a(settings):
    user = User()
    user.name = "Ana"
    settings.debug = True
    assert load(user)
def test_b():
    settings = load()
    settings.debug = True
    assert settings
""",
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND011", case, tmp_path)
