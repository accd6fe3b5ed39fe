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
from tests.conformance.drivers.behaviour import BEHAVIOURS, Behaviour, Play
from tests.conformance.drivers.departures import DEPARTURES
from tests.conformance.drivers.outcomes import shown
from tests.conformance.drivers.players import Player
from tests.conformance.drivers.relay import Relay
from tests.conformance.drivers.stage import PATIENCE, FakeStage, MakeReal
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


async def play(behaviour: Behaviour, player: Player) -> str:
    """Return what a behaviour comes to, as text, so that two of them can be compared."""
    if behaviour.connected:
        await player.connect()
    try:
        async with asyncio.timeout(PATIENCE):
            return shown(await behaviour.play(player))
    except BaseException as error:
        error.add_note(f"by {player.name}, on the {'real' if player.stage.real else 'fake'} server")
        raise
    finally:
        await player.leave()
        await player.stage.settle()


async def on_fake(behaviour: Behaviour, server: Server, tcp: Relay) -> tuple[str, str]:
    """Return what a behaviour comes to on a fake, and how its script was not as it should be."""
    with ledger.opened() as book:
        fake = FakeStage(server, tcp)
        actual = await play(behaviour, behaviour.player(fake))
        fake.postgres.end()
    # What PostgreSQL refuses to prepare was refused on both; all else is a mistake of the script.
    failures = [str(each) for each in book.settle() if not isinstance(each, StatementRefused)]
    return actual, "\n".join(failures)


def difference(behaviour: Behaviour, expected: str, actual: str, failures: str) -> str:
    """Return what is wrong with the outcome of a behaviour, nothing where all is well."""
    is_known = behaviour.id in DEPARTURES or behaviour.name in DEPARTURES
    if is_known:
        wrong = "there is no difference any more" if actual == expected else ""
    elif actual == expected:
        wrong = failures
    else:
        lines = expected.splitlines(), actual.splitlines()
        wrong = "\n".join([*unified_diff(*lines, "real", "fake", lineterm=""), failures])
    return f"{behaviour.id}\n{wrong}" if wrong else ""


# One test for all who play it: each would cost more than what is played.
@pytest.mark.parametrize("name", sorted({each.name for each in BEHAVIOURS}))
async def test_behaviour(name: str, reals: MakeReal, server: Server, fakes_tcp: Relay) -> None:
    expected: dict[tuple[Play, type[Player]], str] = {}
    wrong = []
    for behaviour in BEHAVIOURS:
        if behaviour.name != name:
            continue
        player = behaviour.player.on_real or behaviour.player
        if (behaviour.play, player) not in expected:
            real = reals(through_relay=behaviour.relayed)
            expected[behaviour.play, player] = await play(behaviour, player(real))
        outcome = await on_fake(behaviour, server, fakes_tcp)
        wrong.append(difference(behaviour, expected[behaviour.play, player], *outcome))
    assert wrong == [""] * len(wrong), "\n".join(filter(None, wrong))
