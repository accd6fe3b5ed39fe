"""Real drivers on `fake_mysql` get their answers from the script."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import aiomysql
import asyncmy
import pymysql
import pytest
import sqlalchemy as sa
from mysql.connector import aio
from sqlalchemy.ext.asyncio import async_sessionmaker
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from understudy import ANY, CallNotFound, ScriptError, db_error
from understudy.fake_mysql.fixture import FakeMysql
from understudy.script.expectations import opened

ONE = "SELECT id, name FROM users WHERE id = %s"


async def fetched(connection: Any, statement: str, *parameters: Any) -> Any:
    """The rows of a statement, on aiomysql or asyncmy."""
    async with connection.cursor() as cursor:
        await cursor.execute(statement, parameters)
        return await cursor.fetchall()


async def test_aiomysql(fake_mysql: FakeMysql) -> None:
    fake_mysql.on(ONE, 7).row(id=7, name="Ana")

    connection = await fake_mysql.aiomysql.connect()
    async with connection.cursor(aiomysql.DictCursor) as cursor:
        await cursor.execute(ONE, (7,))
        row = await cursor.fetchone()

    assert row == {"id": 7, "name": "Ana"}
    (call,) = fake_mysql.calls
    assert (call.method, call.statement, call.parameters) == ("execute", ONE % 7, [7])
    assert call.origin.code.co_name == "test_aiomysql"


async def test_asyncmy(fake_mysql: FakeMysql) -> None:
    fake_mysql.on(ONE, 7).row(id=7, name="Ana")

    connection = await fake_mysql.asyncmy.connect()

    assert await fetched(connection, ONE, 7) == ((7, "Ana"),)
    assert fake_mysql.calls[0].origin.code.co_name == "fetched"


def test_pymysql(fake_mysql: FakeMysql) -> None:
    fake_mysql.on(ONE, 7).row(id=7, name="Ana")

    with fake_mysql.pymysql.connect() as connection, connection.cursor() as cursor:
        cursor.execute(ONE, (7,))
        assert cursor.fetchall() == ((7, "Ana"),)

    assert fake_mysql.calls[0].origin.code.co_name == "test_pymysql"


async def test_a_prepared_statement_of_mysql_connector(fake_mysql: FakeMysql) -> None:
    fake_mysql.on(ONE, 7).row(id=7, name="Ana")

    async with await aio.connect(
        host=fake_mysql.host,
        port=fake_mysql.port,
        user=fake_mysql.user,
        password=fake_mysql.password,
        ssl_disabled=True,
    ) as connection:
        cursor = await connection.cursor(prepared=True)
        await cursor.execute(ONE, (7,))
        assert await cursor.fetchall() == [(7, "Ana")]
        await cursor.close()
        await connection.rollback()

    (call,) = fake_mysql.calls
    assert (call.statement, call.parameters) == (ONE.replace("%s", "?"), [7])
    place = "test_a_prepared_statement_of_mysql_connector"
    assert call.origin.code.co_name == place


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(40))


@pytest.mark.parametrize("driver", ["aiomysql", "asyncmy"])
async def test_sqlalchemy(fake_mysql: FakeMysql, driver: str) -> None:
    fake_mysql.on("INSERT INTO users (name) VALUES (%s)", "Ana").affected(1, last_insert_id=7)
    fake_mysql.on("SELECT ... FROM users WHERE users.name = %s", "Ana").row(id=7, name="Ana")
    engine = fake_mysql.sqlalchemy.engine(driver)

    async with async_sessionmaker(engine)() as session, session.begin():
        user = User(name="Ana")
        session.add(user)
        await session.flush()
        assert user.id == 7
        found = await session.scalars(sa.select(User).where(User.name == "Ana"))
        assert found.one() is user

    assert [transaction.state for transaction in fake_mysql.transactions] == ["committed"]
    assert {call.origin.code.co_name for call in fake_mysql.calls} == {"test_sqlalchemy"}
    await engine.dispose()


def test_an_engine_that_is_not_async(fake_mysql: FakeMysql) -> None:
    fake_mysql.on("SELECT name FROM users").rows({"name": "Ana"}, {"name": "Bo"})

    with fake_mysql.sqlalchemy.sync_engine().connect() as connection:
        names = connection.execute(sa.text("SELECT name FROM users")).scalars().all()

    assert names == ["Ana", "Bo"]


@pytest.mark.parametrize("package", ["aiomysql", "asyncmy"])
async def test_a_pool(fake_mysql: FakeMysql, package: str) -> None:
    fake_mysql.on("SELECT name FROM users").row(name="Ana")
    pool = await getattr(fake_mysql, package).pool()

    async with pool.acquire() as connection:
        assert await fetched(connection, "SELECT name FROM users") == (("Ana",),)
        await connection.rollback()


async def test_every_kind_of_answer(fake_mysql: FakeMysql) -> None:
    fake_mysql.on("SELECT COUNT(*) FROM users").value(3)
    fake_mysql.on("SELECT id FROM users").rows((1,), (2,))
    fake_mysql.on("SELECT id FROM nothing").rows()
    fake_mysql.on("UPDATE users ...").affected(2)
    fake_mysql.on("DELETE FROM users").raises(db_error(1451, detail="`a`.`b`, CONSTRAINT `c`"))
    fake_mysql.on("INSERT INTO log VALUES (%s), (%s)")
    connection = await fake_mysql.aiomysql.connect(autocommit=True)

    async with connection.cursor() as cursor:
        await cursor.execute("SELECT COUNT(*) FROM users")
        assert await cursor.fetchone() == (3,)
        await cursor.execute("SELECT id FROM users")
        assert await cursor.fetchall() == ((1,), (2,))
        await cursor.execute("SELECT id FROM nothing")
        assert (await cursor.fetchall(), cursor.description[0][0]) == ((), "id")
        assert await cursor.execute("UPDATE users SET age = 1") == 2
        with pytest.raises(pymysql.err.IntegrityError) as raised:
            await cursor.execute("DELETE FROM users")
        assert raised.value.args[0] == 1451
        # Without an answer, an INSERT has changed its rows.
        assert await cursor.executemany("INSERT INTO log VALUES (%s)", ["a", "b"]) == 2


async def test_functions_answer_with_the_call_in_hand(fake_mysql: FakeMysql) -> None:
    @fake_mysql.on(re.compile(r"FROM (?P<table>\w+)"))
    def answer(call: Any, table: str) -> dict[str, Any]:
        return {"table": table, "id": call.parameters[0]}

    @fake_mysql.on("SELECT name FROM slow")
    async def slow(call: Any) -> list[dict[str, str]]:
        await asyncio.sleep(0)
        return [{"name": "a"}, {"name": "b"}]

    @fake_mysql.on("SELECT name FROM many")
    def many(call: Any) -> Any:
        yield {"name": "a"}
        raise db_error(1317, driver="pymysql")

    connection = await fake_mysql.aiomysql.connect(autocommit=True)

    assert await fetched(connection, "SELECT x FROM pets WHERE id = %s", 4) == (("pets", 4),)
    assert await fetched(connection, "SELECT name FROM slow") == (("a",), ("b",))
    with pytest.raises(pymysql.err.OperationalError) as raised:
        await fetched(connection, "SELECT name FROM many")
    assert raised.value.args == (1317, "Query execution was interrupted")


async def test_a_warning_is_told_by_show_warnings(fake_mysql: FakeMysql) -> None:
    fake_mysql.on("INSERT ...").affected(1).warns(1265, "Data truncated for column 'name'")
    connection = await fake_mysql.asyncmy.connect(autocommit=True)

    async with connection.cursor() as cursor:
        await cursor.execute("INSERT INTO users (name) VALUES ('x')")
        await cursor.execute("SHOW WARNINGS")
        (warning,) = await cursor.fetchall()

    assert warning == ("Warning", 1265, "Data truncated for column 'name'")


@pytest.mark.parametrize(
    ("package", "errors"), [("aiomysql", pymysql.err), ("asyncmy", asyncmy.errors)]
)
async def test_errors_become_the_drivers_own(
    fake_mysql: FakeMysql, package: str, errors: Any
) -> None:
    error = db_error(1062, key="users.email", value="a@b.c", driver="pymysql")
    fake_mysql.on("INSERT ...").raises(error)
    connection = await getattr(fake_mysql, package).connect(autocommit=True)

    with pytest.raises(errors.IntegrityError) as raised:
        await fetched(connection, "INSERT INTO users (email) VALUES (%s)", "a@b.c")

    assert raised.value.args == (1062, "Duplicate entry 'a@b.c' for key 'users.email'")


def test_what_no_server_sends_cannot_be_scripted(fake_mysql: FakeMysql) -> None:
    with pytest.raises(ScriptError) as raised:
        fake_mysql.on("SELECT 1").optional().raises(ValueError("x"))

    assert str(raised.value) == (
        "raises(ValueError('x')): no MySQL server sends this, and only what a server sends reaches "
        "the driver.\n"
        "An error of the database is raises(db_error(1062, key=...)); a lost connection is "
        "drops(); for a time-out let the answer come late, delay(...), or never, hangs()."
    )


async def test_a_statement_without_a_rule_fails_the_test(fake_mysql: FakeMysql) -> None:
    with opened() as state:
        connection = await fake_mysql.aiomysql.connect(autocommit=True)
        with pytest.raises(pymysql.err.OperationalError):  # the code under test may catch it
            await fetched(connection, "SELECT name FROM users WHERE email = %s", "o'hara@x.io")

    (failure,) = state.verify()
    place = fake_mysql.calls[0].origin.place
    assert str(failure) == (
        "execute() matched no rule\n"
        "  sql:    SELECT name FROM users WHERE email = 'o\\'hara@x.io'\n"
        f'  params: ["o\'hara@x.io"]    at: {place}\n'
        "No rules: nothing was scripted on this fake.\n"
        "To allow it:\n"
        '  fake_mysql.on("SELECT name FROM users WHERE email = %s", "o\'hara@x.io").rows(...)'
    )


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("INSERT INTO users (name) VALUES ('x')", "INSERT returns no rows"),
        ("SELECT a, b FROM users", "it has 2 columns (a, b), and a row of the answer has 1 value"),
    ],
)
async def test_an_answer_that_cannot_be(fake_mysql: FakeMysql, statement: str, reason: str) -> None:
    with opened() as state:
        fake_mysql.on(statement).rows(("x",), columns=["a"] if "INSERT" in statement else None)
        connection = await fake_mysql.aiomysql.connect(autocommit=True)
        with pytest.raises(pymysql.err.OperationalError):
            await fetched(connection, statement)

    failure = state.verify()[0]
    assert str(failure).partition("\n")[0] == f"the statement could not return this: {reason}"


async def test_commit_can_fail(fake_mysql: FakeMysql) -> None:
    fake_mysql.on("COMMIT").raises(db_error(1213, driver="pymysql"))
    fake_mysql.on("UPDATE users ...").affected(1)
    connection = await fake_mysql.aiomysql.connect()

    async with connection.cursor() as cursor:
        await cursor.execute("UPDATE users SET age = 1")
    with pytest.raises(pymysql.err.OperationalError) as raised:
        await connection.commit()

    assert raised.value.args[0] == 1213
    assert [transaction.state for transaction in fake_mysql.transactions] == ["rolled back"]


async def test_transactions_are_a_tree_with_their_calls(fake_mysql: FakeMysql) -> None:
    fake_mysql.on("INSERT ...").affected(1)
    connection = await fake_mysql.asyncmy.connect()

    await connection.begin()
    async with connection.cursor() as cursor:
        await cursor.execute("SAVEPOINT a")
        await cursor.execute("INSERT INTO users (name) VALUES ('x')")
        await cursor.execute("ROLLBACK TO SAVEPOINT a")
    await connection.commit()

    (transaction,) = fake_mysql.transactions
    assert (transaction.state, transaction.children[0].savepoint) == ("committed", "a")
    assert [call.sql for call in transaction.children[0].calls] == [
        "INSERT INTO users (name) VALUES ('x')"
    ]


async def test_calls_can_be_asserted_on(fake_mysql: FakeMysql) -> None:
    fake_mysql.on("UPDATE users SET age = %s WHERE id = %s", ANY, ANY).affected(1)
    connection = await fake_mysql.aiomysql.connect(autocommit=True)
    await fetched(connection, "UPDATE users SET age = %s WHERE id = %s", 30, 7)

    fake_mysql.assert_called("UPDATE users SET age = %s WHERE id = %s", 30, 7, times=1)
    with pytest.raises(CallNotFound):
        fake_mysql.assert_called("UPDATE users SET age = %s WHERE id = %s", 31, 7)


async def test_a_rule_for_one_user(fake_mysql: FakeMysql) -> None:
    fake_mysql.on("SELECT name FROM users").row(name="everyone's")
    fake_mysql.on("SELECT name FROM users", user="reader").row(name="reader's")
    own = await fake_mysql.aiomysql.connect(autocommit=True)
    reader = await fake_mysql.aiomysql.connect(autocommit=True, user="reader")

    assert await fetched(own, "SELECT name FROM users") == (("everyone's",),)
    assert await fetched(reader, "SELECT name FROM users") == (("reader's",),)
