"""Scripted rows of a COPY TO are the bytes that the real server sends."""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import psycopg
import pytest

from tests.conformance.drivers.relay import Relay
from tests.conformance.drivers.servers import FakeServer
from understudy.fake_postgres.server import Server
from understudy.script import expectations
from understudy.script.failures import NotSupported

ROWS: list[dict[str, Any]] = [
    {"n": 1, "text": 'a "quoted", text'},
    {"n": None, "text": ""},
    {"n": -7, "text": None},
    {"n": 0, "text": "tab\t line\nreturn\r \\ back\b \f \v ;|'"},
    {"n": 3, "text": "\\."},
    {"n": 4, "text": "NULL"},
    {"n": 5, "text": "\\N é"},
]
OPTIONS = [
    "",
    "WITH (FORMAT text, DELIMITER '|', NULL 'NULL')",
    "WITH (FORMAT text, HEADER)",
    "(FORMAT csv)",
    "(FORMAT 'csv', HEADER true, DELIMITER ';')",
    "(FORMAT csv, HEADER false, NULL 'NULL')",
    "(FORMAT csv, QUOTE '''', ESCAPE '\\')",
    "(FORMAT csv, ESCAPE '\\')",
    "(FORMAT csv, FORCE_QUOTE *)",
    '(FORMAT csv, FORCE_QUOTE ("text"), HEADER)',
    "WITH CSV HEADER DELIMITER AS ';' NULL AS '-' QUOTE AS '|' FORCE QUOTE n",
    "WITH DELIMITER E'\\t' NULL 'none'",
    "(FORMAT csv, DELIMITER E'\\t', ENCODING 'LATIN1')",
]
_QUERY = " UNION ALL ".join(
    f"SELECT {'NULL::int' if row['n'] is None else row['n']} AS n, %s::text AS text" for row in ROWS
)


def copied(dsn: str, statement: str) -> bytes:
    with psycopg.connect(dsn, autocommit=True) as conn, conn.cursor().copy(statement) as copy:
        return b"".join(map(bytes, copy))


@pytest.mark.parametrize("options", OPTIONS)
def test_every_option_of_copy_to(
    options: str, drivers_dsn: str, server: Server, fakes_tcp: Relay
) -> None:
    texts = [psycopg.sql.Literal(row["text"]).as_string() for row in ROWS]
    statement = f"COPY ({_QUERY % tuple(texts)}) TO STDOUT {options}"
    with expectations.opened() as book:
        fake = FakeServer(server, fakes_tcp)
        fake.on(statement).rows(*ROWS)

        assert copied(fake.dsn, statement) == copied(drivers_dsn, statement)
        fake.postgres.end()
    assert book.verify() == []


def test_values_are_spelled_as_postgresql_does(
    drivers_dsn: str, server: Server, fakes_tcp: Relay
) -> None:
    row = {
        "a": True,
        "b": b"\0\xff",
        "c": Decimal("1.50"),
        "d": dt.datetime(2024, 1, 2, 3, 4, 5),
        "e": [1, None],
        "f": {"k": [1]},
        "g": UUID(int=1),
        "h": 1.5,
        "i": dt.timedelta(days=1, hours=2),
    }
    query = (
        "SELECT true AS a, '\\x00ff'::bytea AS b, 1.50 AS c, timestamp '2024-01-02 03:04:05' AS d, "
        "'{1,NULL}'::int[] AS e, '{\"k\": [1]}'::jsonb AS f, "
        "'00000000-0000-0000-0000-000000000001'::uuid AS g, 1.5::float8 AS h, "
        "interval '1 day 2 hours' AS i"
    )
    statement = f"COPY ({query}) TO STDOUT (FORMAT csv, HEADER)"
    with expectations.opened():
        fake = FakeServer(server, fakes_tcp)
        fake.on(statement).rows(row)

        assert copied(fake.dsn, statement) == copied(drivers_dsn, statement)


_BINARY = """COPY (SELECT 1::int2 AS a, 'Ana'::text AS b, NULL::int AS c, '{1,NULL}'::int[] AS d,
    'happy'::mood AS e, date '2024-01-02' AS f, 1.50::numeric AS g) TO STDOUT (FORMAT binary)"""
_TYPED = (1, "Ana", None, [1, None], "happy", dt.date(2024, 1, 2), Decimal("1.50"))


@pytest.mark.parametrize("row", [_TYPED, dict(zip("gfedcba", reversed(_TYPED), strict=True))])
def test_rows_of_a_binary_copy_have_the_types_of_the_query(
    row: Any, drivers_dsn: str, server: Server, fakes_tcp: Relay
) -> None:
    with expectations.opened() as book:
        fake = FakeServer(server, fakes_tcp)
        fake.on(_BINARY).rows(row)
        assert copied(fake.dsn, _BINARY) == copied(drivers_dsn, _BINARY)
        fake.postgres.end()
    assert book.verify() == []


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"id": "x"}, "'x' (str) is not a value of integer"),
        ((1, 2), "a row has 2 values for 1 columns"),
        ({"name": "Ana"}, "it has no column 'name'"),
    ],
)
@pytest.mark.parametrize("form", ["text", "binary"])
def test_rows_that_a_copy_cannot_have_are_refused_in_our_own_name(
    form: str, row: Any, problem: str, server: Server, fakes_tcp: Relay
) -> None:
    statement = f"COPY users (id) TO STDOUT (FORMAT {form})"
    with expectations.opened() as book:
        fake = FakeServer(server, fakes_tcp)
        fake.on(statement).rows(row)
        with pytest.raises(psycopg.Error, match="NotSupported: the rows of this COPY cannot"):
            copied(fake.dsn, statement)
        fake.postgres.end()
    (failure,) = book.verify()
    assert isinstance(failure, NotSupported)
    assert problem in str(failure)


async def test_asyncpg_has_the_arguments_of_a_copy_quoted(
    drivers_dsn: str, server: Server, fakes_tcp: Relay
) -> None:
    query = "SELECT $1::int AS n, $2::text AS t, $3::text AS u"
    given = (7, "it's \\ one", None)
    sent = "SELECT '7'::int AS n, E'it''s \\\\ one'::text AS t, NULL::text AS u"
    with expectations.opened() as book:
        fake = FakeServer(server, fakes_tcp)
        fake.on(f"COPY ({sent}) TO STDOUT").rows({"n": 7, "t": given[1], "u": None})
        found = []
        for dsn in (drivers_dsn, fake.dsn):
            conn = await asyncpg.connect(dsn)
            copied_to = io.BytesIO()
            await conn.copy_from_query(query, *given, output=copied_to)
            await conn.close()
            found.append(copied_to.getvalue())

        assert found[0] == found[1] != b""
        fake.postgres.end()
    assert book.verify() == []
