"""A database of `real_sqlite`, as one test after another uses it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from understudy.catalog.levels import Levels
from understudy.real_sqlite import checks
from understudy.real_sqlite.database import SqliteDatabase
from understudy.real_sqlite.fixture import RealSqlite
from understudy.script import expectations

SCHEMA = """
CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, email VARCHAR(80) UNIQUE,
    age INTEGER CHECK (age >= 18), kind TEXT NOT NULL CHECK (kind IN ('free', 'paid'))
);
CREATE TABLE orders (
    id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users (id),
    total DECIMAL(10, 2) NOT NULL DEFAULT 0
);
CREATE TABLE counts (n INTEGER NOT NULL) STRICT;
CREATE VIEW names AS SELECT name FROM users;
"""


@pytest.fixture(scope="module")
def database() -> Iterator[SqliteDatabase]:
    before, checks.configured = checks.configured, Levels()
    made = SqliteDatabase(lambda template: template.executescript(SCHEMA) and None)
    made.start()
    yield made
    made.stop()
    checks.configured = before


@pytest.fixture
def real(database: SqliteDatabase) -> Iterator[RealSqlite]:
    made = RealSqlite(database, "seed")
    yield made
    made.end()


@contextmanager
def failing() -> Iterator[list[str]]:
    """Fill a list with the failures of the test that runs meanwhile, as they would be reported."""
    found: list[str] = []
    with expectations.opened() as state:
        yield found
    found += [f"{type(failure).__name__}: {failure}" for failure in state.verify()]
