"""Rows and then an error in one answer, and rows that a generator yields."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import psqlpy
import psycopg
import pytest

from understudy import AnswerImpossible, FakeConnection, db_error
from understudy.fake_postgres.fixture import FakePostgres
from understudy.script.expectations import opened

SELECT = "SELECT 6 / (3 - n) AS q FROM generate_series(1, 5) AS n"
ROWS = [{"q": 3}, {"q": 6}]


@pytest.fixture
def servers(described: None, fake_postgres: FakePostgres, conformance_dsn: str) -> list[str]:
    fake_postgres.on(SELECT).raises(db_error("22012"), after=ROWS)
    return [fake_postgres.dsn, conformance_dsn]


async def stream(connection: Any, statement: str, got: list[Any]) -> None:
    async with connection.transaction():
        async for row in connection.cursor(statement, prefetch=1):
            got.append(tuple(row))


async def fetch_all(cursor: Any, got: list[Any]) -> None:
    while True:
        got += (await cursor.fetchone()).result()


async def test_rows_then_an_error_as_a_driver_streams_them(servers: list[str]) -> None:
    seen = []
    for dsn in servers:
        connection = await asyncpg.connect(dsn)
        got: list[Any] = []
        with pytest.raises(asyncpg.DivisionByZeroError) as raised:
            await stream(connection, SELECT, got)
        with pytest.raises(asyncpg.DivisionByZeroError):
            await connection.fetch(SELECT)
        await connection.close()
        seen.append((got, str(raised.value)))

    assert seen[0] == seen[1] == ([(3,), (6,)], "division by zero")


def test_rows_then_an_error_over_cursors_in_sql(servers: list[str]) -> None:
    seen = []
    for dsn in servers:
        got: list[Any] = []
        with psycopg.connect(dsn) as connection:
            cursor = connection.cursor("c")
            cursor.execute(SELECT.encode())
            with pytest.raises(psycopg.errors.DivisionByZero):
                got.extend(cursor.fetchone() for _ in itertools.count())
            connection.rollback()
            cursor.close()
            with pytest.raises(psycopg.errors.DivisionByZero):
                connection.execute(SELECT.encode())
            connection.rollback()
        seen.append(got)

    assert seen[0] == seen[1] == [(3,), (6,)]


async def test_rows_then_an_error_over_psqlpy_and_its_fake(servers: list[str]) -> None:
    fake = FakeConnection()
    fake.on(SELECT).raises(db_error("22012", driver="psqlpy"), after=ROWS)
    seen = []
    for connection in (fake, *[await psqlpy.connect(dsn) for dsn in servers]):
        got: list[Any] = []
        with pytest.raises(Exception, match="division by zero"):
            await connection.fetch(SELECT)
        transaction: Any = connection.transaction()
        await transaction.begin()
        cursor = transaction.cursor(SELECT, array_size=1)
        await cursor.start()
        with pytest.raises(Exception, match="division by zero"):
            await fetch_all(cursor, got)
        await transaction.rollback()
        connection.close()
        seen.append(got)

    assert seen[0] == seen[1] == seen[2] == ROWS


# Generators --------------------------------------------------------------------------------------

NUMBERS = "SELECT n FROM generate_series(1, 9) AS n"


async def test_a_generator_is_asked_for_the_rows_that_are_fetched(
    described: None, fake_postgres: FakePostgres
) -> None:
    taken: list[Any] = []

    @fake_postgres.on(NUMBERS)
    def numbers(call: Any) -> Iterator[Any]:
        try:
            for number in itertools.count(1):
                taken.append(number)
                yield {"n": number} if number % 2 else (number,)
        finally:
            taken.append("closed")

    connection = await fake_postgres.asyncpg.connect()
    async with connection.transaction():
        cursor = await connection.cursor(NUMBERS)
        rows = [row["n"] for row in await cursor.fetch(3)]
        assert taken == [1, 2, 3]
    assert taken == [1, 2, 3, "closed"]

    with psycopg.connect(fake_postgres.dsn) as sync:
        scrolled = sync.cursor("c", scrollable=True)
        scrolled.execute(NUMBERS.encode())
        assert (scrolled.fetchmany(2), taken[4:]) == ([(1,), (2,)], [1, 2])
        scrolled.scroll(-1)
        assert scrolled.fetchone() == (2,)
        scrolled.close()
    assert rows == [1, 2, 3]
    assert taken[-1] == "closed"


async def test_an_async_generator_is_asked_for_the_rows_that_are_fetched(
    described: None, fake_postgres: FakePostgres
) -> None:
    taken: list[int] = []

    @fake_postgres.on(NUMBERS)
    async def numbers(call: Any) -> AsyncIterator[dict[str, int]]:
        for number in itertools.count(1):
            taken.append(number)
            yield {"n": number}

    connection = await fake_postgres.asyncpg.connect()
    async with connection.transaction():
        cursor = await connection.cursor(NUMBERS)
        rows = [row["n"] for row in await cursor.fetch(3)]

    assert (rows, taken) == ([1, 2, 3], [1, 2, 3])


@pytest.mark.parametrize("kind", ["sync", "async"])
async def test_a_generator_that_raises(
    described: None, fake_postgres: FakePostgres, kind: str
) -> None:
    conn = FakeConnection()

    def numbers(call: Any) -> Iterator[dict[str, int]]:
        yield {"n": 1}
        raise db_error("57014")

    async def numbers_later(call: Any) -> AsyncIterator[dict[str, int]]:
        yield {"n": 1}
        raise db_error("57014")

    for subject in (fake_postgres, conn):
        subject.on(NUMBERS)(numbers if kind == "sync" else numbers_later)
    connection = await fake_postgres.asyncpg.connect()
    got: list[Any] = []
    with pytest.raises(asyncpg.QueryCanceledError):
        await stream(connection, NUMBERS, got)
    with pytest.raises(asyncpg.QueryCanceledError):
        await connection.fetch(NUMBERS)
    async with await psycopg.AsyncConnection.connect(fake_postgres.dsn) as other:
        with pytest.raises(psycopg.errors.QueryCanceled):
            await other.execute(NUMBERS.encode())
    with pytest.raises(Exception, match="statement timeout"):
        await conn.fetch(NUMBERS)

    assert got == [(1,)]


@pytest.mark.parametrize("kind", ["sync", "async", "impossible"])
async def test_what_a_generator_does_wrong_is_the_tests(
    described: None, fake_postgres: FakePostgres, kind: str
) -> None:
    closed = []

    def numbers(call: Any) -> Iterator[Any]:
        try:
            yield {"n": 1}
            yield {"n": "two"} if kind == "impossible" else {}["x"]
        finally:
            closed.append(1)

    async def numbers_later(call: Any) -> AsyncIterator[dict[str, int]]:
        for row in numbers(call):
            yield row

    with opened() as state:
        fake_postgres.on(NUMBERS)(numbers_later if kind == "async" else numbers)
        connection = await fake_postgres.asyncpg.connect()
        with pytest.raises(asyncpg.InternalServerError):
            await connection.fetch(NUMBERS)
        found = state.verify()

    assert [type(failure) for failure in found] == [AnswerImpossible]
    assert ("could not return this" in str(found[0])) == (kind == "impossible")
    assert closed == [1]


async def test_all_rows_of_a_generator_on_a_fake_connection(described: None) -> None:
    conn = FakeConnection()

    @conn.on(NUMBERS)
    def numbers(call: Any) -> Iterator[Any]:
        yield from ((number,) for number in range(3))

    assert (await conn.fetch(NUMBERS)).result() == [{"n": 0}, {"n": 1}, {"n": 2}]
