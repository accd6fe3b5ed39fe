"""Connecting, and being refused."""

from __future__ import annotations

from typing import Any

from tests.conformance.drivers.behaviour import behaviour
from tests.conformance.drivers.outcomes import outcome
from tests.conformance.drivers.players import Player

ONE = "SELECT 1 AS a"


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
