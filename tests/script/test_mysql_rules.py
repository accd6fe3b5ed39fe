"""Rules for statements of MySQL, whose parameters are literals of the text."""

from __future__ import annotations

import datetime as dt
import enum
import re
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from understudy import ANY, ScriptError, UnexpectedStatement
from understudy.script.mysql_calls import MysqlCall
from understudy.script.mysql_parameters import MysqlParameters
from understudy.script.mysql_rules import Affected, MysqlRule
from understudy.script.origin import caller
from understudy.script.script import Script

SELECT = "SELECT a FROM t WHERE b = %s AND c = 'x'"


class Color(enum.Enum):
    RED = "red"


def rule(statement: str | re.Pattern[str], *parameters: Any) -> MysqlRule:
    return MysqlRule(statement, MysqlParameters(parameters), caller())


def is_match(made: MysqlRule, statement: str, *bound: Any) -> bool:
    """Ask a script, which looks rules up by their tokens."""
    script = Script()
    script.add(made).optional()
    return script.answer(MysqlCall(statement, bound)) is not None


@pytest.mark.parametrize(
    ("made", "statement"),
    [
        (rule(SELECT), "SELECT a FROM t WHERE b = 7 AND c = 'x'"),
        (rule(SELECT, 7), "SELECT  a FROM t -- 8\n WHERE b=7 AND c='x';"),
        (rule("SELECT a FROM t WHERE b = ?", -7), "SELECT a FROM t WHERE b = -7"),
        (rule("SELECT a FROM t WHERE b = %(b)s", {"b": 7}), "SELECT a FROM t WHERE b = 7"),
        (rule("SELECT a FROM t WHERE b IN %s", (1, 2)), "SELECT a FROM t WHERE b IN (1,2)"),
        (rule("SELECT a FROM t WHERE b IN %s", (1,)), "SELECT a FROM t WHERE b IN (1)"),
        (rule("SELECT a FROM t WHERE b IN (%s)", [1, 2]), "SELECT a FROM t WHERE b IN (1,2)"),
        (rule("SELECT a FROM t WHERE b IN (%s, %s)", 1, 2), "SELECT a FROM t WHERE b IN (1, 2)"),
        (rule("SELECT a FROM t WHERE b IN (1, %s)", 2), "SELECT a FROM t WHERE b IN (1, 2)"),
        (rule("SELECT a FROM t WHERE b IN %s", {1, 2}), "SELECT a FROM t WHERE b IN (2, 1)"),
        (rule("SELECT %s + 1", 7), "SELECT 7 + 1"),
        (
            rule("SELECT a FROM t ... b = %s ...", 7),
            "SELECT a FROM t WHERE c = 5 AND b = 7 LIMIT 1",
        ),
        (rule("SELECT ... b = 7 ... c = %s", 5), "SELECT b = 6 AND b = 7 AND c = 5"),
        (rule("INSERT INTO t ...", 1, "x"), "INSERT INTO t (a, b) VALUES (1, 'x')"),
        (rule("SELECT a %% %s FROM t", 2), "SELECT a % 2 FROM t"),
        (rule("SELECT a LIKE 'x%%'"), "SELECT a LIKE 'x%'"),
        (rule(re.compile(r"b = (7|8)$"), 7), "SELECT a FROM t WHERE b = 7"),
        (rule("SHOW TABLES LIKE %s", "a"), "SHOW TABLES LIKE 'a'"),
        (rule("CREATE TABLE t (a varchar(10))"), "CREATE TABLE t (a varchar(10))"),
    ],
    ids=lambda value: value.shown if isinstance(value, MysqlRule) else "",
)
def test_a_rule_matches(made: MysqlRule, statement: str) -> None:
    assert is_match(made, statement)
    assert made.differences(MysqlCall(statement)) == []


@pytest.mark.parametrize(
    ("made", "statement", "differences"),
    [
        (
            rule(SELECT, 7),
            "SELECT a FROM t WHERE b = 8 AND c = 'x'",
            [("params", "[0] expected 7 (int), got 8 (int)")],
        ),
        (
            rule(SELECT, 7),
            "SELECT a FROM t WHERE b = 7 AND c = 'y'",
            [("sql", "... AND c = [-'x'-]{+'y'+}")],
        ),
        (
            rule(SELECT, 7),
            "SELECT d FROM t WHERE b = 7 AND c = 'x'",
            [("sql", "SELECT [-a-]{+d+} FROM t WHERE ...")],
        ),
        (
            rule("SELECT a ... b = 7 ... c = %s", 5),
            "SELECT a FROM t WHERE b = 6 AND c = 5",
            [("sql", "has no 'b = 7' after 'SELECT a'")],
        ),
        (
            rule("SELECT a FROM t WHERE b IN (%s, %s)", 1, 2),
            "SELECT a FROM t WHERE b IN (1, 2, 3)",
            [("sql", "... b IN ([-%s, %s-]{+1, 2, 3+})")],
        ),
        (
            rule("INSERT INTO t VALUES (%s, 'x')", [1], [2]),
            "INSERT INTO t VALUES (1, 'x'), (2, 'y')",
            [("sql", "... (2, [-'x'-]{+'y'+})")],
        ),
        (
            rule("INSERT INTO t VALUES (%s, %s)", [1, "x"], [2, "y"]),
            "INSERT INTO t VALUES (1, 'x'), (3, 'y')",
            [("params", "[1][0] expected 2 (int), got 3 (int)")],
        ),
        (
            rule("INSERT INTO t VALUES (%s), (%s)"),
            "INSERT INTO t VALUES (1), (2), (3)",
            [("sql", "inserts 3 rows, and the rule is for 2")],
        ),
        (
            rule("INSERT INTO t VALUES (1), (2)"),
            "INSERT INTO t VALUES (1), (3)",
            [("sql", "... t VALUES ([-2-]{+3+})")],
        ),
    ],
)
def test_a_rule_tells_how_a_call_differs(
    made: MysqlRule, statement: str, differences: list[tuple[str, str]]
) -> None:
    assert not is_match(made, statement)
    assert made.differences(MysqlCall(statement)) == differences


INSERT = "INSERT INTO t (a, b) VALUES (%s, %s)"


@pytest.mark.parametrize(
    ("made", "values"),
    [
        (rule(INSERT), "(1, 'x'), (2, NULL)"),
        (rule(INSERT, [1, "x"], (2, None)), "(1, 'x'),(2, NULL)"),
        (rule(INSERT, [1, "x"]), "(1, 'x')"),
        (rule(INSERT, 1, "x"), "(1, 'x')"),
        (rule("INSERT INTO t (a, b) VALUES (%s, 'x')", [1], [2]), "(1, 'x'), (2, 'x')"),
        (rule("INSERT INTO t (a, b) VALUES (%s, %s), (%s, %s)", [1, ANY], [2, 3]), "(1, 2),(2, 3)"),
        (rule("INSERT INTO t (a, b) VALUES (%s, %s), (%s, %s)", 1, 2, 2, 3), "(1, 2),(2, 3)"),
        (rule("INSERT INTO t (a, b) VALUES (1, 'x'), (2, %s)", "y"), "(1, 'x'), (2, 'y')"),
        (rule("INSERT INTO t (a, b) VALUES (1, 'x'), (2, 'y')"), "(1, 'x'), (2, 'y')"),
        (
            rule("INSERT INTO t (a, b) VALUES (%(a)s, %(b)s)", {"a": 1, "b": 2}, {"a": 3, "b": 4}),
            "(1, 2), (3, 4)",
        ),
    ],
)
def test_rows_of_a_bulk_insert(made: MysqlRule, values: str) -> None:
    assert is_match(made, f"INSERT INTO t (a, b) VALUES {values}")


@pytest.mark.parametrize(
    ("expected", "literal"),
    [
        (True, "1"),
        (Decimal("1.50"), "1.5"),
        (0.1, "0.1e0"),
        (0.1, "0.1"),
        (Decimal("0.1"), "1e-1"),
        (dt.datetime(2026, 1, 2, 3, 4, 5), "'2026-01-02 03:04:05'"),
        (dt.datetime(2026, 1, 2, 3, 4, 5, 600, dt.UTC), "'2026-01-02 03:04:05.000600'"),
        (dt.date(2026, 1, 2), "'2026-01-02'"),
        (dt.time(3, 4, 5), "'03:04:05'"),
        (dt.timedelta(hours=-25, microseconds=-1), "'-25:00:00.000001'"),
        (UUID(int=1), "'00000000-0000-0000-0000-000000000001'"),
        (UUID(int=1), "'00000000000000000000000000000001'"),
        (UUID(int=1), "_binary X'00000000000000000000000000000001'"),
        (b"a\xff", "_binary'a\udcff'"),
        (bytearray(b"a"), "'a'"),
        ({"a": [1]}, "'{\"a\":[1]}'"),
        ([1, 2], "'[1, 2]'"),
        (Color.RED, "'red'"),
        (Color.RED, "'Color.RED'"),
    ],
)
def test_values_are_compared_as_drivers_write_them(expected: Any, literal: str) -> None:
    assert is_match(rule("SELECT %s", expected), f"SELECT {literal}")
    assert is_match(rule("INSERT t VALUES (%s)", [expected]), f"INSERT t VALUES ({literal})")


@pytest.mark.parametrize(
    ("expected", "literal"),
    [("7", "7"), (7, "'7'"), (None, "''"), ("", "NULL"), ((1, 2), "1"), ("a", "'A'")],
)
def test_other_values_are_not_equal(expected: Any, literal: str) -> None:
    assert not is_match(rule("SELECT %s", expected), f"SELECT {literal}")


def test_a_prepared_statement_has_its_values_bound() -> None:
    statement = "SELECT a FROM t WHERE b = ? AND c = ?"
    assert is_match(rule(SELECT, 7), statement, 7, "x")
    assert not is_match(rule(SELECT, 7), statement, 7, "y")
    assert is_match(rule(SELECT, dt.date(2026, 1, 2)), statement, dt.date(2026, 1, 2), "x")


def test_of_many_rules_the_one_with_the_values_answers() -> None:
    script = Script()
    rules = [script.add(rule(SELECT, number)).optional() for number in range(20)]
    script.answer(MysqlCall("SELECT a FROM t WHERE b = 7 AND c = 'x'"))
    assert [made.used for made in rules] == [number == 7 for number in range(20)]


def test_a_regular_expression_sees_the_values() -> None:
    script = Script()
    for value in (7, 8):
        script.add(rule(re.compile(f"b = {value}$"))).optional()
    for value in (8, 7):
        script.answer(MysqlCall(f"SELECT a FROM t WHERE b = {value}"))
    assert [made.used for made in script.rules] == [1, 1]


def test_a_rule_with_too_few_parameters_is_refused() -> None:
    with pytest.raises(ScriptError) as raised:
        rule(SELECT, 7, 8)
    assert str(raised.value) == (
        """on("SELECT a FROM t WHERE b = %s AND c = 'x'", 7, 8): the statement has 1 """
        "placeholder, and 2 parameters given"
    )


def test_affected_rows() -> None:
    made = rule("DELETE FROM t").affected(3, last_insert_id=7)
    assert made.answers[0].outcome == Affected(tag="3", last_insert_id=7)
    assert Affected(tag="3").count == 3


@pytest.mark.parametrize("rows", [-1, True, "1"])
def test_affected_rows_are_a_number(rows: Any) -> None:
    with pytest.raises(ScriptError, match=r"affected\(\) takes rows as a whole number from 0"):
        rule("DELETE FROM t").affected(rows)


def test_mysql_has_no_command_tags() -> None:
    with pytest.raises(ScriptError) as raised:
        rule("DELETE FROM t").tag("DELETE 1")
    assert str(raised.value) == (
        "tag('DELETE 1'): MySQL has no command tags; write .affected(1), "
        "or .affected(1, last_insert_id=7)"
    )


@pytest.mark.parametrize(
    ("statement", "line"),
    [
        (
            "SELECT a FROM t WHERE b = 7 AND c = 'x' LIMIT 5",
            """on("SELECT a FROM t WHERE b = %s AND c = %s LIMIT %s", 7, 'x', 5).rows(...)""",
        ),
        ("SELECT 1", 'on("SELECT 1").rows(...)'),
        (
            "DELETE FROM t WHERE a IN (1, 2)",
            'on("DELETE FROM t WHERE a IN %s", (1, 2)).affected(1)',
        ),
        (
            "INSERT INTO t VALUES (1, 'x'), (2, 'y')",
            """on("INSERT INTO t VALUES (%s, %s)", (1, 'x'), (2, 'y')).affected(2)""",
        ),
        (
            "INSERT INTO t VALUES " + ", ".join("(1)" for _ in range(9)),
            'on("INSERT INTO t VALUES (%s)").affected(9)',
        ),
        (
            "INSERT INTO t VALUES (5) RETURNING a",
            'on("INSERT INTO t VALUES (%s) RETURNING a", 5).rows(...)',
        ),
    ],
)
def test_the_line_to_paste(statement: str, line: str) -> None:
    call = MysqlCall(statement)
    assert call.rule_source == line
    pasted = eval(line[: line.rindex(").") + 1], {"on": rule})
    assert is_match(pasted, statement)


def test_an_unexpected_statement_is_reported_with_the_line_to_paste() -> None:
    script = Script("fake_mysql")
    script.add(rule(SELECT, 7)).optional()
    with pytest.raises(UnexpectedStatement) as raised:
        raise script.refuse(MysqlCall("SELECT a FROM t WHERE b = 8 AND c = 'x'"))
    assert re.sub(r"\S+:\d+( in \w+)?", "FILE:1", str(raised.value)) == (
        """execute() matched no rule
  sql:    SELECT a FROM t WHERE b = 8 AND c = 'x'
  params: [8, 'x']    at: FILE:1
Nearest of the only rule:
  FILE:1  on("SELECT a FROM t WHERE b = %s AND c = 'x'", 7)
    params  differs  [0] expected 7 (int), got 8 (int)
To allow it:
  fake_mysql.on("SELECT a FROM t WHERE b = %s AND c = %s", 8, 'x').rows(...)"""
    )


def test_calls_that_differ_in_their_values_have_one_text_and_shape() -> None:
    calls = [
        MysqlCall(f"SELECT 'x', `a` FROM `t` WHERE `b c` = {value} AND d IN ({value}, 5)")
        for value in ("7", r"'it\'s \"8\"'")
    ]
    assert {call.text for call in calls} == {
        "SELECT 'x', `a` FROM `t` WHERE `b c` = ? AND d IN (?)"
    }
    assert {call.shape for call in calls} == {"SELECT ?, a FROM t WHERE `b c` = ? AND d IN (?)"}


def test_backquotes_count_only_if_they_change_something() -> None:
    insert = rule("INSERT INTO tbl_role (name) VALUES (%s)", "a")

    assert is_match(insert, "INSERT INTO `tbl_role` (`name`) VALUES ('a')")
    assert is_match(rule("SELECT `u`.`id` FROM `users` u"), "SELECT u.id FROM users u")
    assert not is_match(rule("SELECT `a b` FROM t"), "SELECT a b FROM t")
