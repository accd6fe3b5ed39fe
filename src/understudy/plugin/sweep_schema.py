"""The schema that a sweep violates the constraints of."""

from __future__ import annotations

from contextlib import ExitStack, closing

import pytest

from understudy.catalog.description import SchemaFacts
from understudy.plugin.settings import Settings

# NO ACTION and RESTRICT; the others change or delete the rows that refer to a deleted one.
_RESTRICTING = """
    SELECT conname FROM pg_catalog.pg_constraint WHERE contype = 'f' AND confdeltype IN ('a', 'r')
"""


def read_schema(config: pytest.Config, settings: Settings) -> tuple[SchemaFacts | None, set[str]]:
    """Return the schema, and the foreign keys that let no row be deleted to which others refer.

    It is asked of the server and not of the catalog, which may be locked, or of another schema.
    """
    if not settings.schema:
        return None, set()
    # Only now: a sweep without a schema needs no server.
    from understudy.catalog.describer import Describer
    from understudy.catalog.own_connection import connect
    from understudy.embedded.errors import PostgresError
    from understudy.plugin import databases

    with ExitStack() as stack:
        try:
            dsn = stack.enter_context(databases.clone(config))
        except PostgresError:  # tests on fake_postgres need no server
            return None, set()
        describer = stack.enter_context(closing(Describer(dsn)))
        connection = stack.enter_context(connect(dsn))
        rows = connection.execute(_RESTRICTING).fetchall()
        return describer.schema_facts(), {row[0] for row in rows}
