"""From the calls of two recording runs to the rules of a script."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from unittest.mock import ANY

from understudy.pg import sql
from understudy.record.calls import Answer, NotRecordable, RecordedCall, leaves
from understudy.script.formatting import shape, shortened
from understudy.script.requests import Phase

_DAY = dt.timedelta(days=1)


@dataclass
class RecordedRule:
    """A rule of a script.

    Attributes:
        statement: its SQL.
        parameters: the values that it expects; ANY for one that is another in each run.
        answers: in order; one alone serves every call.
        is_optional: whether only the teardown of the fixtures has sent it.
    """

    statement: str
    parameters: tuple[Any, ...]
    answers: list[Answer] = field(default_factory=list)
    is_optional: bool = False


def stable(
    before: Sequence[RecordedCall], calls: Sequence[RecordedCall]
) -> tuple[list[RecordedCall], list[Any]]:
    """Return the calls of a run with ANY for each parameter that was another in the run before.

    A value that an answer has brought is the answer's in each run, so it is kept.

    Args:
        before: the calls of the run before, in order.
        calls: the calls, in order.

    Returns:
        The calls; and the values for which there is ANY now.

    Raises:
        NotRecordable: the two runs have sent different statements.
    """
    _check_same(before, calls)
    by_shape: dict[tuple[str, int], list[RecordedCall]] = {}
    for call in before:
        by_shape.setdefault(_kind(call), []).append(call)
    brought: tuple[list[Any], list[Any]] = [], []
    answers = {id(call): call.answer for call in before}
    found, varying = [], []
    for call in calls:
        earlier = by_shape[_kind(call)].pop(0)
        if sql.tokens(earlier.statement) != sql.tokens(call.statement):
            raise NotRecordable(
                "the text of a statement is another in each run; send the value as a parameter"
                f"\n  first:  {_shown(earlier)}\n  second: {_shown(call)}"
            )
        parameters = []
        for first, second in zip(earlier.parameters, call.parameters, strict=True):
            expected = _expected(first, second, brought)
            parameters.append(expected)
            if expected is not second:
                varying.append(second)
        found.append(replace(call, parameters=tuple(parameters)))
        for known, answer in zip(brought, (answers[id(earlier)], call.answer), strict=True):
            known += leaves(answer.rows or ())
    return found, varying


def _check_same(before: Sequence[RecordedCall], calls: Sequence[RecordedCall]) -> None:
    first, second = (Counter(map(_kind, run)) for run in (before, calls))
    if first == second:
        return
    differing = (first - second) or (second - first)
    statement = shortened(next(iter(differing))[0], 300)
    raise NotRecordable(
        "it was run twice, and did not send the same statements; this one differs in number"
        f"\n  sql: {statement}"
    )


def _kind(call: RecordedCall) -> tuple[str, int]:
    return shape(call.statement), len(call.parameters)


def _expected(first: Any, second: Any, brought: tuple[list[Any], list[Any]]) -> Any:
    """Return what a rule expects of a parameter; the second value itself if it is certain."""
    if type(first) is type(second) and first == second and not _is_of_today(second):
        return second
    if _is_among(first, brought[0]) and _is_among(second, brought[1]):
        return second
    if type(first) is type(second) is dict and first.keys() == second.keys():
        return _kept(second, {key: _expected(first[key], second[key], brought) for key in second})
    if type(first) is type(second) and type(second) in (list, tuple) and len(first) == len(second):
        items = [_expected(*pair, brought) for pair in zip(first, second, strict=True)]
        return _kept(second, type(second)(items))
    return ANY


def _kept(second: Any, expected: Any) -> Any:
    """Return the value itself if nothing in it varies."""
    return expected if any(leaf is ANY for leaf in leaves(expected)) else second


def _is_of_today(value: Any) -> bool:
    """Return whether a date is today's, which both runs have had."""
    if type(value) is dt.datetime:
        value = value.date()
    return type(value) is dt.date and abs(value - dt.datetime.now(dt.UTC).date()) <= _DAY


def _is_among(value: Any, known: Iterable[Any]) -> bool:
    return value is not None and any(
        type(other) is type(value) and other == value for other in known
    )


def echoed(calls: Iterable[RecordedCall], varying: Sequence[Any]) -> Any:
    """Return a value of an answer that the application had made up in this run, or None."""
    answered = [leaf for call in calls for leaf in leaves(call.answer.rows or ())]
    return next((value for value in varying if _is_among(value, answered)), None)


def rules_of(calls: Sequence[RecordedCall], phase: Phase) -> list[RecordedRule]:
    """Return the rules for calls, in the order in which a script has to have them.

    Args:
        calls: in order.
        phase: in which the script is made; later ones need not come to pass.
    """
    groups: dict[sql.Tokens, list[RecordedRule]] = {}
    for call in calls:
        group = groups.setdefault(sql.tokens(call.statement), [])
        rule = next((rule for rule in group if _same(rule.parameters, call.parameters)), None)
        if rule is None:
            rule = RecordedRule(call.statement, call.parameters, is_optional=True)
            group.append(rule)
        rule.answers.append(call.answer)
        rule.is_optional = rule.is_optional and (phase, call.phase) == ("call", "teardown")
    for group in groups.values():
        for rule in group:
            if all(answer == rule.answers[0] for answer in rule.answers):
                del rule.answers[1:]
        # The latest rule that matches answers, so the one that says most has to come last.
        group.sort(key=lambda rule: -sum(value is ANY for value in rule.parameters))
    return [rule for group in groups.values() for rule in group]


def _same(one: Sequence[Any], other: Sequence[Any]) -> bool:
    return len(one) == len(other) and all(
        type(first) is type(second) and first == second
        for first, second in zip(one, other, strict=True)
    )


def _shown(call: RecordedCall) -> str:
    return shortened(sql.one_line(call.statement), 300)
