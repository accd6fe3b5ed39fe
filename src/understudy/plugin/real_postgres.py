"""The fixture `real_postgres`: a database of its own for each test that asks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from understudy.plugin.options import read_settings
from understudy.plugin.outcomes import one_message

if TYPE_CHECKING:
    from understudy.postgres import TestDatabases


@dataclass(frozen=True, slots=True)
class RealPostgres:
    """A database on a real PostgreSQL.

    ``dsn`` is a URL that asyncpg, psycopg and psqlpy all take.
    """

    dsn: str


@pytest.fixture(scope="session")
def _understudy_databases(pytestconfig: pytest.Config) -> Iterator[TestDatabases]:
    """The server, with the schema loaded once. pytest keeps a failure of this for every test."""
    from understudy.postgres import PostgresError, TestDatabases

    settings = read_settings(pytestconfig)
    with one_message(PostgresError):
        databases = TestDatabases(
            settings.schema, settings.root, postgres_url=settings.postgres_url
        )
        databases.start()
    yield databases
    with one_message(PostgresError):
        databases.stop()


@pytest.fixture
def real_postgres(_understudy_databases: TestDatabases) -> Iterator[RealPostgres]:
    """A database with the configured schema in it and nothing else, for this test alone.

    It is a copy of a template that is built once per process, from the first test that asks. It
    is dropped after the test, and whoever is still connected to it then is disconnected.
    """
    from understudy.postgres import PostgresError

    with one_message(PostgresError):
        name, dsn = _understudy_databases.new()
    yield RealPostgres(dsn)
    with one_message(PostgresError):
        _understudy_databases.drop(name)
