"""Read rows beside the statements of a test, whatever its clients have set."""

from __future__ import annotations

from collections.abc import Sequence

from understudy.real_postgres import upstream_requests
from understudy.real_postgres.upstream import Upstream
from understudy.real_postgres.upstream_replies import rows

_SAVEPOINT = '"understudy: aside"'
# Which rows there are must not depend on a client's role and row-level security.
_AS_LOGGED_IN = ("SET SESSION AUTHORIZATION DEFAULT", "SET statement_timeout = 0")


def read_aside(
    upstream: Upstream, before: Sequence[str], sql: str
) -> Sequence[tuple[str | None, ...]]:
    """Return the rows of a query in the open transaction, and undo what it leaves.

    Args:
        upstream: the connection to the real server, on which no request runs.
        before: statements to run first, which stay.
        sql: the query; it may begin with statements that set parameters.

    Raises:
        ServerError: the query failed.
    """
    statements = [*before, f"SAVEPOINT {_SAVEPOINT}", *_AS_LOGGED_IN, sql]
    reply = upstream.ask_now(upstream_requests.query(";".join(statements)))
    undo = f"ROLLBACK TO SAVEPOINT {_SAVEPOINT};RELEASE SAVEPOINT {_SAVEPOINT}"
    upstream.ask_now(upstream_requests.query(undo))
    return rows(reply)
