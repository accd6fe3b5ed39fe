"""UND102: parameters that nobody looks at."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import check, parametrized

CASES = {
    "thrown away": """
def test_a(conn):
    stmt, _ = conn.execute_calls[0]  # here
    assert "INSERT" in stmt
""",
    "named and not used": """
def test_a(conn):
    stmt, params = conn.fetch_calls[-1]  # here
    assert "SELECT" in stmt
""",
    "the first alone": """
def test_a(conn):
    assert "INSERT" in conn.execute_calls[0][0]  # here
""",
    "both are used": """
def test_a(conn):
    stmt, params = conn.execute_calls[0]
    assert "INSERT" in stmt
    assert params == [7]
""",
    "both by index": """
def test_a(conn):
    assert "INSERT" in conn.execute_calls[0][0]
    assert conn.execute_calls[0][1] == [7]
""",
    "the whole call": """
def test_a(conn):
    assert conn.execute_calls[0] == ("DELETE", [])
    one, other = conn.pairs[0]
    assert one
""",
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND102", case, tmp_path)
