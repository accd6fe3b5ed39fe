"""A sandbox over the embedded PostgreSQL, and tests of it that end when a test says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from understudy.embedded import TestDatabases
from understudy.real_postgres.fixture import RealPostgres
from understudy.real_postgres.rollback_server import SandboxServer
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
"""


class Sandbox:
    """A server, and one test after another on it.

    Attributes:
        server: the server.
        databases: the URL of each database that it was given.
    """

    def __init__(self, databases: TestDatabases) -> None:
        self.databases: list[str] = []

        def new() -> str:
            self.databases.append(databases.new()[1])
            return self.databases[-1]

        self.server = SandboxServer(new)

    @contextmanager
    def test(self) -> Iterator[RealPostgres]:
        """A test whose failures are none."""
        with self.failing() as (real, failures):
            yield real
        assert failures == []

    @contextmanager
    def failing(self) -> Iterator[tuple[RealPostgres, list[str]]]:
        """A test, and the texts of what fails it, there when it is over."""
        failures: list[str] = []
        with expectations.opened() as found:
            real = RealPostgres(self.server)
            try:
                yield real, failures
            finally:
                real.patience = 5.0
                real.end()
        failures += [f"{type(each).__name__}: {each}" for each in found.verify()]

    def beside(self) -> psycopg.Connection:
        """A connection to the database that goes around the sandbox."""
        self.server.wait_until_undone()
        return psycopg.connect(self.databases[-1], autocommit=True)


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestDatabases]:
    folder = tmp_path_factory.mktemp("schema")
    (folder / "schema.sql").write_text(SCHEMA)
    with TestDatabases(["schema.sql"], folder) as databases:
        yield databases


@pytest.fixture(scope="session")
def sandbox(databases: TestDatabases) -> Iterator[Sandbox]:
    sandbox = Sandbox(databases)
    sandbox.server.start()
    yield sandbox
    sandbox.server.stop()


@pytest.fixture
def real(sandbox: Sandbox) -> Iterator[RealPostgres]:
    with sandbox.test() as real:
        yield real
