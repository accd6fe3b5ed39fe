"""Where the fakes depart from psqlpy on purpose: each departure, both sides of it, and why.

A fake may be stricter than the driver and never more lenient, except where hand-written fakes have
an established behaviour.
"""

from __future__ import annotations

from tests.conformance.fake_and_real import Raised, Subject, data, outcome
from understudy import db_error

INSERT = "INSERT INTO users (id) VALUES ($1)"
GIVEN_BACK = Raised("ConnectionClosedError", "Underlying connection is returned to the pool")


async def test_execute_many_answers_the_row_count(subject: Subject) -> None:
    """Hand-written fakes do; code that reads psqlpy's None cannot be written by mistake."""
    subject.on(INSERT).tag("INSERT 0 2")
    answer = await subject.conn.execute_many(INSERT, [[1], [2]])
    assert data(answer) == (None if subject.real else 2)


async def test_a_missing_statement_is_refused_when_the_call_is_awaited(subject: Subject) -> None:
    """A fake's methods are coroutine functions, which autospec and FastAPI can tell."""
    if subject.real:
        assert (await outcome(lambda: subject.conn.execute() and None)).kind == "TypeError"
    else:
        call = subject.conn.execute()
        assert (await outcome(lambda: call)).kind == "TypeError"


async def test_a_transaction_does_not_outlive_its_connection(subject: Subject) -> None:
    """Psqlpy goes on using a connection that was given back and may be somebody else's by then."""
    subject.on("SELECT 1 AS a").optional().row(a=1)
    transaction = subject.conn.transaction()
    await transaction.begin()
    subject.conn.close()
    late = await outcome(lambda: transaction.fetch_val("SELECT 1 AS a"))
    assert late == (1 if subject.real else GIVEN_BACK)
    if not subject.real:
        transaction.connection._state.closed = None  # to end it, for the end of this test
    await transaction.rollback()


async def test_a_prepared_statement_does_not_outlive_its_connection(subject: Subject) -> None:
    """As for a transaction."""
    subject.on("SELECT 1 AS a").optional().row(a=1)
    prepared = await subject.conn.prepare("SELECT 1 AS a")
    subject.conn.close()
    assert await outcome(prepared.execute) == ([{"a": 1}] if subject.real else GIVEN_BACK)


async def test_copy_on_a_closed_connection_is_refused(subject: Subject) -> None:
    """Psqlpy answers that it has written no row, and the rows are lost."""
    subject.conn.close()
    copied = await outcome(
        lambda: subject.conn.copy_records_to_table("users", [(1,)], columns=["id"])
    )
    assert copied == (0 if subject.real else GIVEN_BACK)


async def test_prepare_does_not_know_that_a_statement_is_wrong(subject: Subject) -> None:
    """The script says what comes of running it; the verdict on a statement is the catalog's."""
    statement = "SELECT colour FROM users"
    subject.on(statement).optional().raises(db_error("42703", column="colour", driver="psqlpy"))
    unknown = Raised("DatabaseError", 'db error: ERROR: column "colour" does not exist')
    if subject.real:
        assert await outcome(lambda: subject.conn.prepare(statement)) == unknown
    else:
        prepared = await subject.conn.prepare(statement)
        assert await outcome(prepared.execute) == unknown


async def test_too_few_parameters_are_the_catalogs_to_find(subject: Subject) -> None:
    """The script compares parameters with what a rule names; it cannot count a statement's own."""
    statement = "SELECT $1::int4 AS n"
    subject.on(statement).row(n=1)
    expected = (
        Raised("ConnectionExecuteError", "expected 1 parameters but got 0") if subject.real else 1
    )
    assert await outcome(lambda: subject.conn.fetch_val(statement)) == expected


async def test_a_statement_of_the_connection_itself_inside_a_transaction(subject: Subject) -> None:
    """Worded like one of the transaction: which of the two handles it came by is not passed on."""
    statement = "SELECT colour FROM users"
    subject.on(statement).raises(db_error("42703", column="colour", driver="psqlpy"))
    transaction = subject.conn.transaction()
    await transaction.begin()
    kind = (await outcome(lambda: subject.conn.execute(statement))).kind
    assert kind == ("ConnectionExecuteError" if subject.real else "DatabaseError")
    await transaction.rollback()


async def test_a_statement_that_is_not_to_be_prepared(subject: Subject) -> None:
    """`prepared=False` is accepted and changes nothing, in an aborted transaction neither."""
    subject.on("SELECT 1 AS a").row(a=1)
    subject.on("SELECT 1 / 0").raises(db_error("22012", driver="psqlpy"))
    transaction = subject.conn.transaction()
    await transaction.begin()
    await transaction.fetch("SELECT 1 AS a", None, False)
    await outcome(lambda: transaction.fetch("SELECT 1 / 0"))
    kind = (await outcome(lambda: transaction.fetch("SELECT 1 AS a", None, False))).kind
    assert kind == ("DatabaseError" if subject.real else "ConnectionExecuteError")
    await transaction.rollback()
