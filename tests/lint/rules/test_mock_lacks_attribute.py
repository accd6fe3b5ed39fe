"""UND036: what a mock without a spec has, and its class has not."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import check, parametrized

APP = """\
=== app/users.py
from dataclasses import dataclass
from typing import Protocol
class Base:
    limit = 3
    async def fetch(self, user_id):
        return user_id
class Users(Base):
    def __init__(self):
        self.cache = {}
    async def delete(self, user_id):
        return user_id
class Lazy:
    def __getattr__(self, name):
        return 1
class Store(Protocol):
    def fetch(self): ...
class Service:
    def __init__(self, users: Users, lazy: Lazy = None, store: "Store | None" = None):
        self.users = users
async def rename(users: "Users", user_id: int):
    return await users.fetch(user_id)
class Sized(list):
    pass
def total(sized: Sized, either: Users | Lazy):
    return len(sized)
"""
CASES = {
    "a mock that is passed on": """
from unittest.mock import AsyncMock
from app.users import Service, rename
async def test_a():
    users = AsyncMock()
    users.remove.return_value = 1  # here
    users.remove.side_effect = KeyError
    assert await rename(users, 7)
    users.store.assert_not_called()  # here
""",
    "a fixture": """
from unittest.mock import MagicMock
import pytest
from app.users import Service
@pytest.fixture
def users():
    mock = MagicMock()
    mock.load.return_value = 1  # here
    return mock
@pytest.fixture
def service(users):
    return Service(users=users)
def test_a(service, users):
    assert service.users
    users.erase.assert_called_once()  # here
""",
    "patched classes": """
from unittest.mock import patch
from app.users import Service
def test_a():
    with patch("app.users.Users") as users:
        users.return_value.load.return_value = 1  # here
        users.return_value.fetch.return_value = 1
        assert load()
@patch("app.users.Users")
def test_b(users):
    assert load()
    users.from_url.assert_called_once()  # here
    users.return_value.delete.assert_called_once()
    users.assert_called_once()
    assert users.call_count == 1
""",
    "attributes that the class has": """
from unittest.mock import AsyncMock
from app.users import Service, rename
async def test_a():
    users = AsyncMock()
    users.fetch.return_value = 1
    users.limit = 1
    users.cache.get.return_value = 2
    assert await rename(users, 7)
    users.delete.assert_not_called()
    users.cache.assert_not_called()
    users.reset_mock()
    assert users.mock_calls == []
""",
    "a spec": """
from unittest.mock import AsyncMock, create_autospec, patch
from app.users import Users, rename
async def test_a():
    users = AsyncMock(spec=Users)
    users.load.return_value = 1
    other = create_autospec(Users)
    other.load.return_value = 1
    assert await rename(users, other)
    with patch("app.users.Users", autospec=True) as cls:
        cls.load.return_value = 1
        assert load()
""",
    "the class does not tell": """
from unittest.mock import MagicMock
from app.users import Service, total
def test_a(users):
    lazy = MagicMock()
    lazy.load.return_value = 1
    store = MagicMock()
    store.load.return_value = 1
    sized = MagicMock()
    sized.load.return_value = 1
    either = MagicMock()
    either.load.return_value = 1
    assert Service(users, lazy, store=store)
    assert total(sized, either)
""",
    "setUp": """
from unittest import IsolatedAsyncioTestCase
from unittest.mock import AsyncMock
from app.users import Service
class UsersTest(IsolatedAsyncioTestCase):
    def setUp(self):
        self.users = AsyncMock()
        self.service = Service(self.users)
    async def test_a(self):
        self.users.load.return_value = 1  # here
        self.users.fetch.return_value = 1
        assert await load()
""",
    "an attribute of an object": """
from unittest.mock import AsyncMock
from app.users import Service, Users
async def test_a():
    service = Service(Users())
    service.users = AsyncMock()
    service.users.load.return_value = 1  # here
    service.users.fetch.return_value = 1
    service.lazy = AsyncMock()
    service.lazy.load.return_value = 1
    assert await load()
""",
    "a wrapper of anything": """
from unittest.mock import Mock
from app.wrapper import Wrapper
def test_a():
    users = Mock()
    users.anything.return_value = 1
    assert Wrapper(users).anything() == 1
=== app/wrapper.py
from app.users import Users
class Wrapper:
    def __init__(self, inner: Users):
        self.inner = inner
    def __getattr__(self, name):
        return getattr(self.inner, name)
""",
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND036", case + APP, tmp_path)
