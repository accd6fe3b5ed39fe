"""The failures of a test that is isolated by rollback, and their reports."""

from __future__ import annotations

from dataclasses import replace

from understudy.pg.errors import ServerError
from understudy.pg.sql import one_line
from understudy.script.failures import Failure

AGAIN = "this test is run again on a clone: one rolled-back transaction is not enough for it"
MARKER = '@pytest.mark.understudy(isolation="clone")'
CLONE_GONE = (
    "Understudy has ended this connection: an earlier test opened it to a database of its own,"
    " which is gone. Close it in the test that opens it."
)
SERVER_GONE = "the connection to the real PostgreSQL is lost"
_IN_TRANSACTION_HINT = (
    "real_postgres isolates this test by rollback, in a single transaction. For a database of its"
    f" own, with real commits, mark the test {MARKER}."
)


class IsolationEscaped(Failure):
    """A statement committed the transaction that should have been rolled back."""


class IsolationBroken(Failure):
    """The transaction that isolates a test cannot continue."""


class TransactionBusy(Failure):
    """A statement waited for the transaction of another connection, which did not end in time."""


class NotShownByRollback(Failure):
    """A test did what one rolled-back transaction shows wrongly."""


class OtherDatabase(Failure):
    """A statement came on a connection that is not to the database of the test."""


class LeakedTaskRefused(Failure):
    """A statement came from a task or a thread that an earlier test has left running."""


def busy(sql: str, seconds: float, holder: str, statement: str) -> TransactionBusy:
    """Return the failure of a statement that waited for another connection's transaction.

    Args:
        sql: the statement.
        seconds: how long it waited.
        holder: the place in the test that sent the other connection's latest statement.
        statement: that statement.
    """
    return TransactionBusy(
        f"a statement waited {seconds:g} s for another connection's transaction to end\n"
        f"  sql:     {one_line(sql)}\n"
        f"  waits for the transaction of: {holder}\n"
        f"  its latest statement:         {one_line(statement)}\n"
        "Isolated by rollback, the connections of a test share one real transaction, one at a"
        " time.\n"
        "End that transaction first, or give the test a database of its own:\n"
        f"  {MARKER}"
    )


def other_database(sql: str) -> OtherDatabase:
    """Return the failure of a statement on a connection that is older than the test's clone."""
    return OtherDatabase(
        "this test has a database of its own, and a connection is older than the test\n"
        f"  sql: {one_line(sql)}\n"
        "The connection, of a pool or a fixture that outlives the test, is to the database whose\n"
        "changes are rolled back. Open it in the test or in a fixture of its scope, or mark the"
        " test\n"
        '  @pytest.mark.understudy(isolation="rollback")'
    )


def escaped(sql: str) -> IsolationEscaped:
    """Return the failure of a statement that ended the transaction which isolates the test."""
    return IsolationEscaped(
        "a statement ended the transaction that isolates this test: its changes are committed\n"
        f"  sql: {one_line(sql)}\n"
        "The database was replaced, so that no other test sees them. For a test that needs this:\n"
        f"  {MARKER}"
    )


def not_shown(reason: str) -> NotShownByRollback:
    """Return the failure of a test that saw what PostgreSQL would not do.

    Args:
        reason: what the test does, as the end of a sentence.
    """
    return NotShownByRollback(
        f"this test {reason}\n"
        "Isolated by rollback, all connections share one real transaction, which shows this\n"
        f"wrongly. Give the test a database of its own:\n  {MARKER}\n"
        'or configure isolation = "auto".'
    )


def leaked(sql: str, sender: str) -> LeakedTaskRefused:
    """Return the failure of a statement from a task or thread that an earlier test started."""
    return LeakedTaskRefused(
        f"{sender} of an earlier test still sends statements\n"
        f"  sql: {one_line(sql)}\n"
        "The statement was rejected, because it would affect the current test.\n"
        "End the task or thread in the test that starts it (await, cancel or join it). If all tests"
        " share it:\n"
        "  real_postgres.allow(task)"
    )


def with_hint(error: ServerError) -> ServerError:
    """Add a hint about the marker to an error about running in a transaction."""
    if error.fields.sqlstate == "25001" and error.fields.hint is None:
        error.fields = replace(error.fields, hint=_IN_TRANSACTION_HINT)
    return error
