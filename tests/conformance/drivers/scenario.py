"""Behaviours: what a driver does, from its first statement to the outcome that is compared."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from tests.conformance.drivers.driver_clients import PLAYERS, Player

Play = Callable[[Any], Awaitable[Any]]


@dataclass(frozen=True)
class Behaviour:
    """One behaviour of one driver.

    Attributes:
        name: what it is called in the test's id and in the list of departures.
        play: takes a player that is connected, returns the outcome.
        player: the driver.
        connected: whether the player is connected before.
        relayed: whether the real server is reached through what can lose a connection.
    """

    name: str
    play: Play
    player: type[Player]
    connected: bool
    relayed: bool

    @property
    def id(self) -> str:
        return f"{self.player.name}: {self.name}"


BEHAVIOURS: list[Behaviour] = []
ASYNCPG = ("asyncpg in memory", "asyncpg")
PSYCOPG = ("psycopg", "psycopg sync")
SQLALCHEMY_ASYNC = ("SQLAlchemy on asyncpg", "SQLAlchemy on psycopg")


def behaviour(
    *names: str, but: tuple[str, ...] = (), connected: bool = True, relayed: bool = False
) -> Callable[[Play], Play]:
    """Add a function to the behaviours of the players of these names; of all without names.

    Args:
        names: names of players.
        but: names of those that cannot do it.
        connected: False where the behaviour connects by itself.
        relayed: True where a connection is lost without a word.
    """

    def add(play: Play) -> Play:
        name = play.__name__.replace("_", " ")
        BEHAVIOURS.extend(
            Behaviour(name, play, player, connected, relayed)
            for player in PLAYERS
            if (not names or player.name in names) and player.name not in but
        )
        return play

    return add
