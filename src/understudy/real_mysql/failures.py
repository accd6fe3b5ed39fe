"""The failures of a test that is isolated by rollback."""

from __future__ import annotations

from understudy.mysql.sql import readable
from understudy.script.failures import Failure

MARKER = '@pytest.mark.understudy(isolation="delete")'


class CommitsImplicitly(Failure):
    """A statement would commit the transaction that is to be rolled back."""


class IsolationEscaped(Failure):
    """A statement has committed the transaction that was to be rolled back."""


class SharedConnectionLost(Failure):
    """The connection to the real server has ended, and with it what the test wrote."""


class TransactionBusy(Failure):
    """A statement waited for the transaction of another connection, which did not end in time."""


def commits(verb: str, sql: str) -> CommitsImplicitly:
    """Return the failure of a statement that commits."""
    return CommitsImplicitly(
        f"{verb} commits implicitly in MySQL, and real_mysql undoes this test by a rollback. The "
        "statement was not sent.\n"
        f"  sql: {readable(sql)}\n"
        "To let the test commit for real, with its tables put back after it, mark it:\n"
        f"  {MARKER}"
    )


def escaped(sql: str) -> IsolationEscaped:
    """Return the failure of a statement after which no transaction is open."""
    return IsolationEscaped(
        "a statement has ended the transaction that real_mysql rolls back: it committed, perhaps "
        "in a procedure. The database is put back as a whole.\n"
        f"  sql: {readable(sql)}\n"
        f"Mark the test: {MARKER}"
    )


def lost() -> SharedConnectionLost:
    """Return the failure of a test that goes on after its transaction was lost."""
    return SharedConnectionLost(
        "the real server has ended the connection that this test's connections share. What they "
        "wrote before is gone. A packet that is longer than max_allowed_packet of the server does "
        "that.\n"
        f"To give each its own connection, mark the test: {MARKER}"
    )


def busy(sql: str, seconds: float, statement: str) -> TransactionBusy:
    """Return the failure of a statement that waited for another connection's transaction.

    Args:
        sql: the statement.
        seconds: how long it waited.
        statement: the latest statement of the other connection.
    """
    return TransactionBusy(
        f"a statement waited {seconds:g} s for another connection's transaction to end\n"
        f"  sql: {readable(sql)}\n"
        f"  the other connection's latest statement: {readable(statement)}\n"
        "Isolated by rollback, the connections of a test share one real transaction, one at a "
        "time.\n"
        f"End that transaction first, or let the connections commit for real: {MARKER}"
    )
