"""The smallest request of a route: the values of its path."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.write.routed import route_targets
from understudy.catalog.schema_reader import DatabaseType
from understudy.rows.table_facts import Column, Schema, Table
from understudy.write.json_samples import Samples
from understudy.write.route_requests import smallest


def _schema(table: str, column: str, kind: str) -> Schema:
    of = DatabaseType(1, kind, kind, "base", 0, -1, False, False)
    key = Column(column, of, kind, -1, True, None, "", False)
    found = Table(1, "public", table, "r", 0, columns=(key,))
    return Schema({1: found}, {table: 1}, {1: of})


@pytest.mark.parametrize(
    ("name", "table", "column", "kind", "expected"),
    [
        ("book_uid", "books", "uid", "uuid", "00000000-0000-0000-0000-000000000065"),
        ("user_uid", "books", "user_uid", "uuid", "00000000-0000-0000-0000-000000000065"),
        ("note_uuid", "books", "id", "int8", "00000000-0000-0000-0000-000000000065"),
        ("book_id", "books", "id", "int8", "101"),
        ("note_id", "books", "id", "int8", "note id"),
        ("title", "books", "title", "text", "title"),
    ],
)
def test_a_text_in_the_path_is_a_key_if_the_schema_says_so(
    shop_package: Path, name: str, table: str, column: str, kind: str, expected: str
) -> None:
    source = f"""
        from fastapi import FastAPI
        app = FastAPI()

        @app.get("/{{{name}}}/{{zone_id}}")
        async def show({name}: str, zone_id: int):
            return zone_id
        """
    (target,) = route_targets(shop_package, source)

    request = smallest(target, Samples(target.document), None, _schema(table, column, kind))

    assert request.path[name] == expected
    assert request.path["zone_id"] == 201
