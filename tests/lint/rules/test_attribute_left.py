"""UND212: attributes of imported objects that stay changed."""

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
    "a fresh start": """
from app import cache
from app.servers import Server
def test_a():
    Server.instances = {}
    assert Server.get()
def test_b():
    cache._current = None
    assert cache.current()
def test_c():
    cache._calls = 0
    assert cache.current()
""",
    "the value from before": """
import sys
def test_a():
    original = list(sys.path)
    try:
        assert load()
    finally:
        sys.path = original
""",
    "it calls what puts it back": """
from app import cache
from app.settings import settings, restore
def test_a():
    cache.users = {7: "Ana"}
    assert load()
    cache.invalidate_users()
def test_b(snapshot):
    settings.debug = True
    restore_settings(snapshot)
    assert not settings.debug
""",
    "a fixture of the test sets it up anew": """
import pytest
@pytest.fixture(autouse=True)
def fresh():
    from app import pool
    pool.revert()
    yield
    pool.revert()
def test_a():
    from app import pool
    pool.state = "open"
    assert load()
class TestPool:
    def setup_method(self):
        users.start()
    def test_b(self):
        from app import users
        users.state = "open"
        assert load()
""",
    "a fixture from a file of its own": """
from app.settings import settings
def test_a(fresh):
    settings.debug = True
    assert load()
=== tests/conftest.py
from tests.fixtures import fresh
=== tests/fixtures.py
import pytest
from app.settings import settings
@pytest.fixture
def fresh():
    yield
    settings.reset()
=== tests/__init__.py
""",
    "a mock that is patched in": """
from unittest.mock import MagicMock, patch
from app.clients import Client
from app.users import UserDAO
def test_a(patched):
    Client.side_effect = LookupError
    assert load()
def test_b():
    with patch.object(UserDAO, "table"):
        UserDAO.table = MagicMock()
        assert load()
def test_c():
    with patch("app.users.UserDAO.name"):
        UserDAO.name = MagicMock()
        assert load()
""",
    "a copy from before, whatever its name": """
import sys
def test_a():
    meta_path = sys.meta_path.copy()
    install()
    sys.meta_path = meta_path
""",
    "a module that the test imports for itself": """
def test_a():
    from docs.examples import tutorial as example
    example.url = "sqlite://"
    assert example.main()
""",
    "by setattr": """
from app.settings import settings
def test_a():
    setattr(settings, "page_size", 2)  # here
    assert load()
=== app/settings.py
settings = object()
""",
    "a variable of a module": """
from app import config
def test_a():
    config.settings.page_size = 2  # here
    assert load()
=== app/config.py
settings = object()
""",
    "by setattr and set back": """
from app.settings import settings
def test_a():
    before = settings.page_size
    setattr(settings, "page_size", 2)
    assert load()
    setattr(settings, "page_size", before)
=== app/settings.py
settings = object()
""",
    "what a function of a module returns": """
from app import config
def test_a(other):
    config.load().page_size = 2
    setattr(other, "page_size", 2)
    assert load()
=== app/config.py
def load():
    return object()
""",
    "refused": """
import pytest
from app.settings import settings
def test_a():
    with pytest.raises(AttributeError):
        settings.page_size = 2
=== app/settings.py
settings = object()
""",
    "set in a finally": """
from app.settings import settings
def test_a(configure):
    try:
        assert configure(2)
    finally:
        settings.page_size = 10
=== app/settings.py
settings = object()
""",
    "set again at the end, or by a conftest.py": """
from app.settings import settings
def test_a(configure):
    assert configure(2)
    settings.page_size = 10
def test_b():
    settings.anonymous = True
    assert load()
=== tests/conftest.py
import pytest
from app.settings import settings
@pytest.fixture
def client():
    settings.anonymous = False
=== app/settings.py
settings = object()
""",
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND212", case, tmp_path)
