"""The structure of a statement, as read from its tokens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.pg.clauses import read_statement
from understudy.pg.conditions import Condition
from understudy.pg.queries import Query

WORDS = """
    SELECT FROM WHERE a b t.c AND OR NOT ( ) ( ) , = > <> 1 'x' $1 ORDER BY GROUP HAVING LIMIT
    OFFSET JOIN LEFT ON USING UNION ALL INSERT INTO VALUES ON CONFLICT DO UPDATE SET NOTHING
    RETURNING WITH AS DELETE CASE WHEN THEN ELSE END BETWEEN IN IS NULL EXISTS FILTER [ ] * ;
    DISTINCT FOR -- /* */
    """.split()  # noqa: SIM905 # a list of words reads better as a text


def _queries(text: str) -> tuple[Query, ...]:
    statement = read_statement(text)
    assert statement is not None
    return statement.queries


def _shape(text: str, condition: Condition) -> object:
    if not condition.parts:
        return text[condition.start : condition.end]
    return (condition.kind, *(_shape(text, part) for part in condition.parts))


@pytest.mark.parametrize(
    ("condition", "shape"),
    [
        ("a = 1", "a = 1"),
        ("a AND b OR c", ("or", ("and", "a", "b"), "c")),
        ("NOT a AND b", ("and", ("not", "a"), "b")),
        ("NOT (a OR b)", ("not", ("or", "a", "b"))),
        ("a BETWEEN 1 AND 2 AND b", ("and", "a BETWEEN 1 AND 2", "b")),
        ("a not between 1 and 2 or b", ("or", "a not between 1 and 2", "b")),
        ("((a))", "((a))"),
        ("(a, b) = (1, 2) AND (c)", ("and", "(a, b) = (1, 2)", "(c)")),
        ("(a OR b) IS TRUE", "(a OR b) IS TRUE"),
        ("(SELECT a OR b)", "(SELECT a OR b)"),
        ("f(a OR b) AND c", ("and", "f(a OR b)", "c")),
        ("CASE WHEN a AND b THEN c END AND d", ("and", "CASE WHEN a AND b THEN c END", "d")),
        ("a /* AND */ = 'x OR y'", "a /* AND */ = 'x OR y'"),
        ("t.and AND b", ("and", "t.and", "b")),
        ("a IS DISTINCT FROM b AND c", ("and", "a IS DISTINCT FROM b", "c")),
    ],
)
def test_a_condition_is_divided_as_postgresql_divides_it(condition: str, shape: object) -> None:
    text = f"SELECT 1 FROM t WHERE {condition} ORDER BY 1"

    query = _queries(text)[0]

    where = query.clause("WHERE")
    assert where is not None
    assert where.condition is not None
    assert _shape(text, where.condition) == shape


def test_every_level_has_its_own_clauses() -> None:
    text = (
        "WITH a AS (SELECT x FROM t WHERE x > 1 UNION ALL SELECT y FROM u LIMIT 2) "
        "SELECT DISTINCT b, (SELECT max(z) FROM v) FROM a LEFT OUTER JOIN w ON a.x = w.x, c "
        "WHERE b IN (SELECT q FROM r GROUP BY q HAVING count(*) > 1) ORDER BY b DESC OFFSET 3"
    )

    found = [
        (q.role, q.parent, q.is_side, " ".join(c.keyword for c in q.clauses))
        for q in _queries(text)
    ]

    assert found == [
        ("statement", None, False, "WITH SELECT DISTINCT FROM WHERE ORDER BY OFFSET"),
        ("subquery", 0, False, "SELECT FROM"),
        ("subquery", 0, False, "SELECT FROM GROUP BY HAVING"),
        ("cte", 0, True, "SELECT FROM WHERE"),
        ("cte", 0, True, "SELECT FROM LIMIT"),
    ]
    (join,) = _queries(text)[0].joins
    assert (join.kind, text[join.start : join.end]) == ("LEFT", "LEFT OUTER JOIN")
    assert text[slice(*join.joined)] == "w"
    assert join.condition is not None
    assert text[join.condition.start : join.condition.end] == "a.x = w.x"


def test_the_parts_of_an_insert_are_told_apart() -> None:
    text = (
        "INSERT INTO t (a, b) VALUES ($1, f(1, 2)), (3, 4) ON CONFLICT (a) WHERE c > 0 "
        "DO UPDATE SET b = EXCLUDED.b, c = 1 WHERE t.c < 2 RETURNING a, b"
    )

    (query,) = _queries(text)

    assert [(c.keyword, [text[slice(*item)] for item in c.items]) for c in query.clauses] == [
        ("INSERT", ["t (a, b)"]),
        ("VALUES", ["($1, f(1, 2))", "(3, 4)"]),
        ("ON CONFLICT", []),
        ("CONFLICT TARGET", []),
        ("DO UPDATE", []),
        ("CONFLICT SET", ["b = EXCLUDED.b", "c = 1"]),
        ("CONFLICT WHERE", []),
        ("RETURNING", ["a", "b"]),
    ]
    assert [(kind, text[c.start : c.end]) for kind, c in query.conditions()] == [
        ("CONFLICT TARGET", "c > 0"),
        ("CONFLICT WHERE", "t.c < 2"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SELECT (1",
        "SELECT 1)",
        "SELECT (1]",
        "SELECT 1; SELECT 2",
        "VALUES",
        "SELECT a UNION VALUES",
        "MERGE INTO a USING b ON a.x = b.x WHEN MATCHED THEN DELETE",
        "CREATE TABLE t (a int)",
        "WITH a AS (MERGE INTO t USING b ON true WHEN MATCHED THEN DELETE RETURNING a) SELECT 1",
    ],
)
def test_what_is_not_certain_is_not_read(text: str) -> None:
    assert read_statement(text) is None


def test_brackets_that_are_nested_too_deeply_are_left_alone() -> None:
    assert read_statement(f"SELECT 1 WHERE {'(' * 5000}a{')' * 5000}") is None


@given(st.lists(st.sampled_from(WORDS), max_size=40))
def test_any_text_is_read_or_left_alone(words: list[str]) -> None:
    text = " ".join(["SELECT a", *words])

    statement = read_statement(text)

    for query in statement.queries if statement else ():
        for clause in query.clauses:
            assert 0 <= clause.start <= clause.body <= clause.end <= len(text)
            for item in clause.items:
                assert clause.body <= item.start < item.end <= clause.end
        for _, condition in query.conditions():
            for part in condition.all():
                assert condition.start <= part.start < part.end <= condition.end
