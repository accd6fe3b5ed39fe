"""An error of the server, by the method that meets it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from tests.conformance.fake_and_real import Raised, Subject, outcome
from understudy import db_error


class Violation(NamedTuple):
    """A statement that breaks a constraint, what it is scripted with, and what PostgreSQL says."""

    statement: str
    parameters: list[Any]
    error: Callable[[], Exception]
    text: str


UNIQUE = Violation(
    "INSERT INTO users (id, email) VALUES ($1, 'ann@x.io') RETURNING id",
    [2],
    lambda: db_error(
        "23505",
        constraint="users_email_key",
        detail="Key (email)=(ann@x.io) already exists.",
        driver="psqlpy",
    ),
    'db error: ERROR: duplicate key value violates unique constraint "users_email_key"\n'
    "DETAIL: Key (email)=(ann@x.io) already exists.",
)
FOREIGN_KEY = Violation(
    "INSERT INTO users (id, boss) VALUES (9, $1) RETURNING id",
    [99],
    lambda: db_error(
        "foreign_key_violation",
        table="users",
        constraint="users_boss_fkey",
        detail='Key (boss)=(99) is not present in table "users".',
        driver="psqlpy",
    ),
    'db error: ERROR: insert or update on table "users" violates foreign key constraint '
    '"users_boss_fkey"\nDETAIL: Key (boss)=(99) is not present in table "users".',
)
NOT_NULL = Violation(
    "INSERT INTO users (id, name) VALUES ($1, NULL) RETURNING id",
    [9],
    lambda: db_error(
        "23502",
        table="users",
        column="name",
        detail="Failing row contains (9, null, null, null, null).",
        driver="psqlpy",
    ),
    'db error: ERROR: null value in column "name" of relation "users" violates not-null '
    "constraint\nDETAIL: Failing row contains (9, null, null, null, null).",
)
CHECK = Violation(
    "INSERT INTO users (id, age) VALUES (9, $1) RETURNING id",
    [-1],
    lambda: db_error(
        "check_violation",
        table="users",
        constraint="users_age_check",
        detail="Failing row contains (9, null, -1, x, null).",
        driver="psqlpy",
    ),
    'db error: ERROR: new row for relation "users" violates check constraint "users_age_check"\n'
    "DETAIL: Failing row contains (9, null, -1, x, null).",
)
VIOLATIONS = {"unique": UNIQUE, "foreign key": FOREIGN_KEY, "not null": NOT_NULL, "check": CHECK}

PREFIX = {
    "execute": "Cannot execute query, error - ",
    "fetch": "Cannot execute query, error - ",
    "fetch_row": "",
    "fetch_val": "",
}


@pytest.fixture(params=VIOLATIONS)
async def broken(request: pytest.FixtureRequest, subject: Subject) -> Violation:
    """A violation, with the user in the table that some of them need."""
    seed = "INSERT INTO users (id, email) VALUES (1, 'ann@x.io')"
    subject.on(seed).tag("INSERT 0 1")
    await subject.conn.execute(seed)
    violation = VIOLATIONS[request.param]
    subject.on(violation.statement).optional().raises(violation.error())
    subject.on("SELECT 1 AS a").row(a=1)
    return violation


@pytest.mark.parametrize("method", PREFIX)
async def test_a_violation_by_method(subject: Subject, broken: Violation, method: str) -> None:
    run = getattr(subject.conn, method)
    for _ in range(2):  # the second time the statement is prepared already
        assert await outcome(lambda: run(broken.statement, broken.parameters)) == Raised(
            "ConnectionExecuteError", PREFIX[method] + broken.text
        )
    assert await outcome(lambda: subject.conn.fetch_val("SELECT 1 AS a")) == 1


async def test_a_violation_in_one_of_many(subject: Subject, broken: Violation) -> None:
    many = subject.conn.execute_many
    assert await outcome(lambda: many(broken.statement, [broken.parameters])) == Raised(
        "ConnectionExecuteError", f"Error occurred in `execute_many` statement: {broken.text}"
    )
    assert await outcome(lambda: subject.conn.fetch_val("SELECT 1 AS a")) == 1


async def test_a_violation_in_a_batch(subject: Subject, broken: Violation) -> None:
    batch = broken.statement.replace("$1", str(broken.parameters[0]))
    subject.on(batch).raises(broken.error())
    assert await outcome(lambda: subject.conn.execute_batch(batch)) == Raised(
        "DatabaseError", broken.text
    )
    assert await outcome(lambda: subject.conn.fetch_val("SELECT 1 AS a")) == 1


UNKNOWN = 'db error: ERROR: column "colour" does not exist'


@pytest.mark.parametrize(
    ("method", "parameters", "expected"),
    [
        ("execute", None, ("ConnectionExecuteError", f"Cannot execute query, error - {UNKNOWN}")),
        ("execute", [], ("DatabaseError", UNKNOWN)),
        ("fetch", None, ("ConnectionExecuteError", f"Cannot execute query, error - {UNKNOWN}")),
        ("fetch", [], ("DatabaseError", UNKNOWN)),
        ("fetch_row", None, ("DatabaseError", UNKNOWN)),
        ("fetch_row", [], ("DatabaseError", UNKNOWN)),
        ("fetch_val", None, ("DatabaseError", UNKNOWN)),
        ("fetch_val", [], ("DatabaseError", UNKNOWN)),
        (
            "execute_many",
            [[]],
            ("ConnectionExecuteError", f"Cannot build statement in execute_many: {UNKNOWN}"),
        ),
    ],
)
async def test_a_statement_that_cannot_be_prepared(
    subject: Subject, method: str, parameters: list[Any] | None, expected: tuple[str, str]
) -> None:
    statement = "SELECT colour FROM users"
    subject.on(statement).raises(db_error("42703", column="colour", driver="psqlpy"))
    run = getattr(subject.conn, method)
    assert await outcome(lambda: run(statement, parameters)) == Raised(*expected)


async def test_a_statement_that_cannot_be_prepared_in_a_transaction(subject: Subject) -> None:
    statement = "SELECT colour FROM users"
    subject.on(statement).raises(db_error("42703", column="colour", driver="psqlpy"))
    for method in PREFIX:
        async with subject.conn.transaction() as transaction:
            run = getattr(transaction, method)
            assert await outcome(lambda run=run: run(statement)) == Raised("DatabaseError", UNKNOWN)


async def test_a_batch_that_cannot_be_read(subject: Subject) -> None:
    statement = "SELECT colour FROM users"
    subject.on(statement).raises(db_error("42703", column="colour", driver="psqlpy"))
    expected = Raised("DatabaseError", UNKNOWN)
    assert await outcome(lambda: subject.conn.execute_batch(statement)) == expected


async def test_an_error_met_when_a_known_statement_runs(subject: Subject) -> None:
    statement = "SELECT 1 / $1::int4 AS n"
    subject.on(statement, 1).row(n=1)
    subject.on(statement, 0).raises(db_error("22012", driver="psqlpy"))
    division = "db error: ERROR: division by zero"
    for method, prefix in PREFIX.items():
        run = getattr(subject.conn, method)
        await run(statement, [1])
        assert await outcome(lambda run=run: run(statement, [0])) == Raised(
            "ConnectionExecuteError", prefix + division
        )


@pytest.mark.parametrize(
    "method",
    ["execute", "fetch", "fetch_row", "fetch_val", "execute_many"],
)
async def test_a_statement_is_required(subject: Subject, method: str) -> None:
    kind = type(subject.conn).__name__
    name = "'querystring'" if subject.real else "'stmt' ('querystring' in psqlpy)"
    assert await outcome(getattr(subject.conn, method)) == Raised(
        "TypeError", f"{kind}.{method}() missing 1 required positional argument: {name}"
    )


async def test_a_batch_is_required(subject: Subject) -> None:
    kind = type(subject.conn).__mro__[-3 if not subject.real else 0].__name__
    assert await outcome(lambda: subject.conn.execute_batch()) == Raised(
        "TypeError", f"{kind}.execute_batch() missing 1 required positional argument: 'querystring'"
    )
