"""pgvector's register_vector() and its SQLAlchemy types, on both servers."""

from __future__ import annotations

import pgvector.sqlalchemy  # noqa: F401 # loaded once: pytester unloads what runs load

from tests.plugin.conftest import Project

SCHEMA = """
    CREATE EXTENSION vector;
    CREATE TABLE items (
        id int PRIMARY KEY, embedding vector(3) NOT NULL, half halfvec(2), sparse sparsevec(4),
        bits bit(3)
    );
"""
TESTS = """
    import psycopg
    import pgvector.asyncpg
    import pgvector.psycopg
    import pytest
    import sqlalchemy as sa
    from pgvector import Bit, HalfVector, SparseVector, Vector
    from pgvector.sqlalchemy import VECTOR
    from sqlalchemy.ext.asyncio import create_async_engine

    VALUES = (
        Vector([1, 2.5, -3]), HalfVector([0.5, 2]), SparseVector({0: 1.5, 3: 2}, 4), Bit("101")
    )
    ADD = "INSERT INTO items VALUES (1, $1, $2, $3, $4)"
    GET = "SELECT embedding, half, sparse, bits FROM items WHERE id = 1"
    NEAR = "SELECT id FROM items ORDER BY embedding <-> $1 LIMIT 1"


    ROW = dict(embedding=[1, 2.5, -3], half=[0.5, 2], sparse="{1:1.5,4:2}/4", bits="101")


    @pytest.fixture(params=["fake_postgres", "real_postgres"])
    def server(request):
        return request.getfixturevalue(request.param)

    def script(server):
        if type(server).__name__ == "FakePostgres":
            server.on(ADD).tag("INSERT 0 1")
            server.on(GET).row(**ROW)
            server.on(NEAR).row(id=1)

    def sent(server):
        if type(server).__name__ == "FakePostgres":
            call = next(call for call in server.calls if "INSERT" in call.statement)
            assert list(call.parameters)[:2] == [[1, 2.5, -3], [0.5, 2]]

    async def test_asyncpg(server):
        script(server)
        conn = await server.asyncpg.connect()
        await pgvector.asyncpg.register_vector(conn)
        # asyncpg has a class of its own for bits.
        given = [*VALUES[:3], None]
        await conn.execute(ADD, *given)
        row = await conn.fetchrow(GET)
        assert list(row)[:3] == list(VALUES[:3])
        assert await conn.fetchval(NEAR, [1, 2, 3]) == 1
        sent(server)
        await conn.close()

    @pytest.mark.parametrize("binary", [False, True])
    def test_psycopg(server, binary):
        script(server)
        with psycopg.connect(server.dsn) as conn:
            pgvector.psycopg.register_vector(conn)
            cursor = psycopg.RawCursor(conn)
            cursor.execute(ADD, VALUES)
            cursor.execute(GET, binary=binary)
            # pgvector has no loader for bits.
            bits = b"\\0\\0\\0\\3\\xa0" if binary else "101"
            assert cursor.fetchone() == (*VALUES[:3], bits)
            assert cursor.execute(NEAR, [Vector([1, 2, 3])]).fetchone() == (1,)
            sent(server)

    async def test_async_psycopg(server):
        script(server)
        async with await psycopg.AsyncConnection.connect(server.dsn) as conn:
            await pgvector.psycopg.register_vector_async(conn)
            async with psycopg.AsyncRawCursor(conn) as cursor:
                await cursor.execute(ADD, VALUES)
                await cursor.execute(GET)
                assert await cursor.fetchone() == (*VALUES[:3], "101")
                await cursor.execute(NEAR, [Vector([1, 2, 3])])
                assert await cursor.fetchone() == (1,)
            sent(server)

    @pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
    async def test_sqlalchemy(server, driver):
        items = sa.table("items", sa.column("id"), sa.column("embedding", VECTOR(3)))
        engine = create_async_engine(server.dsn.replace("postgresql", f"postgresql+{driver}"))
        async with engine.begin() as conn:
            if type(server).__name__ == "FakePostgres":
                server.on("INSERT INTO items (id, embedding) VALUES (...)").tag("INSERT 0 1")
                server.on("SELECT items.embedding FROM items").row(embedding=[1, 2.5, -3])
            await conn.execute(items.insert().values(id=1, embedding=[1, 2.5, -3]))
            found = (await conn.execute(sa.select(items.c.embedding))).scalar_one()
            assert found == [1, 2.5, -3]
        await engine.dispose()
"""
CONFIGURED = """
    [tool.understudy]
    schema = ["schema.sql"]
    [tool.pytest.ini_options]
    asyncio_mode = "auto"
    asyncio_default_fixture_loop_scope = "function"
"""


def test_with_the_extension_in_the_schema(project: Project) -> None:
    project.configure(CONFIGURED)
    project.write(test_vectors=TESTS)
    project.write_text(project.path / "schema.sql", SCHEMA)
    project.passes("-q", passed=12)
