"""UND008: tests of nothing but their own mock."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import DAO_APP, check, parametrized

CASES = {
    "an import, a loop, a decorator of its own": """
from unittest.mock import Mock
from tests.tools import timed
def test_a():
    import app
    sender = Mock()
    sender("x")
    assert sender.called
def test_b():
    sender = Mock()
    for each in range(3):
        sender(each)
    assert sender.called
@timed
def test_c():
    sender = Mock()
    sender("x")
    assert sender.called
=== tests/tools.py
def timed(f):
    return f
""",
    "return value": """
from unittest.mock import AsyncMock
async def test_a():  # here
    dao = AsyncMock()
    dao.fetch.return_value = {"id": 7}
    result = await dao.fetch(7)
    assert result == {"id": 7}
""",
    "called once": """
from unittest import mock
def test_a():  # here
    sender = mock.Mock(return_value=True)
    assert sender("Ana") is True
    sender.assert_called_once_with("Ana")
""",
    "side effect": """
import pytest
from unittest.mock import MagicMock
class TestA:
    pass
@pytest.mark.slow
def test_a():  # here
    client = MagicMock()
    client.get.side_effect = ValueError("x")
    with pytest.raises(ValueError):
        client.get("/")
    assert client.get.called
""",
    "code under test gets it": """
from unittest.mock import AsyncMock
from app.users import names, Service
async def test_a():
    dao = AsyncMock()
    dao.fetch_all.return_value = ["Ana"]
    assert await names(dao) == ["Ana"]
async def test_b():
    dao = AsyncMock()
    await Service(dao).clear()
    dao.remove.assert_awaited_once_with()
""",
    "only asserted on": """
from unittest.mock import Mock
from app import users
def test_a():
    mail = Mock()
    users.mail = mail
    users.signup("Ana")
    mail.assert_called_once_with("Ana")
""",
    "fixtures and closures take part": """
from unittest.mock import Mock
def test_a(client):
    mail = Mock()
    client.mail = mail
    mail("x")
    assert client.sent
def test_b():
    mail = Mock()
    def run():
        return signup(mail)
    mail("x")
    assert run()
""",
    "patched": """
from unittest.mock import Mock, patch
@patch("app.users.mail")
def test_a(mail):
    other = Mock()
    assert other() and mail
""",
    "the function that the test calls is replaced": """
from unittest.mock import AsyncMock, patch
from app import users
from app.users import DAO
def test_a():
    with patch("app.users.price", return_value=3):
        assert users.price(7) == 3  # here
@patch.object(DAO, "fetch")
def test_b(fetch):
    fetch.return_value = 1
    assert DAO().fetch() == 1  # here
def test_c(monkeypatch):
    dao = DAO()
    monkeypatch.setattr(dao, "fetch", AsyncMock(return_value=1))
    assert dao.fetch() == 1  # here
"""
    + DAO_APP,
    "something else is replaced": """
from unittest.mock import Mock, patch
from app import users
from app.users import DAO, price
def test_a():
    with patch("app.users._discount", return_value=3):
        assert users.price(7) == 3
    assert users._discount(7) == 1
@patch.object(DAO, "_verify")
def test_b(verify):
    assert DAO().fetch() == 1
def test_c(monkeypatch):
    dao = DAO()
    other = DAO()
    monkeypatch.setattr(dao, "fetch", Mock(return_value=1))
    assert other.fetch() == 1
def test_d(monkeypatch):
    monkeypatch.setattr(users, "price", Mock(wraps=price))
    assert users.price(7) == 1
def test_e(monkeypatch):
    monkeypatch.setattr(users, "price", Mock())
    assert price(7) == 1
"""
    + DAO_APP,
    "what it was told, beside other code": """
from unittest.mock import MagicMock
from app.users import Service
async def test_a():
    dao = MagicMock()
    dao.names.return_value = ["Ana"]
    assert Service(dao).count() == 1
    assert dao.names() == ["Ana"]  # here
""",
    "another answer, or the code's": """
from unittest.mock import MagicMock
from app.users import Service, cached
async def test_a():
    dao = MagicMock()
    dao.names.return_value = ["Ana"]
    assert dao.names() != ["Bia"]
    dao.count.return_value = 1
    dao.count.side_effect = cached
    assert dao.count() == 1
    assert Service(dao).names() == ["Ana"]
""",
    "a mock's answer is passed on": """
from unittest.mock import patch
from app.users import price, rate
@patch("app.users.rate", return_value=2)
def test_a(mock_rate):
    from app import users
    assert users.price(users.rate()) == 4
=== app/users.py
def rate():
    return 1
def price(rate):
    return 2 * rate
""",
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND008", case, tmp_path)
