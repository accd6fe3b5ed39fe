"""An app that registers codecs when it connects goes on without a schema, too."""

from __future__ import annotations

import enum
import json
from decimal import Decimal
from typing import Any

import asyncpg
import pgvector.asyncpg
import pgvector.psycopg
import psycopg
import pytest
from pgvector import Vector
from psycopg.types import TypeInfo
from psycopg.types.composite import CompositeInfo, register_composite
from psycopg.types.enum import EnumInfo, register_enum

from understudy import FakePostgres


class Mood(enum.Enum):
    SAD = "sad"


@pytest.mark.parametrize(("form", "type_name"), [("text", "mood"), ("binary", "vector")])
async def test_asyncpg_sets_a_codec_for_a_type_of_the_schema(
    fake_postgres: FakePostgres, form: str, type_name: str
) -> None:
    fake_postgres.on(f"SELECT 1 AS v WHERE $1::{type_name} IS NOT NULL").value(1)
    conn = await fake_postgres.asyncpg.connect()

    def encode(value: Any) -> Any:
        return value.value if form == "text" else b"\0\1\0\0\x3f\x80\0\0"

    await conn.set_type_codec(type_name, schema="public", encoder=encode, decoder=str, format=form)
    await conn.fetch(f"SELECT 1 AS v WHERE $1::{type_name} IS NOT NULL", Mood.SAD)

    sent = fake_postgres.calls[0].parameters
    assert sent == (["sad"] if form == "text" else [[1.0]])


async def test_asyncpg_sets_a_codec_for_json(fake_postgres: FakePostgres) -> None:
    fake_postgres.on("SELECT doc FROM t").row(doc={"a": [1, None]})
    conn = await fake_postgres.asyncpg.connect()
    for name in ("json", "jsonb"):
        await conn.set_type_codec(name, schema="pg_catalog", encoder=json.dumps, decoder=json.loads)

    assert await conn.fetchval("SELECT doc FROM t") == {"a": [1, None]}


@pytest.mark.parametrize(
    ("type_name", "value"),
    [
        ("int[]", [1, 2]),
        ("text[]", ["a", None]),
        ("uuid[]", []),
        ("jsonb[]", ["[1]"]),
        ("int4range", asyncpg.Range(1, 3)),
    ],
)
async def test_asyncpg_reads_types_that_it_has_to_look_up(
    fake_postgres: FakePostgres, type_name: str, value: Any
) -> None:
    statement = f"SELECT 1 AS v WHERE $1::{type_name} IS NOT NULL"
    fake_postgres.on(statement, value).value(1)
    conn = await fake_postgres.asyncpg.connect()

    assert await conn.fetchval(statement, value) == 1


def test_psycopg_registers_types(fake_postgres: FakePostgres) -> None:
    fake_postgres.on("SELECT 1 AS v WHERE $1 = 'sad'::mood", "SAD").value(1)
    with psycopg.connect(fake_postgres.dsn) as conn:
        mood = EnumInfo.fetch(conn, "mood")
        pair = CompositeInfo.fetch(conn, "pair")
        vector = TypeInfo.fetch(conn, "vector")
        assert mood is not None
        assert pair is not None
        assert vector is not None
        register_enum(mood, conn, Mood)
        register_composite(pair, conn)
        vector.register(conn)

        found = conn.execute("SELECT 1 AS v WHERE %s = 'sad'::mood", [Mood.SAD]).fetchone()

    assert found == (1,)
    assert len({mood.oid, mood.array_oid, pair.oid, vector.oid}) == 4


def test_rows_of_a_binary_copy_have_the_types_of_their_values(fake_postgres: FakePostgres) -> None:
    copy = "COPY users TO STDOUT (FORMAT binary)"
    row = (7, "Ana", 1.5, True, None, Decimal("1.50"), [1, 2])
    types = ["int4", "text", "float8", "bool", "text", "numeric", "int4[]"]
    fake_postgres.on(copy).rows(row, (None, *row[1:]))

    with psycopg.connect(fake_postgres.dsn) as conn, conn.cursor().copy(copy) as rows:
        rows.set_types(types)
        assert list(rows.rows()) == [row, (None, *row[1:])]


@pytest.mark.parametrize(
    ("options", "data"),
    [
        ("", b"1\tAna\n2\tBob\n"),
        (
            "(FORMAT binary)",
            b"PGCOPY\n\xff\r\n\0" + bytes(8)
            + b"\0\2\0\0\0\4\0\0\0\1\0\0\0\3Ana" + b"\0\2\0\0\0\4\0\0\0\2\0\0\0\3Bob\xff\xff",
        ),
    ],
)  # fmt: skip
def test_psycopg_reads_the_rows_in_the_bytes_of_a_copy(
    fake_postgres: FakePostgres, options: str, data: bytes
) -> None:
    copy = f"COPY users TO STDOUT {options}"
    fake_postgres.on(copy).value(data)

    with psycopg.connect(fake_postgres.dsn) as conn, conn.cursor().copy(copy) as rows:
        rows.set_types(["int4", "text"])
        assert list(rows.rows()) == [(1, "Ana"), (2, "Bob")]


NEAREST = "SELECT id FROM items ORDER BY embedding <-> {}::vector LIMIT 1"


async def test_pgvector_registers_its_types_with_asyncpg(fake_postgres: FakePostgres) -> None:
    fake_postgres.on(NEAREST.format("$1"), [1, 2]).row(id=7)
    conn = await fake_postgres.asyncpg.connect()
    await pgvector.asyncpg.register_vector(conn)

    assert await conn.fetchval(NEAREST.format("$1"), Vector([1, 2])) == 7


def test_pgvector_registers_its_types_with_psycopg(fake_postgres: FakePostgres) -> None:
    fake_postgres.on(NEAREST.format("$1"), [1, 2]).row(id=7)
    with psycopg.connect(fake_postgres.dsn) as conn:
        pgvector.psycopg.register_vector(conn)
        cursor = conn.execute(NEAREST.format("%s"), [Vector([1, 2])])
        assert cursor.fetchone() == (7,)
