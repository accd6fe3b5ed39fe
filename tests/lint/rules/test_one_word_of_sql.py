"""UND110: one word is all that is checked of a statement."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import check, parametrized

CASES = {
    "the first argument": """
async def test_a(conn):
    await rename(conn)
    assert "UPDATE" in conn.execute.call_args[0][0]  # here
""",
    "a variable": """
async def test_a(conn):
    await rename(conn)
    sql = str(conn.fetchrow.await_args.args[0]).upper()
    assert "SELECT" in sql  # here
""",
    "one of two statements": """
async def test_a(conn):
    await rename(conn)
    assert "insert" in conn.execute.call_args_list[0].args[0]  # here
    assert conn.execute.call_args_list[1].args == ("DELETE FROM users WHERE id = $1", 7)
""",
    "more than a word": """
async def test_a(conn):
    await rename(conn)
    assert "UPDATE users SET name = $1" in conn.execute.call_args[0][0]
""",
    "several checks": """
async def test_a(conn):
    await rename(conn)
    sql = conn.execute.call_args[0][0]
    assert "UPDATE" in sql
    assert "WHERE id = $2" in sql
""",
    "no statement": """
async def test_a(conn, log):
    await rename(conn)
    assert "SELECT" in log.info.call_args[0][0]
    assert "Ana" in conn.execute.call_args[0]
""",
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND110", case, tmp_path)
