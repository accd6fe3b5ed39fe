"""Every behaviour of every driver comes to the same on fake_postgres as on the real server."""

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
from tests.conformance.drivers.departures import DEPARTURES, IN_SANDBOX, NOT_IN_SANDBOX
from tests.conformance.drivers.driver_clients import Player
from tests.conformance.drivers.outcomes import shown
from tests.conformance.drivers.relay import Relay
from tests.conformance.drivers.scenario import BEHAVIOURS, Behaviour, Play
from tests.conformance.drivers.servers import PATIENCE, FakeStage, MakeReal, SandboxStage
from understudy.catalog.errors import StatementRefused
from understudy.fake_postgres.server import Server
from understudy.real_postgres.rollback_server import RollbackServer
from understudy.script import expectations

pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

# In the sandbox, how many drivers play each behaviour; all, where the environment says so.
EACH = 2
ALL = "EVERY_DRIVER_IN_THE_SANDBOX"

for _module in pkgutil.iter_modules(scenarios.__path__):
    importlib.import_module(f"{scenarios.__name__}.{_module.name}")


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


async def on(make: Callable[[], FakeStage], behaviour: Behaviour) -> tuple[str, str]:
    """Return what a behaviour comes to on a server of ours, and what was wrong with its script."""
    with expectations.opened() as book:
        stage = make()
        actual = await play(behaviour, behaviour.player(stage))
        stage.postgres.end()
    # What PostgreSQL refuses to prepare was refused on both; all else is a mistake of the script.
    failures = [str(item) for item in book.verify() if not isinstance(item, StatementRefused)]
    return actual, "\n".join(failures)


def difference(
    behaviour: Behaviour, known: Mapping[str, str], expected: str, actual: str, failures: str
) -> str:
    """Return what is wrong with the outcome of a behaviour, nothing where all is well.

    Args:
        behaviour: the behaviour.
        known: the departures.
        expected: its outcome on the real server.
        actual: its outcome on one of Understudy's.
        failures: what was wrong with its script.
    """
    if behaviour.id in known or behaviour.name in known:
        wrong = "there is no difference any more" if actual == expected else ""
    elif actual == expected:
        wrong = failures
    else:
        lines = expected.splitlines(), actual.splitlines()
        wrong = "\n".join([*unified_diff(*lines, "real", "ours", lineterm=""), failures])
    return f"{behaviour.id}\n{wrong}" if wrong else ""


def in_turn(name: str) -> list[Behaviour]:
    """Return the behaviours of a name that are played in the sandbox: every driver has its turn."""
    found = [
        item
        for item in BEHAVIOURS
        if item.name == name
        and item.player.on_real is None
        and not {item.name, item.id} & NOT_IN_SANDBOX.keys()
    ]
    if os.environ.get(ALL):
        return found
    first = crc32(name.encode()) % (len(found) or 1)
    return [*found[first:], *found[:first]][:EACH]


# One test for all who play it: each would cost more than what is played.
@pytest.mark.parametrize("name", sorted({item.name for item in BEHAVIOURS}))
async def test_behaviour(
    name: str,
    reals: MakeReal,
    server: Server,
    fakes_tcp: Relay,
    sandbox: RollbackServer,
    sandboxes_tcp: Relay,
) -> None:
    expected: dict[tuple[Play, type[Player]], str] = {}
    wrong = []
    for behaviour in BEHAVIOURS:
        if behaviour.name != name:
            continue
        player = behaviour.player.on_real or behaviour.player
        if (behaviour.play, player) not in expected:
            real = reals(through_relay=behaviour.relayed)
            expected[behaviour.play, player] = await play(behaviour, player(real))
        outcome = await on(lambda: FakeStage(server, fakes_tcp), behaviour)
        real_outcome = expected[behaviour.play, player]
        wrong.append(difference(behaviour, DEPARTURES, real_outcome, *outcome))
    for behaviour in in_turn(name):
        outcome = await on(lambda: SandboxStage(sandbox, sandboxes_tcp), behaviour)
        real_outcome = expected[behaviour.play, behaviour.player]
        found = difference(behaviour, IN_SANDBOX, real_outcome, *outcome)
        wrong.append(found and f"in the sandbox, {found}")
    assert wrong == [""] * len(wrong), "\n".join(filter(None, wrong))
