"""UND040: rows that a test writes on a connection of its own, and never commits."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import check, parametrized

CASES = {
    "a fixture that inserts through a cursor": """
import aiomysql, pytest
@pytest.fixture
async def user():
    connection = await aiomysql.connect(host="localhost")
    cursor = await connection.cursor()
    await cursor.execute("INSERT INTO users VALUES (1)")  # here
    await cursor.execute("UPDATE users SET id = 2")
    await cursor.close()
    connection.close()
""",
    "a test that deletes, in with": """
import asyncmy
async def test_a(client):
    async with asyncmy.connect(host="localhost") as connection, connection.cursor() as cursor:
        await cursor.execute("DELETE FROM users")  # here
    assert await client.get("/users") == []
""",
    "the methods of a connection of aiosqlite": """
import aiosqlite
async def test_a(client):
    async with aiosqlite.connect("app.db") as connection:
        await connection.executemany("INSERT INTO users VALUES (?)", [(1,), (2,)])  # here
    assert len(await client.get("/users")) == 2
""",
    "a driver without async": """
import pymysql
def fill():
    with pymysql.connect(host="localhost") as connection:
        with connection.cursor() as cursor:
            cursor.execute("REPLACE INTO users VALUES (%s)", (1,))  # here
""",
    "it commits": """
import aiomysql
async def test_a():
    async with aiomysql.connect() as connection:
        async with connection.cursor() as cursor:
            await cursor.execute("INSERT INTO users VALUES (1)")
        await connection.commit()
""",
    "it commits by itself": """
import aiomysql, aiosqlite
async def test_a(settings):
    async with aiomysql.connect(autocommit=True) as connection:
        async with connection.cursor() as cursor:
            await cursor.execute("INSERT INTO users VALUES (1)")
    async with aiosqlite.connect("app.db", isolation_level=None) as connection:
        await connection.execute("INSERT INTO users VALUES (1)")
    async with aiomysql.connect(**settings) as connection:
        async with connection.cursor() as cursor:
            await cursor.execute("INSERT INTO users VALUES (1)")
""",
    "a statement that commits, and one that is not known": """
import aiomysql
async def test_a(sql):
    async with aiomysql.connect() as connection:
        async with connection.cursor() as cursor:
            await cursor.execute("INSERT INTO users VALUES (1)")
            await cursor.execute("COMMIT")
async def test_b(sql):
    async with aiomysql.connect() as connection:
        async with connection.cursor() as cursor:
            await cursor.execute("INSERT INTO users VALUES (1)")
            await cursor.execute(sql)
""",
    "it looks at what it has written": """
import aiosqlite
async def test_a():
    async with aiosqlite.connect("app.db") as connection:
        await connection.execute("INSERT INTO users VALUES (1)")
        cursor = await connection.execute("SELECT * FROM users")
        assert await cursor.fetchall() == [(1,)]
""",
    "somebody else gets the connection or the cursor": """
import aiomysql, pytest
@pytest.fixture
async def connection():
    async with aiomysql.connect() as connection:
        async with connection.cursor() as cursor:
            await cursor.execute("DELETE FROM users")
        yield connection
async def test_a(add_user):
    async with aiomysql.connect() as connection:
        async with connection.cursor() as cursor:
            await cursor.execute("DELETE FROM users")
            await add_user(cursor)
    async with aiomysql.connect() as other:
        print(other.cursor())
async def test_b():
    async with aiomysql.connect() as connection:
        connection.cursor
""",
    "a write that has to fail, and one on a fake": """
import aiomysql, pytest
async def test_a():
    async with aiomysql.connect() as connection:
        async with connection.cursor() as cursor:
            with pytest.raises(aiomysql.IntegrityError):
                await cursor.execute("INSERT INTO users VALUES (1)")
async def test_b(fake_mysql):
    async with aiomysql.connect(port=fake_mysql.port) as connection:
        async with connection.cursor() as cursor:
            await cursor.execute("INSERT INTO users VALUES (1)")
""",
    "connections that commit, and names that are set twice": """
import aiomysql, asyncpg
async def test_a():
    connection = await asyncpg.connect()
    await connection.execute("INSERT INTO users VALUES (1)")
    for other in (1, 2):
        connection = await aiomysql.connect()
        await connection.execute("INSERT INTO users VALUES (1)")
""",
}


@parametrized(CASES)
def test_rows_not_committed(case: str, tmp_path: Path) -> None:
    check("UND040", case, tmp_path)
