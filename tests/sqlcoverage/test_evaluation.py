"""What is seen of a statement on a real server, and that looking at it changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
import pytest

from tests.sqlcoverage.conftest import covered
from understudy.catalog.describer import Describer
from understudy.real_postgres.fixture import RealPostgres
from understudy.sqlcoverage.recorder import Recorder

TEAMS = "INSERT INTO teams VALUES (1, 'red', 7), (2, 'blue', NULL)"
ONE_USER = "INSERT INTO users VALUES (1, 'Ana', 'ana@x', NULL, 20)"
USERS = """
    INSERT INTO users VALUES (1, 'Ana', 'ana@x', 1, 20), (2, 'Bia', NULL, 2, 10),
        (3, 'Caio', 'caio@x', NULL, NULL)
"""
BY_ID = "SELECT name FROM users WHERE id = %s"
IN_TEAM = "SELECT u.name FROM users u {} teams t ON t.id = u.team"


def execute(real: RealPostgres, *statements: str | tuple[str, Sequence[Any]]) -> None:
    """Execute statements in one transaction each, as an app would."""
    with psycopg.connect(real.dsn, autocommit=True) as connection:
        for statement in statements:
            text, values = (statement, ()) if isinstance(statement, str) else statement
            connection.execute(text, values)


@pytest.mark.parametrize(
    ("rows", "statement", "calls", "missing"),
    [
        ((ONE_USER,), BY_ID, [(1,)], ["no row spared", "never zero rows"]),
        ((USERS,), BY_ID, [(1,)], ["never zero rows"]),
        ((USERS,), BY_ID, [(1,), (9,)], []),
        ((USERS,), BY_ID, [(9,)], ["no row found", "never one row"]),
        ((), BY_ID, [(9,)], ["no row found", "no row spared", "never one row"]),
        (
            (ONE_USER,),
            "DELETE FROM users WHERE id = %s",
            [(1,)],
            ["no row spared", "never zero rows"],
        ),
        ((USERS,), "DELETE FROM users WHERE id = %s RETURNING id", [(1,), (1,)], []),
        (
            (ONE_USER,),
            "UPDATE users SET name = 'x' WHERE email = %s",
            [("ana@x",)],
            ["no row spared", "email = %s never NULL", "never zero rows"],
        ),
        (
            (USERS,),
            "SELECT name FROM users WHERE age > %s AND (email IS NULL OR name = %s)",
            [(5, "Ana")],
            ["age > %s never false", "never zero rows", "never one row"],
        ),
        (
            (USERS,),
            "SELECT name FROM users WHERE NOT (age > %s) ORDER BY name LIMIT %s",
            [(15, 5)],
            ["LIMIT never reached", "never zero rows", "never several rows"],
        ),
        (
            (USERS,),
            "SELECT name FROM users ORDER BY id LIMIT 2",
            [()],
            ["never zero rows", "never one row"],
        ),
        ((USERS,), "SELECT count(*) FROM users WHERE age > %s", [(15,)], []),
        (
            (USERS,),
            "SELECT name FROM users WHERE age > %s LIMIT %s::int",
            [(5, 2)],
            ["never zero rows", "never one row"],
        ),
        (
            (USERS,),
            "SELECT team, count(*) FROM users GROUP BY 1 HAVING count(*) > %s",
            [(5,)],
            ["count(*) > %s never true", "never one row", "never several rows"],
        ),
        (
            (USERS,),
            "SELECT CASE WHEN age > 50 THEN 'old' WHEN age > 15 THEN 'young' END FROM users",
            [()],
            ["age > 50 never true", "never zero rows", "never one row"],
        ),
        (
            (TEAMS, USERS),
            IN_TEAM.format("LEFT JOIN"),
            [()],
            ["never zero rows", "never one row"],
        ),
        (
            (TEAMS, ONE_USER),
            IN_TEAM.format("LEFT JOIN"),
            [()],
            [
                "t.id = u.team never false",
                "LEFT JOIN teams t never matches",
                "never zero rows",
            ],
        ),
        (
            ("INSERT INTO teams VALUES (1, 'red', NULL)", USERS.replace("2, 10", "1, 10")),
            IN_TEAM.format("JOIN"),
            [()],
            ["t.id = u.team never false", "never zero rows", "never one row"],
        ),
        (
            (TEAMS, USERS),
            "SELECT name FROM teams t WHERE EXISTS (SELECT 1 FROM users u WHERE u.team = t.id)",
            [()],
            ["no row spared", "never zero rows", "never one row"],
        ),
        (
            (TEAMS, USERS),
            "WITH young AS (SELECT * FROM users WHERE age < %s) SELECT * FROM young WHERE team = 2",
            [(50,)],
            ["team = 2 never NULL", "never zero rows", "never several rows"],
        ),
        (
            (USERS,),
            "SELECT name FROM users WHERE id = 1 UNION SELECT name FROM users WHERE id = 9",
            [()],
            ["no row found by id = 9", "never zero rows"],
        ),
        (
            (TEAMS, USERS),
            "UPDATE users u SET name = t.name FROM teams t WHERE t.id = u.team AND t.lead = %s",
            [(7,)],
            ["t.lead = %s never false", "never zero rows"],
        ),
        (
            (),
            "INSERT INTO tickets (title) VALUES (%s) ON CONFLICT DO NOTHING",
            [("a",)],
            ["ON CONFLICT never taken"],
        ),
        (
            ("INSERT INTO tickets (title) VALUES ('a')",),
            "INSERT INTO tickets (title) VALUES (%s) ON CONFLICT (title) DO UPDATE SET state = 'x'",
            [("a",)],
            ["ON CONFLICT always taken"],
        ),
        (
            (),
            "INSERT INTO tickets (title) VALUES (%s) ON CONFLICT (title) DO UPDATE SET state = 'x'",
            [("a",), ("a",)],
            [],
        ),
        (
            (USERS,),
            "INSERT INTO tickets (title) SELECT name FROM users WHERE id < %s",
            [(9,)],
            ["no row spared"],
        ),
    ],
)
def test_what_no_test_showed(
    real: RealPostgres,
    recorder: Recorder,
    describer: Describer,
    rows: Sequence[str],
    statement: str,
    calls: Sequence[Sequence[Any]],
    missing: Sequence[str],
) -> None:
    execute(real, *rows, *((statement, values) for values in calls))
    found = covered(recorder, statement, describer)
    assert found.problems == []
    assert found.missing == missing


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        (
            "SELECT id FROM users WHERE touch(id) > 0",
            "not evaluated: touch is a view or a volatile function",
        ),
        (
            "SELECT id FROM adults WHERE name <> 'Bia'",
            "not evaluated: adults is a view or a volatile function",
        ),
        (
            "SELECT id FROM users WHERE random() < 2",
            "not evaluated: random is a view or a volatile function",
        ),
        (
            "SELECT id FROM users WHERE id <> 1 AND 1 / (id - 1) = 1",
            "not evaluated: division by zero",
        ),
        (
            "WITH gone AS (DELETE FROM users RETURNING id) SELECT id FROM gone WHERE id > 0",
            "not evaluated: a WITH that changes data",
        ),
        (
            "MERGE INTO users u USING teams t ON t.id = u.team WHEN MATCHED THEN DELETE",
            "not evaluated: its structure cannot be read for certain",
        ),
        ("DELETE FROM teams WHERE 1 / id > 5", "it always failed"),
    ],
)
def test_what_cannot_be_evaluated_is_no_error_of_the_test(
    real: RealPostgres, recorder: Recorder, statement: str, problem: str
) -> None:
    execute(real, "INSERT INTO teams VALUES (0, 'none')", USERS.replace("1, 20", "0, 20"))
    with psycopg.connect(real.dsn, autocommit=True) as connection:
        before = connection.execute("SELECT last_value, is_called FROM touched").fetchone()
        try:
            connection.execute(statement)
        except psycopg.errors.DivisionByZero:
            assert statement.startswith("DELETE")
        touched = connection.execute("SELECT last_value, is_called FROM touched").fetchone()
        assert connection.execute("SELECT 1").fetchone() == (1,)
    if "touch" in statement:
        assert touched == (3, True)  # as often as the statement itself calls it
    else:
        assert touched == before
    assert covered(recorder, statement).problems == [problem]


def test_what_costs_much_is_not_asked_for_ever(real: RealPostgres, recorder: Recorder) -> None:
    rows = "SELECT count(*) FROM generate_series(1, 20000) n WHERE n > 0"
    error = "SELECT id FROM users WHERE id <> 1 AND 1 / (id - 1) = 1"
    execute(real, USERS, *[rows] * 30, *[error] * 5)
    seen = recorder.sightings[rows]
    assert (seen.executed, seen.looked_at, seen.is_capped) == (30, 210_000, True)
    assert recorder.sightings[error].failures == {0: 3}
    assert covered(recorder, rows).missing == []
    assert covered(recorder, rows).problems == ["more than 10,000 rows"]
