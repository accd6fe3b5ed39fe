"""Mutants that no call can notice, and statements that are one mistake."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from understudy.mutate.call_facts import known
from understudy.mutate.mutants import Judgement, Mutant
from understudy.mutate.operators import mutants
from understudy.mutate.statements import Ran, Statement, sent
from understudy.script.boundary import Boundary
from understudy.script.calls import Call

ONE_ROW = Judgement("equivalent", "every call takes one row of its result only")
FIRST = "SELECT name FROM users ORDER BY name LIMIT 1"


def statements(*calls: tuple[str, Sequence[Any], str]) -> list[Statement]:
    """Return the statements of calls: the text, the parameters and the tag of the answer."""
    ran = []
    for number, (sql, parameters, tag) in enumerate(calls):
        boundary = Boundary()
        boundary.begin("statement", Call("fetch", sql, parameters), None).tag = tag
        ran.append(Ran(f"test_{number}", 0.0, boundary.events))
    return sent(ran, lambda path: False)


def of_limit(*tags: str, sql: str = FIRST) -> set[str]:
    """Return the changes of a statement's limit that no call can notice."""
    found = known(statements(*((sql, (), tag) for tag in tags)), mutants(sql))
    assert set(found.values()) <= {ONE_ROW}
    return {mutant.sentence for mutant in found}


def test_the_limit_of_a_statement_of_which_one_row_is_taken_cannot_be_noticed() -> None:
    """PostgreSQL stops after the row that `fetchrow` asks for, and tells no count."""
    expected = {"without LIMIT", "`LIMIT 2` instead of `LIMIT 1`"}
    assert of_limit("", "SELECT 0") == expected


@pytest.mark.parametrize(
    ("tags", "sql"),
    [
        pytest.param(["", "SELECT 1"], FIRST, id="another call takes all rows"),
        pytest.param(["SELECT 0"], FIRST, id="no call has found a row"),
        pytest.param([""], FIRST.replace("1", "10"), id="a part of more rows"),
        pytest.param(
            [""], f"SELECT (SELECT name FROM users LIMIT 1) AS a, b FROM ({FIRST}) q", id="inside"
        ),
    ],
)
def test_other_limits_can_be_noticed(tags: list[str], sql: str) -> None:
    """What else is asked for may be told by a row."""
    assert of_limit(*tags, sql=sql) == set()


SEARCH = "SELECT id FROM books WHERE title ILIKE $1 OR author ILIKE $2"


@pytest.mark.parametrize(
    ("calls", "is_known"),
    [
        pytest.param([("%a%", "%a%"), ("%b%", "%b%")], True, id="always equal"),
        pytest.param([("%a%", "%a%"), ("%a%", "%b%")], False, id="once different"),
        pytest.param([("%a%", "%a%"), ("%a%", "%a%")], False, id="perhaps by chance"),
    ],
)
def test_parameters_that_are_always_equal_cannot_be_swapped(
    calls: list[tuple[str, str]], is_known: bool
) -> None:
    """Code that gives one value twice sends the same when they are swapped."""
    text = SEARCH.replace("$1", "$0").replace("$2", "$1").replace("$0", "$2")
    swapped = Mutant(SEARCH, text, "parameters-swapped", 35, 56, "`$1` and `$2` swapped")

    found = known(statements(*((SEARCH, call, "SELECT 1") for call in calls)), [swapped])

    reason = "both parameters have the same value in every call"
    assert found == ({swapped: Judgement("equivalent", reason)} if is_known else {})


def test_lists_of_several_lengths_are_one_statement() -> None:
    """What an ORM sends for two and for three ids is one mistake if it is wrong."""
    lists = [
        f"SELECT a FROM t WHERE id IN ({', '.join(items)}) AND b = ${len(items) + 1}"
        for items in (["$1::UUID"], ["$1::UUID", "$2::UUID"], ["$1::UUID", "$2::UUID", "$3::UUID"])
    ]
    others = ["SELECT a FROM t WHERE id IN ($1) AND b = 2", "SELECT a FROM t WHERE id = $1"]
    calls = [lists[0], lists[1], lists[1], lists[2], *others]

    found = statements(*((sql, (), "SELECT 1") for sql in calls))

    assert [one.sql for one in found] == [lists[1], *others]
