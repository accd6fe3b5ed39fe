"""The PostgreSQL of a run: started by whoever needs it first, stopped when the run is over."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from understudy.plugin.options import read_settings
from understudy.plugin.outcomes import one_message
from understudy.postgres import EmbeddedServer, PostgresError, TestDatabases
from understudy.postgres.messages import URL_VARIABLE

_RUNNING: pytest.StashKey[list[TestDatabases | EmbeddedServer]] = pytest.StashKey()
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
    _to_be_stopped(config, databases)
    return databases


def bare(config: pytest.Config) -> str:
    """Return the URL of a database without the schema, starting a server where there is none.

    :raises PostgresError: it cannot be had.
    """
    url = read_settings(config).postgres_url or os.environ.get(URL_VARIABLE)
    if url:
        return url
    server = EmbeddedServer().start()
    _to_be_stopped(config, server)
    return server.dsn()


def _to_be_stopped(config: pytest.Config, started: TestDatabases | EmbeddedServer) -> None:
    config.stash.setdefault(_RUNNING, []).append(started)
    config.add_cleanup(lambda: _stop_late(config))


def stop(config: pytest.Config) -> list[str]:
    """Stop what was started in this run, and return what went wrong with that."""
    running = config.stash.get(_RUNNING, [])
    problems = []
    while running:
        try:
            running.pop().stop()
        except PostgresError as error:
            problems.append(str(error))
    return problems


def _stop_late(config: pytest.Config) -> None:
    """Stop what is still running where another plugin kept the run from ending as it should."""
    for problem in stop(config):
        raise PostgresError(problem)


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
