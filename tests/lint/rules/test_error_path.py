"""UND103: error paths that no test takes."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import check, parametrized

APP = """\
=== app/users.py
class DAO:
    async def fetch(self, user):
        try:
            return user
        except OSError as error:
            raise LookupError from error
async def remove(user):
    try:
        return user
    except OSError:
        return None
async def plain(user):
    return user
"""
CASES = {
    "a function": """
from app.users import remove
async def test_a():
    assert await remove(7)  # here
"""
    + APP,
    "a method, behind its decorator": """
from app.users import DAO
async def test_a(dao: DAO):
    assert await dao.fetch(7)  # here
async def test_b():
    assert await DAO.fetch.__wrapped__(7)
"""
    + APP,
    "another one's error": """
import pytest
from app.users import DAO, remove
async def test_a(dao: DAO):
    with pytest.raises(LookupError):
        await dao.fetch(7)
async def test_b():
    assert await remove(7)  # here
"""
    + APP,
    "raises": """
import pytest
from app.users import DAO
async def test_a(dao: DAO):
    assert await dao.fetch(7)
async def test_b(dao: DAO):
    with pytest.raises(LookupError):
        await dao.fetch(7)
"""
    + APP,
    "a mock that raises": """
from app.users import remove
async def test_a(conn):
    conn.execute.side_effect = OSError
    assert await remove(conn) is None
"""
    + APP,
    "no error path": """
from app.users import plain
async def test_a():
    assert await plain(7)
"""
    + APP,
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND103", case, tmp_path)
