"""UND205: assertions that only some runs reach."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import check, parametrized

CASES = {
    "if": """
def test_a(client):
    users = client.get("/users").json()
    if users:  # here
        assert users[0]
""",
    "two of them": """
async def test_a(rows):
    if rows:  # here
        assert rows[0]
    if len(rows) > 1:  # here
        assert rows[1]
""",
    "in a class": """
class TestA:
    def test_a(self, response):
        if response.status_code == 200:  # here
            assert response.json()
        assert response
""",
    "an else that asserts": """
def test_a(rows):
    if rows:
        assert rows[0]
    else:
        assert rows == []
""",
    "no assertion inside": """
def test_a(rows):
    if not rows:
        rows = [1]
    assert rows
""",
    "a helper": """
def helper(rows):
    if rows:
        assert rows[0]
def test_a(rows):
    helper(rows)
""",
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND205", case, tmp_path)
