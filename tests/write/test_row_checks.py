"""Rows pass the checks of their table over several columns, and PostgreSQL inserts them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, get_type_hints

import psycopg
import pytest

from tests.write.kept import target
from understudy.embedded import EmbeddedServer
from understudy.embedded.driver import connect
from understudy.rows.errors import RowRefused
from understudy.rows.rows import Rows
from understudy.rows.schema_reader import read_schema
from understudy.rows.table_facts import Schema
from understudy.script.boundary import FAKES, Event
from understudy.script.calls import Call
from understudy.write import comparisons, proposals
from understudy.write.row_checks import RowChecks
from understudy.write.row_sets import RowSet, row_sets
from understudy.write.spelling import evaluated
from understudy.write.trials import Argument, Observation, Trial

SCHEMA = """
    CREATE TABLE regions (id char(3) PRIMARY KEY);
    CREATE TABLE economies (code char(3) PRIMARY KEY, region char(3) NOT NULL REFERENCES regions);
    CREATE TABLE permissions (
        id bigint PRIMARY KEY,
        economy char(3) REFERENCES economies,
        region char(3) REFERENCES regions,
        first_year int NOT NULL, last_year int NOT NULL CHECK (last_year < 3000),
        CHECK ((economy IS NULL) <> (region IS NULL)),
        CHECK (last_year >= first_year),
        UNIQUE (economy, first_year, last_year)
    );
    CREATE TABLE tasks (
        id bigint PRIMARY KEY,
        status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'done')),
        opened_at timestamptz NOT NULL, closed_at timestamptz,
        paid numeric NOT NULL, total numeric NOT NULL,
        CHECK (status <> 'done' OR closed_at IS NOT NULL),
        CHECK (closed_at > opened_at),
        CHECK (paid >= 0 AND paid <= total)
    );
    CREATE TABLE stays (
        id bigint PRIMARY KEY, room int NOT NULL, begins date NOT NULL, ends date NOT NULL,
        EXCLUDE USING gist (daterange(begins, ends) WITH &&)
    );
"""
STATEMENTS: list[tuple[str, list[Any]]] = [
    (
        "SELECT p.id FROM permissions p LEFT JOIN economies e ON e.code = $1 "
        "WHERE $2 BETWEEN p.first_year AND p.last_year "
        "AND (p.economy = $1 OR p.region = e.region)",
        ["BRA", 2020],
    ),
    ("SELECT * FROM permissions WHERE region = $1 ORDER BY first_year, id", ["SSA"]),
    ("SELECT id FROM permissions WHERE economy IS NULL AND first_year > $1", [2020]),
    ("SELECT * FROM tasks WHERE status = $1 AND paid > $2 ORDER BY opened_at", ["done", 10]),
    ("SELECT * FROM tasks WHERE closed_at < now()", []),
    ("UPDATE tasks SET paid = total WHERE id = $1 AND paid < $2", [101, Decimal(5)]),
    ("INSERT INTO permissions (id, economy, first_year, last_year) VALUES ($1, $2, $3, $4)",
     [101, "BRA", 2020, 2021]),
]  # fmt: skip


@pytest.fixture(scope="module")
def database() -> Iterator[psycopg.Connection[Any]]:
    """A connection to a database whose tables have checks over several columns."""
    with EmbeddedServer() as server:
        server.admin.create("checks")
        with connect(server.dsn("checks")) as connection:
            connection.execute(SCHEMA.encode())
        with psycopg.connect(server.dsn("checks"), autocommit=True) as connection:
            yield connection


@pytest.fixture(scope="module")
def schema(database: psycopg.Connection[Any]) -> Schema:
    """The schema of the database."""
    return read_schema(database)


@pytest.fixture(scope="module")
def checks(database: psycopg.Connection[Any], schema: Schema) -> RowChecks:
    """What asks the database."""
    return RowChecks(database, schema)


def _event(statement: str, parameters: Sequence[Any]) -> Event:
    return FAKES.begin("statement", Call("execute", statement, list(parameters)), None)


def _sets(
    schema: Schema, statement: str, parameters: Sequence[Any], checks: RowChecks
) -> list[RowSet]:
    reading = comparisons.read([_event(statement, parameters)], schema)
    return list(row_sets(reading, schema, checks))


def _insert(database: psycopg.Connection[Any], rows: RowSet) -> None:
    inserter = Rows(lambda: database, "seed")
    for table, values in rows.rows:
        inserter.insert(table.name, **values)


def _refused(database: psycopg.Connection[Any], sets: Sequence[RowSet]) -> list[str]:
    """Return the scenarios with a row that PostgreSQL refuses."""
    found = []
    for rows in sets:
        with database.transaction(force_rollback=True):
            try:
                _insert(database, rows)
            except RowRefused as error:
                found.append(f"{rows.scenario}: {error}")
    return found


@pytest.mark.parametrize(("statement", "parameters"), STATEMENTS)
def test_postgresql_takes_each_row_that_is_proposed(
    database: psycopg.Connection[Any],
    schema: Schema,
    checks: RowChecks,
    statement: str,
    parameters: Sequence[Any],
) -> None:
    sets = _sets(schema, statement, parameters, checks)

    assert sets
    assert _refused(database, sets) == []


def test_rows_would_be_refused_otherwise(database: psycopg.Connection[Any], schema: Schema) -> None:
    """The checks matter: without a database to ask, most statements get rows that fail."""
    failing = [
        statement
        for statement, parameters in STATEMENTS
        if _refused(database, _sets(schema, statement, parameters, RowChecks(None, schema)))
    ]

    assert len(failing) > len(STATEMENTS) / 2


def _found(
    database: psycopg.Connection[Any], rows: RowSet, statement: str, parameters: Sequence[Any]
) -> tuple[int, int]:
    """Return how many rows a statement finds, and how many its first table has."""
    with database.transaction(force_rollback=True):
        _insert(database, rows)
        with psycopg.RawCursor(database) as cursor:
            cursor.execute(statement.encode(), list(parameters))
            ids = {values["id"] for of, values in rows.rows if of.name in ("permissions", "tasks")}
            return len(cursor.fetchall()), len(ids)


@pytest.mark.parametrize(("statement", "parameters"), STATEMENTS[:5])
def test_one_row_matches_and_others_miss_a_condition(
    database: psycopg.Connection[Any],
    schema: Schema,
    checks: RowChecks,
    statement: str,
    parameters: Sequence[Any],
) -> None:
    sets = _sets(schema, statement, parameters, checks)
    by_name = {rows.scenario: rows for rows in sets}

    assert _found(database, by_name["with_one_row"], statement, parameters) == (1, 1)
    found, there = _found(database, by_name["among_others"], statement, parameters)
    assert 0 < found < there


def test_each_side_of_an_or_has_its_rows(schema: Schema, checks: RowChecks) -> None:
    """No row has both an economy and a region."""
    statement, parameters = STATEMENTS[0]
    sets = _sets(schema, statement, parameters, checks)

    kept = {
        rows.scenario: [
            name for name in ("economy", "region") if rows.rows[-1][1].get(name) is not None
        ]
        for rows in sets
    }
    assert kept["with_one_row"] == ["economy"]
    assert kept["with_a_region"] == ["region"]


def test_a_row_is_changed_as_little_as_possible(
    database: psycopg.Connection[Any], schema: Schema, checks: RowChecks
) -> None:
    """Its conditions hold; a value moves beside the one that is given, and stays a value."""
    table = schema.tables[schema.names["tasks"]]
    opened = datetime(2026, 1, 2, 12, tzinfo=UTC)
    row = {"id": 101, "status": "done", "opened_at": opened, "closed_at": opened}

    fitted = checks.fitted(table, {**row, "paid": 12, "total": Decimal("11.50")}, (), ["paid"]).row

    assert fitted is not None
    changed = {name: value for name, value in fitted.items() if value != row.get(name)}
    assert changed == {
        "paid": 12,
        "total": Decimal(13),
        "opened_at": datetime(2026, 1, 1, 12, tzinfo=UTC),
    }


def test_there_is_no_row_if_none_passes(schema: Schema, checks: RowChecks) -> None:
    table = schema.tables[schema.names["permissions"]]
    row = {"economy": "BRA", "region": "SSA"}

    assert checks.fitted(table, row, (), ["economy", "region"]).best is None


def test_rows_that_other_constraints_refuse_are_left_out(
    database: psycopg.Connection[Any], schema: Schema, checks: RowChecks
) -> None:
    table = schema.tables[schema.names["stays"]]
    first = {"id": 101, "begins": date(2026, 1, 1), "ends": date(2026, 1, 9)}
    overlapping = {"id": 102, "begins": date(2026, 1, 2), "ends": date(2026, 1, 3)}
    later = {"id": 103, "begins": date(2026, 2, 2), "ends": date(2026, 2, 3)}

    accepted = checks.accepted([(table, r) for r in (first, overlapping, later)])

    assert [values for _, values in accepted] == [first, later]
    assert database.execute("SELECT count(*) FROM stays").fetchone() == (0,)


def grant(economy: str | None, region: str | None, first_year: int, last_year: int) -> None:
    """Store a permission, of which the checks allow either an economy or a region."""


def test_arguments_are_tried_that_the_checks_allow_to_store(
    schema: Schema, checks: RowChecks
) -> None:
    """With the ordinary ones, every INSERT fails, and no wrong one is noticed."""
    hints = get_type_hints(grant)
    arguments = tuple(Argument(name, hints[name]) for name in hints if name != "return")
    of = target(grant, arguments=arguments, openings=(), is_async=False)
    columns = ", ".join(one.name for one in arguments)
    statement = f"INSERT INTO permissions ({columns}) VALUES ($1, $2, $3, $4)"
    seen: list[tuple[Trial, Observation]] = []

    for trial in proposals.trials(of, schema, seen, frozenset, checks):
        values = [evaluated(trial.arguments[one.name]) for one in arguments]
        seen.append((trial, Observation(events=[_event(statement, values)])))

    stored = {
        tuple(evaluated(value) for value in trial.arguments.values())
        for trial, _ in seen
        if trial.purpose == "rows"
    }
    assert stored
    assert all((economy is None) != (region is None) for economy, region, _, _ in stored)
    assert all(first <= last for _, _, first, last in stored)
