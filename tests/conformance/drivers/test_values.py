"""Every type that PostgreSQL sends is decoded to the same value from the fake as from the server.

The fake is scripted with what the driver made of the real server's answer.
"""

from __future__ import annotations

import sys
from decimal import Decimal
from typing import Any

import pytest

from tests.conformance.drivers.departures import VALUES, unknown
from tests.conformance.drivers.driver_clients import DRIVER_CLIENTS, DriverClient
from tests.conformance.drivers.outcomes import Raised, outcome, shown
from tests.conformance.drivers.relay import Relay
from tests.conformance.drivers.servers import FakeServer, MakeReal
from tests.conformance.parameters.literals import LITERALS
from understudy.fake_postgres.server import Server
from understudy.script import expectations

# What to script where a driver makes something of the value that says less: psycopg a text of an
# array of the schema's and None of JSON's null, psqlpy cents of money, and an error of many.
SCRIPTED: dict[str, Any] = {
    "integer[] {1,NULL}": [1, None],
    "text[] {a,NULL}": ["a", None],
    "character[] {a}": ["a"],
    "name[] {a}": ["a"],
    "time with time zone[] {12:30+02}": ["12:30+02"],
    'bytea[] {"\\\\x00ff"}': [b"\0\xff"],
    "cidr[] {10.0.0.0/8}": ["10.0.0.0/8"],
    "macaddr[] {08:00:2b:01:02:03}": ["08:00:2b:01:02:03"],
    'int4range[] {"[1,3)"}': ["[1,3)"],
    "tsvector[] {a}": ["'a'"],
    "money 12.34": Decimal("12.34"),
    "money -1": Decimal(-1),
    "money[] {1.5}": [Decimal("1.5")],
    "oid 4294967295": 4294967295,
    "json null": "null",
    "jsonb null": "null",
    "mood[] {happy,sad}": ["happy", "sad"],
    "quantity[] {7}": [7],
    'pair[] {"(1,a)"}': [(1, "a")],
}


def statements() -> dict[str, str]:
    """A statement for each literal, by its type and text."""
    found = {}
    for kind, literals in LITERALS.items():
        spelt = kind.replace("character", "bpchar") if "varying" not in kind else kind
        for literal in literals:
            found[f"{kind} {literal}"] = f"SELECT CAST('{literal}' AS {spelt}) AS v"
    return found


async def read(client: DriverClient) -> dict[str, Any]:
    """Return what a driver makes of each literal."""
    await client.connect()
    found = {}
    for name, statement in statements().items():
        found[name] = await outcome(client.fetch(statement))
        await outcome(client.end())
    await client.close()
    return found


@pytest.mark.parametrize(
    "client",
    [client for client in DRIVER_CLIENTS if "SQLAlchemy" not in client.name],
    ids=lambda client: client.name,
)
async def test_every_type(
    client: type[DriverClient],
    reals: MakeReal,
    server: Server,
    fakes_tcp: Relay,
    capsys: pytest.CaptureFixture[str],
) -> None:
    expected = await read((client.on_real or client)(reals()))
    with expectations.opened() as book:
        fake = FakeServer(server, fakes_tcp)
        for name, statement in statements().items():
            if name in SCRIPTED:
                fake.on(statement).value(SCRIPTED[name])
            elif isinstance(expected[name], Raised):
                fake.on(statement).value(statement.split("'")[1])
            else:
                fake.on(statement).rows(*expected[name])
        actual = await read(client(fake))
        fake.postgres.end()
    different = {
        name: (shown(value), shown(actual[name]))
        for name, value in expected.items()
        if shown(value) != shown(actual[name])
    }
    with capsys.disabled():
        sys.stdout.write(f"\n{client.name}: {len(expected)} values, {len(different)} differ\n")
    report = unknown(different, VALUES, client.name)
    assert report == "", report
    assert book.verify() == []
