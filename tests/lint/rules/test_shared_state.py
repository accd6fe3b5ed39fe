"""UND214: state that several tests change and read."""

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
    del seen["a"]
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
    "a global that is assigned": """
token = None
def test_login(client):
    global token
    token = client.post("/login").text  # here
    assert token
def test_me(client):
    assert client.get("/me", headers={"Authorization": token})
""",
    "a global that is set up for each test": """
import pytest
token = None
count = 0
@pytest.fixture(autouse=True)
def fresh():
    global token
    token = None
def test_login(client):
    global token, count
    token = client.post("/login").text
    count = 1
    assert token
def test_me(client):
    assert client.get("/me", headers={"Authorization": token})
""",
    "a default that a helper changes": """
def make_user(name="Ana", tags=[]):
    tags.append(name)  # here
    return tags
def test_a():
    assert make_user() == ["Ana"]
def test_b():
    assert make_user(name="Ben") == ["Ben"]
""",
    "a default that nobody changes": """
def make_user(name="Ana", tags=[], notes=None, seen=[]):
    notes = [] if notes is None else notes
    notes.append(name)
    seen = list(seen)
    seen.append(1)
    return [*tags, *notes]
def test_a():
    assert make_user() == ["Ana"]
def test_b():
    assert make_user(name="Ben") == ["Ben"]
def collect(seen=[]):
    seen.append(1)
def test_c():
    assert collect([]) is None
    assert collect(seen=[]) is None
""",
    "a helper sets it up for each test": """
behaviour = {"fails": False}
def reset():
    behaviour["fails"] = False
def test_a():
    behaviour["fails"] = True
    try:
        assert load(behaviour)
    finally:
        reset()
def test_b():
    assert load(behaviour)
""",
    "each test sets it first": """
holder = {}
def test_a():
    holder["agent"] = make(1)
    assert load(holder)
def test_b():
    holder["agent"] = make(2)
    try:
        assert load(holder)
    finally:
        holder["agent"] = make(1)
""",
    "an item that is set and deleted again": """
KEYS = {"user": "name"}
def test_a():
    KEYS["team"] = "name"
    del KEYS["user"]
    assert load(KEYS)
    del KEYS["team"]
    KEYS["user"] = "name"
def test_b():
    assert load(KEYS)
""",
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND214", case, tmp_path)
