"""Cursors and prepared statements."""

from __future__ import annotations

import re

import pytest

from tests.conformance.fake_and_real import Raised, Subject, outcome
from understudy import db_error

SERIES = "SELECT n FROM generate_series(1, 7) AS n"
NOT_STARTED = Raised("TransactionClosedError", "Underlying connection is returned to the pool")
GONE = Raised("DatabaseError", 'db error: ERROR: portal "p1" does not exist')
CLOSED = Raised("ConnectionClosedError", "Underlying connection is returned to the pool")


def rows(*numbers: int) -> list[dict[str, int]]:
    return [{"n": number} for number in numbers]


@pytest.fixture
def scripted(subject: Subject) -> Subject:
    subject.on(SERIES).optional().rows(rows(1, 2, 3, 4, 5, 6, 7))
    return subject


async def test_fetching(scripted: Subject) -> None:
    cursor = scripted.conn.cursor(SERIES)
    assert (cursor.array_size, cursor.querystring, cursor.parameters) == (1, SERIES, None)
    for fetch in (cursor.fetchone, cursor.fetchmany, cursor.fetchall):
        assert await outcome(fetch) == NOT_STARTED
    assert await outcome(cursor.start) is None
    assert await outcome(cursor.fetchone) == rows(1)
    assert await outcome(cursor.fetchmany) == rows(2)
    assert await outcome(lambda: cursor.fetchmany(2)) == rows(3, 4)
    assert await outcome(lambda: cursor.fetchmany(size=1)) == rows(5)
    assert await outcome(cursor.fetchall) == rows(6, 7)
    for fetch in (cursor.fetchone, cursor.fetchmany, cursor.fetchall):
        assert await outcome(fetch) == []
    assert cursor.is_closed() is True  # until it is closed: see the name
    assert await outcome(cursor.close) is None
    assert cursor.is_closed() is False
    for fetch in (cursor.fetchone, cursor.fetchmany, cursor.fetchall):
        assert await outcome(fetch) == NOT_STARTED
    assert await outcome(cursor.start) == CLOSED
    assert await outcome(cursor.close) is None


async def test_a_cursor_is_started_once(scripted: Subject) -> None:
    transaction = scripted.conn.transaction()
    await transaction.begin()
    cursor = transaction.cursor(SERIES)
    await cursor.start()
    await cursor.fetchmany(3)
    assert await outcome(cursor.start) is None
    assert portal(await outcome(cursor.fetchone)) == GONE
    assert await outcome(transaction.rollback) is None


@pytest.mark.parametrize(
    ("array_size", "expected"), [(None, [1] * 7), (3, [3, 3, 1]), (100, [7]), (0, [7])]
)
async def test_iteration(scripted: Subject, array_size: int | None, expected: list[int]) -> None:
    async with scripted.conn.transaction() as transaction:
        async with transaction.cursor(SERIES, array_size=array_size) as cursor:
            assert [len(part.result()) async for part in cursor] == expected
        assert await outcome(cursor.fetchone) == NOT_STARTED


async def test_iteration_wants_a_start(scripted: Subject) -> None:
    async def iterate() -> None:
        async for _ in scripted.conn.cursor(SERIES):
            raise AssertionError("it was not started")

    assert await outcome(iterate) == NOT_STARTED


async def test_a_statement_given_later(subject: Subject) -> None:
    subject.on("SELECT $1::int4 AS n", 5).row(n=5)
    cursor = subject.conn.cursor()
    assert await outcome(cursor.start) == Raised(
        "CursorStartError", "Cursor start error: Cannot start cursor"
    )
    assert await outcome(lambda: cursor.execute("SELECT $1::int4 AS n", [5])) is None
    assert await outcome(cursor.fetchall) == rows(5)
    assert (cursor.querystring, cursor.parameters) == ("SELECT $1::int4 AS n", [5])


@pytest.mark.parametrize(
    ("statement", "error", "text"),
    [
        ("SELECT colour FROM users", ("42703", "colour"), 'column "colour" does not exist'),
        ("SELECT 1 / 0", ("22012", None), "division by zero"),
    ],
)
async def test_a_statement_that_fails(
    subject: Subject, statement: str, error: tuple[str, str | None], text: str
) -> None:
    subject.on(statement).raises(db_error(error[0], column=error[1], driver="psqlpy"))
    assert await outcome(subject.conn.cursor(statement).start) == Raised(
        "DatabaseError", f"db error: ERROR: {text}"
    )


async def test_a_cursor_ends_with_its_transaction(scripted: Subject) -> None:
    async with scripted.conn.transaction() as transaction:
        cursor = transaction.cursor(SERIES)
        await cursor.start()
        assert await outcome(cursor.fetchone) == rows(1)
    assert portal(await outcome(cursor.fetchone)) == GONE


async def test_a_prepared_statement(subject: Subject) -> None:
    statement = "SELECT $1::int4 AS n"
    subject.on(statement, 4).row(n=4)
    prepared = await subject.conn.prepare(statement, [4])
    assert await outcome(prepared.execute) == rows(4)
    assert await outcome(prepared.execute) == rows(4)
    cursor = prepared.cursor()
    await cursor.start()
    assert await outcome(cursor.fetchall) == rows(4)


async def test_a_prepared_statement_that_fails(subject: Subject) -> None:
    statement = "SELECT 1 / $1::int4 AS n"
    subject.on(statement, 0).raises(db_error("22012", driver="psqlpy"))
    prepared = await subject.conn.prepare(querystring=statement, parameters=[0])
    assert await outcome(prepared.execute) == Raised(
        "DatabaseError", "db error: ERROR: division by zero"
    )


def portal(raised: Raised) -> Raised:
    """Without the portal's number: the driver counts them through the whole process."""
    return Raised(raised.kind, re.sub(r"p\d+", "p1", raised.text))
