"""Connecting, and being refused."""

from __future__ import annotations

from typing import Any

from tests.conformance.drivers.driver_clients import AsyncpgPlayer, Player
from tests.conformance.drivers.outcomes import outcome
from tests.conformance.drivers.scenario import ASYNCPG, behaviour
from tests.conformance.drivers.servers import LOGIN

ONE = "SELECT 1 AS a"
ADD = "INSERT INTO users (name) VALUES ($1)"
RENAME = "UPDATE users SET name = $1"
FORGET = "DELETE FROM users WHERE id > 2"


@behaviour(connected=False)
async def too_many_connections(player: Player) -> Any:
    player.stage.on(ONE).row(a=1)
    with player.stage.full():
        refused = await outcome(player.connect())
    again = type(player)(player.stage)
    await again.connect()
    found = await again.fetch(ONE)
    await again.close()
    return refused, found


@behaviour(connected=False)
async def no_server(player: Player) -> Any:
    player.stage.on(ONE).row(a=1)
    with player.stage.down():
        refused = await outcome(player.connect())
    again = type(player)(player.stage)
    await again.connect()
    found = await again.fetch(ONE)
    await again.close()
    return refused, found


@behaviour()
async def closed_twice(player: Player) -> Any:
    return await outcome(player.close()), await outcome(player.close())


async def admitted(player: Player) -> Any:
    """What comes of connecting, and of the first statement."""
    player.stage.on(ONE).optional().row(a=1)
    return await outcome(player.connect()) or await outcome(player.fetch(ONE))


@behaviour(connected=False)
async def the_right_password(player: Player) -> Any:
    player.stage.guarded()
    player.stage.call_as(user=LOGIN.user, password=LOGIN.password)
    return await admitted(player)


@behaviour(connected=False)
async def a_wrong_password(player: Player) -> Any:
    player.stage.guarded()
    player.stage.call_as(user=LOGIN.user, password="guess")
    return await admitted(player)


@behaviour(connected=False)
async def no_password(player: Player) -> Any:
    player.stage.guarded()
    player.stage.call_as(user=LOGIN.user)
    return await admitted(player)


@behaviour(connected=False)
async def an_unknown_user_with_a_password(player: Player) -> Any:
    player.stage.guarded()
    player.stage.call_as(user=f"{LOGIN.user}_stranger", password=LOGIN.password)
    return await admitted(player)


@behaviour(connected=False)
async def an_unknown_user(player: Player) -> Any:
    player.stage.unguarded()
    player.stage.call_as(user="stranger")
    return await admitted(player)


@behaviour(connected=False)
async def an_unknown_database(player: Player) -> Any:
    player.stage.guarded()
    player.stage.call_as(user=LOGIN.user, password=LOGIN.password, database="nowhere")
    return await admitted(player)


@behaviour(connected=False)
async def a_wrong_password_for_an_unknown_database(player: Player) -> Any:
    player.stage.guarded()
    player.stage.call_as(user=LOGIN.user, password="guess", database="nowhere")
    return await admitted(player)


@behaviour(connected=False, but=("asyncpg in memory",))
async def encryption_demanded(player: Player) -> Any:
    player.stage.call_by_tcp()
    player.stage.call_with(sslmode="require")
    return await admitted(player)


@behaviour(connected=False, but=("asyncpg in memory",))
async def encryption_preferred(player: Player) -> Any:
    player.stage.call_by_tcp()
    player.stage.call_with(sslmode="prefer")
    return await admitted(player)


@behaviour(connected=False)
async def encryption_demanded_on_a_socket(player: Player) -> Any:
    player.stage.call_with(sslmode="require")
    return await admitted(player)


@behaviour("asyncpg", connected=False)
async def encryption_demanded_by_an_argument(player: AsyncpgPlayer) -> Any:
    player.stage.call_by_tcp()
    return await outcome(player.connect(ssl=True))


@behaviour(*ASYNCPG, connected=False)
async def a_pool_that_is_refused(player: AsyncpgPlayer) -> Any:
    async def opened() -> None:
        async with player.pool(min_size=1, max_size=1):
            raise AssertionError("it is refused")

    player.stage.guarded()
    player.stage.call_as(user=LOGIN.user, password="guess")
    refused = [await outcome(opened())]
    with player.stage.full():
        refused.append(await outcome(opened()))
    return refused


@behaviour()
async def read_only_after_a_failover(player: Player) -> Any:
    stage = player.stage
    stage.on(ADD, "Cid").tag("INSERT 0 1")
    stage.on(ONE).row(a=1)
    stage.on(RENAME, "Dora").optional().tag("UPDATE 2")
    stage.on(FORGET).optional().tag("DELETE 0")
    await stage.fail_over(player)
    seen = []
    for statement, parameters in ((ADD, ["Cid"]), (RENAME, ["Dora"]), (FORGET, [])):
        await player.begin()
        seen.append(await outcome(player.execute(statement, *parameters)))
        seen.append(await outcome(player.rollback()))
    seen += [await outcome(player.fetch(ONE)), await outcome(player.end())]
    other = type(player)(stage)
    await other.connect()
    try:
        return seen, await outcome(other.execute(ADD, "Cid"))
    finally:
        await other.close()
