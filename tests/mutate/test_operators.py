"""The mutants of a statement: which there are, and how they read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.catalog.description import Assignment, Column, Description
from understudy.mutate.changes import parameters
from understudy.mutate.operators import MOST, mutants
from understudy.pg.clauses import read_statement

CASES = [
    # DML: what is lost takes the same parameters.
    (
        "DELETE FROM users WHERE id = $1 RETURNING id",
        "DELETE FROM users WHERE (id = $1) OR TRUE RETURNING id",
        "where-lost: DELETE without WHERE",
    ),
    (
        "UPDATE users SET name = $2, at = now() WHERE id = $1",
        "UPDATE users SET name = CASE WHEN TRUE THEN users.name ELSE $2 END, at = now() "
        "WHERE id = $1",
        "set-lost: UPDATE without SET `name = $2`",
    ),
    (
        "UPDATE ONLY public.users AS u SET at = now()",
        "UPDATE ONLY public.users AS u SET at = u.at",
        "set-lost: UPDATE without SET `at = now()`",
    ),
    (
        "INSERT INTO t (a, b) VALUES ($1, $2) ON CONFLICT (a) DO UPDATE SET b = EXCLUDED.b",
        "INSERT INTO t (a, b) VALUES ($1, $2) ",
        "conflict-lost: INSERT without ON CONFLICT",
    ),
    (
        "INSERT INTO t (a, b) VALUES ($1, $2) ON CONFLICT (a) DO UPDATE SET b = EXCLUDED.b",
        "INSERT INTO t (a, b) VALUES ($1, $2) ON CONFLICT (a) DO UPDATE SET b = EXCLUDED.b "
        "WHERE FALSE",
        "conflict-nothing: ON CONFLICT DO NOTHING instead of DO UPDATE",
    ),
    (
        "INSERT INTO t (a, b) VALUES ($1, $2) ON CONFLICT (a) DO NOTHING",
        "INSERT INTO t (a, b) VALUES ($1, $2) ON CONFLICT (a) DO UPDATE SET b = EXCLUDED.b",
        "conflict-update: ON CONFLICT DO UPDATE instead of DO NOTHING",
    ),
    # Conditions.
    (
        "SELECT 1 FROM t WHERE a = $1 AND b = $2",
        "SELECT 1 FROM t WHERE (a = $1 OR TRUE) AND b = $2",
        "condition-lost: without the condition `a = $1`",
    ),
    (
        "SELECT 1 FROM t WHERE ($1::text IS NULL OR a = $1)",
        "SELECT 1 FROM t WHERE (($1::text IS NULL AND FALSE) OR a = $1)",
        "condition-lost: without the condition `$1::text IS NULL`",
    ),
    (
        "SELECT 1 FROM t WHERE a AND b",
        "SELECT 1 FROM t WHERE a OR b",
        "and-or: OR instead of AND before `b`",
    ),
    (
        "SELECT 1 FROM t WHERE a > 3",
        "SELECT 1 FROM t WHERE a >= 3",
        "comparison: `>=` instead of `>` in `a > 3`",
    ),
    (
        "SELECT 1 FROM t WHERE a > 3",
        "SELECT 1 FROM t WHERE a > 4",
        "literal: `4` instead of `3`",
    ),
    (
        "SELECT 1 FROM t WHERE a IS NOT NULL",
        "SELECT 1 FROM t WHERE a IS NULL",
        "is-null-negated: `IS` instead of `IS NOT` in `a IS NOT NULL`",
    ),
    (
        "SELECT 1 FROM t WHERE a IN (1, 2)",
        "SELECT 1 FROM t WHERE a NOT IN (1, 2)",
        "in-negated: `NOT IN` instead of `IN` in `a IN (1, 2)`",
    ),
    (
        "SELECT 1 FROM t WHERE a = ANY($1)",
        "SELECT 1 FROM t WHERE a <> ALL($1)",
        "in-negated: `<> ALL` instead of `= ANY` in `a = ANY($1)`",
    ),
    (
        "SELECT 1 FROM t WHERE a ILIKE $1 || '%'",
        "SELECT 1 FROM t WHERE a LIKE $1 || '%'",
        "match: `LIKE` instead of `ILIKE` in `a ILIKE $1 || '%'`",
    ),
    (
        "SELECT 1 FROM t WHERE a LIKE '%' || $1 || '%'",
        "SELECT 1 FROM t WHERE a LIKE $1 || '%'",
        "wildcard: without `'%'` before $1",
    ),
    (
        "SELECT 1 FROM t WHERE a BETWEEN $1 AND $2",
        "SELECT 1 FROM t WHERE (a > $1 AND a <= $2)",
        "between-bound: without the lower bound of `a BETWEEN $1 AND $2`",
    ),
    (
        "SELECT 1 FROM t WHERE active",
        "SELECT 1 FROM t WHERE NOT active",
        "negated: NOT before `active`",
    ),
    (
        "SELECT 1 FROM t WHERE NOT EXISTS (SELECT 1 FROM u)",
        "SELECT 1 FROM t WHERE EXISTS (SELECT 1 FROM u)",
        "not-lost: without NOT before `EXISTS (SELECT 1 FROM u)`",
    ),
    (
        "SELECT 1 FROM t WHERE a <> $1",
        "SELECT 1 FROM t WHERE ((a <> $1) IS NOT FALSE)",
        "null: `a <> $1` also if that is NULL",
    ),
    (
        "SELECT a FROM t GROUP BY a HAVING count(*) > 1",
        "SELECT a FROM t GROUP BY a HAVING (count(*) > 1) OR TRUE",
        "having-lost: SELECT without HAVING",
    ),
    (
        "SELECT CASE WHEN a THEN 1 ELSE 2 END FROM t",
        "SELECT CASE WHEN (a) AND FALSE THEN 1 ELSE 2 END FROM t",
        "case-branch-lost: CASE without WHEN `a`",
    ),
    (
        "SELECT count(*) FILTER (WHERE a) FROM t",
        "SELECT count(*) FILTER (WHERE (a) OR TRUE) FROM t",
        "filter-lost: an aggregate without FILTER",
    ),
    # Clauses.
    (
        "SELECT 1 FROM a LEFT OUTER JOIN b ON a.x = b.x",
        "SELECT 1 FROM a JOIN b ON a.x = b.x",
        "join-kind: `JOIN` instead of `LEFT OUTER JOIN` before `b`",
    ),
    (
        "SELECT 1 FROM a JOIN b ON a.x = b.x",
        "SELECT 1 FROM a JOIN b ON (a.x = b.x) OR TRUE",
        "on-lost: JOIN without its condition",
    ),
    (
        "SELECT a FROM t ORDER BY a DESC NULLS LAST, b",
        "SELECT a FROM t ORDER BY a ASC NULLS LAST, b",
        "order-direction: ASC for `a DESC NULLS LAST`",
    ),
    (
        "SELECT a FROM t ORDER BY a DESC NULLS LAST, b",
        "SELECT a FROM t ORDER BY a DESC NULLS FIRST, b",
        "order-nulls: `FIRST` instead of `LAST`",
    ),
    (
        "SELECT a FROM t ORDER BY a",
        "SELECT a FROM t ",
        "order-lost: without `ORDER BY a`",
    ),
    (
        "SELECT a FROM t LIMIT $1",
        "SELECT a FROM t LIMIT NULLIF(($1)::bigint, ($1)::bigint)",
        "limit-lost: without LIMIT",
    ),
    (
        "SELECT a FROM t LIMIT 10",
        "SELECT a FROM t LIMIT 11",
        "literal: `LIMIT 11` instead of `LIMIT 10`",
    ),
    (
        "SELECT DISTINCT a FROM t",
        "SELECT  a FROM t",
        "distinct-lost: SELECT without `DISTINCT`",
    ),
    (
        "SELECT a FROM t UNION SELECT b FROM u",
        "SELECT a FROM t UNION ALL SELECT b FROM u",
        "set-operator: `UNION ALL` instead of `UNION`",
    ),
    # Values.
    ("SELECT max(a) FROM t", "SELECT min(a) FROM t", "aggregate: `min` instead of `max`"),
    (
        "SELECT count(DISTINCT a) FROM t",
        "SELECT count( a) FROM t",
        "distinct-lost: count() without DISTINCT",
    ),
    ("SELECT count(a) FROM t", "SELECT count(*) FROM t", "count: `*` instead of `a`"),
    (
        "UPDATE t SET a = COALESCE($1, a)",
        "UPDATE t SET a = ($1)",
        "coalesce: `($1)` instead of `COALESCE($1, a)`",
    ),
    (
        "UPDATE t SET a = COALESCE($1, a)",
        "UPDATE t SET a = COALESCE(a, $1)",
        "coalesce: the arguments of `COALESCE($1, a)` in another order",
    ),
    ("SELECT a + 1 FROM t", "SELECT a - 1 FROM t", "arithmetic: `-` instead of `+` before `1`"),
    (
        "SELECT 1 FROM t WHERE a = lower($1)",
        "SELECT 1 FROM t WHERE a = ($1)",
        "function-lost: without lower() around `$1`",
    ),
    (
        "UPDATE t SET state = 'done'",
        "UPDATE t SET state = 'donex'",
        "literal: `'donex'` instead of `'done'`",
    ),
]
WORDS = """
    SELECT a FROM t WHERE AND OR NOT ( ) , = > <> + * 1 'x' '%' $1 ORDER BY DESC LIMIT JOIN LEFT
    ON USING UNION INSERT INTO VALUES CONFLICT DO UPDATE SET NOTHING RETURNING DELETE CASE WHEN
    THEN END BETWEEN IN IS NULL EXISTS COALESCE( max( count( lower( DISTINCT . [ ] ||
    """.split()  # noqa: SIM905 # a list of words reads better as a text


@pytest.mark.parametrize(("statement", "changed", "told"), CASES, ids=[c[2] for c in CASES])
def test_an_operator_changes_one_place(statement: str, changed: str, told: str) -> None:
    found = {f"{m.operator}: {m.sentence}": m.sql for m in mutants(statement)}

    assert found.get(told) == changed, found


def test_columns_and_parameters_of_one_type_are_mixed_up() -> None:
    columns = tuple(
        Column(name, kind, f"users.{name}", "not null")
        for name, kind in (("id", "bigint"), ("name", "text"), ("email", "text"))
    )
    description = Description("SELECT", ("text", "text", "bigint"), columns, ("users",), ())
    statement = "SELECT id, name, email FROM users WHERE name = $1 AND email > $2 AND id = $3"

    found = {m.sentence: m.sql for m in mutants(statement, description)}

    assert found["`$1` and `$2` swapped"] == (
        "SELECT id, name, email FROM users WHERE name = $2 AND email > $1 AND id = $3"
    )
    assert found["`name` and `email` of the result swapped"] == (
        'SELECT id, email AS "name", name AS "email" FROM users '
        "WHERE name = $1 AND email > $2 AND id = $3"
    )
    assert found["`email` instead of `name`"] == (
        "SELECT id, name, email FROM users WHERE email = $1 AND email > $2 AND id = $3"
    )
    assert "`$2` and `$3` swapped" not in found


def test_a_column_that_may_be_null_gets_one() -> None:
    assigned = (Assignment("users.name", 1, required=True),)
    description = Description("INSERT", ("text", "bigint"), (), ("users",), (), assigned=assigned)

    found = [m.sql for m in mutants("INSERT INTO users (name, age) VALUES ($1, $2)", description)]

    assert found == [
        "INSERT INTO users (name, age) VALUES ($1, CASE WHEN TRUE THEN NULL ELSE $2::bigint END)"
    ]


def test_a_long_statement_keeps_some_mutants_of_each_operator() -> None:
    conditions = " AND ".join(f"c{n} = ${n}" for n in range(1, 40))
    statement = f"SELECT max(a) FROM t WHERE {conditions} ORDER BY a LIMIT 1"

    found = mutants(statement)

    assert len(found) == MOST
    assert {"where-lost", "condition-lost", "comparison", "and-or", "aggregate", "limit-lost"} < {
        mutant.operator for mutant in found
    }


@given(st.lists(st.sampled_from(WORDS), max_size=30))
def test_any_text_has_mutants_that_differ_and_take_the_same_parameters(words: list[str]) -> None:
    statement = " ".join(["SELECT a", *words])

    found = mutants(statement)

    assert not found or read_statement(statement) is not None
    assert len({statement, *(mutant.sql for mutant in found)}) == len(found) + 1
    for mutant in found:
        assert parameters(mutant.sql) == parameters(statement)
        assert mutant.sql[: mutant.start] == statement[: mutant.start]
        assert mutant.sql.endswith(statement[mutant.end :])
        assert mutant.sentence


def test_a_statement_that_finds_nothing_by_an_empty_list_has_no_mutants() -> None:
    statement = "SELECT a FROM t WHERE t.b IN (NULL) AND (1 != 1) AND t.c = $1"

    assert mutants(statement) == []
    assert mutants(statement.replace("IN (NULL) AND (1 != 1)", "IN ($2)"))
