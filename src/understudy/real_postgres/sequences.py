"""Restore what a rollback does not: sequences and advisory locks."""

from __future__ import annotations

from understudy.pg.sql_spelling import literal
from understudy.real_postgres import upstream_requests
from understudy.real_postgres.upstream import Upstream
from understudy.real_postgres.upstream_replies import rows

_FIND = """
    SELECT format('%I.%I', nspname, relname) FROM pg_catalog.pg_class
    JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace
    WHERE relkind = 'S' AND relpersistence <> 't' ORDER BY 1
"""
_PREPARED = '"understudy: sequences"'


def save_sequences(upstream: Upstream) -> None:
    """Prepare a statement on the server that restores the current values of the sequences.

    It restores those that have changed; each other one costs reading one page.
    """
    found = [name for (name,) in rows(upstream.ask_now(upstream_requests.query(_FIND)))]
    # The values are the server's own numbers, and the server has quoted the names.
    parts = []
    for name in filter(None, found):
        [(value, called)] = rows(
            upstream.ask_now(upstream_requests.query(f"SELECT last_value, is_called FROM {name}"))
        )
        parts.append(
            f"SELECT pg_catalog.setval({literal(name)}::regclass, {value}, '{called}') FROM {name}"
            f" WHERE last_value <> {value} OR is_called <> '{called}'"
        )
    body = " UNION ALL ".join(parts) or "SELECT 1 WHERE false"
    upstream.ask_now(upstream_requests.query(f"PREPARE {_PREPARED} AS {body}"))


def restore_statements() -> str:
    """Return the statements that restore them, to be run outside of a transaction."""
    return f"EXECUTE {_PREPARED};SELECT pg_catalog.pg_advisory_unlock_all();DISCARD SEQUENCES"
