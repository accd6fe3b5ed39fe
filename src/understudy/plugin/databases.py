"""The PostgreSQL of a run: started by whoever needs it first, stopped when the run is over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from understudy.plugin.options import read_settings
from understudy.plugin.outcomes import one_message
from understudy.postgres import PostgresError, TestDatabases

_SHARED: pytest.StashKey[TestDatabases | PostgresError] = pytest.StashKey()


@dataclass(frozen=True)
class RealPostgres:
    """A database on a real PostgreSQL.

    ``dsn`` is a URL that asyncpg, psycopg and psqlpy all take.
    """

    dsn: str


def shared(config: pytest.Config) -> TestDatabases:
    """Return the server with the configured schema loaded, starting it where there is none yet.

    :raises PostgresError: it cannot be had; tried once, and said again to everyone who asks.
    """
    known = config.stash.get(_SHARED, None)
    if known is None:
        known = config.stash[_SHARED] = _started(config)
    if isinstance(known, PostgresError):
        raise known.with_traceback(None)
    return known


def _started(config: pytest.Config) -> TestDatabases | PostgresError:
    settings = read_settings(config)
    databases = TestDatabases(settings.schema, settings.root, postgres_url=settings.postgres_url)
    try:
        databases.start()
    except PostgresError as error:
        return error
    config.add_cleanup(databases.stop)
    return databases


@contextmanager
def own_database(config: pytest.Config) -> Iterator[RealPostgres]:
    """A database that is dropped at the end; a PostgresError fails the test."""
    with one_message(PostgresError):
        databases = shared(config)
        name, dsn = databases.new()
    try:
        yield RealPostgres(dsn)
    finally:
        with one_message(PostgresError):
            databases.drop(name)
