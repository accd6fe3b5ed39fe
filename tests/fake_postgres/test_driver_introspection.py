"""Introspection of the real drivers and ORMs works on `fake_postgres`."""

from __future__ import annotations

from textwrap import dedent

import pytest

# Loaded once: an inner run in this process would load it twice.
import sqlalchemy.dialects.postgresql.psycopg  # noqa: F401 - loaded once

PROJECT = {
    "pyproject": """
        [tool.understudy]
        schema = ["schema.sql"]
        driver = "asyncpg"
        [tool.pytest.ini_options]
        asyncio_mode = "auto"
        asyncio_default_fixture_loop_scope = "function"
    """,
    "schema": """
        CREATE TYPE mood AS ENUM ('sad', 'happy');
        CREATE TYPE pair AS (first integer, second text);
        CREATE TABLE users (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL,
            mood mood, pair pair, moods mood[]
        );
        CREATE INDEX users_name ON users (name);
    """,
    "test": """
        import psycopg
        import sqlalchemy as sa
        from psycopg.types.composite import CompositeInfo, register_composite
        from psycopg.types.enum import EnumInfo


        async def test_asyncpg_introspects(fake_postgres):
            query = "SELECT mood, moods, pair FROM users WHERE mood = $1"
            fake_postgres.on(query, "sad").row(mood="sad", moods=["happy"], pair=(1, "a"))
            connection = await fake_postgres.asyncpg.connect()

            row = await connection.fetchrow(query, "sad")

            assert (row["mood"], row["moods"], tuple(row["pair"])) == ("sad", ["happy"], (1, "a"))


        async def test_psqlpy_introspects(fake_postgres):
            query = "SELECT mood FROM users WHERE id = $1"
            fake_postgres.on(query, 7).row(mood="sad")
            pool = fake_postgres.psqlpy.pool()
            connection = await pool.connection()

            assert (await connection.fetch_row(query, [7])).result() == {"mood": "sad"}
            connection.close()


        def test_psycopg_introspects(fake_postgres):
            query = "SELECT pair, mood FROM users WHERE id = %s"
            fake_postgres.on("SELECT pair, mood FROM users WHERE id = $1", 7).row(
                pair=(1, "a"), mood="sad"
            )
            with psycopg.connect(fake_postgres.dsn, autocommit=True) as connection:
                register_composite(CompositeInfo.fetch(connection, "pair"), connection)
                assert EnumInfo.fetch(connection, "mood").labels == ["sad", "happy"]

                pair, mood = connection.execute(query, [7]).fetchone()

            assert (tuple(pair), mood) == ((1, "a"), "sad")


        def test_sqlalchemy_reflects(fake_postgres):
            dsn = fake_postgres.dsn.replace("postgresql://", "postgresql+psycopg://")
            engine = sa.create_engine(dsn, pool_pre_ping=True)
            with engine.connect() as connection:
                inspector = sa.inspect(connection)
                assert inspector.has_table("users")
                assert not inspector.has_table("nothing")
                names = [column["name"] for column in inspector.get_columns("users")]
                assert names == ["id", "name", "mood", "pair", "moods"]
                assert inspector.get_pk_constraint("users")["name"] == "users_pkey"
                assert [index["name"] for index in inspector.get_indexes("users")] == ["users_name"]
            engine.dispose()
    """,
}


def test_it_is_learned_once_and_read_from_the_file_ever_after(pytester: pytest.Pytester) -> None:
    pytester.makefile(".toml", pyproject=dedent(PROJECT["pyproject"]))
    pytester.makefile(".sql", schema=PROJECT["schema"])
    pytester.makepyfile(test_own=PROJECT["test"])

    # SQLAlchemy knows no composite types, and says so.
    first = pytester.runpytest_inprocess("-W", "ignore::sqlalchemy.exc.SAWarning")
    locked = pytester.runpytest_inprocess(
        "--understudy-locked", "-W", "ignore::sqlalchemy.exc.SAWarning"
    )

    first.assert_outcomes(passed=4)
    locked.assert_outcomes(passed=4)
