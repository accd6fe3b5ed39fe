"""UND014: mocks of the wrong kind."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import check, parametrized

APP = """\
=== app/users.py
def hashed(text: str) -> str:
    return text
async def fetch(user):
    return user
def later(user):
    return fetch(user)
class Users:
    async def get(self, user):
        return user
    def name(self):
        return "Ana"
    @property
    def size(self):
        return 1
"""
CASES = {
    "a class in the place of a mock's maker": """
from unittest.mock import Mock, patch
from app import users
def test_a(monkeypatch, other):
    with patch("app.users.fetch", new_callable=other.maker):
        assert users
    monkeypatch.setattr(users, "fetch")
    monkeypatch.setattr(users, other, Mock())
    patch("nothing", Mock())
    other.fetch.setattr(users, "fetch", Mock())
=== app/users.py
async def fetch(user):
    return user
""",
    "AsyncMock for a sync function": """
from unittest.mock import AsyncMock, patch
from app import users
def test_a(monkeypatch):
    monkeypatch.setattr(users, "hashed", AsyncMock())  # here
    assert users
def test_b():
    with patch("app.users.hashed", new_callable=AsyncMock):  # here
        assert users
"""
    + APP,
    "Mock for an async function": """
from unittest import mock
from app import users
@mock.patch.object(users, "fetch", mock.Mock(return_value=7))  # here
def test_a():
    assert users
def test_b(monkeypatch, mocker):
    monkeypatch.setattr("app.users.fetch", lambda user: {"id": 7})  # here
    mocker.patch("app.users.fetch", new=mock.MagicMock())  # here
    assert users
"""
    + APP,
    "methods": """
from unittest.mock import AsyncMock, MagicMock, patch
from app.users import Users
def test_a():
    with patch.object(Users, "name", AsyncMock()):  # here
        assert 1
    with patch.object(Users, "get", MagicMock(return_value=None)):  # here
        assert 1
"""
    + APP,
    "the right kind": """
from unittest.mock import AsyncMock, Mock, patch
from app import users
def test_a(monkeypatch):
    monkeypatch.setattr(users, "hashed", Mock())
    monkeypatch.setattr(users, "fetch", AsyncMock())
    assert users
@patch("app.users.fetch")
@patch("app.users.hashed")
def test_b(one, other):
    assert one
"""
    + APP,
    "it answers with something to await": """
import asyncio
from unittest.mock import Mock, MagicMock
from app import users
async def fake(user):
    return 7
def test_a(monkeypatch):
    monkeypatch.setattr(users, "fetch", fake)
    monkeypatch.setattr(users, "fetch", Mock(side_effect=fake))
    monkeypatch.setattr(users, "fetch", Mock(return_value=asyncio.Future()))
    monkeypatch.setattr(users, "fetch", lambda user: fake(user))
    assert users
"""
    + APP,
    "it cannot be told": """
from unittest.mock import AsyncMock
from app import users
import elsewhere
def test_a(monkeypatch):
    monkeypatch.setattr(users, "later", AsyncMock())
    monkeypatch.setattr(elsewhere, "fetch", AsyncMock())
    monkeypatch.setattr(users.Users, "size", AsyncMock())
    monkeypatch.setattr(users, "missing", AsyncMock())
    assert users
"""
    + APP,
    "an overload is async": """
from unittest.mock import AsyncMock, patch
from app.agents import Agent
def test_a():
    with patch.object(Agent, "run", new_callable=AsyncMock):
        assert load()
=== app/agents.py
from typing import Iterator, overload
class Agent:
    @overload
    async def run(self) -> str: ...
    @overload
    def run(self, stream: bool) -> Iterator[str]: ...
    def run(self, stream=False) -> str | Iterator[str]:
        return start(stream)
""",
    "an iterator to await on": """
from unittest.mock import AsyncMock
def test_a(monkeypatch):
    monkeypatch.setattr("app.users.stream", AsyncMock())
    assert load()
=== app/users.py
from typing import AsyncIterator
def stream() -> AsyncIterator[str]:
    return start()
""",
    "who calls it takes both": """
from app import users
def test_a(monkeypatch):
    monkeypatch.setattr(users, "unpack", lambda message: "Ana")
    assert load()
=== app/users.py
import inspect
async def unpack(message):
    return message.text
async def read(message):
    found = unpack(message)
    return await found if inspect.isawaitable(found) else found
""",
    "an AsyncMock for a whole class with sync methods": """
from unittest.mock import AsyncMock
import pytest
from app.store import Mailer, Service, save
@pytest.fixture
def session():
    return AsyncMock()
async def test_a(session):
    await save(session, 7)
    session.add.assert_called_once()  # here
    session.commit.assert_awaited_once()
async def test_b():
    mailer = AsyncMock()
    mailer.address.return_value = "ana@example.com"  # here
    mailer.send.return_value = None
    assert Service(mailer)
=== app/store.py
from sqlalchemy.ext.asyncio import AsyncSession
class Mailer:
    def address(self) -> str:
        return "a"
    async def send(self):
        return None
class Service:
    def __init__(self, mailer: Mailer):
        self.mailer = mailer
async def save(session: AsyncSession, user):
    session.add(user)
    await session.commit()
""",
    "a Mock for a whole class with async methods": """
from unittest.mock import MagicMock, patch
from app.store import Mailer, save
async def test_a():
    session = MagicMock()
    session.scalar.return_value = 7  # here
    await save(session, 7)
    with patch("app.store.Mailer") as mailer:
        mailer.return_value.send.return_value = True  # here
        assert load()
=== app/store.py
from sqlalchemy.ext.asyncio import AsyncSession
class Mailer:
    async def send(self):
        return None
async def save(session: AsyncSession, user):
    await session.scalar(user)
""",
    "a whole class, and its methods one by one": """
from unittest.mock import AsyncMock, MagicMock
from app.store import save
from sqlalchemy.ext.asyncio import AsyncSession
async def test_a():
    session = AsyncMock()
    session.add = MagicMock()
    session.add.return_value = None
    await save(session, 7)
    session.add.assert_called_once()
async def test_b():
    session = MagicMock()
    session.scalar = AsyncMock(return_value=7)
    session.commit.return_value = later()
    session.add.assert_not_called()
    await save(session, 7)
async def test_c():
    session = AsyncMock(spec=AsyncSession)
    await save(session, 7)
    session.add.assert_called_once()
async def test_d():
    session = AsyncMock()
    await save(session, 7)
    session.add.assert_not_called()
    session.begin.assert_called_once()
=== app/store.py
from sqlalchemy.ext.asyncio import AsyncSession
async def save(session: AsyncSession, user):
    session.add(user)
""",
    "a mock whose answer is set later": """
from unittest.mock import MagicMock, patch
from app import users
@patch("app.users.fetch", new_callable=MagicMock)
def test_a(fetch):
    fetch.side_effect = later
    assert users
def test_b():
    with patch("app.users.fetch", new_callable=MagicMock) as fetch:
        fetch.return_value = later()
        assert users
    with patch("app.users.fetch", new_callable=MagicMock):  # here
        assert users
"""
    + APP,
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND014", case, tmp_path)
