"""Check deferred constraints when a client commits, although nothing is committed."""

from __future__ import annotations

from understudy.real_postgres import upstream_requests
from understudy.real_postgres.upstream import Upstream
from understudy.real_postgres.upstream_replies import Reply, rows

# The number of deferrable constraints, and the names of those that are initially deferred.
_FIND = """
    SELECT pg_catalog.count(*), pg_catalog.string_agg(
        DISTINCT pg_catalog.format('%I.%I', nspname, conname), ', ')
        FILTER (WHERE condeferred)
    FROM pg_catalog.pg_constraint
    JOIN pg_catalog.pg_namespace ON pg_namespace.oid = connamespace
    WHERE condeferrable
"""
CHECK = upstream_requests.query(f"{_FIND};SET CONSTRAINTS ALL IMMEDIATE")


class DeferredConstraints:
    """The deferrable constraints of a database."""

    def __init__(self) -> None:
        self._any = False
        self._names = ""
        self._are_immediate = False

    def read_from(self, upstream: Upstream) -> None:
        """Read the constraints from the real server."""
        self._read(upstream.ask_now(upstream_requests.query(_FIND)))
        self._are_immediate = False

    def may_exist(self, changed_schema: bool) -> bool:
        """Return whether there may be any; a test that changes the schema may add one."""
        return self._any or changed_schema

    def note_checked(self, reply: Reply) -> None:
        """Record the reply to CHECK, after which all constraints are immediate."""
        self._read(reply)
        self._are_immediate = True

    def restore_statements(self) -> list[str]:
        """Return the statements that defer the initially deferred constraints again."""
        if not self._are_immediate:
            return []
        self._are_immediate = False
        return [f"SET CONSTRAINTS {self._names} DEFERRED"] if self._names else []

    def note_rollback(self) -> None:
        """Record that the transaction has ended, which resets all constraints."""
        self._are_immediate = False

    def _read(self, reply: Reply) -> None:
        [(count, names)] = rows(reply)
        self._any = count != "0"
        self._names = names or ""
