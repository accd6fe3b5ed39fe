"""The schemas that a sweep violates the constraints of."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import ExitStack, closing

import pytest

from understudy.plugin.settings import Settings
from understudy.sweep.faults import Schemas
from understudy.sweep.violations import MysqlSchema, PostgresSchema

# NO ACTION and RESTRICT; the others change or delete the rows that refer to a deleted one.
_RESTRICTING = """
    SELECT conname FROM pg_catalog.pg_constraint WHERE contype = 'f' AND confdeltype IN ('a', 'r')
"""


def read_schemas(config: pytest.Config, settings: Settings, kinds: Collection[str]) -> Schemas:
    """Return the schemas of the databases that tests have used.

    They are asked of the servers and not of the catalogs, which may be locked, or of other schemas.

    Args:
        config: of the run.
        settings: of the project.
        kinds: the kinds of the databases.
    """
    return Schemas(
        _postgres(config) if "postgresql" in kinds and settings.schema else None,
        _mysql(config) if "mysql" in kinds and (settings.mysql_schema or settings.schema) else None,
    )


def _postgres(config: pytest.Config) -> PostgresSchema | None:
    # Only now: a sweep without a schema needs no server.
    from understudy.catalog.describer import Describer
    from understudy.catalog.own_connection import connect
    from understudy.embedded.errors import PostgresError
    from understudy.plugin import databases

    with ExitStack() as stack:
        try:
            dsn = stack.enter_context(databases.clone(config))
        except PostgresError:  # tests on fake_postgres need no server
            return None
        describer = stack.enter_context(closing(Describer(dsn)))
        connection = stack.enter_context(connect(dsn))
        rows = connection.execute(_RESTRICTING).fetchall()
        return PostgresSchema(describer.schema_facts(), {row[0] for row in rows})


def _mysql(config: pytest.Config) -> MysqlSchema | None:
    from understudy.embedded.errors import PostgresError
    from understudy.mysql_catalog.schema import foreign_key_definitions, read_schema
    from understudy.mysql_server.admin import Admin
    from understudy.plugin import mysql_databases

    try:
        place = mysql_databases.shared(config)
    except PostgresError:  # tests on fake_mysql need no server
        return None
    address = place.address.with_database(place.template)
    with Admin(address, server_settings=True) as admin:
        schema = read_schema(admin.connection)
        return MysqlSchema(schema, foreign_key_definitions(admin.connection, schema))
