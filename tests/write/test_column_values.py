"""Numbers that a column takes."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import psycopg
import pytest

from understudy.embedded import EmbeddedServer
from understudy.rows.schema_reader import read_schema
from understudy.rows.table_facts import Schema
from understudy.write import column_values

TYPES = {
    "priority": "int NOT NULL CHECK (priority BETWEEN 1 AND 5)",
    "priced": "numeric NOT NULL CHECK (priced > 100)",
    "stars": "numeric(2,1) NOT NULL",
    "temperature": "float8 NOT NULL CHECK (temperature < -20)",
    '"share"': "percentage NOT NULL",
    "discount": "numeric(5,2) NOT NULL CHECK (discount >= 0 AND discount <= 1)",
    "delta": "int NOT NULL CHECK (abs(delta) < 1000)",
    "code": "text NOT NULL CHECK (length(code) >= 4)",
}


@pytest.fixture(scope="module")
def connection() -> Iterator[psycopg.Connection]:
    with EmbeddedServer() as server:
        server.admin.create("numbers")
        with psycopg.connect(server.dsn("numbers"), autocommit=True) as opened:
            columns = ", ".join(f"{name} {kind}" for name, kind in TYPES.items())
            opened.execute("CREATE DOMAIN percentage AS int CHECK (VALUE >= 0 AND VALUE <= 10)")
            opened.execute(f"CREATE TABLE things ({columns})".encode())
            yield opened


@pytest.fixture(scope="module")
def schema(connection: psycopg.Connection) -> Schema:
    return read_schema(connection)


def test_postgresql_takes_the_values_of_each_column(
    connection: psycopg.Connection, schema: Schema
) -> None:
    (table,) = schema.tables.values()
    for number in range(12):
        values = [column_values.value(schema, table, one, number) for one in table.columns]
        places = ", ".join(["%s"] * len(values))
        with connection.transaction(force_rollback=True):
            connection.execute(f"INSERT INTO things VALUES ({places})".encode(), values)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("priority", [1, 2, 3]),
        ("stars", [Decimal(0), Decimal(1)]),
        ("discount", [Decimal(0), Decimal("0.1")]),
        ("delta", [11, 12, 13]),
    ],
)
def test_values_are_others_and_in_order(schema: Schema, name: str, expected: list[object]) -> None:
    (table,) = schema.tables.values()
    column = table.column(name)
    found = [column_values.value(schema, table, column, number) for number in range(3)]

    assert found[: len(expected)] == expected
    assert found == sorted(set(found))


def test_numbers_that_the_column_takes_come_first(schema: Schema) -> None:
    (table,) = schema.tables.values()
    column = table.column("priority")

    assert column_values.within([11, 5, 12], schema, table, column) == [5, 11, 12]
    assert column_values.within([11, 12], schema, table, column) == [1, 2, 3, 11, 12]
