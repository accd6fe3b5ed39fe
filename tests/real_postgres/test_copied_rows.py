"""COPY on real_postgres: its rows are in the call log and can be asserted."""

from __future__ import annotations

import psycopg
import pytest

from understudy.real_postgres.fixture import RealPostgres

ROWS = [(1, "Ana"), (2, None)]


async def test_the_rows_of_a_copy_are_logged(real: RealPostgres) -> None:
    connection = await real.asyncpg.connect()
    await connection.execute("CREATE TABLE copied (id int, name text)")

    await connection.copy_records_to_table("copied", records=ROWS, columns=["id", "name"])

    assert [tuple(row) for row in await connection.fetch("SELECT * FROM copied")] == ROWS
    real.assert_called("COPY copied (id, name) FROM STDIN ...", *ROWS, times=1)


async def test_the_real_server_refuses_malformed_rows(real: RealPostgres) -> None:
    connection = await real.psycopg.connect(autocommit=True)
    await connection.execute("CREATE TABLE copied (id int, name text)")

    with pytest.raises(psycopg.errors.BadCopyFileFormat, match="extra data after last expected"):
        async with connection.cursor().copy("COPY copied FROM STDIN") as copy:
            await copy.write("1\tAna\tx\n")

    assert real.calls[-1].rows == [("1", "Ana", "x")]


async def test_a_scripted_copy_to_the_client(real: RealPostgres) -> None:
    real.on("COPY (SELECT 1 AS n) TO STDOUT").rows((7,))
    connection = await real.psycopg.connect(autocommit=True)

    async with connection.cursor().copy("COPY (SELECT 1 AS n) TO STDOUT") as copy:
        assert [bytes(part) async for part in copy] == [b"7\n"]
