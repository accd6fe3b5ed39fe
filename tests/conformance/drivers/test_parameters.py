"""Every driver has every value accepted or refused as by the real server."""

from __future__ import annotations

import random
import re
import sys
from collections.abc import Callable

import pytest

from tests.conformance.drivers.departures import PARAMETERS, unknown
from tests.conformance.drivers.outcomes import raised, shown
from tests.conformance.drivers.relay import Relay
from tests.conformance.drivers.servers import FakeServer
from tests.conformance.parameters.drivers import (
    AsyncpgInserter,
    Inserter,
    PsqlpyInserter,
    PsycopgInserter,
)
from tests.conformance.parameters.schema import TYPES
from tests.conformance.parameters.values import VALUES
from understudy.catalog.errors import StatementRefused
from understudy.fake_postgres.server import Server
from understudy.script import expectations

# asyncpg, given True for a cidr, makes ipaddress complain.
pytestmark = pytest.mark.filterwarnings("ignore:__int__ returned non-int:DeprecationWarning")

# What a backend passes, to what a backend has: all of these for all of these ...
COMMON_VALUES = (
    *("None", "True", "1", "2**31", "2**63", "IntEnum", "1.5", "nan", "Decimal 1.50", "'text'"),
    *("'1'", "''", "'happy'", "'ISO date'", "'ISO datetime'", "'uuid'", "'json'", "'ip'"),
    *("StrEnum", "Enum of str", "b'abc'", "bytearray", "date", "naive", "aware UTC", "time"),
    *("timedelta", "UUID", "IPv4Address", "dict", "[1]", "[1, None]", "['a', 'b']", "(1, 2)"),
    *("{1}", "object"),
)
COMMON_TYPES = (
    *("smallint", "integer", "bigint", "numeric", "double precision", "text", "character varying"),
    *("boolean", "uuid", "date", "time without time zone", "timestamp without time zone"),
    *("timestamp with time zone", "interval", "bytea", "json", "jsonb", "inet", "mood"),
    *("integer[]", "text[]"),
)
# ... and of all the others, one in so many.
ONE_IN = 9


def cases(driver: str) -> list[tuple[int, str]]:
    """The cases of a driver: numbers of types, and names of values."""
    common = [(TYPES.index(kind), value) for kind in COMMON_TYPES for value in COMMON_VALUES]
    others = [
        (number, value)
        for number, kind in enumerate(TYPES)
        for value in VALUES
        if kind not in COMMON_TYPES or value not in COMMON_VALUES
    ]
    return common + random.Random(driver).sample(others, len(others) // ONE_IN)


class AsyncpgInMemory(AsyncpgInserter):
    """On the fake without a socket."""

    def __init__(self, server: FakeServer) -> None:
        super().__init__(server.dsn)
        self.server = server

    async def connect(self) -> None:
        self.connection = await self.server.connect_asyncpg()


async def replay(inserter: Inserter, chosen: list[tuple[int, str]]) -> list[str]:
    """Return what comes of each case."""
    await inserter.connect()
    outcomes = []
    for number, name in chosen:
        statement = f"INSERT INTO t{number} VALUES ($1) RETURNING 1 AS v"
        try:
            outcomes.append(f"taken: {await inserter.insert(statement, VALUES[name]())}")
        except BaseException as error:  # psqlpy's PanicException is one
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
            outcomes.append(shown(raised(error)))
            await inserter.recover(error)
    await inserter.close()
    return outcomes


DRIVERS: dict[str, tuple[type[Inserter], Callable[[FakeServer], Inserter]]] = {
    "asyncpg in memory": (AsyncpgInserter, AsyncpgInMemory),
    "psycopg": (PsycopgInserter, lambda server: PsycopgInserter(server.dsn)),
    "psqlpy": (PsqlpyInserter, lambda server: PsqlpyInserter(server.dsn)),
}


@pytest.mark.parametrize("driver", DRIVERS)
async def test_the_matrix(
    driver: str,
    drivers_dsn: str,
    server: Server,
    fakes_tcp: Relay,
    capsys: pytest.CaptureFixture[str],
) -> None:
    on_real, on_fake = DRIVERS[driver]
    chosen = cases(driver)
    expected = await replay(on_real(drivers_dsn), chosen)
    with expectations.opened() as book:
        server = FakeServer(server, fakes_tcp)
        server.on(re.compile("INSERT INTO t")).value(1)
        actual = await replay(on_fake(server), chosen)
        server.postgres.end()
    failures = [failure for failure in book.verify() if not isinstance(failure, StatementRefused)]
    different = {
        f"{TYPES[number]} <- {name}": (there, here)
        for (number, name), there, here in zip(chosen, expected, actual, strict=True)
        if there != here
    }
    taken = sum(outcome.startswith("taken") for outcome in expected)
    with capsys.disabled():
        sys.stdout.write(
            f"\n{driver}: {len(chosen)} cases, {taken} taken by the real server;"
            f" {len(different)} differ\n"
        )
    report = unknown(different, PARAMETERS, driver)
    assert report == "", report
    assert failures == []
