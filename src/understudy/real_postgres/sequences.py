"""What no rollback undoes, put back by hand: sequences, and advisory locks."""

from __future__ import annotations

from understudy.real_postgres import upstream_requests
from understudy.real_postgres.upstream import Upstream
from understudy.real_postgres.upstream_replies import rows

_FIND = """
    SELECT format('%I.%I', nspname, relname) FROM pg_catalog.pg_class
    JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace
    WHERE relkind = 'S' AND relpersistence <> 't' ORDER BY 1
"""
_PREPARED = '"understudy: sequences"'


def remember(upstream: Upstream) -> None:
    """Have the server remember where the sequences of a database stand now.

    Only those that have moved are put back: the others cost a look at one page each.
    """
    found = [name for (name,) in rows(upstream.ask_now(upstream_requests.query(_FIND)))]
    # Values stand in the text: they are the server's own numbers, and the names are quoted by it.
    parts = []
    for name in filter(None, found):
        [(value, called)] = rows(
            upstream.ask_now(upstream_requests.query(f"SELECT last_value, is_called FROM {name}"))
        )
        literal = name.replace("'", "''")
        parts.append(
            f"SELECT pg_catalog.setval('{literal}'::regclass, {value}, '{called}') FROM {name}"
            f" WHERE last_value <> {value} OR is_called <> '{called}'"
        )
    body = " UNION ALL ".join(parts) or "SELECT 1 WHERE false"
    upstream.ask_now(upstream_requests.query(f"PREPARE {_PREPARED} AS {body}"))


def put_back() -> str:
    """Return the statements that put them back, outside of a transaction."""
    return f"EXECUTE {_PREPARED};SELECT pg_catalog.pg_advisory_unlock_all();DISCARD SEQUENCES"
