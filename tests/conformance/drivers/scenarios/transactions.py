"""Transactions and savepoints, whole, broken and misused, through every driver."""

from __future__ import annotations

from typing import Any

from tests.conformance.drivers.driver_clients import Player
from tests.conformance.drivers.outcomes import outcome
from tests.conformance.drivers.scenario import behaviour

ADD = "INSERT INTO users (name) VALUES ($1)"
COUNT = "SELECT count(*) AS n FROM users"
WRONG = "SELECT 1 / 0 AS a"
ONE = "SELECT 1 AS a"


def script(player: Player, *counts: int) -> None:
    """What a behaviour of this file may ask, with the counts that the real server will find."""
    stage = player.stage
    stage.on(ONE).optional().row(a=1)
    stage.fails(player.library, WRONG, sqlstate="22012").optional()
    rule = stage.on(COUNT).optional()
    for count in counts:
        rule = rule.row(n=count)


@behaviour()
async def committed(player: Player) -> Any:
    script(player, 3)
    player.stage.on(ADD, "Cid").tag("INSERT 0 1")
    await player.begin()
    await player.execute(ADD, "Cid")
    return await outcome(player.commit()), await player.fetch(COUNT)


@behaviour()
async def rolled_back(player: Player) -> Any:
    script(player, 2)
    player.stage.on(ADD, "Cid").tag("INSERT 0 1")
    await player.begin()
    await player.execute(ADD, "Cid")
    return await outcome(player.rollback()), await player.fetch(COUNT)


@behaviour()
async def an_error_aborts_the_transaction(player: Player) -> Any:
    script(player)
    await player.begin()
    return [
        await outcome(player.fetch(ONE)),
        await outcome(player.fetch(WRONG)),
        await outcome(player.fetch(ONE)),
        await outcome(player.execute("SAVEPOINT a")),
        await outcome(player.fetch("SELECT nowhere")),
        await outcome(player.fetch("SHOW timezone")),
        await outcome(player.rollback()),
        await outcome(player.fetch(ONE)),
    ]


@behaviour()
async def an_aborted_transaction_is_committed(player: Player) -> Any:
    script(player, 2)
    player.stage.on(ADD, "Cid").tag("INSERT 0 1")
    await player.begin()
    await player.execute(ADD, "Cid")
    return [
        await outcome(player.fetch(WRONG)),
        await outcome(player.commit()),
        await outcome(player.fetch(COUNT)),
    ]


@behaviour()
async def a_savepoint_in_sql(player: Player) -> Any:
    script(player, 3)
    player.stage.on(ADD, "Cid").tag("INSERT 0 1")
    player.stage.on(ADD, "Dora").tag("INSERT 0 1")
    await player.begin()
    return [
        await player.execute(ADD, "Cid"),
        await player.execute("SAVEPOINT a"),
        await player.execute(ADD, "Dora"),
        await outcome(player.fetch(WRONG)),
        await player.execute("ROLLBACK TO SAVEPOINT a"),
        await player.fetch(COUNT),
        await player.execute("RELEASE SAVEPOINT a"),
        await outcome(player.execute("RELEASE SAVEPOINT a")),
        await outcome(player.commit()),
    ]


@behaviour()
async def a_savepoint_without_a_transaction(player: Player) -> Any:
    """psycopg and SQLAlchemy have one by then."""
    return [
        await outcome(player.execute("SAVEPOINT a")),
        await outcome(player.execute("ROLLBACK TO a")),
    ]


@behaviour()
async def ended_without_a_transaction(player: Player) -> Any:
    return [await outcome(player.execute("COMMIT")), await outcome(player.execute("ROLLBACK"))]


@behaviour()
async def begun_in_sql_twice(player: Player) -> Any:
    return [
        await outcome(player.execute("BEGIN")),
        await outcome(player.execute("BEGIN")),
        await outcome(player.execute("COMMIT")),
    ]


@behaviour()
async def read_only_in_sql(player: Player) -> Any:
    player.stage.fails(
        player.library,
        ADD,
        "Cid",
        sqlstate="25006",
        message="cannot execute INSERT in a read-only transaction",
    )
    await player.begin()
    return [
        await outcome(player.execute("SET TRANSACTION READ ONLY")),
        await outcome(player.fetch("SHOW transaction_read_only")),
        await outcome(player.execute(ADD, "Cid")),
        await outcome(player.rollback()),
        await outcome(player.fetch("SHOW transaction_read_only")),
    ]


@behaviour()
async def isolation_in_sql(player: Player) -> Any:
    script(player)
    await player.begin()
    return [
        await outcome(player.execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")),
        await outcome(player.fetch("SHOW transaction_isolation")),
        await outcome(player.fetch(ONE)),
        await outcome(player.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")),
        await outcome(player.rollback()),
        await outcome(player.fetch("SHOW transaction_isolation")),
    ]


@behaviour()
async def a_setting_goes_with_its_transaction(player: Player) -> Any:
    await player.begin()
    shown = []
    for statement in (
        "SET timezone TO 'Asia/Tokyo'",
        "SET LOCAL timezone TO 'America/Lima'",
    ):
        await player.execute(statement)
        shown.append(await player.fetch("SHOW timezone"))
    await player.rollback()
    shown.append(await player.fetch("SHOW timezone"))
    return shown


@behaviour()
async def a_local_setting_goes_at_commit(player: Player) -> Any:
    await player.begin()
    await player.execute("SET LOCAL timezone TO 'America/Lima'")
    await player.execute("SET statement_timeout TO 5000")
    shown = [await player.fetch("SHOW timezone")]
    await player.commit()
    return [
        *shown,
        await player.fetch("SHOW timezone"),
        await player.fetch("SHOW statement_timeout"),
    ]


@behaviour()
async def serialization_failure_at_commit(player: Player) -> Any:
    """No real server fails so by itself: both are told to, the real one by a deferred trigger."""
    script(player, 2)
    player.stage.on("INSERT INTO late VALUES (1)").tag("INSERT 0 1")
    player.stage.fails(
        player.library,
        "COMMIT",
        sqlstate="40001",
        message="could not serialize access",
        hint="Retry.",
    )
    await player.begin()
    await player.execute("INSERT INTO late VALUES (1)")
    return [await outcome(player.commit()), await outcome(player.fetch(COUNT))]


@behaviour()
async def closed_in_a_transaction(player: Player) -> Any:
    player.stage.on(ADD, "Cid").tag("INSERT 0 1")
    await player.begin()
    await player.execute(ADD, "Cid")
    return await outcome(player.close())


@behaviour()
async def used_after_close(player: Player) -> Any:
    await player.close()
    return [
        await outcome(player.fetch(ONE)),
        await outcome(player.execute(ADD, "Cid")),
        await outcome(player.close()),
    ]
