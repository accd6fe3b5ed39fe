"""The state of a session: separate for each connection, and ended with it."""

from __future__ import annotations

import socket

import asyncpg
import psqlpy
import psycopg
import pytest

from tests.fake_postgres.frontend import (
    bind,
    close,
    execute,
    message,
    parse,
    query,
    read,
    socket_path,
    startup,
)
from tests.real_postgres.conftest import Harness
from understudy.real_postgres.fixture import RealPostgres

SERIES = "SELECT n FROM generate_series(1, 9) AS n"
# Whose check takes a while.
SLOW = """
CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN PERFORM pg_sleep(0.3); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON users DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION wait();
"""
BINARY = b"PGCOPY\n\xff\r\n\0" + bytes(8) + b"\0\x01" + b"\0\0\0\x03Cid" + b"\xff\xff"


async def test_a_local_setting_goes_at_the_commit(real: RealPostgres) -> None:
    connection = await real.asyncpg.connect()

    async with connection.transaction():
        await connection.execute("SET LOCAL timezone TO 'America/Lima'")
        await connection.execute("SET statement_timeout TO 5000")
        inside = await connection.fetchval("SHOW timezone")

    assert inside == "America/Lima"
    assert await connection.fetchval("SHOW timezone") == "UTC"
    assert await connection.fetchval("SHOW statement_timeout") == "5s"
    await connection.close()


@pytest.mark.parametrize("back", ["RESET search_path", "SET search_path TO DEFAULT", "RESET ALL"])
async def test_a_setting_is_reset_to_its_value_at_connection(real: RealPostgres, back: str) -> None:
    begun = {"search_path": "pg_catalog", "application_name": "me"}
    connection = await real.asyncpg.connect(server_settings=begun)

    await connection.execute("SET search_path TO public")
    await connection.execute("SET work_mem TO '5MB'")
    await connection.execute(back)

    assert await connection.fetchval("SHOW search_path") == "pg_catalog"
    assert await connection.fetchval("SHOW application_name") == "me"
    await connection.execute("RESET work_mem")
    assert await connection.fetchval("SHOW work_mem") == "4MB"
    await connection.close()


async def test_a_cursor_of_a_driver_has_its_name_in_sql(real: RealPostgres) -> None:
    connection = await real.asyncpg.connect()

    async with connection.transaction():
        cursor = await connection.cursor(SERIES)
        first = await cursor.fetchrow()
        assert await cursor.forward(3) == 3
        rest = await cursor.fetch(9)

    assert first == (1,)
    assert [record["n"] for record in rest] == [5, 6, 7, 8, 9]
    await connection.close()


async def test_a_cursor_ends_with_its_transaction_unless_it_holds(real: RealPostgres) -> None:
    connection = await real.psycopg.connect()
    fetch = "FETCH 1 FROM mine"

    await connection.execute(f"DECLARE mine CURSOR FOR {SERIES}")
    await connection.commit()
    with pytest.raises(psycopg.errors.InvalidCursorName, match='cursor "mine" does not exist'):
        await connection.execute(fetch)
    await connection.rollback()
    # What was not there has no columns; what is there now has.
    await connection.execute(f"DECLARE mine CURSOR WITH HOLD FOR {SERIES}")
    await connection.commit()

    assert await (await connection.execute(fetch)).fetchall() == [(1,)]
    await connection.commit()


def test_a_portal_may_have_the_name_of_one_that_was_closed(real: RealPostgres) -> None:
    once = bind("mine", "series") + execute("mine", 2) + close("P", "mine")
    asked = query("BEGIN") + parse("series", SERIES) + once + once + message(b"S", b"")
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(socket_path(real.socket_dsn))
        client.sendall(startup(database="understudy") + asked)
        said = b""
        while said.count(b"Z\0\0\0\5") < 3:
            said += client.recv(65536)
        client.sendall(query("ROLLBACK"))
        while said.count(b"Z\0\0\0\5") < 4:
            said += client.recv(65536)

    kinds = [kind for kind, _ in read(said)]
    assert kinds.count("D") == 4
    assert "E" not in kinds


async def test_a_commit_may_take_longer_than_its_answer(harness: Harness) -> None:
    with harness.test() as real:
        connection = await psqlpy.connect(real.dsn)
        await connection.execute_batch(SLOW)
        # psqlpy goes on when the rows are copied, and waits for no commit.
        copied = await connection.binary_copy_to_table(
            source=BINARY, table_name="users", columns=["name"]
        )
    connection.close()
    assert copied == 1


async def test_a_login_may_be_required(real: RealPostgres) -> None:
    real.require_login(user="app", password="s3cret")

    with pytest.raises(asyncpg.InvalidPasswordError):
        await real.asyncpg.connect()
    right = await real.asyncpg.connect(user="app", password="s3cret")
    assert await right.fetchval("SELECT 1") == 1
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await real.asyncpg.connect(user="app", password="s3cret", database="nowhere")
    await right.close()
