"""What the fixture `real_postgres` hands out; imported by the first test that asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from understudy.plugin.outcomes import one_message
from understudy.plugin.settings import Settings
from understudy.postgres import PostgresError, TestDatabases


@dataclass(frozen=True)
class RealPostgres:
    """A database on a real PostgreSQL.

    ``dsn`` is a URL that asyncpg, psycopg and psqlpy all take.
    """

    dsn: str


@contextmanager
def running(settings: Settings) -> Iterator[TestDatabases]:
    """A server with the configured schema loaded; a PostgresError fails the test that asked."""
    with one_message(PostgresError):
        databases = TestDatabases(
            settings.schema, settings.root, postgres_url=settings.postgres_url
        )
        databases.start()
    try:
        yield databases
    finally:
        with one_message(PostgresError):
            databases.stop()


@contextmanager
def own_database(databases: TestDatabases) -> Iterator[RealPostgres]:
    """A database that is dropped at the end; a PostgresError fails the test."""
    with one_message(PostgresError):
        name, dsn = databases.new()
    try:
        yield RealPostgres(dsn)
    finally:
        with one_message(PostgresError):
            databases.drop(name)
