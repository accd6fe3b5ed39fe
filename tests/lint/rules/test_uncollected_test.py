"""UND039: classes with tests that pytest does not collect."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import check, parametrized

CASES = {
    "an __init__": """
class TestUsers:
    def __init__(self):  # here
        self.name = "Ana"
    def test_a(self):
        assert self.name
""",
    "another name": """
class UserTests:  # here
    def test_a(self):
        assert load()
""",
    "an async test": """
class Users:  # here
    async def test_a(self):
        assert await load()
""",
    "its names are configured": """
class UserTests:
    def test_a(self):
        assert load()
=== pytest.ini
[pytest]
python_classes = Test *Tests
""",
    "a base of other classes": """
class Users:
    def test_a(self):
        assert load()
class TestUsers(Users):
    pass
class BaseUsers:
    def test_a(self):
        assert load()
""",
    "a TestCase": """
from unittest import TestCase
class UserTests(TestCase):
    def test_a(self):
        assert load()
""",
    "no tests in it": """
class TestServer:
    def __init__(self):
        self.port = 1
    def start(self):
        return self.port
""",
    "for other classes": """
class DefaultTests:
    def answer(self):
        raise NotImplementedError
    def test_a(self):
        assert self.answer()
""",
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND039", case, tmp_path)
