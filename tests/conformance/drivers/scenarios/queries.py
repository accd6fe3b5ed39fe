"""Statements, their rows, tags and parameters, through every driver."""

from __future__ import annotations

import datetime as dt
from typing import Any

from tests.conformance.drivers.driver_clients import DriverClient
from tests.conformance.drivers.outcomes import outcome
from tests.conformance.drivers.scenario import ASYNCPG, PSYCOPG, scenario

BY_ID = "SELECT id, name, email, age, mood FROM users WHERE id = $1"
ALL = "SELECT id, name, age FROM users ORDER BY id"
ADD = "INSERT INTO users (name, age) VALUES ($1, $2)"
ADD_RETURNING = "INSERT INTO users (name) VALUES ($1) RETURNING id, email"
RENAME = "UPDATE users SET name = $1 WHERE age >= $2"
ANA = {"id": 1, "name": "Ana", "email": "ana@x.io", "age": 30, "mood": "happy"}
BIA = {"id": 2, "name": "Bia", "email": None, "age": None, "mood": None}


@scenario()
async def one_row(client: DriverClient) -> Any:
    client.server.on(BY_ID, 1).row(ANA)
    return await client.fetch(BY_ID, 1)


@scenario()
async def a_row_with_nulls(client: DriverClient) -> Any:
    client.server.on(BY_ID, 2).row(BIA)
    return await client.fetch(BY_ID, 2)


@scenario()
async def no_row(client: DriverClient) -> Any:
    client.server.on(BY_ID, 9).rows()
    return await client.fetch(BY_ID, 9)


@scenario()
async def rows_without_parameters(client: DriverClient) -> Any:
    client.server.on(ALL).rows(
        {"id": 1, "name": "Ana", "age": 30}, {"id": 2, "name": "Bia", "age": None}
    )
    return await client.fetch(ALL)


@scenario()
async def one_statement_many_times(client: DriverClient) -> Any:
    """psycopg prepares it at the sixth, asyncpg and SQLAlchemy keep it from the first."""
    client.server.on(BY_ID, 1).row(ANA)
    client.server.on(BY_ID, 2).row(BIA)
    return [await client.fetch(BY_ID, 1 + number % 2) for number in range(9)]


@scenario()
async def ten_thousand_rows(client: DriverClient) -> Any:
    statement = "SELECT n, n::text AS t, NULL::bool AS b FROM generate_series(1, 10000) AS n"
    client.server.on(statement).rows({"n": n, "t": str(n), "b": None} for n in range(1, 10001))
    rows = await client.fetch(statement)
    return len(rows), rows[0], rows[4999], rows[-1]


@scenario()
async def a_value_of_a_megabyte(client: DriverClient) -> Any:
    statement = "SELECT repeat('x', 1000000) AS v"
    client.server.on(statement).value("x" * 1_000_000)
    (row,) = await client.fetch(statement)
    return len(row["v"]), set(row["v"])


@scenario()
async def a_parameter_of_a_megabyte(client: DriverClient) -> Any:
    statement = "SELECT length($1::text) AS v"
    client.server.on(statement, "x" * 1_000_000).value(1_000_000)
    return await client.fetch(statement, "x" * 1_000_000)


@scenario()
async def one_column_without_a_name(client: DriverClient) -> Any:
    client.server.on("SELECT 7").value(7)
    return await client.fetch("SELECT 7")


@scenario(but=("psqlpy",))
async def null_as_a_parameter(client: DriverClient) -> Any:
    statement = "SELECT $1::text AS v"
    client.server.on(statement, None).value(None)
    return await client.fetch(statement, None)


@scenario()
async def inserted(client: DriverClient) -> Any:
    client.server.on(ADD, "Cid", 7).tag("INSERT 0 1")
    return await client.execute(ADD, "Cid", 7)


@scenario()
async def inserted_with_returning(client: DriverClient) -> Any:
    client.server.on(ADD_RETURNING, "Cid").row(id=3, email=None)
    return await client.fetch(ADD_RETURNING, "Cid")


@scenario()
async def updated(client: DriverClient) -> Any:
    client.server.on(RENAME, "Eva", 1).tag("UPDATE 1")
    client.server.on(RENAME, "Eva", 99).tag("UPDATE 0")
    return [await client.execute(RENAME, "Eva", 1), await client.execute(RENAME, "Eva", 99)]


@scenario()
async def deleted(client: DriverClient) -> Any:
    statement = "DELETE FROM users WHERE id > $1"
    client.server.on(statement, 1).tag("DELETE 1")
    client.server.on(statement, 5).tag("DELETE 0")
    return [await client.execute(statement, 1), await client.execute(statement, 5)]


@scenario()
async def many_inserted(client: DriverClient) -> Any:
    for name, age in (("Cid", 1), ("Dora", None), ("Eva", 3)):
        client.server.on(ADD, name, age).tag("INSERT 0 1")
    return await client.execute_many(ADD, [("Cid", 1), ("Dora", None), ("Eva", 3)])


@scenario()
async def the_third_of_many_fails(client: DriverClient) -> Any:
    client.server.on(ADD, "Cid", 1).tag("INSERT 0 1").optional()
    client.server.on(ADD, "Dora", 2).tag("INSERT 0 1").optional()
    client.server.fails(
        client.library,
        ADD,
        "Eva",
        -1,
        sqlstate="23514",
        message='new row for relation "users" violates check constraint "users_age_check"',
        detail="Failing row contains (5, Eva, null, -1, null).",
        schema="public",
        table="users",
        constraint="users_age_check",
    )
    rows = [("Cid", 1), ("Dora", 2), ("Eva", -1)]
    return await outcome(client.execute_many(ADD, rows))


@scenario()
async def a_statement_with_a_comment_and_a_semicolon(client: DriverClient) -> Any:
    client.server.on("SELECT name FROM users WHERE id = 1").row(name="Ana")
    return await client.fetch("/* who */ SELECT name -- his\nFROM users WHERE id = 1;")


@scenario(*ASYNCPG, *PSYCOPG)
async def an_empty_statement(client: DriverClient) -> Any:
    return await outcome(client.fetch(""))


@scenario(*ASYNCPG, *PSYCOPG)
async def several_statements_at_once(client: DriverClient) -> Any:
    client.server.on("SELECT 1").optional().value(1)
    client.server.on("UPDATE users SET age = 1").optional().tag("UPDATE 2")
    return await outcome(client.execute("SELECT 1; UPDATE users SET age = 1"))


@scenario()
async def several_statements_with_parameters(client: DriverClient) -> Any:
    return await outcome(client.fetch("SELECT $1::int; SELECT 2", 1))


@scenario(*ASYNCPG, "psqlpy")
async def too_many_parameters(client: DriverClient) -> Any:
    client.server.on(BY_ID, 1).optional().row(ANA)
    return await outcome(client.fetch(BY_ID, 1, 2))


@scenario(*ASYNCPG, "psqlpy")
async def too_few_parameters(client: DriverClient) -> Any:
    return await outcome(client.fetch(BY_ID))


@scenario()
async def show_and_set(client: DriverClient) -> Any:
    shown = [
        await client.fetch(f"SHOW {name}")
        for name in (
            *("client_encoding", "timezone", "datestyle", "search_path"),
            *("transaction_isolation", "standard_conforming_strings", "server_encoding"),
        )
    ]
    done = await client.execute("SET timezone TO 'America/Sao_Paulo'")
    return shown, done, await client.fetch("SHOW timezone")


@scenario()
async def the_version(client: DriverClient) -> Any:
    return await client.fetch("SHOW server_version")


@scenario()
async def an_encoding_that_is_not_utf_8(client: DriverClient) -> Any:
    client.server.on("SELECT 'é' AS e").optional().row(e="é")
    done = await outcome(client.execute("SET client_encoding TO 'latin1'"))
    return done, await outcome(client.fetch("SELECT 'é' AS e"))


@scenario()
async def an_unknown_setting(client: DriverClient) -> Any:
    return [
        await outcome(client.fetch("SHOW nothing_of_the_kind")),
        await outcome(client.execute("SET nothing_of_the_kind TO 1")),
    ]


@scenario()
async def a_cast_of_time_zones(client: DriverClient) -> Any:
    """What the client is told of the time zone is how it shows a time."""
    statement = "SELECT '2024-01-02 03:04:05+00'::timestamptz AS t"
    client.server.on(statement).value(dt.datetime(2024, 1, 2, 3, 4, 5, tzinfo=dt.UTC))
    await client.execute("SET timezone TO 'America/Sao_Paulo'")
    return await client.fetch(statement)
