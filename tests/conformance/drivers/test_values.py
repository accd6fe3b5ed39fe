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
from tests.conformance.parameters.literals import LITERALS, OTHER_LITERALS
from understudy import JsonText
from understudy.fake_postgres.server import Server
from understudy.script import expectations
from understudy.script.failures import NotSupported

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
    "money[] {1.5}": [Decimal("1.5")],
    "json null": JsonText("null"),
    "jsonb null": JsonText("null"),
    'jsonb[] {"null"}': [JsonText("null")],
    "json 1e400": JsonText("1e400"),
    "jsonb 1e400": JsonText("1e400"),
    "mood[] {happy,sad}": ["happy", "sad"],
    "quantity[] {7}": [7],
    'pair[] {"(1,a)"}': [(1, "a")],
}


def json_texts(value: Any) -> Any:
    """Return what asyncpg gave, which is the text of JSON, as a script says it."""
    return list(map(json_texts, value)) if isinstance(value, list) else JsonText(value)


def statements() -> dict[str, str]:
    """A statement for each literal, by its type and text."""
    found = {}
    for kind, literals in (LITERALS | OTHER_LITERALS).items():
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
            elif client.library == "asyncpg" and name.startswith(
                ("json ", "jsonb ", "json[", "jsonb[")
            ):
                fake.on(statement).value(json_texts(expected[name][0]["v"]))
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
    # The values of the departures are refused in Understudy's own name.
    assert [failure for failure in book.verify() if not isinstance(failure, NotSupported)] == []
