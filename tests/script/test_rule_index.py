"""Rules are found by statement and by plain parameters: the same rule, with fewer comparisons."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.effort import calls_of
from understudy import ANY
from understudy.fake_postgres.scripted_rules import ReceivedParameters, ServerParameters, ServerRule
from understudy.pg.codec_registry import Values
from understudy.pg.types import Types
from understudy.script.calls import Call
from understudy.script.origin import caller
from understudy.script.parameter_matching import Parameters
from understudy.script.rules import Rule
from understudy.script.script import Script
from understudy.script.statement_rules import StatementRule

SAME = Values(Types({})).same
ORIGIN = caller()
SELECT = "SELECT a WHERE id = $1"
PLACES = st.sampled_from(["a", "b", "c"])
STATEMENTS = st.one_of(
    PLACES.map("SELECT {} WHERE id = $1".format),
    st.sampled_from(["SELECT ... WHERE id = $1", "...", re.compile("SELECT [ab]")]),
)
VALUES = st.sampled_from(
    [1, 2, True, 1.0, "1", "2", None, b"1", UUID(int=1), str(UUID(int=1)), dt.date(2026, 1, 1)]
)
EXPECTED = st.one_of(
    st.just(()), VALUES.map(lambda value: (value,)), st.just((ANY,)), st.just((lambda _: True,))
)
OIDS = st.sampled_from([23, 25, 2950, 17, 16, 1082, 701, 3802])


def of_fakes(statement: Any, expected: tuple[Any, ...]) -> Rule:
    return StatementRule(statement, Parameters(expected), ORIGIN)


def of_servers(statement: Any, expected: tuple[Any, ...]) -> Rule:
    return ServerRule(statement, ServerParameters(expected), ORIGIN)


def received(value: Any, oid: int) -> ReceivedParameters:
    parameters = ReceivedParameters([value])
    parameters.oids, parameters.same = [oid], SAME
    return parameters


@pytest.mark.parametrize("make", [of_fakes, of_servers])
@given(
    rules=st.lists(st.tuples(STATEMENTS, EXPECTED), max_size=30),
    calls=st.lists(st.tuples(PLACES, VALUES, OIDS), min_size=1, max_size=5),
)
def test_the_latest_rule_that_matches_is_found(
    make: Callable[[Any, tuple[Any, ...]], Rule], rules: list[Any], calls: list[Any]
) -> None:
    script, known = Script(), []
    for number, (statement, expected) in enumerate(rules):
        known.append(script.add(make(statement, expected).optional()))
        if number % 7:
            continue
        # A rule that is added between calls counts from then on.
        for place, value, oid in calls:
            call = Call("fetch", f"SELECT {place} WHERE id = $1", received(value, oid))
            wanted = next((rule for rule in reversed(known) if rule.matches(call)), None)
            script.answer(call)
            assert call.rule is wanted
            assert list(script.rules_for(call)) == [
                rule for rule in reversed(known) if rule.matches_statement(call)
            ]


def effort(make: Callable[..., Rule], count: int, kind: str) -> float:
    """How many functions a call calls that one of some rules answers."""
    script = Script()
    for number in range(count):
        if kind == "statements":
            script.add(make(f"SELECT a{number} WHERE id = $1", ()))
        else:
            script.add(make(SELECT, (f"{number}" if kind == "texts" else number,)))

    def ask() -> None:
        for number in range(count):
            where = f"SELECT a{number} WHERE id = $1" if kind == "statements" else SELECT
            value = f"{number}" if kind == "texts" else number
            call = Call("fetch", where, received(value, 25 if kind == "texts" else 23))
            assert script.answer(call) is not None
            assert call.rule is script.rules[number]

    return calls_of(ask)[1] / count


@pytest.mark.parametrize("make", [of_fakes, of_servers])
@pytest.mark.parametrize("kind", ["statements", "numbers", "texts"])
def test_a_call_costs_the_same_with_ten_times_as_many_rules(
    make: Callable[..., Rule], kind: str
) -> None:
    assert effort(make, 1000, kind) < 1.5 * effort(make, 100, kind)
