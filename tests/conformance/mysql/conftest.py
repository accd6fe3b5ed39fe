from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conformance.mysql.flows import RESETS, SCHEMA, Flow, resets
from tests.conformance.mysql.players import Player, Where
from tests.conformance.mysql.recorder import Recorder, Scripted
from tests.mysql_places import new_database
from understudy.catalog.run_catalog import Catalog
from understudy.mysql.sql import script_statements
from understudy.mysql_catalog.checks import MysqlChecker
from understudy.mysql_catalog.describer import MysqlDescriber
from understudy.mysql_server.address import Address
from understudy.mysql_server.admin import Admin

DATABASE = "conformance"


class RealServer:
    """The real server, with the schema of the flows.

    Attributes:
        version: what VERSION() returns.
    """

    def __init__(self, admin: Admin, address: Address) -> None:
        self._admin = admin
        self._address = address
        ((self.version,),) = admin.rows("SELECT VERSION()")

        self._recorded: dict[Any, list[Scripted]] = {}

    async def recorded(self, name: str, flow: Flow, player: type[Player]) -> list[Scripted]:
        """Return what the server answers to a flow of a driver."""
        key = name, player.finds_rows, player.sends_bulk
        if key not in self._recorded:
            recorder = Recorder(self.where, player)
            await recorder.play(flow)
            self.reset(flow)
            self._recorded[key] = recorder.scripted
        return self._recorded[key]

    def reset(self, flow: Flow) -> None:
        """Put the tables back after a flow."""
        for statement in resets(flow):
            self._admin.rows(statement)

    @property
    def checker(self) -> MysqlChecker:
        """What the schema says of statements."""
        connect = Admin(self._address, server_settings=True)
        return MysqlChecker(Catalog(None, str, lambda: MysqlDescriber(lambda: connect.connection)))

    @property
    def where(self) -> Where:
        address = self._address
        return Where(
            address.host, address.port, address.user, address.password, DATABASE, self._kill
        )

    def _kill(self, number: int) -> None:
        self._admin.rows(f"KILL {number}")


@pytest.fixture(scope="module")
def real(mysql_server: Address) -> Iterator[RealServer]:
    with new_database(mysql_server, DATABASE) as address, Admin(address) as admin:
        for definition in script_statements(SCHEMA):
            admin.rows(definition.text)
        for statement in RESETS["users"]:
            admin.rows(statement)
        yield RealServer(admin, address)


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner
