"""Connecting, and being refused."""

from __future__ import annotations

from typing import Any

from tests.conformance.drivers.driver_clients import AsyncpgClient, DriverClient
from tests.conformance.drivers.outcomes import outcome
from tests.conformance.drivers.scenario import ASYNCPG, scenario
from tests.conformance.drivers.servers import LOGIN

ONE = "SELECT 1 AS a"
ADD = "INSERT INTO users (name) VALUES ($1)"
RENAME = "UPDATE users SET name = $1"
FORGET = "DELETE FROM users WHERE id > 2"


@scenario(connected=False)
async def too_many_connections(client: DriverClient) -> Any:
    client.server.on(ONE).row(a=1)
    with client.server.full():
        refused = await outcome(client.connect())
    again = type(client)(client.server)
    await again.connect()
    found = await again.fetch(ONE)
    await again.close()
    return refused, found


@scenario(connected=False)
async def no_server(client: DriverClient) -> Any:
    client.server.on(ONE).row(a=1)
    with client.server.down():
        refused = await outcome(client.connect())
    again = type(client)(client.server)
    await again.connect()
    found = await again.fetch(ONE)
    await again.close()
    return refused, found


@scenario()
async def closed_twice(client: DriverClient) -> Any:
    return await outcome(client.close()), await outcome(client.close())


async def admitted(client: DriverClient) -> Any:
    """What comes of connecting, and of the first statement."""
    client.server.on(ONE).optional().row(a=1)
    return await outcome(client.connect()) or await outcome(client.fetch(ONE))


@scenario(connected=False)
async def the_right_password(client: DriverClient) -> Any:
    client.server.guarded()
    client.server.call_as(user=LOGIN.user, password=LOGIN.password)
    return await admitted(client)


@scenario(connected=False)
async def a_wrong_password(client: DriverClient) -> Any:
    client.server.guarded()
    client.server.call_as(user=LOGIN.user, password="guess")
    return await admitted(client)


@scenario(connected=False)
async def no_password(client: DriverClient) -> Any:
    client.server.guarded()
    client.server.call_as(user=LOGIN.user)
    return await admitted(client)


@scenario(connected=False)
async def an_unknown_user_with_a_password(client: DriverClient) -> Any:
    client.server.guarded()
    client.server.call_as(user=f"{LOGIN.user}_stranger", password=LOGIN.password)
    return await admitted(client)


@scenario(connected=False)
async def an_unknown_user(client: DriverClient) -> Any:
    client.server.unguarded()
    client.server.call_as(user="stranger")
    return await admitted(client)


@scenario(connected=False)
async def an_unknown_database(client: DriverClient) -> Any:
    client.server.guarded()
    client.server.call_as(user=LOGIN.user, password=LOGIN.password, database="nowhere")
    return await admitted(client)


@scenario(connected=False)
async def a_wrong_password_for_an_unknown_database(client: DriverClient) -> Any:
    client.server.guarded()
    client.server.call_as(user=LOGIN.user, password="guess", database="nowhere")
    return await admitted(client)


@scenario(connected=False, but=("asyncpg in memory",))
async def encryption_demanded(client: DriverClient) -> Any:
    client.server.call_by_tcp()
    client.server.call_with(sslmode="require")
    return await admitted(client)


@scenario(connected=False, but=("asyncpg in memory",))
async def encryption_preferred(client: DriverClient) -> Any:
    client.server.call_by_tcp()
    client.server.call_with(sslmode="prefer")
    return await admitted(client)


@scenario(connected=False)
async def encryption_demanded_on_a_socket(client: DriverClient) -> Any:
    client.server.call_with(sslmode="require")
    return await admitted(client)


@scenario("asyncpg", connected=False)
async def encryption_demanded_by_an_argument(client: AsyncpgClient) -> Any:
    client.server.call_by_tcp()
    return await outcome(client.connect(ssl=True))


@scenario(*ASYNCPG, connected=False)
async def a_pool_that_is_refused(client: AsyncpgClient) -> Any:
    async def opened() -> None:
        async with client.pool(min_size=1, max_size=1):
            raise AssertionError("it is refused")

    client.server.guarded()
    client.server.call_as(user=LOGIN.user, password="guess")
    refused = [await outcome(opened())]
    with client.server.full():
        refused.append(await outcome(opened()))
    return refused


@scenario()
async def read_only_after_a_failover(client: DriverClient) -> Any:
    server = client.server
    server.on(ADD, "Cid").tag("INSERT 0 1")
    server.on(ONE).row(a=1)
    server.on(RENAME, "Dora").optional().tag("UPDATE 2")
    server.on(FORGET).optional().tag("DELETE 0")
    await server.fail_over(client)
    seen = []
    for statement, parameters in ((ADD, ["Cid"]), (RENAME, ["Dora"]), (FORGET, [])):
        await client.begin()
        seen.append(await outcome(client.execute(statement, *parameters)))
        seen.append(await outcome(client.rollback()))
    seen += [await outcome(client.fetch(ONE)), await outcome(client.end())]
    other = type(client)(server)
    await other.connect()
    try:
        return seen, await outcome(other.execute(ADD, "Cid"))
    finally:
        await other.close()
