"""An app sees the same of SQLite with `real_sqlite` as without it."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.conformance.sqlite.flows import SCHEMA, flows
from tests.conformance.sqlite.players import DRIVERS
from understudy.real_sqlite.database import SqliteDatabase

PARTS = 4
DRIVER = [
    pytest.param(driver, marks=[pytest.mark.slow] if driver == "sqlalchemy" else [])
    for driver in DRIVERS
]


@pytest.fixture(scope="module")
def database() -> Iterator[SqliteDatabase]:
    made = SqliteDatabase(lambda template: template.executescript(SCHEMA) and None)
    made.start()
    yield made
    made.stop()


def test_there_are_enough_behaviours() -> None:
    assert len(flows()) >= 300


@pytest.mark.parametrize("driver", DRIVER)
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # sqlite3's default adapters
async def test_every_behaviour_is_the_same(
    part: int, driver: str, database: SqliteDatabase
) -> None:
    folder = database.path.parent  # where a commit waits for no disk
    original = folder / "original.db"
    original.unlink(missing_ok=True)
    with closing(sqlite3.connect(original)) as connection:
        connection.executescript(SCHEMA)
    player = DRIVERS[driver]
    followed = 0
    different = {}
    for number, (name, flow) in enumerate(flows().items()):
        if number % PARTS != part:
            continue
        plain = folder / f"{number}.db"
        shutil.copy(original, plain)
        expected = await player(plain).play(flow)
        plain.unlink()
        script = database.begin_test()
        found = await player(database.path).play(flow)
        if found != expected:
            different[name] = found, expected
        followed += bool(script.calls)
        database.end_test()
    assert different == {}
    assert followed > 0.9 * len(flows()) / PARTS
