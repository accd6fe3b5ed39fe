"""Transactions and savepoints, begun, ended, broken and misused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.fake_and_real import Raised, Subject, outcome
from understudy import db_error

ENDED = Raised("TransactionClosedError", "Underlying connection is returned to the pool")
CLOSED = Raised("ConnectionClosedError", "Underlying connection is returned to the pool")
DIVISION = "SELECT 1 / 0"
KNOWN = "SELECT 1 AS a"
ABORTED = (
    "db error: ERROR: current transaction is aborted, "
    "commands ignored until end of transaction block"
)
RAN = f"Cannot execute query, error - {ABORTED}"


@pytest.fixture
def scripted(subject: Subject) -> Subject:
    subject.on("SELECT ...").optional().row(a=1)
    subject.on(DIVISION).optional().raises(db_error("22012", driver="psqlpy"))
    return subject


async def test_in_transaction_from_begin_to_commit(scripted: Subject) -> None:
    conn = scripted.conn
    transaction = conn.transaction()
    assert await conn.in_transaction() is False
    assert await outcome(transaction.begin) is None
    assert await conn.in_transaction() is True
    assert await outcome(lambda: transaction.fetch_val(KNOWN)) == 1
    assert await outcome(transaction.commit) is None
    assert await conn.in_transaction() is False


async def test_is_closed_answers_the_opposite_of_its_name(scripted: Subject) -> None:
    transaction = scripted.conn.transaction()
    assert (scripted.conn.is_closed(), transaction.is_closed()) == (True, True)
    await transaction.begin()
    assert transaction.is_closed() is True
    await transaction.commit()
    assert transaction.is_closed() is False
    scripted.conn.close()
    assert scripted.conn.is_closed() is False


@pytest.mark.parametrize("how", ["commit", "rollback"])
async def test_ended_without_begin_is_ended(scripted: Subject, how: str) -> None:
    transaction = scripted.conn.transaction()
    assert await outcome(getattr(transaction, how)) is None
    assert await outcome(transaction.begin) == ENDED


async def test_begun_twice_is_begun(scripted: Subject) -> None:
    transaction = scripted.conn.transaction()
    assert await outcome(transaction.begin) is None
    assert await outcome(transaction.begin) is None
    assert await outcome(transaction.rollback) is None


@pytest.mark.parametrize("how", ["commit", "rollback"])
async def test_an_ended_transaction_refuses_everything(scripted: Subject, how: str) -> None:
    transaction = scripted.conn.transaction()
    await transaction.begin()
    await getattr(transaction, how)()
    for action in (transaction.begin, transaction.commit, transaction.rollback):
        assert await outcome(action) == ENDED
    for method in ("execute", "fetch", "fetch_row", "fetch_val", "execute_batch"):
        run = getattr(transaction, method)
        assert await outcome(lambda run=run: run(KNOWN)) == ENDED
    assert await outcome(lambda: transaction.execute_many(KNOWN, [[]])) == ENDED
    assert await outcome(lambda: transaction.pipeline([(KNOWN, [])])) == ENDED
    for method in ("create_savepoint", "rollback_savepoint", "release_savepoint"):
        run = getattr(transaction, method)
        assert await outcome(lambda run=run: run("s")) == ENDED
    assert await outcome(lambda: transaction.prepare(KNOWN)) == CLOSED
    assert await outcome(transaction.cursor(KNOWN).start) == CLOSED


async def test_a_transaction_not_begun_runs_statements(scripted: Subject) -> None:
    transaction = scripted.conn.transaction()
    assert await outcome(lambda: transaction.fetch_val(KNOWN)) == 1
    assert await scripted.conn.in_transaction() is False


@pytest.mark.parametrize("how", ["commit", "rollback"])
async def test_a_nested_transaction_ends_the_outer_one(scripted: Subject, how: str) -> None:
    conn = scripted.conn
    outer, inner = conn.transaction(), conn.transaction()
    await outer.begin()
    assert await outcome(inner.begin) is None
    assert await outcome(getattr(inner, how)) is None
    assert await conn.in_transaction() is False
    assert await outcome(lambda: outer.fetch_val(KNOWN)) == 1
    assert await outcome(outer.commit) is None


@pytest.mark.parametrize(
    ("method", "new", "known"),
    [
        ("execute", ("DatabaseError", ABORTED), ("ConnectionExecuteError", RAN)),
        ("fetch", ("DatabaseError", ABORTED), ("ConnectionExecuteError", RAN)),
        ("fetch_row", ("DatabaseError", ABORTED), ("ConnectionExecuteError", ABORTED)),
        ("fetch_val", ("DatabaseError", ABORTED), ("ConnectionExecuteError", ABORTED)),
        ("execute_batch", ("DatabaseError", ABORTED), ("DatabaseError", ABORTED)),
    ],
)
async def test_a_statement_in_an_aborted_transaction(
    scripted: Subject, method: str, new: tuple[str, str], known: tuple[str, str]
) -> None:
    transaction = scripted.conn.transaction()
    await transaction.begin()
    await transaction.fetch(KNOWN)
    await outcome(lambda: transaction.fetch(DIVISION))
    run = getattr(transaction, method)
    assert await outcome(lambda: run("SELECT 2 AS b")) == Raised(*new)
    assert await outcome(lambda: run(KNOWN)) == Raised(*known)
    assert await outcome(transaction.rollback) is None
    assert await outcome(lambda: scripted.conn.fetch_val(KNOWN)) == 1


async def test_many_in_an_aborted_transaction(scripted: Subject) -> None:
    known = "INSERT INTO users (id, email) VALUES ($1, $2)"
    scripted.on(known).tag("INSERT 0 1")
    transaction = scripted.conn.transaction()
    await transaction.begin()
    await transaction.execute_many(known, [[1, "a"]])
    await outcome(lambda: transaction.fetch(DIVISION))
    assert await outcome(lambda: transaction.execute_many(known, [[2, "b"]])) == Raised(
        "ConnectionExecuteError", f"Cannot open transaction wrap in execute_many: {ABORTED}"
    )
    new = "INSERT INTO users (id) VALUES ($1)"
    assert await outcome(lambda: transaction.execute_many(new, [[2]])) == Raised(
        "ConnectionExecuteError", f"Cannot build statement in execute_many: {ABORTED}"
    )
    await transaction.rollback()


async def test_what_else_an_aborted_transaction_refuses(scripted: Subject) -> None:
    transaction = scripted.conn.transaction()
    await transaction.begin()
    prepared = await transaction.prepare(KNOWN)
    await transaction.create_savepoint("s")
    await outcome(lambda: transaction.fetch(DIVISION))
    refused = Raised("DatabaseError", ABORTED)
    assert await outcome(lambda: transaction.prepare("SELECT 2 AS b")) == refused
    assert await outcome(prepared.execute) == refused
    assert await outcome(transaction.cursor(KNOWN).start) == refused
    assert await outcome(lambda: transaction.create_savepoint("t")) == refused
    assert await outcome(lambda: transaction.release_savepoint("s")) == refused
    assert await outcome(lambda: transaction.pipeline([("SELECT 3 AS c", [])])) == refused
    assert (
        await outcome(lambda: transaction.copy_records_to_table("users", [(1,)], columns=["id"]))
        == refused
    )
    assert await outcome(transaction.begin) == Raised(
        "TransactionBeginError",
        f"Transaction begin error: Cannot start transaction due to - {ABORTED}",
    )
    assert await scripted.conn.in_transaction() is True
    assert await outcome(transaction.commit) is None  # PostgreSQL rolls back, and says nothing
    assert await scripted.conn.in_transaction() is False


async def test_savepoints(scripted: Subject) -> None:
    async with scripted.conn.transaction() as transaction:
        assert await outcome(lambda: transaction.create_savepoint("s")) is None
        await outcome(lambda: transaction.fetch(DIVISION))
        assert await outcome(lambda: transaction.rollback_savepoint("s")) is None
        assert await outcome(lambda: transaction.fetch_val(KNOWN)) == 1
        assert await outcome(lambda: transaction.rollback_savepoint("S")) is None
        assert await outcome(lambda: transaction.release_savepoint("S")) is None
        assert await outcome(lambda: transaction.release_savepoint("s")) == Raised(
            "DatabaseError", 'db error: ERROR: savepoint "s" does not exist'
        )


async def test_a_savepoint_hides_an_older_one_of_its_name(scripted: Subject) -> None:
    async with scripted.conn.transaction() as transaction:
        await transaction.create_savepoint("s")
        await transaction.create_savepoint("s")
        assert await outcome(lambda: transaction.release_savepoint("s")) is None
        assert await outcome(lambda: transaction.release_savepoint("s")) is None


@pytest.mark.parametrize("method", ["rollback_savepoint", "release_savepoint"])
async def test_an_unknown_savepoint_aborts_the_transaction(scripted: Subject, method: str) -> None:
    transaction = scripted.conn.transaction()
    await transaction.begin()
    await transaction.fetch(KNOWN)
    assert await outcome(lambda: getattr(transaction, method)("nope")) == Raised(
        "DatabaseError", 'db error: ERROR: savepoint "nope" does not exist'
    )
    assert await outcome(lambda: transaction.fetch(KNOWN)) == Raised("ConnectionExecuteError", RAN)
    assert await outcome(transaction.rollback) is None


@pytest.mark.parametrize(
    ("method", "command"),
    [
        ("create_savepoint", "SAVEPOINT"),
        ("rollback_savepoint", "ROLLBACK TO SAVEPOINT"),
        ("release_savepoint", "RELEASE SAVEPOINT"),
    ],
)
async def test_savepoints_want_a_transaction(subject: Subject, method: str, command: str) -> None:
    assert await outcome(lambda: getattr(subject.conn.transaction(), method)("s")) == Raised(
        "DatabaseError", f"db error: ERROR: {command} can only be used in transaction blocks"
    )


async def block(conn: Any, *actions: str, error: BaseException | None = None) -> None:
    """Enter a transaction, do things in it, and raise or leave."""
    async with conn.transaction() as transaction:
        for action in actions:
            if action in ("commit", "rollback"):
                await getattr(transaction, action)()
            else:
                await transaction.fetch(action)
        if error is not None:
            raise error


async def test_leaving_a_block(scripted: Subject) -> None:
    conn = scripted.conn
    assert await outcome(lambda: block(conn, KNOWN)) is None
    error = LookupError("not here")
    expected = Raised("LookupError", "not here")
    assert await outcome(lambda: block(conn, KNOWN, error=error)) == expected
    assert await outcome(lambda: block(conn, DIVISION)) == Raised(
        "ConnectionExecuteError", "Cannot execute query, error - db error: ERROR: division by zero"
    )
    assert await conn.in_transaction() is False


@pytest.mark.parametrize("how", ["commit", "rollback"])
async def test_a_block_that_ends_its_own_transaction_cannot_be_left(
    scripted: Subject, how: str
) -> None:
    conn = scripted.conn
    assert await outcome(lambda: block(conn, how)) == ENDED
    assert await outcome(lambda: block(conn, how, error=LookupError("hidden"))) == ENDED


async def test_a_block_is_entered_once(scripted: Subject) -> None:
    transaction = scripted.conn.transaction()
    async with transaction:
        pass
    assert await outcome(transaction.__aenter__) == ENDED


BADGE = "INSERT INTO badges (id, owner) VALUES (1, 99)"
REFUSED = Raised(
    "TransactionCommitError",
    "Transaction commit error: Cannot execute COMMIT statement, error - db error: ERROR: insert "
    'or update on table "badges" violates foreign key constraint "badges_owner_fkey"\n'
    'DETAIL: Key (owner)=(99) is not present in table "users".',
)


@pytest.fixture
def deferred(subject: Subject) -> Subject:
    subject.on(BADGE).tag("INSERT 0 1")
    subject.on("COMMIT").raises(
        db_error(
            "23503",
            table="badges",
            constraint="badges_owner_fkey",
            detail='Key (owner)=(99) is not present in table "users".',
            driver="psqlpy",
        )
    ).times(1)
    return subject


async def test_a_commit_that_a_deferred_constraint_refuses(deferred: Subject) -> None:
    transaction = deferred.conn.transaction()
    await transaction.begin()
    assert await outcome(lambda: transaction.execute(BADGE)) == []
    assert await outcome(transaction.commit) == REFUSED
    assert transaction.is_closed() is True  # it is still there: see the name
    # PostgreSQL has rolled back, but psqlpy does not know until COMMIT is answered.
    assert await deferred.conn.in_transaction() is True
    assert await outcome(transaction.commit) is None
    assert await deferred.conn.in_transaction() is False
    assert await outcome(transaction.commit) == ENDED


async def test_a_block_whose_commit_is_refused(deferred: Subject) -> None:
    assert await outcome(lambda: insert(deferred.conn)) == REFUSED


async def insert(conn: Any) -> None:
    async with conn.transaction() as transaction:
        await transaction.execute(BADGE)


async def test_many_that_fail_leave_the_transaction_alive(subject: Subject) -> None:
    statement = "INSERT INTO users (id, age) VALUES ($1, $2)"
    subject.on(statement, [1, 1], [2, -1]).raises(
        db_error("23514", table="users", constraint="users_age_check", driver="psqlpy")
    )
    subject.on("SELECT count(*) FROM users").value(0)
    transaction = subject.conn.transaction()
    await transaction.begin()
    failed = await outcome(lambda: transaction.execute_many(statement, [[1, 1], [2, -1]]))
    assert failed.kind == "ConnectionExecuteError"
    assert failed.text.startswith(
        "Error occurred in `execute_many` statement: db error: ERROR: new row for relation "
        '"users" violates check constraint "users_age_check"'
    )
    assert await outcome(lambda: transaction.fetch_val("SELECT count(*) FROM users")) == 0
    assert await outcome(transaction.commit) is None


async def test_many_that_cannot_be_prepared_abort_the_transaction(subject: Subject) -> None:
    statement = "INSERT INTO users (nome) VALUES ($1)"
    subject.on(statement).raises(
        db_error("42703", 'column "nome" of relation "users" does not exist', driver="psqlpy")
    )
    subject.on(KNOWN).optional().row(a=1)
    transaction = subject.conn.transaction()
    await transaction.begin()
    assert await outcome(lambda: transaction.execute_many(statement, [["a"]])) == Raised(
        "ConnectionExecuteError",
        "Cannot build statement in execute_many: "
        'db error: ERROR: column "nome" of relation "users" does not exist',
    )
    assert await outcome(lambda: transaction.fetch(KNOWN)) == Raised("DatabaseError", ABORTED)
    await transaction.rollback()


async def test_a_pipeline(subject: Subject) -> None:
    subject.on("SELECT $1::text AS b", "x").optional().row(b="x")
    subject.on(KNOWN).optional().row(a=1)
    async with subject.conn.transaction() as transaction:
        run = transaction.pipeline
        queries = [(KNOWN, []), ("SELECT $1::text AS b", ["x"]), (KNOWN,)]
        assert await outcome(lambda: run(queries)) == [[{"a": 1}], [{"b": "x"}], [{"a": 1}]]
        assert await outcome(lambda: run(queries=[], prepared=True)) == []
        assert await outcome(run) == []
        assert await outcome(lambda: run([(KNOWN, None)])) == Raised(
            "PyToRustValueMappingError", "Parameters must be sequence or mapping"
        )


async def test_a_pipeline_that_fails(scripted: Subject) -> None:
    transaction = scripted.conn.transaction()
    await transaction.begin()
    queries = [(KNOWN, []), (DIVISION, []), ("SELECT 2 AS b", [])]
    assert await outcome(lambda: transaction.pipeline(queries)) == Raised(
        "ConnectionExecuteError", "Cannot execute query, error - db error: ERROR: division by zero"
    )
    assert await outcome(lambda: transaction.fetch(KNOWN)) == Raised("ConnectionExecuteError", RAN)
    await transaction.rollback()
