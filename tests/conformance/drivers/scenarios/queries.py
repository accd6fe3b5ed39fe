"""Statements, their rows, tags and parameters, through every driver."""

from __future__ import annotations

import datetime as dt
from typing import Any

from tests.conformance.drivers.driver_clients import Player
from tests.conformance.drivers.outcomes import outcome
from tests.conformance.drivers.scenario import ASYNCPG, PSYCOPG, behaviour

BY_ID = "SELECT id, name, email, age, mood FROM users WHERE id = $1"
ALL = "SELECT id, name, age FROM users ORDER BY id"
ADD = "INSERT INTO users (name, age) VALUES ($1, $2)"
ADD_RETURNING = "INSERT INTO users (name) VALUES ($1) RETURNING id, email"
RENAME = "UPDATE users SET name = $1 WHERE age >= $2"
ANA = {"id": 1, "name": "Ana", "email": "ana@x.io", "age": 30, "mood": "happy"}
BIA = {"id": 2, "name": "Bia", "email": None, "age": None, "mood": None}


@behaviour()
async def one_row(player: Player) -> Any:
    player.stage.on(BY_ID, 1).row(ANA)
    return await player.fetch(BY_ID, 1)


@behaviour()
async def a_row_with_nulls(player: Player) -> Any:
    player.stage.on(BY_ID, 2).row(BIA)
    return await player.fetch(BY_ID, 2)


@behaviour()
async def no_row(player: Player) -> Any:
    player.stage.on(BY_ID, 9).rows()
    return await player.fetch(BY_ID, 9)


@behaviour()
async def rows_without_parameters(player: Player) -> Any:
    player.stage.on(ALL).rows(
        {"id": 1, "name": "Ana", "age": 30}, {"id": 2, "name": "Bia", "age": None}
    )
    return await player.fetch(ALL)


@behaviour()
async def one_statement_many_times(player: Player) -> Any:
    """psycopg prepares it at the sixth, asyncpg and SQLAlchemy keep it from the first."""
    player.stage.on(BY_ID, 1).row(ANA)
    player.stage.on(BY_ID, 2).row(BIA)
    return [await player.fetch(BY_ID, 1 + number % 2) for number in range(9)]


@behaviour()
async def ten_thousand_rows(player: Player) -> Any:
    statement = "SELECT n, n::text AS t, NULL::bool AS b FROM generate_series(1, 10000) AS n"
    player.stage.on(statement).rows({"n": n, "t": str(n), "b": None} for n in range(1, 10001))
    rows = await player.fetch(statement)
    return len(rows), rows[0], rows[4999], rows[-1]


@behaviour()
async def a_value_of_a_megabyte(player: Player) -> Any:
    statement = "SELECT repeat('x', 1000000) AS v"
    player.stage.on(statement).value("x" * 1_000_000)
    (row,) = await player.fetch(statement)
    return len(row["v"]), set(row["v"])


@behaviour()
async def a_parameter_of_a_megabyte(player: Player) -> Any:
    statement = "SELECT length($1::text) AS v"
    player.stage.on(statement, "x" * 1_000_000).value(1_000_000)
    return await player.fetch(statement, "x" * 1_000_000)


@behaviour()
async def one_column_without_a_name(player: Player) -> Any:
    player.stage.on("SELECT 7").value(7)
    return await player.fetch("SELECT 7")


@behaviour(but=("psqlpy",))
async def null_as_a_parameter(player: Player) -> Any:
    statement = "SELECT $1::text AS v"
    player.stage.on(statement, None).value(None)
    return await player.fetch(statement, None)


@behaviour()
async def inserted(player: Player) -> Any:
    player.stage.on(ADD, "Cid", 7).tag("INSERT 0 1")
    return await player.execute(ADD, "Cid", 7)


@behaviour()
async def inserted_with_returning(player: Player) -> Any:
    player.stage.on(ADD_RETURNING, "Cid").row(id=3, email=None)
    return await player.fetch(ADD_RETURNING, "Cid")


@behaviour()
async def updated(player: Player) -> Any:
    player.stage.on(RENAME, "Eva", 1).tag("UPDATE 1")
    player.stage.on(RENAME, "Eva", 99).tag("UPDATE 0")
    return [await player.execute(RENAME, "Eva", 1), await player.execute(RENAME, "Eva", 99)]


@behaviour()
async def deleted(player: Player) -> Any:
    statement = "DELETE FROM users WHERE id > $1"
    player.stage.on(statement, 1).tag("DELETE 1")
    player.stage.on(statement, 5).tag("DELETE 0")
    return [await player.execute(statement, 1), await player.execute(statement, 5)]


@behaviour()
async def many_inserted(player: Player) -> Any:
    for name, age in (("Cid", 1), ("Dora", None), ("Eva", 3)):
        player.stage.on(ADD, name, age).tag("INSERT 0 1")
    return await player.execute_many(ADD, [("Cid", 1), ("Dora", None), ("Eva", 3)])


@behaviour()
async def the_third_of_many_fails(player: Player) -> Any:
    player.stage.on(ADD, "Cid", 1).tag("INSERT 0 1").optional()
    player.stage.on(ADD, "Dora", 2).tag("INSERT 0 1").optional()
    player.stage.fails(
        player.library,
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
    return await outcome(player.execute_many(ADD, rows))


@behaviour()
async def a_statement_with_a_comment_and_a_semicolon(player: Player) -> Any:
    player.stage.on("SELECT name FROM users WHERE id = 1").row(name="Ana")
    return await player.fetch("/* who */ SELECT name -- his\nFROM users WHERE id = 1;")


@behaviour(*ASYNCPG, *PSYCOPG)
async def an_empty_statement(player: Player) -> Any:
    return await outcome(player.fetch(""))


@behaviour(*ASYNCPG, *PSYCOPG)
async def several_statements_at_once(player: Player) -> Any:
    player.stage.on("SELECT 1").optional().value(1)
    player.stage.on("UPDATE users SET age = 1").optional().tag("UPDATE 2")
    return await outcome(player.execute("SELECT 1; UPDATE users SET age = 1"))


@behaviour()
async def several_statements_with_parameters(player: Player) -> Any:
    return await outcome(player.fetch("SELECT $1::int; SELECT 2", 1))


@behaviour(*ASYNCPG, "psqlpy")
async def too_many_parameters(player: Player) -> Any:
    player.stage.on(BY_ID, 1).optional().row(ANA)
    return await outcome(player.fetch(BY_ID, 1, 2))


@behaviour(*ASYNCPG, "psqlpy")
async def too_few_parameters(player: Player) -> Any:
    return await outcome(player.fetch(BY_ID))


@behaviour()
async def show_and_set(player: Player) -> Any:
    shown = [
        await player.fetch(f"SHOW {name}")
        for name in (
            *("client_encoding", "timezone", "datestyle", "search_path"),
            *("transaction_isolation", "standard_conforming_strings", "server_encoding"),
        )
    ]
    done = await player.execute("SET timezone TO 'America/Sao_Paulo'")
    return shown, done, await player.fetch("SHOW timezone")


@behaviour()
async def the_version(player: Player) -> Any:
    return await player.fetch("SHOW server_version")


@behaviour()
async def an_encoding_that_is_not_utf_8(player: Player) -> Any:
    player.stage.on("SELECT 'é' AS e").optional().row(e="é")
    done = await outcome(player.execute("SET client_encoding TO 'latin1'"))
    return done, await outcome(player.fetch("SELECT 'é' AS e"))


@behaviour()
async def an_unknown_setting(player: Player) -> Any:
    return [
        await outcome(player.fetch("SHOW nothing_of_the_kind")),
        await outcome(player.execute("SET nothing_of_the_kind TO 1")),
    ]


@behaviour()
async def a_cast_of_time_zones(player: Player) -> Any:
    """What the client is told of the time zone is how it shows a time."""
    statement = "SELECT '2024-01-02 03:04:05+00'::timestamptz AS t"
    player.stage.on(statement).value(dt.datetime(2024, 1, 2, 3, 4, 5, tzinfo=dt.UTC))
    await player.execute("SET timezone TO 'America/Sao_Paulo'")
    return await player.fetch(statement)
