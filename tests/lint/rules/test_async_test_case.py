"""UND037: async tests that unittest.TestCase only calls."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import check, parametrized

CASES = {
    "a plain TestCase": """
import unittest
class UsersTest(unittest.TestCase):
    async def test_a(self):  # here
        assert await load()
    def test_b(self):
        assert load()
""",
    "a base class in another file": """
from tests.base import Case
class UsersTest(Case):
    async def test_a(self):  # here
        assert await load()
=== tests/base.py
from unittest import TestCase
class Case(TestCase):
    def setUp(self):
        self.name = "Ana"
""",
    "patched, and still async": """
from unittest import TestCase
from unittest.mock import patch
class UsersTest(TestCase):
    @patch("app.users.fetch")
    async def test_a(self, fetch):  # here
        assert await load()
""",
    "IsolatedAsyncioTestCase": """
from unittest import IsolatedAsyncioTestCase
class UsersTest(IsolatedAsyncioTestCase):
    async def test_a(self):
        assert await load()
""",
    "a base class of a library": """
from django.test import TestCase
class UsersTest(TestCase):
    async def test_a(self):
        assert await load()
""",
    "a decorator that may run it": """
from unittest import TestCase
from tests.tools import in_a_loop
class UsersTest(TestCase):
    @in_a_loop
    async def test_a(self):
        assert await load()
=== tests/tools.py
import asyncio
def in_a_loop(test):
    return lambda self: asyncio.run(test(self))
""",
    "a base class that runs coroutines": """
import asyncio
from unittest import TestCase
class Case(TestCase):
    def _callTestMethod(self, method):
        asyncio.run(method())
class UsersTest(Case):
    async def test_a(self):
        assert await load()
""",
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND037", case, tmp_path)
