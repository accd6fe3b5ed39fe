"""Every way in which Understudy says no fails the test, once, though code swallows the error."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import psqlpy
import psycopg
import pytest

from understudy import FakeConnection, FakePool, db_error, dummy
from understudy.fake_postgres.fixture import FakePostgres
from understudy.script.expectations import opened

Refused = Callable[[Any], Awaitable[object]]
ON_SERVER: dict[str, tuple[str, Refused]] = {}
ON_FAKE: dict[str, tuple[str, Callable[[], Awaitable[object]]]] = {}


def on_server(failure: str) -> Callable[[Refused], Refused]:
    def add(refused: Refused) -> Refused:
        ON_SERVER[refused.__name__.replace("_", " ")] = failure, refused
        return refused

    return add


def on_fake(
    failure: str,
) -> Callable[[Callable[[], Awaitable[object]]], Callable[[], Awaitable[object]]]:
    def add(refused: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[object]]:
        ON_FAKE[refused.__name__.replace("_", " ")] = failure, refused
        return refused

    return add


class Mailer:
    def count(self) -> int: ...

    async def send(self, to: str) -> int: ...


async def execute(dsn: str, statement: str, *parameters: Any, binary: bool = False) -> None:
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        cursor = connection.cursor(binary=binary)
        await cursor.execute(statement.encode(), parameters or None)
        await cursor.fetchall()


# On a server -------------------------------------------------------------------------------------


@on_server("UnexpectedStatement")
async def no_rule(fake: FakePostgres) -> None:
    await execute(fake.dsn, "SELECT 1 FROM users")


@on_server("UnexpectedStatement")
async def no_rule_for_a_copy(fake: FakePostgres) -> None:
    await execute(fake.dsn, "COPY users TO STDOUT")


@on_server("StatementRefused")
async def a_misspelt_column(fake: FakePostgres) -> None:
    await execute(fake.dsn, "SELECT nmae FROM users")


@on_server("StatementRefused")
async def a_misspelt_column_of_the_system(fake: FakePostgres) -> None:
    await execute(fake.dsn, "SELECT relnmae FROM pg_catalog.pg_class WHERE relname = 'users'")


@on_server("AnswerImpossible")
async def a_value_that_cannot_be_sent(fake: FakePostgres) -> None:
    fake.on("SELECT '1'::money AS m").row(m="12 euros")
    await execute(fake.dsn, "SELECT '1'::money AS m")


@on_server("NotSupported")
async def a_value_that_has_no_binary_form(fake: FakePostgres) -> None:
    fake.on("SELECT 1::regclass AS m").row(m="nowhere")
    await execute(fake.dsn, "SELECT 1::regclass AS m", binary=True)


@on_server("AnswerImpossible")
async def null_where_there_is_none(fake: FakePostgres) -> None:
    fake.on("SELECT id FROM users").row(id=None)
    await execute(fake.dsn, "SELECT id FROM users")


@on_server("AnswerImpossible")
async def a_mapping_for_equal_names(fake: FakePostgres) -> None:
    fake.on("SELECT id, id FROM users").row(id=1)
    await execute(fake.dsn, "SELECT id, id FROM users")


@on_server("AnswerImpossible")
async def a_tag_of_another_command(fake: FakePostgres) -> None:
    fake.on("DELETE FROM users").tag("UPDATE 1")
    await execute(fake.dsn, "DELETE FROM users")


@on_server("ErrorImpossible")
async def a_constraint_of_another_table(fake: FakePostgres) -> None:
    fake.on("DELETE FROM badges").raises(db_error("23505", constraint="users_email_key"))
    await execute(fake.dsn, "DELETE FROM badges")


@on_server("AnswerImpossible")
async def a_function_that_raises(fake: FakePostgres) -> None:
    @fake.on("SELECT id FROM users")
    def answer(call: Any) -> None:
        raise KeyError

    await execute(fake.dsn, "SELECT id FROM users")


@on_server("AnswerImpossible")
async def an_async_function_that_raises(fake: FakePostgres) -> None:
    @fake.on("SELECT id FROM users")
    async def answer(call: Any) -> None:
        raise KeyError

    await execute(fake.dsn, "SELECT id FROM users")


@on_server("AnswerImpossible")
async def a_function_that_returns_no_result(fake: FakePostgres) -> None:
    fake.on("SELECT id FROM users")(lambda call: [{"id": 1}, {"name": 1}])
    await execute(fake.dsn, "SELECT id FROM users")


@on_server("PredicateFailed")
async def a_predicate_that_raises(fake: FakePostgres) -> None:
    fake.on("SELECT id FROM users WHERE email = $1", lambda email: email > 1).row(id=1).optional()
    await execute(fake.dsn, "SELECT id FROM users WHERE email = %s", "x")


@on_server("NotSupported")
async def an_encoding(fake: FakePostgres) -> None:
    await execute(fake.dsn, "SET client_encoding = 'latin1'")


@on_server("NotSupported")
async def an_expression_in_execute(fake: FakePostgres) -> None:
    async with await psycopg.AsyncConnection.connect(fake.dsn) as connection:
        await connection.execute("PREPARE p AS SELECT id FROM users WHERE id = $1")
        await connection.execute("EXECUTE p (1 + 1)")


@on_server("NotSupported")
async def replication(fake: FakePostgres) -> None:
    await psycopg.AsyncConnection.connect(fake.dsn, replication="database")


@pytest.mark.parametrize("name", ON_SERVER)
async def test_what_a_server_refuses_fails_the_test(
    described: None, fake_postgres: FakePostgres, name: str
) -> None:
    failure, refused = ON_SERVER[name]
    with opened() as state:
        with suppress(Exception):
            await refused(fake_postgres)
        found = state.verify()

    assert [type(one).__name__ for one in found] == [failure]


# On fakes ----------------------------------------------------------------------------------------


@on_fake("UnexpectedStatement")
async def no_rule_on_a_connection() -> None:
    await FakeConnection(strict=True).fetch("SELECT 1 FROM users")


@on_fake("StatementRefused")
async def a_misspelt_column_on_a_connection() -> None:
    await FakeConnection().fetch("SELECT nmae FROM users")


@on_fake("ParametersRefused")
async def a_parameter_that_psqlpy_refuses() -> None:
    await FakeConnection().fetch("SELECT id FROM users WHERE id = $1", ["7"])


@on_fake("AnswerImpossible")
async def a_value_that_psqlpy_never_returns() -> None:
    conn = FakeConnection()
    conn.on("SELECT id FROM users").row(id="7")
    await conn.fetch("SELECT id FROM users")


@on_fake("AnswerImpossible")
async def a_plain_attribute_that_is_impossible() -> None:
    conn = FakeConnection()
    conn.fetch_return = [{"id": "7"}]
    await conn.fetch("SELECT id FROM users")


@on_fake("ErrorImpossible")
async def an_error_that_is_impossible() -> None:
    conn = FakeConnection()
    conn.on("DELETE FROM badges").raises(db_error("23505", constraint="users_email_key"))
    await conn.execute("DELETE FROM badges")


@on_fake("AnswerImpossible")
async def a_function_that_returns_no_result_on_a_connection() -> None:
    conn = FakeConnection()
    conn.on("SELECT id FROM users")(lambda call: [{"id": 1}, {"name": 1}])
    await conn.fetch("SELECT id FROM users")


@on_fake("PredicateFailed")
async def a_predicate_that_raises_on_a_connection() -> None:
    conn = FakeConnection()
    conn.on("SELECT id FROM users WHERE id = $1", lambda value: value.upper()).row(id=1).optional()
    await conn.fetch("SELECT id FROM users WHERE id = $1", [7])


@on_fake("PoolExhausted")
async def an_exhausted_pool() -> None:
    pool = FakePool(1, timeout=0.001)
    async with pool.acquire():
        await pool.connection()


@on_fake("UnexpectedCall")
async def a_call_of_a_dummy() -> None:
    await dummy(Mailer).send("x")


@on_fake("WrongArguments")
async def a_call_that_the_original_would_refuse() -> None:
    await dummy(Mailer).send()


@on_fake("AnswerImpossible")
async def a_sync_method_that_hangs() -> None:
    mailer = dummy(Mailer)
    mailer.on("count").hangs()
    mailer.count()


@pytest.mark.parametrize("name", ON_FAKE)
async def test_what_a_fake_refuses_fails_the_test(described: None, name: str) -> None:
    failure, refused = ON_FAKE[name]
    with opened() as state:
        with suppress(Exception):
            await refused()
        found = state.verify()

    assert [type(one).__name__ for one in found] == [failure]


async def test_what_is_scripted_or_postgresqls_own_is_no_failure(
    described: None, fake_postgres: FakePostgres
) -> None:
    fake_postgres.on("SELECT id FROM users").raises(db_error("57014"))
    fake_postgres.require_login(user="app", password="secret", database="shop")
    dsn = fake_postgres.dsn.replace("understudy:understudy", "app:secret")
    with opened() as state:
        for attempt in (
            lambda: execute(fake_postgres.dsn, "SELECT id FROM users"),
            lambda: execute(dsn.replace("secret", "wrong"), "SELECT id FROM users"),
            lambda: psqlpy.connect(dsn),
        ):
            with pytest.raises(Exception, match=r"authentication|role|database"):
                await attempt()
        fake_postgres.require_login()
        await asyncio.sleep(0)
        with pytest.raises(psycopg.errors.QueryCanceled):
            await execute(fake_postgres.dsn, "SELECT id FROM users")
        found = state.verify()

    assert found == []
