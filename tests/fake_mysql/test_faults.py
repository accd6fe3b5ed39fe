"""What can go wrong between a driver and MySQL goes wrong on `fake_mysql` on demand."""

from __future__ import annotations

import asyncio
from typing import Any

import pymysql
import pytest

from understudy import db_error
from understudy.fake_mysql.fixture import FakeMysql
from understudy.serving.server import MOST_CONNECTIONS

NAMES = "SELECT name FROM users"


async def fetched(connection: Any, statement: str = NAMES) -> Any:
    async with connection.cursor() as cursor:
        await cursor.execute(statement)
        return await cursor.fetchall()


async def lost(connection: Any, statement: str = NAMES) -> tuple[Any, ...]:
    with pytest.raises(pymysql.err.OperationalError) as raised:
        await fetched(connection, statement)
    code, text = raised.value.args
    return code, text


async def test_a_hang_ends_with_the_time_out(fake_mysql: FakeMysql) -> None:
    fake_mysql.on(NAMES).hangs()
    connection = await fake_mysql.aiomysql.connect(autocommit=True)

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(fetched(connection), 0.05)


async def test_a_statement_that_hangs_can_be_killed(fake_mysql: FakeMysql) -> None:
    fake_mysql.on(NAMES).hangs()
    connection = await fake_mysql.aiomysql.connect(autocommit=True)
    other = await fake_mysql.aiomysql.connect(autocommit=True)

    waiting = asyncio.create_task(lost(connection))
    await asyncio.sleep(0.02)
    await fetched(other, f"KILL QUERY {connection.thread_id()}")

    assert await waiting == (1317, "Query execution was interrupted")


@pytest.mark.parametrize("when", ["before", "during", "after"])
async def test_a_lost_connection(fake_mysql: FakeMysql, when: Any) -> None:
    rows = [{"name": "a"}] if when == "during" else []
    fake_mysql.on(NAMES).drops(when, *rows)
    connection = await fake_mysql.aiomysql.connect(autocommit=True)

    code, text = await lost(connection)

    assert (code, text) == (2013, "Lost connection to MySQL server during query")


async def test_an_answer_that_is_late(fake_mysql: FakeMysql) -> None:
    fake_mysql.on(NAMES).delay(0.02).row(name="late")
    connection = await fake_mysql.aiomysql.connect(autocommit=True)

    assert await fetched(connection) == (("late",),)


async def test_a_server_that_is_stopped_and_started(fake_mysql: FakeMysql) -> None:
    fake_mysql.on(NAMES).row(name="Ana")
    connection = await fake_mysql.aiomysql.connect(autocommit=True)

    fake_mysql.stop()
    assert (await lost(connection))[0] in (2006, 2013)
    with pytest.raises(pymysql.err.OperationalError) as raised:
        await fake_mysql.aiomysql.connect()
    assert raised.value.args[0] == 2003
    fake_mysql.start()

    connection = await fake_mysql.aiomysql.connect(autocommit=True)
    assert await fetched(connection) == (("Ana",),)


async def test_too_many_connections(fake_mysql: FakeMysql) -> None:
    fake_mysql.max_connections = 1
    await fake_mysql.aiomysql.connect()

    with pytest.raises(pymysql.err.OperationalError) as raised:
        await fake_mysql.aiomysql.connect()

    assert raised.value.args == (1040, "Too many connections")


def test_the_limit_of_connections_ends_with_the_test(fake_mysql: FakeMysql) -> None:
    assert fake_mysql.max_connections == MOST_CONNECTIONS


async def test_after_a_failover_old_connections_only_read(fake_mysql: FakeMysql) -> None:
    fake_mysql.on(NAMES).row(name="Ana")
    fake_mysql.on("DELETE FROM users").affected(1).optional()
    connection = await fake_mysql.aiomysql.connect(autocommit=True)

    fake_mysql.fail_over()

    assert await fetched(connection) == (("Ana",),)
    assert await lost(connection, "DELETE FROM users") == (
        1290,
        "The MySQL server is running with the --read-only option so it cannot execute this "
        "statement",
    )


async def test_a_deadlock_rolls_the_transaction_back(fake_mysql: FakeMysql) -> None:
    fake_mysql.on("DELETE FROM users").raises(db_error(1213))
    connection = await fake_mysql.aiomysql.connect()

    await connection.begin()
    code, text = await lost(connection, "DELETE FROM users")

    assert (code, text) == (
        1213,
        "Deadlock found when trying to get lock; try restarting transaction",
    )
    assert [transaction.state for transaction in fake_mysql.transactions] == ["rolled back"]


async def test_a_login_that_is_required(fake_mysql: FakeMysql) -> None:
    fake_mysql.require_login(user="app", password="secret", database="shop")
    await fake_mysql.aiomysql.connect(user="app", password="secret", db="shop")

    with pytest.raises(pymysql.err.OperationalError) as raised:
        await fake_mysql.aiomysql.connect(user="app", password="wrong", db="shop")
    assert raised.value.args == (
        1045,
        "Access denied for user 'app'@'localhost' (using password: YES)",
    )
    with pytest.raises(pymysql.err.OperationalError) as raised:
        await fake_mysql.aiomysql.connect(user="app", password="secret", db="other")
    assert raised.value.args == (1049, "Unknown database 'other'")


async def test_the_password_of_the_address_is_asked_for(fake_mysql: FakeMysql) -> None:
    with pytest.raises(pymysql.err.OperationalError) as raised:
        await fake_mysql.aiomysql.connect(password="guessed")

    assert raised.value.args == (
        1045,
        "Access denied for user 'understudy'@'localhost' (using password: YES)\n"
        "Understudy: fake_mysql accepts every user with the password in fake_mysql.dsn. Where an "
        'app reads it from a variable of its own: fake_mysql_env = {DB_PASSWORD = "{password}"}.',
    )
