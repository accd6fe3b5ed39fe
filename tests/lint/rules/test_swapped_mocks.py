"""UND038: parameters in the order of the patches from the highest to the lowest."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import check, parametrized

CASES = {
    "two patches": """
from unittest.mock import patch
@patch("app.users.store")
@patch("app.users.send")  # here
def test_a(mock_store, mock_send):
    assert mock_send.called
""",
    "a method, with a class": """
from unittest import mock
from app.users import Users
class TestUsers:
    @mock.patch("app.users.Mailer")
    @mock.patch.object(Users, "fetch_all")  # here
    def test_a(self, mailer, fetch_all):
        assert mailer.called
""",
    "the first and the last of three": """
from unittest.mock import patch
@patch("app.users.store")
@patch("app.users.log")
@patch("app.users.send")  # here
async def test_a(store_mock, log_mock, send_mock):
    assert send_mock.called
""",
    "the right order": """
from unittest.mock import patch
@patch("app.users.store")
@patch("app.users.send")
def test_a(mock_send, mock_store):
    assert mock_send.called
""",
    "a patch with a value fills no parameter": """
from unittest.mock import patch
@patch("app.users.send")
@patch("app.users.log", None)
@patch("app.users.store")
def test_a(store, send):
    assert send.called
""",
    "other names, and another decorator": """
import pytest
from unittest.mock import patch
from tests.tools import counted
@patch("app.users.store")
@patch("app.users.send")
def test_a(first, second):
    assert first.called
@counted
@patch("app.users.store")
@patch("app.users.send")
def test_b(store, send):
    assert send.called
@pytest.mark.slow
@patch("app.users.store")
@patch("app.teams.store")
def test_c(store, other_store):
    assert store.called
""",
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND038", case, tmp_path)
