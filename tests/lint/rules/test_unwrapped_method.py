"""UND015: connections handed to a method that brings its own."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import check, parametrized

APP = """\
=== app/dal.py
from functools import wraps
class DAL:
    @classmethod
    def connected(cls, method):
        @wraps(method)
        async def wrapper(*args, **kwargs):
            async with cls.connection() as conn:
                return await method(conn, *args, **kwargs)
        return wrapper
def logged(method):
    @wraps(method)
    async def wrapper(*args, **kwargs):
        return await method(*args, **kwargs)
    return wrapper
def in_pool(name):
    def decorate(method):
        async def wrapper(self, *args, **kwargs):
            conn = await take(name)
            return await method(self, conn, *args, **kwargs)
        return wrapper
    return decorate
=== app/users.py
from app.dal import DAL, in_pool, logged
class UserDAO:
    @DAL.connected
    async def fetch(conn, user):
        return user
    @in_pool("main")
    async def count(self, conn):
        return 1
    @logged
    async def names(conn):
        return []
    async def plain(conn):
        return []
"""
CASES = {
    "a decorator of a class": """
from app.users import UserDAO
async def test_a():
    conn = FakeConnection()
    assert await UserDAO.fetch(conn, 7)  # here
"""
    + APP,
    "a decorator with an argument": """
from app.users import UserDAO
async def test_a(db_conn):
    dao = UserDAO()
    assert await dao.count(db_conn)  # here
"""
    + APP,
    "in a nested function": """
import asyncio
from app.users import UserDAO
def test_a(connection):
    async def run():
        return await UserDAO.fetch(connection, 7)  # here
    assert asyncio.run(run())
"""
    + APP,
    "__wrapped__": """
from app.users import UserDAO
async def test_a():
    conn = FakeConnection()
    assert await UserDAO.fetch.__wrapped__(conn, 7)
"""
    + APP,
    "called as callers do": """
from app.users import UserDAO
async def test_a(conn):
    assert await UserDAO.fetch(7)
    assert conn.calls
"""
    + APP,
    "a decorator that passes nothing, or none": """
from app.users import UserDAO
async def test_a(conn):
    assert await UserDAO.names(conn) == []
    assert await UserDAO.plain(conn) == []
"""
    + APP,
    "a method that is not known": """
from elsewhere import UserDAO
async def test_a(conn):
    assert await UserDAO.fetch(conn, 7)
""",
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND015", case, tmp_path)
