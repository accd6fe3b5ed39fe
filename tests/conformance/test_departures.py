"""Where the fakes depart from psqlpy on purpose: each departure, both sides of it, and why.

A fake may be stricter than the driver and never more lenient, except where hand-written fakes have
an established behaviour.
"""

from __future__ import annotations

from tests.conformance.fake_and_real import Raised, Stage, data, outcome
from understudy import db_error

INSERT = "INSERT INTO users (id) VALUES ($1)"
GIVEN_BACK = Raised("ConnectionClosedError", "Underlying connection is returned to the pool")


async def test_execute_many_answers_the_row_count(stage: Stage) -> None:
    """Hand-written fakes do; code that reads psqlpy's None cannot be written by mistake."""
    stage.on(INSERT).tag("INSERT 0 2")
    answer = await stage.conn.execute_many(INSERT, [[1], [2]])
    assert data(answer) == (None if stage.real else 2)


async def test_a_missing_statement_is_refused_when_the_call_is_awaited(stage: Stage) -> None:
    """A fake's methods are coroutine functions, which autospec and FastAPI can tell."""
    if stage.real:
        assert (await outcome(lambda: stage.conn.execute() and None)).kind == "TypeError"
    else:
        call = stage.conn.execute()
        assert (await outcome(lambda: call)).kind == "TypeError"


async def test_a_transaction_does_not_outlive_its_connection(stage: Stage) -> None:
    """Psqlpy goes on using a connection that was given back and may be somebody else's by then."""
    stage.on("SELECT 1 AS a").optional().row(a=1)
    transaction = stage.conn.transaction()
    await transaction.begin()
    stage.conn.close()
    late = await outcome(lambda: transaction.fetch_val("SELECT 1 AS a"))
    assert late == (1 if stage.real else GIVEN_BACK)
    if not stage.real:
        transaction.connection._state.closed = None  # to end it, for the end of this test
    await transaction.rollback()


async def test_a_prepared_statement_does_not_outlive_its_connection(stage: Stage) -> None:
    """As for a transaction."""
    stage.on("SELECT 1 AS a").optional().row(a=1)
    prepared = await stage.conn.prepare("SELECT 1 AS a")
    stage.conn.close()
    assert await outcome(prepared.execute) == ([{"a": 1}] if stage.real else GIVEN_BACK)


async def test_copy_on_a_closed_connection_is_refused(stage: Stage) -> None:
    """Psqlpy answers that it has written no row, and the rows are lost."""
    stage.conn.close()
    copied = await outcome(
        lambda: stage.conn.copy_records_to_table("users", [(1,)], columns=["id"])
    )
    assert copied == (0 if stage.real else GIVEN_BACK)


async def test_prepare_does_not_know_that_a_statement_is_wrong(stage: Stage) -> None:
    """The script says what comes of running it; the verdict on a statement is the catalog's."""
    statement = "SELECT colour FROM users"
    stage.on(statement).optional().raises(db_error("42703", column="colour", driver="psqlpy"))
    unknown = Raised("DatabaseError", 'db error: ERROR: column "colour" does not exist')
    if stage.real:
        assert await outcome(lambda: stage.conn.prepare(statement)) == unknown
    else:
        prepared = await stage.conn.prepare(statement)
        assert await outcome(prepared.execute) == unknown


async def test_too_few_parameters_are_the_catalogs_to_find(stage: Stage) -> None:
    """The script compares parameters with what a rule names; it cannot count a statement's own."""
    statement = "SELECT $1::int4 AS n"
    stage.on(statement).row(n=1)
    expected = (
        Raised("ConnectionExecuteError", "expected 1 parameters but got 0") if stage.real else 1
    )
    assert await outcome(lambda: stage.conn.fetch_val(statement)) == expected


async def test_a_statement_of_the_connection_itself_inside_a_transaction(stage: Stage) -> None:
    """Worded like one of the transaction: which of the two handles it came by is not passed on."""
    statement = "SELECT colour FROM users"
    stage.on(statement).raises(db_error("42703", column="colour", driver="psqlpy"))
    transaction = stage.conn.transaction()
    await transaction.begin()
    kind = (await outcome(lambda: stage.conn.execute(statement))).kind
    assert kind == ("ConnectionExecuteError" if stage.real else "DatabaseError")
    await transaction.rollback()


async def test_a_statement_that_is_not_to_be_prepared(stage: Stage) -> None:
    """`prepared=False` is accepted and changes nothing, in an aborted transaction neither."""
    stage.on("SELECT 1 AS a").row(a=1)
    stage.on("SELECT 1 / 0").raises(db_error("22012", driver="psqlpy"))
    transaction = stage.conn.transaction()
    await transaction.begin()
    await transaction.fetch("SELECT 1 AS a", None, False)
    await outcome(lambda: transaction.fetch("SELECT 1 / 0"))
    kind = (await outcome(lambda: transaction.fetch("SELECT 1 AS a", None, False))).kind
    assert kind == ("DatabaseError" if stage.real else "ConnectionExecuteError")
    await transaction.rollback()
