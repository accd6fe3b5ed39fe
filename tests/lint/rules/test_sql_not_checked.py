"""UND101: connections that nobody asks what they were told."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import check, parametrized

CASES = {
    "not handed on, or asserted on by itself": """
from unittest.mock import AsyncMock
async def test_a():
    conn = FakeConnection()
    assert await conn.fetch("SELECT 1")
async def test_b():
    conn = FakeConnection()
    await remember(conn)
    assert conn in remembered
async def test_c():
    conn = 7
    assert await fetch(conn)
""",
    "FakeConnection": """
async def test_a():
    conn = FakeConnection()  # here
    assert await fetch(conn) == 7
""",
    "a mock": """
from unittest.mock import AsyncMock
async def test_a():
    db: AsyncMock = AsyncMock()  # here
    db.fetchrow.return_value = {"id": 7}
    assert await fetch(db) == 7
""",
    "by keyword": """
async def test_a():
    conn = MockConnection()  # here
    assert await Service(connection=conn).get() == 7
=== tests/fakes.py
""",
    "the log is read": """
async def test_a():
    conn = FakeConnection()
    await remove(conn)
    assert conn.execute_calls == [("DELETE", [7])]
""",
    "scripted, or asserted by the mock": """
from unittest.mock import AsyncMock
async def test_a():
    conn = FakeConnection()
    conn.on("SELECT 1").value(1)
    assert await fetch(conn) == 1
async def test_b():
    session = AsyncMock()
    await remove(session)
    session.execute.assert_awaited_once_with("DELETE")
""",
    "a method of its own": """
async def test_a():
    conn = FakeConnection()
    async def broken(statement, parameters=None):
        raise OSError
    conn.fetch_row = broken
    assert await fetch(conn) is None
""",
    "no connection to a database": """
from unittest.mock import MagicMock
def test_a():
    conn = MagicMock()
    conn.headers = {}
    assert authenticate(conn) is None
""",
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND101", case, tmp_path)
