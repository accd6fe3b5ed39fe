"""A connection that the server has closed, one that was closed, and one that was given back."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from tests.conformance.fake_and_real import Raised, Subject, outcome

NEW = "SELECT 1 AS a"
KNOWN = "SELECT 2 AS b"
GONE = "connection closed"
CLOSED = Raised("ConnectionClosedError", "Underlying connection is returned to the pool")
MANY = "INSERT INTO users (id) VALUES ($1)"
COPY = ("users", [(1,)], ["id"])
BATCH = "SELECT 3"


@pytest.fixture
def scripted(subject: Subject) -> Subject:
    for statement in (NEW, BATCH):
        subject.on(statement).optional().row(a=1)
    subject.on(KNOWN).optional().row(b=2)
    subject.on(MANY).optional().tag("INSERT 0 1")
    return subject


@pytest.mark.parametrize(
    ("method", "new", "known"),
    [
        (
            "execute",
            ("ConnectionExecuteError", f"Cannot execute query, error - {GONE}"),
            ("ConnectionExecuteError", f"Cannot execute query, error - {GONE}"),
        ),
        (
            "fetch",
            ("ConnectionExecuteError", f"Cannot execute query, error - {GONE}"),
            ("ConnectionExecuteError", f"Cannot execute query, error - {GONE}"),
        ),
        ("fetch_row", ("DatabaseError", GONE), ("ConnectionExecuteError", GONE)),
        ("fetch_val", ("DatabaseError", GONE), ("ConnectionExecuteError", GONE)),
        ("execute_batch", ("DatabaseError", GONE), ("DatabaseError", GONE)),
    ],
)
async def test_a_lost_connection_by_method(
    scripted: Subject, method: str, new: tuple[str, str], known: tuple[str, str]
) -> None:
    run = getattr(scripted.conn, method)
    await scripted.conn.fetch_row(KNOWN)
    await scripted.kill(NEW, KNOWN)
    assert await outcome(lambda: run(NEW)) == Raised(*new)
    assert await outcome(lambda: run(NEW)) == Raised(*new)
    assert await outcome(lambda: run(KNOWN)) == Raised(*known)


async def test_a_lost_connection_by_every_other_method(scripted: Subject) -> None:
    conn = scripted.conn
    prepared = await conn.prepare(KNOWN)
    await scripted.kill(NEW)
    await outcome(lambda: conn.execute(NEW))
    gone = Raised("DatabaseError", GONE)
    assert await outcome(lambda: conn.execute_many(MANY, [[1]])) == Raised(
        "ConnectionExecuteError", f"Cannot build statement in execute_many: {GONE}"
    )
    assert await outcome(lambda: conn.prepare(NEW)) == gone
    assert await outcome(prepared.execute) == gone
    assert await outcome(conn.cursor(NEW).start) == gone
    assert await outcome(lambda: conn.copy_records_to_table(*COPY)) == gone
    assert await outcome(conn.transaction().begin) == Raised(
        "TransactionBeginError",
        f"Transaction begin error: Cannot start transaction due to - {GONE}",
    )
    assert conn.is_closed() is True  # it was not closed by us: see the name


@pytest.mark.parametrize(
    ("method", "arguments", "expected"),
    [
        ("execute", (NEW,), ("DatabaseError", GONE)),
        ("fetch_val", (NEW,), ("DatabaseError", GONE)),
        ("execute_batch", (BATCH,), ("DatabaseError", GONE)),
        ("pipeline", ([(NEW, [])],), ("DatabaseError", GONE)),
        ("create_savepoint", ("s",), ("DatabaseError", GONE)),
        ("rollback_savepoint", ("s",), ("DatabaseError", GONE)),
        ("release_savepoint", ("s",), ("DatabaseError", GONE)),
        (
            "execute_many",
            (MANY, [[1]]),
            ("ConnectionExecuteError", f"Cannot build statement in execute_many: {GONE}"),
        ),
        (
            "commit",
            (),
            (
                "TransactionCommitError",
                f"Transaction commit error: Cannot execute COMMIT statement, error - {GONE}",
            ),
        ),
        (
            "rollback",
            (),
            (
                "TransactionRollbackError",
                f"Transaction rollback error: Cannot execute ROLLBACK statement, error - {GONE}",
            ),
        ),
    ],
)
async def test_a_connection_lost_in_a_transaction(
    scripted: Subject, method: str, arguments: tuple[Any, ...], expected: tuple[str, str]
) -> None:
    transaction = scripted.conn.transaction()
    await transaction.begin()
    await transaction.create_savepoint("s")
    await scripted.kill("SELECT 4")
    await outcome(lambda: transaction.execute("SELECT 4"))
    assert await outcome(lambda: getattr(transaction, method)(*arguments)) == Raised(*expected)
    assert await scripted.conn.in_transaction() is True
    assert await outcome(transaction.commit) == Raised(
        "TransactionCommitError",
        f"Transaction commit error: Cannot execute COMMIT statement, error - {GONE}",
    )


async def test_a_block_on_a_lost_connection_ends_with_the_failed_rollback(
    scripted: Subject,
) -> None:
    assert await outcome(lambda: lose_in_block(scripted)) == Raised(
        "TransactionRollbackError",
        f"Transaction rollback error: Cannot execute ROLLBACK statement, error - {GONE}",
    )


async def lose_in_block(subject: Subject) -> None:
    async with subject.conn.transaction() as transaction:
        await subject.kill(NEW)
        await transaction.execute(NEW)


async def test_a_fatal_error_ends_the_connection(subject: Subject) -> None:
    from understudy import db_error

    suicide = "SELECT pg_terminate_backend(pg_backend_pid())"
    subject.on(suicide).raises(db_error("57P01", driver="psqlpy"))
    assert await outcome(lambda: subject.conn.execute(suicide)) == Raised(
        "ConnectionExecuteError",
        "Cannot execute query, error - db error: FATAL: "
        "terminating connection due to administrator command",
    )
    assert await outcome(lambda: subject.conn.execute(NEW)) == Raised(
        "ConnectionExecuteError", f"Cannot execute query, error - {GONE}"
    )


async def test_a_closed_connection_refuses_everything(scripted: Subject) -> None:
    conn = scripted.conn
    assert await outcome(conn.close) is None
    for method in ("execute", "fetch", "fetch_row", "fetch_val", "execute_batch", "prepare"):
        run = getattr(conn, method)
        assert await outcome(lambda run=run: run(NEW)) == CLOSED
    assert await outcome(lambda: conn.execute_many(MANY, [[1]])) == CLOSED
    assert await outcome(conn.transaction) == CLOSED
    assert await outcome(conn.cursor(NEW).start) == CLOSED
    assert await conn.in_transaction() is False
    assert await outcome(conn.close) is None


async def test_leaving_acquire_gives_the_connection_back(scripted: Subject) -> None:
    async with scripted.pool.acquire() as conn:
        assert await outcome(lambda: conn.fetch_val(NEW)) == 1
    assert await outcome(lambda: conn.fetch_val(NEW)) == CLOSED


async def test_leaving_a_pools_connection_gives_it_back(scripted: Subject) -> None:
    async with scripted.conn as conn:
        assert conn is scripted.conn
    assert await outcome(lambda: conn.fetch_val(NEW)) == CLOSED


async def test_acquire_cannot_be_awaited(scripted: Subject) -> None:
    async def take() -> object:
        return await scripted.pool.acquire()

    kind = "builtins.Connection" if scripted.real else "Acquiring"
    if sys.version_info >= (3, 14):
        text = f"'{kind}' object can't be awaited"
    else:
        text = f"object {kind} can't be used in 'await' expression"
    assert await outcome(take) == Raised("TypeError", text)
