"""UND303: variables without a type hint."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import check, parametrized

CASES = {
    "one": """
def test_a():
    user = 7  # here
    assert user
""",
    "each once": """
def test_a():
    user = 7  # here
    user = 8
    name = "Ana"  # here
    assert user, name
""",
    "async": """
class TestA:
    async def test_a(self):
        row = await fetch()  # here
        assert row
""",
    "annotated": """
def test_a():
    user: int = 7
    user = 8
    assert user
""",
    "no variable": """
def test_a(conn):
    conn.x = 1
    conn["x"] = 1
    assert conn
""",
    "no test": """
TOP = 1
def helper():
    user = 7
    return user
""",
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND303", case, tmp_path)
