"""Scenarios: what a driver does, up to the outcome that is compared."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from tests.conformance.drivers.driver_clients import DRIVER_CLIENTS, DriverClient

Act = Callable[[Any], Awaitable[Any]]


@dataclass(frozen=True)
class Scenario:
    """One scenario with one driver.

    Attributes:
        name: its name in test ids and in the list of departures.
        play: takes a connected client and returns the outcome.
        client: the driver's client.
        connected: whether the client is connected before.
        relayed: whether the real server is reached through a relay that can lose a connection.
    """

    name: str
    play: Act
    client: type[DriverClient]
    connected: bool
    relayed: bool

    @property
    def id(self) -> str:
        return f"{self.client.name}: {self.name}"


SCENARIOS: list[Scenario] = []
ASYNCPG = ("asyncpg in memory", "asyncpg")
PSYCOPG = ("psycopg", "psycopg sync")
SQLALCHEMY_ASYNC = ("SQLAlchemy on asyncpg", "SQLAlchemy on psycopg")


def scenario(
    *names: str, but: tuple[str, ...] = (), connected: bool = True, relayed: bool = False
) -> Callable[[Act], Act]:
    """Add a function to the scenarios of these clients, or of all clients.

    Args:
        names: names of clients; none means all.
        but: names of clients that cannot do it.
        connected: False if the scenario connects by itself.
        relayed: True if a connection is lost without a message.
    """

    def add(play: Act) -> Act:
        name = play.__name__.replace("_", " ")
        SCENARIOS.extend(
            Scenario(name, play, client, connected, relayed)
            for client in DRIVER_CLIENTS
            if (not names or client.name in names) and client.name not in but
        )
        return play

    return add
