"""Single statements are scripted, and all others are real."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import aiomysql
import pymysql
import pytest

from understudy import db_error
from understudy.real_mysql.fixture import RealMysql

ADD = "INSERT INTO Users (email) VALUES (%s)"


async def close(pool: aiomysql.Pool) -> None:
    pool.close()
    await pool.wait_closed()


async def test_values_come_back_through_aiomysql(real: RealMysql) -> None:
    connection = await real.aiomysql.connect(autocommit=True)
    async with connection.cursor() as cursor:
        await cursor.execute(ADD, ("ana \N{GRINNING FACE} 'x' \\",))
        assert cursor.rowcount == 1
        number = cursor.lastrowid
        await cursor.execute("SELECT id, email, NULL FROM Users")
        assert await cursor.fetchall() == ((number, "ana \N{GRINNING FACE} 'x' \\", None),)


async def test_values_come_back_through_asyncmy(real: RealMysql) -> None:
    connection = await real.asyncmy.connect(autocommit=True)
    async with connection.cursor() as cursor:
        await cursor.executemany(ADD, [("a",), ("b",)])
        assert cursor.rowcount == 2
        await cursor.execute("SELECT email FROM Users ORDER BY id")
        assert await cursor.fetchall() == (("a",), ("b",))


def test_prepared_statements(real: RealMysql) -> None:
    import mysql.connector

    place = {name: getattr(real, name) for name in ("host", "port", "user", "password", "database")}
    connection = mysql.connector.connect(**place, use_pure=True)
    cursor = connection.cursor(prepared=True)
    cursor.execute(ADD.replace("%s", "?"), ("ana",))
    connection.commit()
    cursor.execute("SELECT email, 1.5 FROM Users WHERE email = ?", ("ana",))
    assert cursor.fetchall() == [("ana", Decimal("1.5"))]
    cursor.execute("SELECT @@version_comment, 5")
    assert cursor.fetchall()[0][1] == 5
    connection.close()

    assert [call.parameters for call in real.calls][:2] == [["ana"], ["ana"]]


async def test_sqlalchemy_sees_matched_rows(real: RealMysql) -> None:
    from sqlalchemy import text

    real.insert("Users", email="ana", plan="free")
    engine = real.sqlalchemy.engine("asyncmy")
    async with engine.begin() as connection:
        done = await connection.execute(text("UPDATE Users SET plan = 'free'"))
        assert done.rowcount == 1
    await engine.dispose()


def test_an_error_is_the_real_servers(real: RealMysql) -> None:
    real.insert("Users", email="ana")
    cursor = real.pymysql.connect(autocommit=True).cursor()

    with pytest.raises(pymysql.err.IntegrityError) as raised:
        cursor.execute(ADD, ("ana",))
    assert raised.value.args[0] == 1062
    with pytest.raises(pymysql.err.ProgrammingError, match="near 'SELEC 1'"):
        cursor.execute("SELEC 1")


def test_one_statement_is_scripted(real: RealMysql) -> None:
    real.on("INSERT INTO Users ...").raises(db_error(1205)).then.real()
    real.on("SELECT COUNT(*) FROM Users WHERE plan = %s", "paid").value(99)
    cursor = real.pymysql.connect(autocommit=True).cursor()

    with pytest.raises(pymysql.err.OperationalError, match="Lock wait timeout"):
        cursor.execute(ADD, ("ana",))
    cursor.execute(ADD, ("ana",))
    cursor.execute("SELECT COUNT(*) FROM Users WHERE plan = %s", ("paid",))
    assert cursor.fetchall() == ((99,),)
    cursor.execute("SELECT COUNT(*) FROM Users WHERE plan = %s", ("free",))
    assert cursor.fetchall() == ((1,),)


def test_a_connection_is_lost_after_the_statement_took_effect(real: RealMysql) -> None:
    real.on("INSERT INTO Users ...").drops("after")
    cursor = real.pymysql.connect(autocommit=True).cursor()

    with pytest.raises(pymysql.err.OperationalError) as raised:
        cursor.execute(ADD, ("ana",))
    assert raised.value.args[0] == 2013
    cursor = real.pymysql.connect().cursor()
    cursor.execute("SELECT email FROM Users")
    assert cursor.fetchall() == (("ana",),)


def test_a_commit_that_fails_commits_nothing(real: RealMysql) -> None:
    real.on("COMMIT").raises(db_error(1213))
    connection = real.pymysql.connect()
    connection.cursor().execute(ADD, ("ana",))

    with pytest.raises(pymysql.err.OperationalError, match="Deadlock"):
        connection.commit()
    connection.rollback()
    other = real.pymysql.connect().cursor()
    other.execute("SELECT COUNT(*) FROM Users")
    assert other.fetchall() == ((0,),)


only_delete = pytest.mark.parametrize("real", ["delete"], indirect=True)


@only_delete
async def test_connections_do_not_see_what_is_not_committed(real: RealMysql) -> None:
    pool = await real.aiomysql.pool(minsize=2, autocommit=True)
    async with pool.acquire() as one, pool.acquire() as two, two.cursor() as reading:
        await one.begin()
        async with one.cursor() as writing:
            await writing.execute(ADD, ("ana",))
            await writing.execute("SAVEPOINT s")
            await writing.execute(ADD, ("bob",))
            await writing.execute("ROLLBACK TO SAVEPOINT s")
        await reading.execute("SELECT email FROM Users")
        assert await reading.fetchall() == ()
        await one.commit()
        await reading.execute("SELECT email FROM Users")
        assert await reading.fetchall() == (("ana",),)
    await close(pool)
    assert [transaction.state for transaction in real.transactions] == ["committed"]


@only_delete
async def test_a_deadlock_of_two_connections(real: RealMysql) -> None:
    one, two = real.insert("Users").id, real.insert("Users").id
    pool = await real.aiomysql.pool(minsize=2)
    async with pool.acquire() as first, pool.acquire() as second:
        here, there = await first.cursor(), await second.cursor()
        change = "UPDATE Users SET plan = 'paid' WHERE id = %s"
        await here.execute(change, (one,))
        await there.execute(change, (two,))
        waiting = asyncio.create_task(here.execute(change, (two,)))
        found = await asyncio.gather(waiting, there.execute(change, (one,)), return_exceptions=True)
        await first.rollback()
        await second.rollback()
    await close(pool)

    errors = [error for error in found if isinstance(error, pymysql.err.OperationalError)]
    assert [error.args[0] for error in errors] == [1213]


def test_kill_ends_a_connection_by_the_number_that_its_driver_knows(real: RealMysql) -> None:
    one, other = real.pymysql.connect(), real.pymysql.connect()

    other.kill(one.thread_id())

    with pytest.raises(pymysql.err.OperationalError) as raised:
        one.cursor().execute("SELECT COUNT(*) FROM Users")
    assert raised.value.args[0] == 2013


def test_a_restart_ends_the_connections(real: RealMysql) -> None:
    cursor = real.pymysql.connect().cursor()
    real.restart()

    with pytest.raises(pymysql.err.OperationalError) as raised:
        cursor.execute("SELECT COUNT(*) FROM Users")
    assert raised.value.args[0] in (2006, 2013)
    assert real.pymysql.connect().open


def test_the_database_has_one_name(real: RealMysql) -> None:
    connection = real.pymysql.connect()
    connection.select_db(real.database)
    connection.cursor().execute(f"USE {real.database}")
    connection.cursor().execute("SELECT COUNT(*) FROM Users")

    with pytest.raises(pymysql.err.OperationalError) as raised:
        real.pymysql.connect(database="production")
    assert raised.value.args == (
        1049,
        "Unknown database 'production'\nUnderstudy: the database of real_mysql is 'understudy', as "
        "real_mysql.dsn says.",
    )


def test_a_local_file_is_refused(real: RealMysql) -> None:
    cursor = real.pymysql.connect(local_infile=True).cursor()

    with pytest.raises(pymysql.err.OperationalError, match="real_mysql reads no local files"):
        cursor.execute("LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE notes")


def test_several_statements_and_results(real: RealMysql) -> None:
    from pymysql.constants import CLIENT

    cursor = real.pymysql.connect(client_flag=CLIENT.MULTI_STATEMENTS, autocommit=True).cursor()
    cursor.execute("CALL add_note(5); SELECT id FROM notes")
    found = [cursor.fetchall()]
    while cursor.nextset():
        found.append(cursor.fetchall())

    assert found[-1] == ((5,),)
