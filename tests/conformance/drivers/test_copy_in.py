"""The rows of a COPY FROM are those that the real server stores, whichever form a driver sends."""

from __future__ import annotations

import io
import struct
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import psqlpy
import psycopg
import pytest

from tests.conformance.drivers.relay import Relay
from tests.conformance.drivers.servers import FakeServer
from understudy.fake_postgres.server import Server
from understudy.pg.copy_rows import SIGNATURE
from understudy.script import expectations

COPY = "COPY users (name, age, mood) FROM STDIN"
ROWS = [
    ("Ana", 7, "happy"),
    ("tab\t \\ line\n \r é", None, None),
    ("\\N", 0, "sad"),
    ("", 1, "sad"),
]

TEXTS = [
    ("", b"a\\tb\t1\thappy\n\\x41\\102\\n\\\\\t\\N\t\\N\n\\.\n"),
    ("", b"a\t1\tsad\r\nb\t2\tsad\r\n"),
    ("", b"a\t1\tsad\rb\t2\tsad"),
    ("", b"one\\\ntwo\t1\tsad\n"),
    ("WITH DELIMITER '|' NULL 'null'", b"a\\|b|null|sad\n"),
    ("(FORMAT text, HEADER)", b"n\ta\tm\na\t1\tsad\n"),
    ("(FORMAT csv)", b'a,,sad\n"",1,\n"x ""y"", \nz",2,"happy"\nq"u,"o,3,sad\n'),
    ("(FORMAT csv, HEADER true, DELIMITER ';')", b"name;age;mood\r\na;1;sad\r\n"),
    ("(FORMAT csv, QUOTE '''', ESCAPE '\\', NULL '-')", b"'it\\'s \\x \\\\',-,'sad'\n"),
    ("(FORMAT csv, FORCE_NOT_NULL (name), FORCE_NULL (age, mood))", b',"",""\n'),
    ("WITH CSV FORCE NOT NULL name", b",1,\n"),
    ("(FORMAT csv, ENCODING 'LATIN1')", "é,1,sad\n".encode("latin-1")),
    ("(FORMAT csv) WHERE age > 0", b"a,1,sad\n"),
    ("(FORMAT csv, HEADER MATCH)", b'"name",age,mood\na,1,sad\n'),
    ("(HEADER match)", b"name\tage\tmood\na\t1\tsad\n"),
    ("(FORMAT csv, DEFAULT 'd')", b'"d",1,sad\n'),
    ("", b""),
]
REFUSED = [
    ("", b"a\t1\tsad\nb\t2\tsad\textra\n"),
    ("", b"a\t1\n"),
    ("", b"a\tx\tsad\n"),
    ("", b"a\t1\tangry-ish\n"),
    ("", b"a\t99999999999\tsad\n"),
    ("", b"a\rb\t1\tsad\n"),
    ("", b"a\xff\t1\tsad\n"),
    ("(FORMAT csv)", b"a,1,sad,\n"),
    ("(FORMAT csv)", b'"a,1,sad\n'),
    ("(FORMAT csv, HEADER MATCH)", b"name,years,mood\na,1,sad\n"),
    ("(FORMAT csv, HEADER MATCH)", b"name,,mood\n"),
    ("(HEADER MATCH)", b"name\t\\N\tmood\n"),
    ("(HEADER MATCH)", b"name\tage\n"),
    ("(FORMAT binary)", b"PGCOPX"),
    ("(FORMAT binary)", SIGNATURE + bytes(8) + struct.pack("!hi", 1, -1)),
]


def send(dsn: str, statement: str, data: bytes) -> list[Any]:
    """Copy data into the table, and return the rows in it; undo that."""
    with psycopg.connect(dsn) as conn:
        conn.execute("DELETE FROM orders; DELETE FROM users")
        with conn.cursor().copy(statement) as copy:
            copy.write(data)
        found = conn.execute("SELECT name, age, mood::text FROM users ORDER BY id").fetchall()
        conn.rollback()
    return found


def fake_rows(fake: FakeServer, statement: str, data: bytes) -> list[Any]:
    fake.on(statement)
    with psycopg.connect(fake.dsn, autocommit=True) as conn, conn.cursor().copy(statement) as copy:
        copy.write(data)
    return fake.postgres.calls[-1].rows


@pytest.mark.parametrize(("options", "data"), TEXTS)
def test_text_and_csv(
    options: str, data: bytes, drivers_dsn: str, server: Server, fakes_tcp: Relay
) -> None:
    statement = f"{COPY} {options}"
    with expectations.opened() as book:
        fake = FakeServer(server, fakes_tcp)
        assert fake_rows(fake, statement, data) == send(drivers_dsn, statement, data)
        fake.postgres.end()
    assert book.verify() == []


@pytest.mark.parametrize(
    ("options", "data"),
    [("(DEFAULT '\\D')", b"a\t\\D\tsad\n"), ("(FORMAT csv, DEFAULT '\\D')", b"a,\\D,sad\n")],
)
def test_the_mark_of_a_default_is_the_value(
    options: str, data: bytes, server: Server, fakes_tcp: Relay
) -> None:
    with expectations.opened() as book:
        fake = FakeServer(server, fakes_tcp)
        assert fake_rows(fake, f"{COPY} {options}", data) == [("a", "\\D", "sad")]
        fake.postgres.end()
    assert book.verify() == []


@pytest.mark.parametrize(("options", "data"), REFUSED)
def test_malformed_data_is_refused_as_postgresql_does(
    options: str, data: bytes, drivers_dsn: str, server: Server, fakes_tcp: Relay
) -> None:
    statement = f"{COPY} {options}"
    said = []
    with expectations.opened():
        fake = FakeServer(server, fakes_tcp)
        for attempt in (
            lambda: send(drivers_dsn, statement, data),
            lambda: fake_rows(fake, statement, data),
        ):
            with pytest.raises(psycopg.Error) as raised:
                attempt()
            diag = raised.value.diag
            said.append((diag.sqlstate, diag.message_primary, diag.message_hint, diag.context))
        assert fake.postgres.calls[-1].failed
    assert said[1] == said[0]


async def by_asyncpg(dsn: str) -> None:
    conn = await asyncpg.connect(dsn)
    await conn.copy_records_to_table("users", records=ROWS, columns=["name", "age", "mood"])
    await conn.close()


async def by_asyncpg_as_csv(dsn: str) -> None:
    conn = await asyncpg.connect(dsn)
    data = io.BytesIO('Ana,7,happy\n"tab\t \\ line\n \r é",,\n\\N,0,sad\n"",1,sad\n'.encode())
    await conn.copy_to_table("users", source=data, columns=["name", "age", "mood"], format="csv")
    await conn.close()


async def by_psycopg(dsn: str) -> None:
    async with (
        await psycopg.AsyncConnection.connect(dsn, autocommit=True) as conn,
        conn.cursor().copy(COPY) as copy,
    ):
        for row in ROWS:
            await copy.write_row(row)


async def by_psycopg_in_binary(dsn: str) -> None:
    async with (
        await psycopg.AsyncConnection.connect(dsn, autocommit=True) as conn,
        conn.cursor().copy(f"{COPY} (FORMAT binary)") as copy,
    ):
        copy.set_types(["text", "int4", "text"])
        for row in ROWS:
            await copy.write_row(row)


async def by_psqlpy(dsn: str) -> None:
    conn = await psqlpy.connect(dsn)
    data = SIGNATURE + bytes(8)
    for name, age, mood in ROWS:
        data += struct.pack("!h", 3)
        for value in (
            name.encode(),
            None if age is None else struct.pack("!i", age),
            mood and mood.encode(),
        ):
            data += (
                struct.pack("!i", -1) if value is None else struct.pack("!i", len(value)) + value
            )
    await conn.binary_copy_to_table(data + b"\xff\xff", "users", columns=["name", "age", "mood"])
    conn.close()


@pytest.mark.parametrize(
    "send_rows",
    [by_asyncpg, by_asyncpg_as_csv, by_psycopg, by_psycopg_in_binary, by_psqlpy],
    ids=lambda function: function.__name__,
)
async def test_one_rule_and_one_assertion_for_every_driver(
    send_rows: Callable[[str], Awaitable[None]], server: Server, fakes_tcp: Relay
) -> None:
    with expectations.opened() as book:
        fake = FakeServer(server, fakes_tcp)
        fake.on("COPY users (name, age, mood) FROM STDIN ...", *ROWS)
        await send_rows(fake.dsn)
        (call,) = fake.postgres.calls
        assert call.rows == call.parameters == ROWS
        fake.postgres.assert_called("COPY users (...) FROM STDIN ...", *ROWS, times=1)
        fake.postgres.end()
    assert book.verify() == []


async def test_a_table_that_the_session_has_made(server: Server, fakes_tcp: Relay) -> None:
    with expectations.opened() as book:
        fake = FakeServer(server, fakes_tcp)
        fake.on("CREATE TEMP TABLE staging ...")
        fake.on("COPY staging ... FROM STDIN ...")
        conn = await asyncpg.connect(fake.dsn)
        await conn.execute("CREATE TEMP TABLE staging (id int, name text)")
        await conn.copy_records_to_table("staging", records=[(1, "Ana")], columns=["id", "name"])
        await conn.copy_to_table("staging", source=io.BytesIO(b"2\t\\N\n"))
        await conn.close()
        assert [call.rows for call in fake.postgres.calls[1:]] == [[(1, "Ana")], [(2, None)]]
        fake.postgres.end()
    assert book.verify() == []


@pytest.mark.parametrize(
    "statement",
    [
        "COPY users (name, nope) FROM STDIN",
        "COPY nowhere FROM STDIN",
        "COPY users (nope) TO STDOUT",
        "COPY  (SELECT name, nope FROM users) TO STDOUT",
    ],
)
def test_what_does_not_exist_is_refused_as_postgresql_does(
    statement: str, drivers_dsn: str, server: Server, fakes_tcp: Relay
) -> None:
    said = []
    with expectations.opened() as book:
        fake = FakeServer(server, fakes_tcp)
        for dsn in (drivers_dsn, fake.dsn):
            with (
                psycopg.connect(dsn, autocommit=True) as conn,
                pytest.raises(psycopg.errors.ProgrammingError) as raised,
                conn.cursor().copy(statement) as copy,
            ):
                copy.read() if "TO" in statement else copy.write(b"")
            diag = raised.value.diag
            said.append(
                (diag.sqlstate, diag.message_primary, diag.message_hint, diag.statement_position)
            )
        fake.postgres.end()
    assert said[1] == said[0]
    assert [type(failure).__name__ for failure in book.verify()] == ["StatementRefused"]
