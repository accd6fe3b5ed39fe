"""A server with rollback isolation on the embedded PostgreSQL, and what is seen on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real_postgres import conftest
from tests.real_postgres.conftest import Harness
from understudy.catalog.describer import Describer
from understudy.embedded import TestDatabases
from understudy.project.sql_literals import Inventory, Literal
from understudy.sqlcoverage.coverage import Facts, Statement, ask_facts, cover
from understudy.sqlcoverage.recorder import Recorder

SCHEMA = """
CREATE TABLE teams (id int PRIMARY KEY, name text NOT NULL, lead int);
CREATE TABLE users (
    id int PRIMARY KEY, name text NOT NULL, email text UNIQUE, team int, age int
);
CREATE TABLE tickets (id serial PRIMARY KEY, title text NOT NULL UNIQUE, state text);
CREATE SEQUENCE touched;
CREATE FUNCTION touch(number int) RETURNS int LANGUAGE sql VOLATILE
    AS 'SELECT nextval(''touched'')::int + number';
CREATE FUNCTION loud(number int) RETURNS int LANGUAGE plpgsql STABLE
    AS 'BEGIN RAISE NOTICE ''loud''; RETURN number; END';
CREATE VIEW adults AS SELECT * FROM users WHERE age >= 18;
"""


# The fixtures of real_postgres, with the databases of this folder.
harness, real = conftest.harness, conftest.real


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestDatabases]:
    folder = tmp_path_factory.mktemp("schema")
    (folder / "schema.sql").write_text(SCHEMA)
    with TestDatabases(["schema.sql"], folder) as databases:
        yield databases


@pytest.fixture(scope="session")
def describer(databases: TestDatabases) -> Iterator[Describer]:
    describer = Describer(databases.new()[1])
    yield describer
    describer.close()


@pytest.fixture
def recorder(harness: Harness) -> Iterator[Recorder]:
    """Records what is sent to the real server."""
    recorder = Recorder()
    harness.server.observe(recorder)
    yield recorder
    harness.server.observe(None)


def covered(recorder: Recorder, statement: str, describer: Describer | None = None) -> Statement:
    """Return the coverage of a statement that is the only one in the source."""
    path = Path("/project/dao.py")
    lines = tuple(range(1, statement.count("\n") + 2))
    inventory = Inventory([Literal(statement, path, lines, 0)])
    facts = Facts() if describer is None else ask_facts(recorder.sightings, describer)
    found = cover(path.parent, inventory, recorder.sightings, facts).literals
    assert len(found) == 1
    return found[0]
