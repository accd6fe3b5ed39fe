"""Every driver sees the same on `fake_mysql` and on a real MySQL or MariaDB."""

from __future__ import annotations

import asyncio

import pytest

from tests.conformance.mysql.conftest import DATABASE, RealServer
from tests.conformance.mysql.departures import DEPARTURES, REFUSED
from tests.conformance.mysql.flows import FLOWS
from tests.conformance.mysql.players import PLAYERS, Player, Where, is_drivers_own
from tests.conformance.mysql.recorder import can_play, script
from understudy.fake_mysql.fixture import FakeMysql

_CASES = [
    (player, name)
    for player in PLAYERS
    for name, flow in FLOWS.items()
    if can_play(player, flow) and (player.name, name) not in REFUSED
]
_EVERY = 60  # of these, one is in the fast suite


@pytest.mark.parametrize(
    ("player", "name"),
    [
        pytest.param(
            player,
            name,
            id=f"{player.name}: {name}",
            marks=[pytest.mark.slow] if number % _EVERY else [],
        )
        for number, (player, name) in enumerate(_CASES)
    ],
)
def test_a_flow(
    real: RealServer,
    fake_mysql: FakeMysql,
    runner: asyncio.Runner,
    player: type[Player],
    name: str,
) -> None:
    flow = FLOWS[name]
    answers = runner.run(real.recorded(name, flow, player))
    expected = runner.run(player(real.where).play(flow))
    real.reset(flow)
    fake_mysql._server.version = real.version
    script(fake_mysql, answers)

    found = runner.run(player(_where(fake_mysql)).play(flow))

    # The script goes on as with PyMySQL, which the driver has refused to do.
    end = next((at for at, one in enumerate(expected, 1) if is_drivers_own(one)), None)
    if (player.name, name) in DEPARTURES:
        assert found[:end] != expected[:end], "no departure any more"
    else:
        assert found[:end] == expected[:end]


def _where(fake: FakeMysql) -> Where:
    def kill(number: int) -> None:
        fake._server.end_connections(lambda client: client.pid == number)

    return Where(fake.host, fake.port, fake.user, fake.password, DATABASE, kill)
