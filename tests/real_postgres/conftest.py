"""A server with rollback isolation on the embedded PostgreSQL, and tests on it that end early."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from understudy.embedded import TestDatabases
from understudy.real_postgres.fixture import RealPostgres
from understudy.real_postgres.rollback_server import RollbackServer
from understudy.script import expectations

SCHEMA = """
CREATE TYPE mood AS ENUM ('happy', 'sad');
CREATE TYPE spot AS (x int, y numeric);
CREATE TABLE users (
    id serial PRIMARY KEY,
    name text NOT NULL UNIQUE,
    mood mood,
    spots spot[],
    parent int REFERENCES users DEFERRABLE INITIALLY DEFERRED,
    boss int REFERENCES users DEFERRABLE
);

CREATE ROLE app LOGIN;
CREATE ROLE group_only NOLOGIN;
CREATE ROLE locked_out LOGIN;
CREATE ROLE readonly LOGIN;
ALTER ROLE readonly SET default_transaction_read_only = on;
GRANT group_only TO app;
CREATE SCHEMA private;
CREATE TABLE private.links (
    id int PRIMARY KEY,
    parent int REFERENCES private.links DEFERRABLE INITIALLY DEFERRED
);
CREATE TABLE notes (id serial PRIMARY KEY, tenant int NOT NULL, text text NOT NULL);
GRANT SELECT, INSERT, UPDATE, DELETE ON notes TO app, group_only, readonly;
GRANT USAGE ON SEQUENCE notes_id_seq TO app, readonly;
GRANT SELECT ON users TO app;
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_tenant ON notes TO app
    USING (tenant = nullif(current_setting('app.tenant', true), '')::int);
"""


class Harness:
    """Runs tests, one after another, on one server.

    Attributes:
        server: the server.
        databases: the URL of each database that the server has used.
    """

    def __init__(
        self, databases: TestDatabases, dsn: str | None = None, user: str = "postgres"
    ) -> None:
        self.databases: list[str] = []

        def new() -> str:
            self.databases.append(dsn or databases.new()[1])
            return self.databases[-1]

        self.server = RollbackServer(new, user)

    @contextmanager
    def test(self) -> Iterator[RealPostgres]:
        """Run a test that must not fail."""
        with self.failing() as (real, failures):
            yield real
        assert failures == []

    @contextmanager
    def failing(self) -> Iterator[tuple[RealPostgres, list[str]]]:
        """Run a test, and collect the texts of its failures when it ends."""
        failures: list[str] = []
        with expectations.opened() as found:
            real = RealPostgres(self.server)
            try:
                yield real, failures
            finally:
                real.patience = 5.0
                real.end()
        failures += [f"{type(failure).__name__}: {failure}" for failure in found.verify()]

    def beside(self) -> psycopg.Connection:
        """Connect to the database itself, outside of the test's transaction."""
        self.server.wait_for_rollback()
        return psycopg.connect(self.databases[-1], autocommit=True)


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestDatabases]:
    folder = tmp_path_factory.mktemp("schema")
    (folder / "schema.sql").write_text(SCHEMA)
    with TestDatabases(["schema.sql"], folder) as databases:
        yield databases


@pytest.fixture(scope="session")
def harness(databases: TestDatabases) -> Iterator[Harness]:
    harness = Harness(databases)
    harness.server.start()
    yield harness
    harness.server.stop()


@pytest.fixture
def real(harness: Harness) -> Iterator[RealPostgres]:
    with harness.test() as real:
        yield real
