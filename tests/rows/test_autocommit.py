"""Rows on a connection that is in no transaction, where one INSERT needs none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from understudy.embedded.driver import connect
from understudy.rows import RowRefused, Rows

SCHEMA = """
    CREATE SCHEMA shop;
    CREATE TABLE shop.customers (
        id serial PRIMARY KEY,
        name text NOT NULL CHECK (name <> ''),
        status text NOT NULL UNIQUE CHECK (status IN ('new', 'old'))
    );
    CREATE TABLE shop.orders (
        id serial PRIMARY KEY,
        cents int NOT NULL CHECK (cents > 0),
        customer_id int NOT NULL REFERENCES shop.customers
    );
    CREATE TABLE shop.notes (
        id serial PRIMARY KEY,
        order_id int REFERENCES shop.orders DEFERRABLE INITIALLY DEFERRED
    )
"""


@pytest.fixture
def connection(dsn: str) -> Iterator[psycopg.Connection[Any]]:
    with connect(dsn) as connection:
        connection.execute(SCHEMA.encode())
        yield connection
        connection.execute("DROP SCHEMA shop CASCADE")


@pytest.fixture
def rows(connection: psycopg.Connection[Any]) -> Rows:
    return Rows(lambda: connection, "a test")


def count(connection: psycopg.Connection[Any], table: str) -> int:
    found = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
    assert found is not None
    return int(found[0])


def test_a_row_alone_needs_no_transaction(
    rows: Rows, connection: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(psycopg.Connection, "transaction")

    row = rows.insert("shop.customers")

    assert (row["status"] in ("new", "old"), count(connection, "shop.customers")) == (True, 1)


def test_a_new_parent_of_a_row_that_is_refused_does_not_stay(
    rows: Rows, connection: psycopg.Connection[Any]
) -> None:
    with pytest.raises(RowRefused, match="orders_cents_check"):
        rows.insert("shop.orders", cents=-1)

    assert count(connection, "shop.customers") == 0


def test_a_generated_value_that_is_taken_is_replaced(rows: Rows) -> None:
    found = [rows.insert("shop.customers")["status"] for _ in range(2)]

    assert sorted(found) == ["new", "old"]


def test_a_deferred_constraint_refuses_the_row_when_the_transaction_ends(
    rows: Rows, connection: psycopg.Connection[Any]
) -> None:
    with pytest.raises(
        RowRefused,
        match=r"PostgreSQL refuses the row of shop.notes at the end of its transaction",
    ):
        rows.insert("shop.notes", order_id=1)

    assert count(connection, "shop.notes") == 0
