"""Connections that are lost: with a word from the server, and without."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.conformance.drivers.driver_clients import Player
from tests.conformance.drivers.outcomes import Raised, outcome
from tests.conformance.drivers.scenario import PSYCOPG, behaviour

ONE = "SELECT 1 AS a"
ADD = "INSERT INTO users (name) VALUES ($1)"
COUNT = "SELECT count(*) AS n FROM users"
SLEEP = "SELECT pg_sleep(60)"
NUMBERS = "SELECT n FROM generate_series(1, 3) AS n"
SYNCHRONOUS = ("psycopg sync", "SQLAlchemy sync")


async def once_more(player: Player) -> Any:
    """What the connection is good for now, and a new one."""
    player.stage.on(ONE).row(a=1)
    before = [
        await outcome(player.fetch(ONE)),
        await outcome(player.end()),
        await outcome(player.close()),
    ]
    other = type(player)(player.stage)
    await other.connect()
    try:
        return before, await other.fetch(ONE)
    finally:
        await other.close()


@behaviour(relayed=True)
async def lost_before_a_statement(player: Player) -> Any:
    player.stage.loses("before", ADD, "Cid")
    return await outcome(player.execute(ADD, "Cid")), await once_more(player)


@behaviour(relayed=True)
async def lost_during_a_result(player: Player) -> Any:
    player.stage.loses("during", NUMBERS, rows=[{"n": 1}, {"n": 2}])
    return await outcome(player.fetch(NUMBERS)), await once_more(player)


@behaviour(relayed=True)
async def lost_after_a_statement(player: Player) -> Any:
    player.stage.loses("after", ADD, "Cid")
    return await outcome(player.execute(ADD, "Cid")), await once_more(player)


@behaviour(relayed=True)
async def lost_at_commit(player: Player) -> Any:
    player.stage.on(ADD, "Cid").tag("INSERT 0 1")
    player.stage.loses("before", "COMMIT")
    await player.begin()
    await player.execute(ADD, "Cid")
    return await outcome(player.commit()), await once_more(player)


@behaviour(relayed=True)
async def lost_after_commit(player: Player) -> Any:
    player.stage.on(ADD, "Cid").tag("INSERT 0 1")
    player.stage.loses("after", "COMMIT")
    await player.begin()
    await player.execute(ADD, "Cid")
    return await outcome(player.commit()), await once_more(player)


@behaviour(relayed=True)
async def lost_in_a_transaction(player: Player) -> Any:
    player.stage.on(ADD, "Cid").tag("INSERT 0 1")
    player.stage.loses("before", COUNT)
    await player.begin()
    await player.execute(ADD, "Cid")
    return [
        await outcome(player.fetch(COUNT)),
        await outcome(player.commit()),
        await once_more(player),
    ]


@behaviour()
async def terminated_while_idle(player: Player) -> Any:
    player.stage.on(ONE).row(a=1)
    found = [await player.fetch(ONE), await outcome(player.end())]
    player.stage.terminate()
    await asyncio.sleep(0.05)  # until the driver has read that it is over, where it looks
    return found, await outcome(player.fetch(ONE)), await once_more(player)


@behaviour()
async def terminated_in_a_transaction(player: Player) -> Any:
    player.stage.on(ADD, "Cid").tag("INSERT 0 1")
    await player.begin()
    await player.execute(ADD, "Cid")
    player.stage.terminate()
    await asyncio.sleep(0.05)  # as above
    return await outcome(player.commit()), await once_more(player)


@behaviour(but=SYNCHRONOUS)
async def terminated_in_a_statement(player: Player) -> Any:
    player.stage.on(SLEEP).hangs()
    task = asyncio.create_task(player.fetch(SLEEP))
    await player.stage.until_running(SLEEP)
    player.stage.terminate()
    failed = await outcome(task)
    # The server says why, and goes: psycopg reads the one before it sees the other, and what the
    # others tell is a race even on a real server.
    return failed if player.name in PSYCOPG else isinstance(failed, Raised), await once_more(player)


@behaviour()
async def out_of_time(player: Player) -> Any:
    """The server's own time limit."""
    player.stage.fails(
        player.library,
        SLEEP,
        sqlstate="57014",
        message="canceling statement due to statement timeout",
    )
    await player.execute("SET statement_timeout TO 20")
    return await outcome(player.fetch(SLEEP)), await once_more(player)
