"""An app sees the same of SQLite with `real_sqlite` as without it."""

from __future__ import annotations

import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.conformance.sqlite.flows import FLOWS, SCHEMA, Flow, flows
from tests.conformance.sqlite.players import DRIVERS, Sqlite3
from understudy.real_sqlite.database import SqliteDatabase

PARTS = 4
DRIVER = [
    pytest.param(driver, marks=[pytest.mark.slow] if driver == "sqlalchemy" else [])
    for driver in DRIVERS
]


OPTIONS: list[dict[str, object]] = [
    {"isolation_level": None},
    {"isolation_level": "IMMEDIATE"},
    {"isolation_level": "EXCLUSIVE"},
    {"detect_types": sqlite3.PARSE_DECLTYPES},
    {"check_same_thread": False, "cached_statements": 0},
    *([{"autocommit": False}, {"autocommit": True}] if sys.version_info >= (3, 12) else []),
]


@pytest.fixture(scope="module")
def database() -> Iterator[SqliteDatabase]:
    made = SqliteDatabase(lambda template: template.executescript(SCHEMA) and None)
    made.start()
    yield made
    made.stop()


def test_there_are_enough_behaviours() -> None:
    assert len(flows()) >= 300


async def differences(
    database: SqliteDatabase, player: type[Sqlite3], chosen: dict[str, Flow], **options: object
) -> tuple[dict[str, object], int]:
    """Return the flows with different outcomes, and the number of flows that were followed."""
    folder = database.path.parent  # where a commit waits for no disk
    original, plain = folder / "original.db", folder / "plain.db"
    with closing(sqlite3.connect(original)) as connection:
        connection.executescript(SCHEMA)
    found: dict[str, object] = {}
    followed = 0
    for name, flow in chosen.items():
        shutil.copy(original, plain)
        expected = await player(plain, **options).play(flow)
        for file in folder.glob("plain.db*"):
            file.unlink()
        script = database.begin_test()
        outcome = await player(database.path, **options).play(flow)
        if outcome != expected:
            found[name] = outcome, expected
        followed += bool(script.calls)
        database.shared.end_test()
    original.unlink()
    return found, followed


@pytest.mark.parametrize("driver", DRIVER)
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # sqlite3's default adapters
async def test_every_behaviour_is_the_same(
    part: int, driver: str, database: SqliteDatabase
) -> None:
    chosen = dict(list(flows().items())[part::PARTS])
    found, followed = await differences(database, DRIVERS[driver], chosen)
    assert found == {}
    assert followed > 0.9 * len(chosen)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # sqlite3's default converters
async def test_transactions_are_the_same_with_every_option(
    options: dict[str, object], database: SqliteDatabase
) -> None:
    found, followed = await differences(database, Sqlite3, FLOWS, **options)
    assert found == {}
    assert followed == len(FLOWS)
