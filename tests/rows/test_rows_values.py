"""Generated values: by column name, by type, and repeatable."""

from __future__ import annotations

import datetime as dt
import re
import sys
from decimal import Decimal
from random import Random
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from understudy.catalog.schema_reader import DatabaseType
from understudy.pg.sample_values import GENERATORS
from understudy.rows import Rows, column_hints
from understudy.rows.column_hints import ColumnHints
from understudy.rows.table_facts import Column, Schema, Table
from understudy.rows.value_generator import ValueGenerator

PEOPLE = """
    CREATE TABLE people (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        email text NOT NULL, "firstName" text NOT NULL, home_city varchar(100) NOT NULL,
        country_code char(2) NOT NULL, cpf text NOT NULL, nick text NOT NULL,
        code varchar(3) NOT NULL
    )
"""


def test_a_columns_name_suggests_its_value(rows: Any) -> None:
    row = rows(PEOPLE).insert("people")

    assert re.fullmatch(r"\S+@\S+", row.email)
    assert row.firstName.isalpha()
    assert row.home_city.istitle()
    assert re.fullmatch("[A-Z]{2}", row.country_code)
    assert re.fullmatch(r"nick \d+", row.nick)
    assert re.fullmatch("[a-z]{3}", row.code)


def test_values_that_only_some_locales_have(rows: Any) -> None:
    brazilian = rows(PEOPLE, locale="pt_BR").insert("people")
    american = rows("SELECT", locale="en_US").insert("people")

    assert re.fullmatch(r"\d{3}\.\d{3}\.\d{3}-\d\d", brazilian.cpf)
    assert re.fullmatch(r"cpf \d+", american.cpf)


def test_a_seed_repeats_and_another_differs(rows: Any, connection: psycopg.Connection[Any]) -> None:
    first = rows(PEOPLE, seed="one").insert("people")
    again = Rows(lambda: connection, "one").insert("people")
    other = Rows(lambda: connection, "two").insert("people")

    assert {**first, "id": 2} == again
    assert first.email != other.email


def test_without_faker_a_text_is_named_for_its_column(
    rows: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "faker", None)
    monkeypatch.setattr(column_hints, "_faker", column_hints._faker.__wrapped__)

    row = rows(PEOPLE).insert("people")

    assert row.email.startswith("email ")
    assert len(row.country_code) == 2


def test_defaults_and_nullable_columns_are_left_to_the_database(rows: Any) -> None:
    schema = """
        CREATE DOMAIN points AS int NOT NULL DEFAULT 3;
        CREATE TABLE things (
            id serial PRIMARY KEY, note text, at timestamptz NOT NULL DEFAULT '2000-01-01Z',
            points points, double int GENERATED ALWAYS AS (id * 2) STORED
        )
    """
    row = rows(schema).insert("things")

    assert row == {
        "id": 1,
        "note": None,
        "at": dt.datetime(2000, 1, 1, tzinfo=dt.UTC),
        "points": 3,
        "double": 2,
    }


def test_types_of_the_schema(rows: Any) -> None:
    schema = """
        CREATE TYPE mood AS ENUM ('sad', 'ok');
        CREATE TYPE pair AS (number int, text text);
        CREATE DOMAIN age AS smallint NOT NULL;
        CREATE TABLE things (
            mood mood NOT NULL, moods mood[] NOT NULL, pair pair NOT NULL, age age,
            ages age[] NOT NULL, tags text[] NOT NULL, grid int[][] NOT NULL,
            during tstzrange NOT NULL, numbers int4multirange NOT NULL, data jsonb NOT NULL,
            price numeric(4, 1) NOT NULL, bits bit(3) NOT NULL
        )
    """
    row = rows(schema).insert("things")

    assert row.mood in ("sad", "ok")
    assert row.moods in (["sad"], ["ok"])
    assert row.pair.startswith("(")
    assert 1 <= row.age <= 9999
    assert (len(row.ages), len(row.tags), len(row.grid)) == (1, 1, 1)
    assert row.during.lower <= row.during.upper
    assert len(row.numbers) == 1
    assert row.data == {}
    assert Decimal("0.1") <= row.price <= Decimal("999.9")
    assert len(row.bits) == 3


@pytest.mark.parametrize("name", sorted(GENERATORS))
def test_every_value_is_one_of_its_type(name: str, connection: psycopg.Connection[Any]) -> None:
    values = [str(GENERATORS[name](Random(seed))) for seed in range(100)]

    refused = connection.execute(
        "SELECT v FROM unnest(%s::text[]) AS v WHERE NOT pg_input_is_valid(v, %s)",
        [values, name],
    ).fetchall()

    assert refused == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(), precision=st.integers(1, 1000), scale=st.integers(-1000, 1000))
def test_a_numeric_has_its_precision_and_scale(
    connection: psycopg.Connection[Any], seed: int, precision: int, scale: int
) -> None:
    spelled = f"numeric({precision},{scale})"
    typmod = ((precision << 16) | (scale & 0x7FF)) + 4
    numeric = DatabaseType(1700, "numeric", "numeric", "base", 0, -1, False, False)
    column = Column("n", numeric, spelled, typmod, True, None, "", False)

    text = ValueGenerator(Schema({}, {}, {}), Random(seed), ColumnHints("", None).value).for_column(
        Table(0, "", "", "r", 0), column
    )

    query = "SELECT pg_input_is_valid(%s, %s)"
    assert connection.execute(query, [text, spelled]).fetchone() == (True,)
