"""Every driver sees the same on `fake_mysql` and on a real MySQL or MariaDB."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.conformance.mysql.conftest import DATABASE, RealServer
from tests.conformance.mysql.departures import DEPARTURES, REFUSED
from tests.conformance.mysql.flows import FLOWS
from tests.conformance.mysql.players import PLAYERS, Player, Where, is_drivers_own
from tests.conformance.mysql.recorder import can_play, script
from understudy.catalog.active_checker import MYSQL
from understudy.fake_mysql.fixture import FakeMysql
from understudy.mysql_catalog.checks import MysqlChecker

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
    monkeypatch: pytest.MonkeyPatch,
    runner: asyncio.Runner,
    player: type[Player],
    name: str,
) -> None:
    flow = FLOWS[name]
    answers = runner.run(real.recorded(name, flow, player))
    expected = runner.run(player(real.where).play(flow))
    real.reset(flow)
    monkeypatch.setattr(fake_mysql._server, "version", real.version)
    script(fake_mysql, answers)

    found = runner.run(player(_where(fake_mysql)).play(flow))

    # The script goes on as with PyMySQL, which the driver has refused to do.
    end = next((at for at, one in enumerate(expected, 1) if is_drivers_own(one)), None)
    if (player.name, name) in DEPARTURES:
        assert found[:end] != expected[:end], "no departure any more"
    else:
        assert found[:end] == expected[:end]


@pytest.fixture(scope="module")
def checker(real: RealServer) -> Iterator[MysqlChecker]:
    checker = real.checker
    yield checker
    checker.catalog.close()


@pytest.fixture
def checked(checker: MysqlChecker) -> Iterator[None]:
    """The statements on the fake are checked against the schema of the real server."""
    before = MYSQL.factory, MYSQL.made()
    MYSQL.use(lambda: checker)
    yield
    MYSQL.use(*before)


_DBAPI = [player for player in PLAYERS if not player.leaves_out]
_COLUMNS = [name for name in FLOWS if name.startswith("column")]


@pytest.mark.slow
@pytest.mark.usefixtures("checked")
@pytest.mark.parametrize("name", _COLUMNS)
@pytest.mark.parametrize("player", _DBAPI, ids=lambda player: player.name)
def test_a_column_with_the_schema(
    real: RealServer,
    fake_mysql: FakeMysql,
    monkeypatch: pytest.MonkeyPatch,
    runner: asyncio.Runner,
    player: type[Player],
    name: str,
) -> None:
    """The types are the schema's, so that the driver is told the same and makes the same of it."""
    if (player.name, name) in REFUSED:
        pytest.skip(REFUSED[player.name, name])
    flow = FLOWS[name]
    answers = runner.run(real.recorded(name, flow, player))
    on_real, on_fake = player(real.where), player(_where(fake_mysql))
    on_real.tells_types = on_fake.tells_types = True
    expected = runner.run(on_real.play(flow))
    real.reset(flow)
    monkeypatch.setattr(fake_mysql._server, "version", real.version)
    script(fake_mysql, answers)

    found = runner.run(on_fake.play(flow))

    end = next((at for at, one in enumerate(expected, 1) if is_drivers_own(one)), None)
    assert found[:end] == expected[:end]


def _where(fake: FakeMysql) -> Where:
    def kill(number: int) -> None:
        fake._server.end_connections(lambda client: client.pid == number)

    return Where(fake.host, fake.port, fake.user, fake.password, DATABASE, kill)
