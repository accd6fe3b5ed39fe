"""Two runs of a test, compared: what varies, and which rules answer."""

from __future__ import annotations

import datetime as dt
from typing import Any
from unittest.mock import ANY
from uuid import UUID

import pytest

from understudy.record.calls import Answer, NotRecordable, RecordedCall
from understudy.record.rules import echoed, rules_of, stable

NOTHING = Answer(("a",), ())
FIRST, SECOND = UUID(int=1), UUID(int=2)


def call(statement: str, *parameters: Any, answer: Answer = NOTHING, phase: Any = "call") -> Any:
    return RecordedCall(statement, parameters, answer, phase, 0)


def answered(*values: Any) -> Answer:
    return Answer(tuple("abcdef"[: len(values)]), (values,))


def parameters(before: list[RecordedCall], after: list[RecordedCall]) -> list[tuple[Any, ...]]:
    return [call.parameters for call in stable(before, after)[0]]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (7, 7, 7),
        (FIRST, SECOND, ANY),
        ({"id": FIRST, "n": 1}, {"id": SECOND, "n": 1}, {"id": ANY, "n": 1}),
        ([FIRST, 1], [SECOND, 1], [ANY, 1]),
        ([1], [1, 2], ANY),
        ({"a": 1}, {"b": 1}, ANY),
        (1, True, ANY),
        (None, "x", ANY),
    ],
)
def test_a_parameter_that_is_another_in_each_run_is_any(
    first: Any, second: Any, expected: Any
) -> None:
    [(found,)] = parameters([call("q", first)], [call("q", second)])

    assert repr(found) == repr(expected)


def test_a_value_that_an_answer_has_brought_stays() -> None:
    before = [call("q", answer=answered(FIRST)), call("r", FIRST)]
    after = [call("q", answer=answered(SECOND)), call("r", SECOND)]

    assert parameters(before, after) == [(), (SECOND,)]


def test_a_value_that_comes_back_only_later_does_not_stay() -> None:
    before = [call("r", FIRST), call("q", answer=answered(FIRST))]
    after = [call("r", SECOND), call("q", answer=answered(SECOND))]
    calls, varying = stable(before, after)

    assert calls[0].parameters == (ANY,)
    assert echoed(calls, varying) == SECOND


def test_the_date_of_today_varies_and_another_does_not() -> None:
    today, birthday = dt.datetime.now(dt.UTC).date(), dt.date(1990, 4, 1)

    assert parameters([call("q", today, birthday)], [call("q", today, birthday)]) == [
        (ANY, birthday)
    ]


def test_statements_in_another_order_are_the_same() -> None:
    first, second = call("SELECT a", 1), call("SELECT b", 2)

    assert parameters([first, second], [second, first]) == [(2,), (1,)]


def test_runs_that_send_other_statements_are_refused() -> None:
    with pytest.raises(NotRecordable) as raised:
        stable([call("SELECT a")], [call("SELECT a"), call("SELECT  b")])

    assert str(raised.value) == (
        "it was run twice, and did not send the same statements; this one differs in number\n"
        "  sql: SELECT b"
    )


def test_a_value_in_the_text_that_varies_is_refused() -> None:
    with pytest.raises(NotRecordable) as raised:
        stable([call("SELECT 'x1'")], [call("SELECT 'x2'")])

    assert str(raised.value) == (
        "the text of a statement is another in each run; send the value as a parameter\n"
        "  first:  SELECT 'x1'\n"
        "  second: SELECT 'x2'"
    )


def test_one_answer_serves_every_call_and_several_come_in_order() -> None:
    calls = [
        call("SELECT  a", 1, answer=answered(1)),
        call("SELECT b", answer=answered(1)),
        call("SELECT a", 1, answer=answered(1)),
        call("SELECT b", answer=answered(2)),
    ]
    found = rules_of(calls, "call")

    assert [(rule.statement, len(rule.answers)) for rule in found] == [
        ("SELECT  a", 1),
        ("SELECT b", 2),
    ]


def test_the_rule_that_says_most_comes_last() -> None:
    found = rules_of([call("q", 7, 8), call("q", ANY, 8), call("q", ANY, ANY)], "call")

    assert [rule.parameters for rule in found] == [(ANY, ANY), (ANY, 8), (7, 8)]


@pytest.mark.parametrize(("phase", "is_optional"), [("call", True), ("setup", False)])
def test_what_only_a_teardown_sends_need_not_be_sent_by_the_body(
    phase: Any, is_optional: bool
) -> None:
    [rule] = rules_of([call("q", phase="teardown")], phase)

    assert rule.is_optional is is_optional
