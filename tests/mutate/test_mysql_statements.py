"""Statements of MySQL, as the operators read them and as they are sent."""

from __future__ import annotations

import pytest

from understudy.mutate.mysql_judge import MysqlJudge
from understudy.mutate.mysql_statements import as_sent, preparable, readable, shown
from understudy.mutate.operators import mutants
from understudy.mutate.statements import Statement
from understudy.mysql_server.address import read_url
from understudy.script.calls import Call
from understudy.script.mysql_calls import MysqlCall


def test_two_calls_of_one_line_are_the_same_statement() -> None:
    first = MysqlCall("SELECT a FROM `t` WHERE id = 7 AND n IN (1, 2) AND s = 'it\\'s'")
    second = MysqlCall("SELECT a FROM `t` WHERE id = 8 AND n IN (3) AND s = ''")

    assert readable(first) == 'SELECT a FROM "t" WHERE id = $1 AND n IN ($2) AND s = $3'
    assert readable(second) == readable(first)


def test_a_statement_of_another_database_stays_as_it_is() -> None:
    call = Call("execute", 'SELECT "a" FROM t WHERE id = $1', [7])

    assert readable(call) == call.statement
    assert as_sent("SELECT 1", call) == "SELECT 1"


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT `a``b` FROM `t` WHERE id = 7 AND n IN (1, 2) AND s = 'it\\'s' AND x = x'ff00'",
        "UPDATE t SET a = NULL, b = TRUE, c = -1.50 WHERE d = 'a\\\\b'",
        "SELECT a FROM t WHERE s LIKE '100%%' LIMIT 5",
    ],
)
def test_what_is_not_changed_is_sent_as_it_was(statement: str) -> None:
    call = MysqlCall(statement)
    sent = MysqlCall(as_sent(readable(call), call))

    assert sent.template == call.template


def test_a_change_is_sent_with_the_values_of_the_call() -> None:
    call = MysqlCall("SELECT a FROM t WHERE id = 7 AND s = 'x'")
    found = {each.sentence: each.sql for each in mutants(readable(call))}

    lost = found["SELECT without WHERE"]
    assert as_sent(lost, call) == "SELECT a FROM t WHERE (id = 7 AND s = 'x') OR TRUE"
    other = found["`<>` instead of `=` in `s = $2`"]
    assert as_sent(other, call) == "SELECT a FROM t WHERE id = 7 AND s <> 'x'"
    assert preparable(other) == "SELECT a FROM t WHERE id = ? AND s <> ?"


def test_an_insert_of_several_rows_is_left_alone() -> None:
    call = MysqlCall("INSERT INTO t (a, b) VALUES (1, 2), (3, 4)")

    assert readable(call) == call.statement
    assert as_sent(call.statement, call) == call.statement


def test_a_report_shows_mysqls_own_quotes() -> None:
    call = MysqlCall("SELECT `a b`  -- the name\n FROM `t` WHERE `key` = 7 AND s = 'x\\'y'")

    assert shown(call) == "SELECT `a b` FROM `t` WHERE `key` = $1 AND s = $2"


def test_a_report_shows_one_row_of_several() -> None:
    assert shown(MysqlCall("INSERT INTO `t` (a) VALUES ('\udcff'), ('b')")) == (
        "INSERT INTO `t` (a) VALUES (?)"
    )


def test_bytes_in_the_sentence_of_a_mutant_can_be_printed() -> None:
    sql = "INSERT INTO t (a) VALUES (LOWER('\udcff')), (LOWER('b'))"
    judge = MysqlJudge(read_url("mysql://app@localhost/app"))

    [first, *_] = judge.mutants([Statement(sql, sql, [], [])])

    assert first.sentence == "without lower() around `'\\xff'`"
