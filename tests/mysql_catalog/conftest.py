from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.mysql_catalog.mutants import Judges
from tests.mysql_places import new_database
from understudy.mysql_server.address import Address


@pytest.fixture(scope="session")
def judges(mysql_server: Address) -> Iterator[Judges]:
    """A server with the tables of `shop` and their rows, and a checker that asks it."""
    with new_database(mysql_server, f"shop_{os.getpid()}") as address:
        found = Judges(address)
        yield found
        found.close()
