"""Impossible answers: the client gets an error, and the test fails."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import asyncpg
import psycopg
import pytest

from understudy import PredicateFailed, ScriptError, ServerBroke, db_error
from understudy.catalog.errors import AnswerImpossible
from understudy.fake_postgres.connectors import imported
from understudy.fake_postgres.fixture import FakePostgres
from understudy.script.expectations import opened
from understudy.script.failures import Failure

ONE = "SELECT 1 AS a"
Script = Callable[[FakePostgres], object]


def refused(fake: FakePostgres, script: Script, statement: str = ONE) -> tuple[Failure, str]:
    """Return what is held against the test, and what the client was told."""
    script(fake)
    with opened() as state:
        connection = fake.psycopg.connect_sync(autocommit=True)
        with pytest.raises(psycopg.errors.InternalError) as raised:
            connection.execute(statement)
    (failure,) = state.failures
    return failure, str(raised.value)


def test_a_function_that_raises_what_no_server_sends(fake_postgres: FakePostgres) -> None:
    def script(fake: FakePostgres) -> None:
        @fake.on(ONE)
        def answer(call: Any) -> None:
            raise KeyError("x")

        fake.on(ONE, "never").row(a=1).optional()

    failure, told = refused(fake_postgres, script)

    assert isinstance(failure, AnswerImpossible)
    assert str(failure).startswith("the function that answers raised KeyError: 'x'\n  rule: ")
    assert str(failure).endswith("An error of the database is raised as db_error(...).")
    assert told == f"AnswerImpossible: {failure}"


def test_an_async_function_that_raises(fake_postgres: FakePostgres) -> None:
    def script(fake: FakePostgres) -> None:
        @fake.on(ONE)
        async def answer(call: Any) -> None:
            raise KeyError("x")

        fake.on(ONE, "never").row(a=1).optional()

    failure, _ = refused(fake_postgres, script)

    assert "the function that answers raised KeyError: 'x'" in str(failure)


def test_a_function_may_raise_a_database_error(fake_postgres: FakePostgres) -> None:
    @fake_postgres.on(ONE)
    def answer(call: Any) -> None:
        raise db_error("40P01")

    fake_postgres.on(ONE, "never").row(a=1).optional()
    connection = fake_postgres.psycopg.connect_sync(autocommit=True)

    with pytest.raises(psycopg.errors.DeadlockDetected):
        connection.execute(ONE)


def test_a_function_alone_has_no_columns_that_could_be_told(fake_postgres: FakePostgres) -> None:
    def script(fake: FakePostgres) -> None:
        fake.on(ONE).optional()(lambda call: 1)

    failure, _ = refused(fake_postgres, script)

    assert str(failure).startswith(
        "a function answers this, and a driver asks for the columns before it runs the statement\n"
        "  sql: SELECT 1 AS a\n"
    )
    assert str(failure).endswith(
        "Configure the schema, so that PostgreSQL tells the columns; or script the rows."
    )


def test_what_a_function_returns_may_be_no_rows(fake_postgres: FakePostgres) -> None:
    def script(fake: FakePostgres) -> None:
        fake.on(ONE)(lambda call: [{"a": 1}, {"b": 2}])
        fake.on(ONE, "never").row(a=1).optional()

    failure, _ = refused(fake_postgres, script)

    assert "all rows of a result have the same columns" in str(failure)


def test_a_predicate_that_raises(fake_postgres: FakePostgres) -> None:
    fake_postgres.on("SELECT $1::text AS a", lambda value: value > 1).row(a="x").optional()
    with opened() as state:
        connection = fake_postgres.psycopg.connect_sync(autocommit=True)
        with pytest.raises(psycopg.errors.InternalError, match="PredicateFailed"):
            connection.execute("SELECT %s::text AS a", ("x",))

    assert isinstance(state.failures[0], PredicateFailed)


def test_a_value_that_cannot_be_sent(fake_postgres: FakePostgres) -> None:
    value = object()
    fake_postgres.on(ONE).row(a=value)

    failure, _ = refused(fake_postgres, lambda fake: None)

    lines = [re.sub("  +", " ", line) for line in str(failure).splitlines()]
    assert lines[:4] == [
        "the statement could not return this: 1 column differs",
        " scripted the statement returns",
        f" ! a = {value!r} (object) a text",
        f" {reprlib.repr(value)} (object) is not a value of text",
    ]


def _nested() -> list[Any]:
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    return nested


class Broken(str):
    """A value with a defect that the server does not expect."""

    def __eq__(self, other: object) -> bool:
        raise ArithmeticError("broken")

    def encode(self, *_: Any, **__: Any) -> bytes:
        raise ArithmeticError("broken")

    __hash__ = str.__hash__


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
async def test_a_failure_inside_the_server_fails_the_test(
    fake_postgres: FakePostgres, driver: str
) -> None:
    """In memory as over a socket, even if the client catches what it gets."""
    fake_postgres.on(ONE).row(a=Broken("x"))
    with opened() as state:
        connection = await getattr(fake_postgres, driver).connect()
        with suppress(Exception):
            await connection.execute(ONE)

    assert [type(failure) for failure in state.failures] == [ServerBroke]


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
@pytest.mark.parametrize(
    "document", [[10**400], {"a": -(10**5000)}, {"n": _nested()}], ids=["400", "5000", "nested"]
)
async def test_documents_at_the_limits_of_python(
    fake_postgres: FakePostgres, driver: str, document: Any
) -> None:
    fake_postgres.on("SELECT '1'::jsonb AS a").row(a=document)
    with opened() as state:
        connection = await getattr(fake_postgres, driver).connect()
        with suppress(Exception):
            await connection.execute("SELECT '1'::jsonb AS a")

    told = [type(failure) for failure in state.failures]
    assert told == ([AnswerImpossible] if "n" in document else [])


async def test_other_columns_than_it_was_prepared_with(fake_postgres: FakePostgres) -> None:
    fake_postgres.on(ONE).row(a=1).then.row(b=1)
    connection = await fake_postgres.asyncpg.connect()
    prepared = await connection.prepare(ONE)
    assert await prepared.fetchval() == 1

    with opened() as state, pytest.raises(asyncpg.InternalServerError):
        await prepared.fetchval()

    (failure,) = state.failures
    assert "the statement could not return this: 2 columns differ" in str(failure)
    assert str(failure).endswith(
        "Without a schema, a statement has the columns that its rules tell when a driver prepares "
        "it."
    )


async def test_show_may_be_scripted_and_begin_delayed(fake_postgres: FakePostgres) -> None:
    fake_postgres.on("SHOW work_mem").value("7MB")
    fake_postgres.on("BEGIN").delay(0.01).tag("BEGIN")
    connection = await fake_postgres.psycopg.connect()

    cursor = await connection.execute("SHOW work_mem")

    assert await cursor.fetchall() == [("7MB",)]


def test_a_driver_that_is_not_installed() -> None:
    with pytest.raises(ScriptError) as raised:
        imported("no_such_driver", "no-such-driver")

    assert str(raised.value) == (
        "this needs no-such-driver, which is not installed: pip install no-such-driver"
    )


async def test_an_engine_of_sqlalchemy_in_memory(fake_postgres: FakePostgres) -> None:
    fake_postgres.on(ONE).row(a=1)
    engine = fake_postgres.sqlalchemy.engine()

    async with engine.connect() as connection:
        assert (await connection.exec_driver_sql(ONE)).scalar_one() == 1

    assert engine.dialect.driver == "asyncpg"
    assert fake_postgres.sqlalchemy.sync_engine().dialect.driver == "psycopg"
    assert fake_postgres.sqlalchemy.engine("psycopg").dialect.driver == "psycopg"
