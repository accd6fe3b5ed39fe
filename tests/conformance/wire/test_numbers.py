"""The OIDs and sizes of types are those of PostgreSQL and psycopg."""

from __future__ import annotations

import psycopg
import pytest
from psycopg.postgres import types as registry

from tests.catalog.servers import VERSIONS, server_of
from understudy.pg.types import BUILT_IN, Types

# The rows of the system catalogs are types, too, but none that a client meets; nor are those in
# which two kinds of index hold their summaries.
_TYPES = """
    SELECT format_type(t.oid, NULL), t.oid, t.typlen
    FROM pg_type t LEFT JOIN pg_type e ON e.oid = t.typelem
    WHERE t.oid < 16384 AND t.typnamespace = 'pg_catalog'::regnamespace AND t.typtype <> 'p'
        AND t.typrelid = 0 AND coalesce(e.typrelid, 0) = 0 AND t.typname NOT LIKE '%brin%'
"""


@pytest.mark.parametrize("version", VERSIONS)
def test_built_in_types_are_numbered_as_pg_type_numbers_them(version: int) -> None:
    with server_of(version) as server, psycopg.connect(server.dsn()) as connection:
        real = {name: (oid, size) for name, oid, size in connection.execute(_TYPES.encode())}

    ours = {name: (item.oid, item.size) for name, item in BUILT_IN.items() if item.kind != "pseudo"}
    known = {name: numbers for name, numbers in ours.items() if name in real}
    assert known == {name: real[name] for name in known}
    assert set(ours) - set(real) == {"record[]"}
    assert set(real) - set(ours) == set()


def test_psycopg_numbers_them_so_too() -> None:
    types = Types({})

    for info in registry:
        found = types.numbered(info.oid)
        assert found is not None, info
        if info.array_oid:
            array = types.numbered(info.array_oid)
            assert array is not None, info
            assert array.of == found.name
