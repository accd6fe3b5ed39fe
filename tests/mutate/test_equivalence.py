"""The verdicts on mutants, by PostgreSQL on generated rows."""

from __future__ import annotations

import psycopg
import pytest
from benchmarks.equivalence.labels import judged, labels_of, right

from understudy.mutate.equivalence import judge
from understudy.mutate.mutants import Judgement, Mutant
from understudy.mutate.operators import mutants


def _mutant(statement: str, sql: str) -> Mutant:
    pairs = zip(statement, sql, strict=False)
    start = next((at for at, (one, other) in enumerate(pairs) if one != other), len(statement))
    return Mutant(statement, sql, "by hand", start, len(statement), "by hand")


BY_ID = "SELECT name FROM users WHERE id = $1"
DIFFERENT = Judgement("different")
EQUIVALENT = Judgement("equivalent")


CASES = [
    (BY_ID, "SELECT name FROM users WHERE (id = $1) OR TRUE", DIFFERENT),
    (BY_ID, "SELECT name FROM users WHERE id IN ($1)", EQUIVALENT),
    (
        BY_ID,
        "SELECT name FROM users WHERE id",
        Judgement(
            "refused", "42804 argument of WHERE must be type boolean, not type bigint"
        ),
    ),
    (
        BY_ID,
        "SELECT name FROM users WHERE name = $1",
        Judgement("refused", "its parameters have other types"),
    ),
    # What an INSERT returns by itself is not compared: a number, a random and a current value.
    (
        "INSERT INTO users (name, age) VALUES ($1, $2) RETURNING id",
        "INSERT INTO users (name, age) VALUES ($1, $2) RETURNING users.id",
        EQUIVALENT,
    ),
    (
        "INSERT INTO orders (user_id, total) VALUES ($1, $2) RETURNING id, placed, total",
        "INSERT INTO orders (user_id, total) VALUES ($1, $2) RETURNING orders.id, placed, $2",
        EQUIVALENT,
    ),
    (
        "INSERT INTO orders (user_id, total) VALUES ($1, $2) RETURNING id",
        "INSERT INTO orders (user_id, total) VALUES ($1, $2::numeric + 1) RETURNING id",
        DIFFERENT,
    ),
    # Order counts if it is what has changed.
    (
        "SELECT name FROM users ORDER BY name, id",
        "SELECT name FROM users ORDER BY name, email",
        EQUIVALENT,
    ),
    (
        "SELECT name, id FROM users ORDER BY name, id",
        "SELECT name, id FROM users ORDER BY name, id DESC",
        DIFFERENT,
    ),
    # A cascade is compared too.
    (
        "DELETE FROM users WHERE id = $1",
        "DELETE FROM users WHERE id = $1 AND id NOT IN (SELECT user_id FROM orders)",
        DIFFERENT,
    ),
    # Checks, JSON, arrays and tables that need each other leave room for rows that differ.
    (
        "INSERT INTO guarded VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET level = 11 "
        "WHERE guarded.level < EXCLUDED.level",
        "INSERT INTO guarded VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET level = 11 "
        "WHERE guarded.level <= EXCLUDED.level",
        DIFFERENT,
    ),
    (
        "SELECT id FROM documents WHERE body ->> 'kind' = $1 AND tags @> $2",
        "SELECT id FROM documents WHERE body ->> 'kind' = $1 AND tags <@ $2",
        DIFFERENT,
    ),
    (
        "SELECT h.id FROM hens h JOIN eggs e ON e.hen = h.id WHERE e.id = $1",
        "SELECT h.id FROM hens h JOIN eggs e ON h.egg = e.id WHERE e.id = $1",
        DIFFERENT,
    ),
    (
        "SELECT h.id FROM hens h JOIN eggs e ON e.id = h.egg",
        "SELECT h.id FROM hens h LEFT JOIN eggs e ON e.id = h.egg",
        EQUIVALENT,
    ),
    # Endless and huge results.
    (
        "WITH RECURSIVE n AS (SELECT id FROM users UNION SELECT id FROM n) SELECT * FROM n",
        "WITH RECURSIVE n AS (SELECT id FROM users UNION ALL SELECT id FROM n) SELECT * FROM n",
        DIFFERENT,
    ),
    # Not told for certain.
    (
        "SELECT name FROM users ORDER BY random()",
        "SELECT name FROM users ORDER BY random() DESC",
        EQUIVALENT,
    ),
    (
        "SELECT random() FROM users WHERE id = $1",
        "SELECT random() FROM users WHERE id <> $1",
        Judgement("unknown", "its result changes from run to run"),
    ),
    (
        "SELECT id FROM never",
        "SELECT id FROM never WHERE TRUE",
        Judgement("unknown", "no rows could be generated for never"),
    ),
    (
        "SELECT id FROM users WHERE id = $1 AND name IS NULL",
        "SELECT id FROM users WHERE id <> $1 AND name IS NULL",
        Judgement("unknown", "the statement found no row for any parameters"),
    ),
    (
        "SELECT id FROM nothing",
        "SELECT 1 FROM nothing",
        Judgement("unknown", "PostgreSQL does not describe the statement"),
    ),
]  # fmt: skip


@pytest.fixture(scope="module")
def verdicts(database: str) -> dict[Mutant, Judgement]:
    return judge([_mutant(statement, sql) for statement, sql, _ in CASES], database)


@pytest.mark.parametrize(("statement", "sql", "expected"), CASES)
def test_a_verdict(
    verdicts: dict[Mutant, Judgement], statement: str, sql: str, expected: Judgement
) -> None:
    assert verdicts[_mutant(statement, sql)] == expected


def test_no_mutants_need_no_database() -> None:
    assert judge([], "postgresql://localhost:1/none") == {}


def test_the_telling_row_is_a_line_to_paste(database: str) -> None:
    joined = "SELECT u.id FROM users u JOIN orders o ON o.user_id = u.id WHERE "
    circle = "SELECT h.id FROM hens h JOIN eggs e ON e.id = h.egg WHERE "
    asked = [
        _mutant(*pair)
        for pair in (
            ("DELETE FROM users WHERE age = $1", "DELETE FROM users WHERE (age = $1) OR TRUE"),
            (f"{joined}o.total > $1", f"{joined}(o.total > $1) OR TRUE"),
            (f"{circle}e.hen = $1", f"{circle}(e.hen = $1) OR TRUE"),
            (
                "INSERT INTO users (name) VALUES ($1)",
                "INSERT INTO users (name) VALUES (upper($1))",
            ),
        )
    ]

    found = judge(asked, database, with_rows=True)

    by_age, by_join, in_a_circle, of_insert = (found[mutant] for mutant in asked)
    assert by_age.telling.startswith('real_postgres.insert("users", age=')
    user, order = by_join.telling.split("\n")
    assert user.startswith('real_postgres.insert("users", id=')
    number = user.removesuffix(")").rpartition("=")[2]
    assert order.startswith(f'real_postgres.insert("orders", user_id={number}, total="')
    assert in_a_circle.verdict == "different"
    assert of_insert == DIFFERENT  # any call tells


def test_a_row_of_another_table_comes_before_the_one_that_refers_to_it(database: str) -> None:
    statement = "SELECT total FROM orders WHERE user_id = $1"
    mutant = _mutant(statement, "SELECT total FROM orders WHERE (user_id = $1) OR TRUE")

    user, order = judge([mutant], database, with_rows=True)[mutant].telling.split("\n")

    number = user.removeprefix('real_postgres.insert("users", id=').removesuffix(")")
    assert number.isdecimal()
    assert order == f'real_postgres.insert("orders", user_id={number})'


def test_the_telling_row_of_swapped_columns_has_both(database: str) -> None:
    statement = "SELECT name, email FROM users WHERE id = $1"
    swapped = "SELECT email, name FROM users WHERE id = $1"
    mutant = Mutant(statement, swapped, "columns-swapped", 7, 18, "swapped")

    line = judge([mutant], database, with_rows=True)[mutant].telling

    assert ", name=" in line
    assert ", email=" in line


def test_recorded_parameters_are_used_first(database: str) -> None:
    statement = "SELECT id FROM users WHERE email = $1"
    mutant = _mutant(statement, "SELECT id FROM users WHERE email = $1 AND email <> 'ana@x'")

    found = judge([mutant], database, {statement: [["ana@x"]]}, with_rows=True)

    assert found[mutant].telling == 'real_postgres.insert("users", email="ana@x")'


def test_nothing_stays_in_the_database(database: str) -> None:
    query = b"""
        SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM orders),
            (SELECT last_value FROM users_id_seq)
    """
    with psycopg.connect(database) as connection:
        before = connection.execute(query).fetchone()

    judge(mutants("INSERT INTO users (name) VALUES ($1) ON CONFLICT DO NOTHING"), database)

    with psycopg.connect(database) as connection:
        assert connection.execute(query).fetchone() == before == (1, 0, 1)


@pytest.mark.slow
def test_most_labelled_mutants_are_recognized() -> None:
    pairs = list(judged("blog", labels_of("blog")))

    for equivalent in (True, False):
        found, number = right(pairs, equivalent=equivalent)
        assert number > 80
        assert found > 0.95 * number
