"""Every behaviour of every driver comes to the same on fake_postgres as on the real server."""

from __future__ import annotations

import asyncio
import gc
import importlib
import pkgutil
import warnings
from collections.abc import Iterator
from difflib import unified_diff

import pytest

from tests.conformance.drivers import behaviours
from tests.conformance.drivers.behaviour import BEHAVIOURS, Behaviour
from tests.conformance.drivers.departures import DEPARTURES
from tests.conformance.drivers.outcomes import shown
from tests.conformance.drivers.relay import Relay
from tests.conformance.drivers.stage import PATIENCE, FakeStage, RealStage, Stage
from understudy.catalog.errors import StatementRefused
from understudy.script import ledger
from understudy.wire.server import Server

pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

for _module in pkgutil.iter_modules(behaviours.__path__):
    importlib.import_module(f"{behaviours.__name__}.{_module.name}")


@pytest.fixture(scope="module", autouse=True)
def _swept() -> Iterator[None]:
    """Collect the connections that were lost, which nobody can close, before another test does."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


async def play(behaviour: Behaviour, stage: Stage) -> str:
    """Return what a behaviour comes to on a stage, as text, so that two of them can be compared."""
    player = behaviour.player(stage)
    if behaviour.connected:
        await player.connect()
    try:
        async with asyncio.timeout(PATIENCE):
            return shown(await behaviour.play(player))
    finally:
        await player.leave()
        await asyncio.to_thread(stage.tcp.settle)


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda each: each.id)
async def test_behaviour(
    behaviour: Behaviour, real: RealStage, server: Server, fakes_tcp: Relay
) -> None:
    expected = await play(behaviour, real)
    with ledger.opened() as book:
        fake = FakeStage(server, fakes_tcp)
        actual = await play(behaviour, fake)
        fake.postgres.end()
    # What PostgreSQL refuses to prepare was refused on both; all else is a mistake of the script.
    failures = [each for each in book.settle() if not isinstance(each, StatementRefused)]
    if behaviour.id in DEPARTURES or behaviour.name in DEPARTURES:
        assert actual != expected, "there is no difference any more"
    else:
        assert actual == expected, "\n".join(
            unified_diff(expected.splitlines(), actual.splitlines(), "real", "fake", lineterm="")
        )
        assert failures == []
