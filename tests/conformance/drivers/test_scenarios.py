"""Every scenario has the same outcome on fake_postgres as on the real server."""

from __future__ import annotations

import asyncio
import gc
import importlib
import os
import pkgutil
import warnings
from collections.abc import Callable, Iterator, Mapping
from difflib import unified_diff
from zlib import crc32

import pytest

from tests.conformance.drivers import scenarios
from tests.conformance.drivers.departures import DEPARTURES, NOT_ON_REAL_POSTGRES, ON_REAL_POSTGRES
from tests.conformance.drivers.driver_clients import DriverClient
from tests.conformance.drivers.outcomes import shown
from tests.conformance.drivers.relay import Relay
from tests.conformance.drivers.scenario import SCENARIOS, Act, Scenario
from tests.conformance.drivers.servers import (
    PATIENCE,
    FakeServer,
    MakeReal,
    RollbackServerUnderTest,
)
from understudy.catalog.errors import StatementRefused
from understudy.fake_postgres.server import Server
from understudy.real_postgres.rollback_server import RollbackServer
from understudy.script import expectations

pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

# How many drivers run each scenario in real_postgres; all, if the environment says so.
EACH = 2
ALL = "EVERY_DRIVER_ON_REAL_POSTGRES"

for _module in pkgutil.iter_modules(scenarios.__path__):
    importlib.import_module(f"{scenarios.__name__}.{_module.name}")


@pytest.fixture(scope="module", autouse=True)
def _swept() -> Iterator[None]:
    """Collect the connections that were lost, which nobody can close, before another test does."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


async def play(scenario: Scenario, client: DriverClient) -> str:
    """Return the outcome of a scenario as text."""
    if scenario.connected:
        await client.connect()
    try:
        async with asyncio.timeout(PATIENCE):
            return shown(await scenario.play(client))
    except BaseException as error:
        error.add_note(
            f"by {client.name}, on the {'real' if client.server.real else 'fake'} server"
        )
        raise
    finally:
        await client.leave()
        await client.server.settle()


async def on(make: Callable[[], FakeServer], scenario: Scenario) -> tuple[str, str]:
    """Return the outcome of a scenario on one of Understudy's servers, and its failures."""
    with expectations.opened() as book:
        server = make()
        actual = await play(scenario, scenario.client(server))
        server.postgres.end()
    # What PostgreSQL refuses to prepare was refused on both; all else is a mistake of the script.
    failures = [
        str(failure) for failure in book.verify() if not isinstance(failure, StatementRefused)
    ]
    return actual, "\n".join(failures)


def difference(
    scenario: Scenario, known: Mapping[str, str], expected: str, actual: str, failures: str
) -> str:
    """Return what is wrong with the outcome of a scenario, or "".

    Args:
        scenario: the scenario.
        known: the departures.
        expected: its outcome on the real server.
        actual: its outcome on one of Understudy's.
        failures: what was wrong with its script.
    """
    if scenario.id in known or scenario.name in known:
        wrong = "there is no difference any more" if actual == expected else ""
    elif actual == expected:
        wrong = failures
    else:
        lines = expected.splitlines(), actual.splitlines()
        wrong = "\n".join([*unified_diff(*lines, "real", "ours", lineterm=""), failures])
    return f"{scenario.id}\n{wrong}" if wrong else ""


def in_turn(name: str) -> list[Scenario]:
    """Return the scenarios to run in real_postgres: by default, a part of the drivers."""
    found = [
        scenario
        for scenario in SCENARIOS
        if scenario.name == name
        and scenario.client.on_real is None
        and not {scenario.name, scenario.id} & NOT_ON_REAL_POSTGRES.keys()
    ]
    if os.environ.get(ALL):
        return found
    first = crc32(name.encode()) % (len(found) or 1)
    return [*found[first:], *found[:first]][:EACH]


# One test for all drivers: a test for each would cost more than the scenario itself.
@pytest.mark.parametrize("name", sorted({scenario.name for scenario in SCENARIOS}))
async def test_scenario(
    name: str,
    reals: MakeReal,
    server: Server,
    fakes_tcp: Relay,
    rollback_server: RollbackServer,
    rollback_server_tcp: Relay,
) -> None:
    expected: dict[tuple[Act, type[DriverClient]], str] = {}
    wrong = []
    for scenario in SCENARIOS:
        if scenario.name != name:
            continue
        client = scenario.client.on_real or scenario.client
        if (scenario.play, client) not in expected:
            real = reals(through_relay=scenario.relayed)
            expected[scenario.play, client] = await play(scenario, client(real))
        outcome = await on(lambda: FakeServer(server, fakes_tcp), scenario)
        real_outcome = expected[scenario.play, client]
        wrong.append(difference(scenario, DEPARTURES, real_outcome, *outcome))
    for scenario in in_turn(name):
        outcome = await on(
            lambda: RollbackServerUnderTest(rollback_server, rollback_server_tcp), scenario
        )
        real_outcome = expected[scenario.play, scenario.client]
        found = difference(scenario, ON_REAL_POSTGRES, real_outcome, *outcome)
        wrong.append(found and f"on real_postgres, {found}")
    assert wrong == [""] * len(wrong), "\n".join(filter(None, wrong))
