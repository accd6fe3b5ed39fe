"""What a sandbox says of statements, of clients, and of the real server."""

from __future__ import annotations

from understudy.pg.sql import one_line

MARKER = '@pytest.mark.understudy(isolation="clone")'
SERVER_GONE = "the connection to the real PostgreSQL is lost"
IN_TRANSACTION_HINT = (
    "real_postgres isolates this test by rollback: all of it is one transaction. A database of"
    f" its own, with real commits, is {MARKER}."
)


def waited(sql: str, seconds: float, holder: str, statement: str) -> str:
    """Say for whom a statement waited in vain.

    Args:
        sql: the statement.
        seconds: how long it waited.
        holder: where the latest statement of the other connection was sent.
        statement: which that was.
    """
    return (
        f"a statement waited {seconds:g} s for another connection's transaction to end\n"
        f"  sql:     {one_line(sql)}\n"
        f"  waits for the transaction of: {holder}\n"
        f"  its latest statement:         {one_line(statement)}\n"
        "Isolated by rollback, the connections of a test take turns: there is one real transaction"
        " behind them.\n"
        "End that transaction first; or give the test a database of its own:\n"
        f"  {MARKER}"
    )


def stranger(sql: str, who: str) -> str:
    """Say that a statement came from what an earlier test has left running.

    Args:
        sql: the statement.
        who: the task or the thread.
    """
    return (
        f"{who} of an earlier test still sends statements\n"
        f"  sql: {one_line(sql)}\n"
        "It was refused: what it does would befall the test that runs now.\n"
        "End it in the test that starts it (await it, cancel it, join it); if it belongs to all"
        " tests, say so:\n"
        "  real_postgres.allow(it)"
    )
