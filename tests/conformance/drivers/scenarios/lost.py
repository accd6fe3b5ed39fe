"""Connections that are lost: with a word from the server, and without."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.conformance.drivers.driver_clients import DriverClient
from tests.conformance.drivers.outcomes import Raised, outcome
from tests.conformance.drivers.scenario import PSYCOPG, scenario

ONE = "SELECT 1 AS a"
ADD = "INSERT INTO users (name) VALUES ($1)"
COUNT = "SELECT count(*) AS n FROM users"
SLEEP = "SELECT pg_sleep(60)"
NUMBERS = "SELECT n FROM generate_series(1, 3) AS n"
SYNCHRONOUS = ("psycopg sync", "SQLAlchemy sync")


async def once_more(client: DriverClient) -> Any:
    """What the connection is good for now, and a new one."""
    client.server.on(ONE).row(a=1)
    before = [
        await outcome(client.fetch(ONE)),
        await outcome(client.end()),
        await outcome(client.close()),
    ]
    other = type(client)(client.server)
    await other.connect()
    try:
        return before, await other.fetch(ONE)
    finally:
        await other.close()


@scenario(relayed=True)
async def lost_before_a_statement(client: DriverClient) -> Any:
    client.server.loses("before", ADD, "Cid")
    return await outcome(client.execute(ADD, "Cid")), await once_more(client)


@scenario(relayed=True)
async def lost_during_a_result(client: DriverClient) -> Any:
    client.server.loses("during", NUMBERS, rows=[{"n": 1}, {"n": 2}])
    return await outcome(client.fetch(NUMBERS)), await once_more(client)


@scenario(relayed=True)
async def lost_after_a_statement(client: DriverClient) -> Any:
    client.server.loses("after", ADD, "Cid")
    return await outcome(client.execute(ADD, "Cid")), await once_more(client)


@scenario(relayed=True)
async def lost_at_commit(client: DriverClient) -> Any:
    client.server.on(ADD, "Cid").tag("INSERT 0 1")
    client.server.loses("before", "COMMIT")
    await client.begin()
    await client.execute(ADD, "Cid")
    return await outcome(client.commit()), await once_more(client)


@scenario(relayed=True)
async def lost_after_commit(client: DriverClient) -> Any:
    client.server.on(ADD, "Cid").tag("INSERT 0 1")
    client.server.loses("after", "COMMIT")
    await client.begin()
    await client.execute(ADD, "Cid")
    return await outcome(client.commit()), await once_more(client)


@scenario(relayed=True)
async def lost_in_a_transaction(client: DriverClient) -> Any:
    client.server.on(ADD, "Cid").tag("INSERT 0 1")
    client.server.loses("before", COUNT)
    await client.begin()
    await client.execute(ADD, "Cid")
    return [
        await outcome(client.fetch(COUNT)),
        await outcome(client.commit()),
        await once_more(client),
    ]


@scenario()
async def terminated_while_idle(client: DriverClient) -> Any:
    client.server.on(ONE).row(a=1)
    found = [await client.fetch(ONE), await outcome(client.end())]
    client.server.terminate()
    await asyncio.sleep(0.05)  # until the driver has read that it is over, where it looks
    return found, await outcome(client.fetch(ONE)), await once_more(client)


@scenario()
async def terminated_in_a_transaction(client: DriverClient) -> Any:
    client.server.on(ADD, "Cid").tag("INSERT 0 1")
    await client.begin()
    await client.execute(ADD, "Cid")
    client.server.terminate()
    await asyncio.sleep(0.05)  # as above
    return await outcome(client.commit()), await once_more(client)


@scenario(but=SYNCHRONOUS)
async def terminated_in_a_statement(client: DriverClient) -> Any:
    client.server.on(SLEEP).hangs()
    task = asyncio.create_task(client.fetch(SLEEP))
    await client.server.until_running(SLEEP)
    client.server.terminate()
    failed = await outcome(task)
    # The server says why, and goes: psycopg reads the one before it sees the other, and what the
    # others tell is a race even on a real server.
    return failed if client.name in PSYCOPG else isinstance(failed, Raised), await once_more(client)


@scenario()
async def out_of_time(client: DriverClient) -> Any:
    """The server's own time limit."""
    client.server.fails(
        client.library,
        SLEEP,
        sqlstate="57014",
        message="canceling statement due to statement timeout",
    )
    await client.execute("SET statement_timeout TO 20")
    return await outcome(client.fetch(SLEEP)), await once_more(client)
