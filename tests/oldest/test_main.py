"""What a project with pins from 2022 does with Understudy: run by `.ci/run` from the wheel."""

import asyncpg
import psqlpy
import psycopg
import pytest
from main import reader
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from understudy import FakeConnection, db_error
from understudy.plugin import failed_statements

EMAIL = "SELECT email FROM users WHERE id = $1"


async def test_the_async_client(fake_postgres, async_client, app):
    app.dependency_overrides[reader] = lambda: "Ana"
    fake_postgres.on(EMAIL, 3).value("bo@example.org")

    response = await async_client.get("/users/3")

    assert response.json() == {"email": "bo@example.org", "for": "Ana"}


def test_the_sync_client(fake_postgres, client):
    fake_postgres.on(EMAIL, 3).value("bo@example.org")

    assert client.get("/users/3").json() == {"email": "bo@example.org", "for": "anybody"}


async def test_sqlalchemy(fake_postgres):
    fake_postgres.on("SELECT email FROM users").row(email="bo@example.org")
    engine = create_async_engine(fake_postgres.dsn.replace("postgresql:", "postgresql+asyncpg:"))

    async with engine.connect() as connection:
        found = (await connection.execute(text("SELECT email FROM users"))).scalar()
    await engine.dispose()

    assert found == "bo@example.org"


def test_psycopg(fake_postgres):
    fake_postgres.on(EMAIL, 3).raises(db_error("40001"))

    connection = psycopg.connect(fake_postgres.dsn)
    with pytest.raises(psycopg.errors.SerializationFailure):
        connection.execute("SELECT email FROM users WHERE id = %s", [3])
    connection.close()


async def test_psqlpy(fake_postgres):
    fake_postgres.on(EMAIL, 3).row(email="bo@example.org")
    pool = psqlpy.ConnectionPool(dsn=fake_postgres.dsn, max_db_pool_size=2)

    connection = await pool.connection()
    found = await connection.fetch(EMAIL, [3])
    pool.close()

    assert found.result() == [{"email": "bo@example.org"}]


async def test_a_real_database(real_postgres):
    row = real_postgres.insert("users")
    connection = await asyncpg.connect(real_postgres.dsn)

    assert await connection.fetchval(EMAIL, row.id) == row.email
    await connection.close()


async def test_a_fake_connection():
    connection = FakeConnection()
    connection.on("SELECT email FROM users").row(email="bo@example.org")

    found = await connection.fetch_row("SELECT email FROM users")

    assert found.result() == {"email": "bo@example.org"}


async def test_a_failed_test_is_explained(real_postgres, request):
    connection = await asyncpg.connect(real_postgres.dsn)
    await connection.fetchval(EMAIL, 3)
    await connection.close()
    report = pytest.TestReport(request.node.nodeid, ("", 0, ""), {}, "failed", None, "call")

    failed_statements.explain(request.node, report)

    assert bool(report.sections) == (request.config.option.verbose > 0)


def test_faker(faker):
    assert "@" in faker.email()
