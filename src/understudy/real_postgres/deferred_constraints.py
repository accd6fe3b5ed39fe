"""Deferred constraints, checked where a client commits, though nothing is committed."""

from __future__ import annotations

from understudy.real_postgres import upstream_requests
from understudy.real_postgres.upstream import Upstream
from understudy.real_postgres.upstream_replies import Reply, rows

# Whether any can be deferred, and the names of those that are from the start.
_FIND = """
    SELECT count(*), string_agg(DISTINCT format('%I.%I', nspname, conname), ', ')
        FILTER (WHERE condeferred)
    FROM pg_catalog.pg_constraint
    JOIN pg_catalog.pg_namespace ON pg_namespace.oid = connamespace
    WHERE condeferrable
"""


class Constraints:
    """The constraints of a database that can be deferred."""

    def __init__(self) -> None:
        self._some = False
        self._names = ""
        self._are_immediate = False

    def learn(self, upstream: Upstream) -> None:
        """Ask which there are."""
        self._read(upstream.ask_now(upstream_requests.query(_FIND)))
        self._are_immediate = False

    def may_be_deferred(self, has_defined: bool) -> bool:
        """Say whether there is something to check; a test that changes the schema may add it."""
        return self._some or has_defined

    def check(self) -> bytes:
        """Return the request that checks all that is deferred."""
        return upstream_requests.query(f"{_FIND};SET CONSTRAINTS ALL IMMEDIATE")

    def checked(self, reply: Reply) -> None:
        """Take note of what came of it: they are immediate, for all that follows."""
        self._read(reply)
        self._are_immediate = True

    def put_back(self) -> list[str]:
        """Return the statements that defer again what is deferred from the start."""
        if not self._are_immediate:
            return []
        self._are_immediate = False
        return [f"SET CONSTRAINTS {self._names} DEFERRED"] if self._names else []

    def forget(self) -> None:
        """Take note that the transaction is over, and all is as it was at its start."""
        self._are_immediate = False

    def _read(self, reply: Reply) -> None:
        [(count, names)] = rows(reply)
        self._some = count != "0"
        self._names = names or ""
