"""Calls name their connection, so that a primary and a replica can be told apart."""

from __future__ import annotations

from typing import Any

import asyncpg
import psqlpy
import psycopg
import pytest

from understudy import CallNotFound
from understudy.fake_postgres.fixture import FakePostgres
from understudy.script.expectations import opened

SELECT = "SELECT count(*) FROM users"


def dsn_of(fake: FakePostgres, database: str) -> str:
    return fake.dsn.removesuffix(fake.database) + database


async def count_by_asyncpg(dsn: str) -> Any:
    connection = await asyncpg.connect(dsn, server_settings={"application_name": "reports"})
    try:
        return await connection.fetchval(SELECT)
    finally:
        await connection.close()


async def count_by_psycopg(dsn: str) -> Any:
    async with await psycopg.AsyncConnection.connect(dsn, application_name="reports") as connection:
        row: Any = await (await connection.execute(SELECT)).fetchone()
        return row[0]


async def count_by_psqlpy(dsn: str) -> Any:
    connection = await psqlpy.connect(dsn)
    try:
        await connection.execute("SET application_name = 'reports'")
        return await connection.fetch_val(SELECT)
    finally:
        connection.close()


@pytest.mark.parametrize("count", [count_by_asyncpg, count_by_psycopg, count_by_psqlpy])
async def test_a_rule_and_an_assertion_for_one_database(
    fake_postgres: FakePostgres, count: Any
) -> None:
    fake_postgres.on(SELECT, database="primary").value(1)
    fake_postgres.on(SELECT, database="replica", application_name="reports").value(2)

    found = [await count(dsn_of(fake_postgres, name)) for name in ("primary", "replica")]

    assert found == [1, 2]
    calls = [call for call in fake_postgres.calls if call.statement == SELECT]
    assert [(call.database, call.user, call.application_name) for call in calls] == [
        ("primary", "understudy", "reports"),
        ("replica", "understudy", "reports"),
    ]
    assert calls[0].connection != calls[1].connection
    fake_postgres.assert_called(SELECT, database="replica", user="understudy", times=1)
    fake_postgres.assert_called(SELECT, database="other", times=0)
    with pytest.raises(CallNotFound) as raised:
        fake_postgres.assert_called(SELECT, database="other")
    assert f"  expected: on(\"{SELECT}\", database='other')" in str(raised.value)
    assert "    database  differs  expected 'other', got " in str(raised.value)


async def test_a_report_names_the_connection_if_there_is_more_than_one(
    fake_postgres: FakePostgres,
) -> None:
    fake_postgres.on(SELECT, database="primary").value(1)
    with opened() as state:
        for name in ("replica", "primary", "replica"):
            try:
                await count_by_psycopg(dsn_of(fake_postgres, name))
            except psycopg.Error:
                assert name == "replica"

    first, second = (str(failure) for failure in state.failures)
    assert "  on:  " not in first
    assert "understudy at replica (reports)\n" in second
    assert "    database  differs  expected 'primary', got 'replica'" in second
