"""UND012: state that several tests change and read."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import check, parametrized

CASES = {
    "a global list": """
created = []
def test_a():
    created.append(1)  # here
    assert created
def test_b():
    assert created[0] == 1
""",
    "a global dict": """
state: dict = {}
def test_a():
    state["id"] = 7  # here
    assert state
def test_b():
    assert state["id"] == 7
""",
    "a class attribute": """
class TestA:
    ids = []
    def test_a(self):
        self.ids.append(1)  # here
        assert self.ids
    def test_b(self):
        assert self.ids == [1]
""",
    "collections": """
from collections import defaultdict
seen = defaultdict(list)
def test_a():
    seen["a"] = [1]  # here
    assert seen
def test_b():
    del seen["a"]  # here
    assert not seen
""",
    "never changed": """
USERS = [{"name": "Ana"}]
def test_a():
    assert USERS[0]
def test_b():
    assert [*USERS, 1]
""",
    "emptied by a fixture": """
import pytest
calls = []
@pytest.fixture(autouse=True)
def clean():
    calls.clear()
def test_a():
    calls.append(1)
    assert calls
def test_b():
    assert not calls
""",
    "set anew": """
class TestA:
    ids = []
    def setup_method(self):
        self.ids = []
    def test_a(self):
        self.ids.append(1)
        assert self.ids
    def test_b(self):
        assert not self.ids
""",
    "a key that is set anew": """
import unittest
class TestA(unittest.TestCase):
    order = {"state": "new"}
    def setUp(self):
        self.order["state"] = "new"
    def test_a(self):
        self.order["state"] = "paid"
        self.assertTrue(ship(self.order))
    def test_b(self):
        self.assertFalse(ship(self.order))
""",
    "a variable of the same name": """
rows = [1]
def test_a():
    rows = []
    rows.append(1)
    assert rows
def test_b():
    assert rows
""",
    "one test alone": """
calls = []
def record(x):
    calls.append(x)
def test_a():
    calls.append(1)
    assert calls
""",
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND012", case, tmp_path)
