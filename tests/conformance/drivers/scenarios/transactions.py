"""Transactions and savepoints, whole, broken and misused, through every driver."""

from __future__ import annotations

from typing import Any

from tests.conformance.drivers.driver_clients import DriverClient
from tests.conformance.drivers.outcomes import outcome
from tests.conformance.drivers.scenario import scenario

ADD = "INSERT INTO users (name) VALUES ($1)"
COUNT = "SELECT count(*) AS n FROM users"
WRONG = "SELECT 1 / 0 AS a"
ONE = "SELECT 1 AS a"


def script(client: DriverClient, *counts: int) -> None:
    """The queries of these scenarios, with the counts on the real server."""
    server = client.server
    server.on(ONE).optional().row(a=1)
    server.fails(client.library, WRONG, sqlstate="22012").optional()
    rule = server.on(COUNT).optional()
    for count in counts:
        rule = rule.row(n=count)


@scenario()
async def committed(client: DriverClient) -> Any:
    script(client, 3)
    client.server.on(ADD, "Cid").tag("INSERT 0 1")
    await client.begin()
    await client.execute(ADD, "Cid")
    return await outcome(client.commit()), await client.fetch(COUNT)


@scenario()
async def rolled_back(client: DriverClient) -> Any:
    script(client, 2)
    client.server.on(ADD, "Cid").tag("INSERT 0 1")
    await client.begin()
    await client.execute(ADD, "Cid")
    return await outcome(client.rollback()), await client.fetch(COUNT)


@scenario()
async def an_error_aborts_the_transaction(client: DriverClient) -> Any:
    script(client)
    await client.begin()
    return [
        await outcome(client.fetch(ONE)),
        await outcome(client.fetch(WRONG)),
        await outcome(client.fetch(ONE)),
        await outcome(client.execute("SAVEPOINT a")),
        await outcome(client.fetch("SELECT nowhere")),
        await outcome(client.fetch("SHOW timezone")),
        await outcome(client.rollback()),
        await outcome(client.fetch(ONE)),
    ]


@scenario()
async def an_aborted_transaction_is_committed(client: DriverClient) -> Any:
    script(client, 2)
    client.server.on(ADD, "Cid").tag("INSERT 0 1")
    await client.begin()
    await client.execute(ADD, "Cid")
    return [
        await outcome(client.fetch(WRONG)),
        await outcome(client.commit()),
        await outcome(client.fetch(COUNT)),
    ]


@scenario()
async def a_savepoint_in_sql(client: DriverClient) -> Any:
    script(client, 3)
    client.server.on(ADD, "Cid").tag("INSERT 0 1")
    client.server.on(ADD, "Dora").tag("INSERT 0 1")
    await client.begin()
    return [
        await client.execute(ADD, "Cid"),
        await client.execute("SAVEPOINT a"),
        await client.execute(ADD, "Dora"),
        await outcome(client.fetch(WRONG)),
        await client.execute("ROLLBACK TO SAVEPOINT a"),
        await client.fetch(COUNT),
        await client.execute("RELEASE SAVEPOINT a"),
        await outcome(client.execute("RELEASE SAVEPOINT a")),
        await outcome(client.commit()),
    ]


@scenario()
async def a_savepoint_without_a_transaction(client: DriverClient) -> Any:
    """psycopg and SQLAlchemy have one by then."""
    return [
        await outcome(client.execute("SAVEPOINT a")),
        await outcome(client.execute("ROLLBACK TO a")),
    ]


@scenario()
async def ended_without_a_transaction(client: DriverClient) -> Any:
    return [await outcome(client.execute("COMMIT")), await outcome(client.execute("ROLLBACK"))]


@scenario()
async def begun_in_sql_twice(client: DriverClient) -> Any:
    return [
        await outcome(client.execute("BEGIN")),
        await outcome(client.execute("BEGIN")),
        await outcome(client.execute("COMMIT")),
    ]


@scenario()
async def read_only_in_sql(client: DriverClient) -> Any:
    client.server.fails(
        client.library,
        ADD,
        "Cid",
        sqlstate="25006",
        message="cannot execute INSERT in a read-only transaction",
    )
    await client.begin()
    return [
        await outcome(client.execute("SET TRANSACTION READ ONLY")),
        await outcome(client.fetch("SHOW transaction_read_only")),
        await outcome(client.execute(ADD, "Cid")),
        await outcome(client.rollback()),
        await outcome(client.fetch("SHOW transaction_read_only")),
    ]


@scenario()
async def isolation_in_sql(client: DriverClient) -> Any:
    script(client)
    await client.begin()
    return [
        await outcome(client.execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")),
        await outcome(client.fetch("SHOW transaction_isolation")),
        await outcome(client.fetch(ONE)),
        await outcome(client.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")),
        await outcome(client.rollback()),
        await outcome(client.fetch("SHOW transaction_isolation")),
    ]


@scenario()
async def a_setting_goes_with_its_transaction(client: DriverClient) -> Any:
    await client.begin()
    shown = []
    for statement in (
        "SET timezone TO 'Asia/Tokyo'",
        "SET LOCAL timezone TO 'America/Lima'",
    ):
        await client.execute(statement)
        shown.append(await client.fetch("SHOW timezone"))
    await client.rollback()
    shown.append(await client.fetch("SHOW timezone"))
    return shown


@scenario()
async def a_local_setting_goes_at_commit(client: DriverClient) -> Any:
    await client.begin()
    await client.execute("SET LOCAL timezone TO 'America/Lima'")
    await client.execute("SET statement_timeout TO 5000")
    shown = [await client.fetch("SHOW timezone")]
    await client.commit()
    return [
        *shown,
        await client.fetch("SHOW timezone"),
        await client.fetch("SHOW statement_timeout"),
    ]


@scenario()
async def serialization_failure_at_commit(client: DriverClient) -> Any:
    """No real server fails so by itself: both are told to, the real one by a deferred trigger."""
    script(client, 2)
    client.server.on("INSERT INTO late VALUES (1)").tag("INSERT 0 1")
    client.server.fails(
        client.library,
        "COMMIT",
        sqlstate="40001",
        message="could not serialize access",
        hint="Retry.",
    )
    await client.begin()
    await client.execute("INSERT INTO late VALUES (1)")
    return [await outcome(client.commit()), await outcome(client.fetch(COUNT))]


@scenario()
async def closed_in_a_transaction(client: DriverClient) -> Any:
    client.server.on(ADD, "Cid").tag("INSERT 0 1")
    await client.begin()
    await client.execute(ADD, "Cid")
    return await outcome(client.close())


@scenario()
async def used_after_close(client: DriverClient) -> Any:
    await client.close()
    return [
        await outcome(client.fetch(ONE)),
        await outcome(client.execute(ADD, "Cid")),
        await outcome(client.close()),
    ]
