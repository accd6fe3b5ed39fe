"""A statement without its literals."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.mysql import sql
from understudy.mysql.templates import Parameter, template


@pytest.mark.parametrize(
    ("statement", "text", "values"),
    [
        ("SELECT a FROM t WHERE b = 7 AND c='x'", "SELECT a FROM t WHERE b = ? AND c=?", (7, "x")),
        ("DELETE FROM t WHERE a=-7 AND b = - 1.50", "DELETE FROM t WHERE a=? AND b = ?",
         (-7, Decimal("-1.50"))),
        ("UPDATE t SET a = b-1, c = 1e3", "UPDATE t SET a = b-?, c = ?", (1, 1000.0)),
        ("UPDATE t SET a = NULL, b = true", "UPDATE t SET a = ?, b = ?", (None, True)),
        ("DELETE FROM t WHERE a IS NOT NULL", "DELETE FROM t WHERE a IS NOT NULL", ()),
        ("DELETE FROM t WHERE a IN (1, -2,'x')", "DELETE FROM t WHERE a IN (?)", ((1, -2, "x"),)),
        ("DELETE FROM t WHERE (a, b) IN ((1,2))", "DELETE FROM t WHERE (a, b) IN ((?,?))", (1, 2)),
        ("DELETE FROM t WHERE a > DATE'2020-01-01'", "DELETE FROM t WHERE a > ?", ("2020-01-01",)),
        ("DELETE FROM t WHERE a = 'b' 'c'", "DELETE FROM t WHERE a = ?", ("bc",)),
        ("DELETE FROM t WHERE a = _binary 'b'", "DELETE FROM t WHERE a = ?", (b"b",)),
        ("DELETE FROM t WHERE a = /* 7 */ 5 # 8", "DELETE FROM t WHERE a = ?", (5,)),
        ("DELETE FROM t1 WHERE `2` = @a5 LIMIT 5", "DELETE FROM t1 WHERE `2` = @a5 LIMIT ?", (5,)),
        ("INSERT INTO t SELECT 1, a FROM b", "INSERT INTO t SELECT ?, a FROM b", (1,)),
        ("SET @a = 'x'", "SET @a = ?", ("x",)),
        ("DELETE FROM t WHERE a IN (1 OR 2)", "DELETE FROM t WHERE a IN (? OR ?)", (1, 2)),
    ],
)  # fmt: skip
def test_literals_are_taken_out(statement: str, text: str, values: tuple[Any, ...]) -> None:
    found = template(statement)
    assert (found.text, found.values) == (text, values)
    assert found.literals == found.values
    assert template(text.replace("IN (?)", "IN ?")).tokens == found.tokens


@pytest.mark.parametrize(
    ("statement", "literals"),
    [
        ("SELECT 1, 'a' AS b, COUNT(2) FROM t", (1, "a", 2)),
        ("SELECT 1 UNION ALL SELECT 2", (1, 2)),
        ("(SELECT 1) UNION (SELECT 2)", (1, 2)),
        ("SELECT a 'b', c AS 'd' FROM t ORDER BY 1, 2", ("b", "d", 1, 2)),
        ("SELECT GROUP_CONCAT(a ORDER BY 1 SEPARATOR ', ') FROM t", (1, ", ")),
        ("SELECT a FROM t WHERE a->'$.b' LIKE b ESCAPE '|'", ("$.b", "|")),
        ("UPDATE t SET a = CAST(b AS DECIMAL(10, 2)), c = CONVERT(d, CHAR(3))", (10, 2, 3)),
        ("CREATE TABLE t (a varchar(10) DEFAULT 'x' NOT NULL)", (10, "x", None)),
        ("SET NAMES 'utf8mb4'", ("utf8mb4",)),
        ("SHOW TABLES LIKE 'a%'", ("a%",)),
    ],
)
def test_literals_that_are_part_of_the_statement_stay(
    statement: str, literals: tuple[Any, ...]
) -> None:
    found = template(statement)
    assert (found.text, found.values, found.literals) == (statement, (), literals)
    assert found.tokens.count("?") == len(literals)


def test_a_subquery_of_the_select_list_has_values() -> None:
    found = template("SELECT 1, (SELECT MAX(a) FROM b WHERE c = 5) FROM t")
    assert found.text == "SELECT 1, (SELECT MAX(a) FROM b WHERE c = ?) FROM t"
    assert (found.values, found.literals) == ((5,), (1, 5))


def test_an_insert_of_several_rows_is_one_with_its_rows() -> None:
    found = template(
        "INSERT INTO t (a, b) VALUES (1, 'x'),(-2,NULL), (3, 'y)') ON DUPLICATE KEY UPDATE a = 9"
    )
    assert found.text == "INSERT INTO t (a, b) VALUES (?, ?) ON DUPLICATE KEY UPDATE a = ?"
    assert found.values == found.literals == [(1, "x", 9), (-2, None, 9), (3, "y)", 9)]
    assert found.is_bulk


@pytest.mark.parametrize("rows", ["(1, NOW()), (2, NOW())", "(1, DEFAULT(a)),(2, DEFAULT(a))"])
def test_the_rows_of_an_insert_may_have_functions(rows: str) -> None:
    assert template(f"INSERT INTO t VALUES {rows}").values == [(1,), (2,)]


@pytest.mark.parametrize("rows", ["(1, NOW()), (2, 3)", "(1, 2, 3), (1, )", "(1, 'a' 'b'), (1)"])
def test_rows_that_differ_in_more_than_their_literals_are_no_bulk_insert(rows: str) -> None:
    assert not template(f"INSERT INTO t VALUES {rows}").is_bulk


def test_bound_values_stand_at_their_placeholders() -> None:
    statement = "SELECT a FROM t WHERE b = ? AND c = 'x' AND d IN (?, ?)"
    assert template(statement, (7, 1, 2)).values == (7, "x", (1, 2))
    unbound = Parameter()
    assert template(statement).values == (unbound, "x", (unbound, unbound))


def test_placeholders_of_a_rule_stand_for_literals() -> None:
    rule = template("SELECT a FROM t WHERE b = %s AND c = %(c)s AND d IN %s AND e IN (%s, %s)")
    call = template("SELECT a FROM t WHERE b = 7 AND c = 'x' AND d IN (1, 2) AND e IN (3, 4)")
    assert rule.tokens == call.tokens
    unbound = Parameter()
    assert rule.literals == (unbound, Parameter("c"), unbound, (unbound, unbound))
    assert call.literals == (7, "x", (1, 2), (3, 4))


PARTS = st.sampled_from(
    [
        *[
            "SELECT",
            "INSERT INTO t",
            "VALUES",
            "(1, 'a'),",
            "(2, NULL)",
            "(",
            ")",
            ",",
            "IN",
            "FROM",
        ],
        *["IS", "NOT", "NULL", "-", "5", "-3", "1.5", "'a'", '"b"', "'", "`c`", "?", "%s", "%(d)s"],
        *[
            "DATE",
            "AS",
            "ORDER BY",
            "CONVERT(",
            "#",
            "/*",
            "*/",
            "/*!50003",
            "x'4D'",
            "0x",
            "_utf8",
        ],
        *[
            ";",
            "...",
            "@a",
            "\ue000",
            "->",
            "COLUMNS",
            "SEPARATOR",
            "{",
            "é",
            "NOW(",
            "CREATE",
            "b",
        ],
    ]
)


@given(st.lists(PARTS, max_size=14), st.sampled_from(["", " "]))
def test_any_text_has_a_template(parts: list[str], space: str) -> None:
    found = template(space.join(parts))
    rows = found.values if isinstance(found.values, list) else [found.values]
    literals = found.literals if isinstance(found.literals, list) else [found.literals]
    assert {len(row) for row in literals} == {found.tokens.count("?")}
    placeholders = [piece for piece in sql.pieces(found.text) if piece.text == "?"]
    assert {len(row) for row in rows} == {len(placeholders)}
