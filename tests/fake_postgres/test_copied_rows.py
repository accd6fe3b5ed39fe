"""The rows of a COPY FROM without a schema: the rule tells the types, or they are texts."""

from __future__ import annotations

import datetime as dt

import asyncpg
import pytest

from understudy import FakeConnection
from understudy.fake_postgres.fixture import FakePostgres
from understudy.pg.copy_rows import SIGNATURE
from understudy.script.expectations import opened
from understudy.script.failures import CallNotFound, ScriptError

BORN = dt.date(2020, 1, 2)
ROWS = [(1, "Ana", BORN), (2, None, None)]
COLUMNS = ["id", "name", "born"]


async def test_the_rows_of_a_rule_tell_asyncpg_the_types(fake_postgres: FakePostgres) -> None:
    fake_postgres.on("COPY users (id, name, born) FROM STDIN ...", *ROWS)
    connection = await fake_postgres.asyncpg.connect()

    tag = await connection.copy_records_to_table("users", records=ROWS, columns=COLUMNS)

    assert tag == "COPY 2"
    assert fake_postgres.calls[0].rows == ROWS


async def test_the_rows_of_a_rule_tell_psqlpy_the_types(fake_postgres: FakePostgres) -> None:
    fake_postgres.on("COPY app.users ... FROM STDIN ...", *ROWS)
    connection = await fake_postgres.psqlpy.connect()

    assert await connection.copy_records_to_table("users", ROWS, COLUMNS, schema_name="app") == 2
    assert fake_postgres.calls[0].rows == ROWS


async def test_of_a_whole_table_the_rows_tell_the_number_of_columns(
    fake_postgres: FakePostgres,
) -> None:
    connection = await fake_postgres.asyncpg.connect()
    with opened() as book:
        fake_postgres.on("COPY users FROM STDIN ...")
        with pytest.raises(asyncpg.InternalServerError, match="Configure the schema"):
            await connection.copy_records_to_table("users", records=ROWS)
        book.verify()
    fake_postgres.on("COPY users FROM STDIN ...", *ROWS)

    assert await connection.copy_records_to_table("users", records=ROWS) == "COPY 2"


async def test_a_type_that_was_guessed_is_told(fake_postgres: FakePostgres) -> None:
    connection = await fake_postgres.asyncpg.connect()
    with opened() as book:
        fake_postgres.on("COPY users (id, name) FROM STDIN ...").optional()
        with pytest.raises(TypeError, match="expected str, got int"):
            await connection.copy_records_to_table(
                "users", records=[(1, "Ana")], columns=["id", "name"]
            )
        (hint,) = book.hints.values()
    assert "guessed: id text, name text" in hint()


def test_values_are_texts_or_bytes_and_compared_as_they_are_sent(
    fake_postgres: FakePostgres,
) -> None:
    fake_postgres.on("COPY users ... FROM STDIN ...").times(2)
    connection = fake_postgres.psycopg.connect_sync(autocommit=True)
    with connection.cursor().copy("COPY users FROM STDIN (FORMAT binary)") as copy:
        copy.set_types(["int4", "text", "date"])
        copy.write_row(ROWS[0])
    with connection.cursor().copy("COPY users FROM STDIN (FORMAT csv)") as copy:
        copy.write("1,Ana,2020-01-02\n2,,\n")

    binary, text = fake_postgres.calls
    assert binary.rows == [(b"\0\0\0\1", b"Ana", b"\0\0\x1c\x8a")]
    assert text.rows == [("1", "Ana", "2020-01-02"), ("2", None, None)]
    fake_postgres.assert_called("COPY users FROM STDIN ...", ROWS[0], times=1)
    fake_postgres.assert_called("COPY users FROM STDIN ...", *ROWS, times=1)
    fake_postgres.assert_called("COPY users FROM STDIN ...", b"1,Ana,2020-01-02\n2,,\n", times=1)
    with opened(), pytest.raises(CallNotFound, match=r"\[0\]\[0\] expected 3 \(int\), got '1'"):
        fake_postgres.assert_called("COPY users FROM STDIN (FORMAT csv)", (3, "Ana", BORN), ROWS[1])


async def test_large_data_does_not_stop_the_others(fake_postgres: FakePostgres) -> None:
    fake_postgres.on("COPY users FROM STDIN")
    connection = await fake_postgres.psycopg.connect(autocommit=True)
    async with connection.cursor().copy("COPY users FROM STDIN") as copy:
        await copy.write("1\tAna\n" * 200_000)

    assert len(fake_postgres.calls[0].rows) == 200_000


async def test_only_a_copy_has_rows(fake_postgres: FakePostgres) -> None:
    fake_postgres.on("SELECT 1").value(1)
    connection = await fake_postgres.asyncpg.connect()
    await connection.fetchval("SELECT 1")

    with pytest.raises(
        ScriptError, match=r"only COPY \.\.\. FROM STDIN and execute_many send rows"
    ):
        _ = fake_postgres.calls[0].rows


async def test_a_fake_connection_has_the_same_rows() -> None:
    connection = FakeConnection()
    connection.on("COPY users (id) FROM STDIN ...").times(2)
    await connection.copy_records_to_table("users", [(1,), (None,)], ["id"])
    await connection.binary_copy_to_table(
        SIGNATURE + bytes(8) + b"\0\1\0\0\0\1a\0\1\xff\xff\xff\xff\xff\xff", "users", ["id"]
    )

    records, binary = connection.calls
    assert records.rows == [(1,), (None,)]
    assert binary.rows == [(b"a",), (None,)]
