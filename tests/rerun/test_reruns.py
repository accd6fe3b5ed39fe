"""Tests run again with one change, and leave no trace."""

from __future__ import annotations

import pytest

from tests.rerun.conftest import Rerunning

pytestmark = pytest.mark.slow

SERIALIZATION = "could not serialize access due to concurrent update"


def test_each_call_of_each_test_fails_once(rerunning: Rerunning) -> None:
    rerunning.write(
        """
        import asyncpg, psycopg

        async def test_async(real_postgres):
            connection = await asyncpg.connect(real_postgres.dsn)
            try:
                async with connection.transaction():
                    await connection.execute("INSERT INTO users (name) VALUES ($1)", "Ana")
                assert await connection.fetchval("SELECT count(*) FROM users") == 1
            finally:
                await connection.close()

        def test_sync(real_postgres):
            with psycopg.connect(real_postgres.dsn, autocommit=True) as connection:
                connection.execute("INSERT INTO users (name) VALUES (%s)", ("Ana",))

        async def test_fake(fake_postgres):
            fake_postgres.on("SELECT 7 AS x").value(7)
            connection = await fake_postgres.asyncpg.connect()
            assert await connection.fetchval("SELECT 7 AS x") == 7

        def test_nothing():
            pass

        def test_failing():
            assert 0
        """
    )

    assert rerunning.lines() == [
        f"test_async: BEGIN: error: call: asyncpg.exceptions.SerializationError: {SERIALIZATION}",
        "test_async: INSERT INTO users (name) VALUES ($1): error: call: "
        f"asyncpg.exceptions.SerializationError: {SERIALIZATION}",
        f"test_async: COMMIT: error: call: asyncpg.exceptions.SerializationError: {SERIALIZATION}",
        "test_async: SELECT count(*) FROM users: error: call: "
        f"asyncpg.exceptions.SerializationError: {SERIALIZATION}",
        "test_sync: INSERT INTO users (name) VALUES ($1): error: call: "
        f"psycopg.errors.SerializationFailure: {SERIALIZATION}",
        "test_fake: SELECT ? AS x: error: call: "
        f"asyncpg.exceptions.SerializationError: {SERIALIZATION}",
        "test_nothing: left out, it sends nothing to a database",
        "test_failing: left out, it did not pass: assert 0",
    ]
