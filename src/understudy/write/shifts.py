"""Change what a test must not depend on: numbers, the order of rows, values that are generated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

# A row that is updated moves to the end of its table. Triggers would change more than that.
_SHIFT = """
DO $$
DECLARE one record;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR one IN
        SELECT c.oid::regclass AS name, min(quote_ident(a.attname)) AS column_name
        FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
            AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
            AND a.attidentity <> 'a'
        GROUP BY c.oid
    LOOP
        EXECUTE format(
            'UPDATE %1$s SET %2$s = %2$s WHERE ctid = (SELECT min(ctid) FROM %1$s)',
            one.name, one.column_name
        );
    END LOOP;
    FOR one IN
        SELECT c.oid::regclass AS name FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind = 'S' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    LOOP
        PERFORM setval(one.name, nextval(one.name) + 1000);
    END LOOP;
    SET LOCAL session_replication_role = origin;
END $$
"""


def shift(real_postgres: Any) -> None:
    """Advance all sequences, and move the first row of each table to its end."""
    # A COMMIT of its own would be answered by the script of the trial.
    with real_postgres.psycopg.connect_sync(autocommit=True) as connection:
        connection.execute(_SHIFT)


@contextmanager
def other_values(item: pytest.Item) -> Iterator[None]:
    """Give a test another name, and so other values where its rows or `faker` generate them.

    A trial is written as a test with another name, too.
    """
    location = item.location
    item.location = (*location[:2], f"{location[2]} shifted")
    try:
        yield
    finally:
        item.location = location
