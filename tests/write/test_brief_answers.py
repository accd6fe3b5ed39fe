"""Which fields a test asserts beside another one that asserts all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.write.kept import kept, lines, row, target
from tests.write.test_planted import column
from understudy.rows.table_facts import Schema, Table
from understudy.write import brief_answers, fingerprint
from understudy.write.assertions import asserted
from understudy.write.candidates import Candidate
from understudy.write.shortening import Shortening
from understudy.write.trials import Observation, Trial

_COLUMNS = (
    column("id", "int8"),
    column("name", "text"),
    column("city", "text"),
    column("note", "text", not_null=False),
)
SCHEMA = Schema({1: Table(1, "public", "people", "r", 0, columns=_COLUMNS)}, {"people": 1}, {})
ANA = {"id": 101, "name": "Ana", "city": "Rio", "note": None}
BIA = {"id": 102, "name": "Bia", "city": "Rio", "note": "late"}


def _test(*people: dict[str, Any], answer: Any = None) -> Candidate:
    """Return a test that inserts people, and whose call returns them."""
    rows = tuple(row("people", **{k: v for k, v in one.items() if v}) for one in people)
    first = Observation(answer=[*people] if answer is None else answer)
    return Candidate(Trial(target(), rows), first, set(), [first], fingerprint.stable([first]))


def _enough(one: Candidate, *wrong: Any) -> frozenset[str] | None:
    """Return what a test asserts that is to notice wrong answers."""
    told = [fingerprint.shown(Observation(answer=answer)) for answer in wrong]
    return brief_answers.enough(one.trial, one.pattern, SCHEMA, told)


def test_the_test_with_most_values_and_fewest_rows_asserts_all_fields() -> None:
    most = _test(BIA)
    tests = [_test(ANA), _test(ANA, BIA), most, _test(answer=[]), _test(answer=[{"total": 3}])]

    assert brief_answers.whole(tests) == [most, tests[-1]]


def test_beside_it_a_test_asserts_which_rows_it_got() -> None:
    assert _enough(_test(ANA, BIA)) == {"id"}


def test_the_key_need_not_be_called_id() -> None:
    people = [{**one, "id": None} for one in (ANA, BIA)]

    assert _enough(_test(*people)) == {"name"}


def test_rows_that_nothing_tells_apart_are_asserted_whole() -> None:
    people = [{"id": None, "name": "Ana", "city": "Rio", "note": None}] * 2

    assert _enough(_test(*people)) is None


def test_a_field_is_asserted_in_which_wrong_sql_shows() -> None:
    one = _test(ANA, BIA)

    assert _enough(one, [ANA, {**BIA, "city": "Ana"}]) == {"id", "city"}
    assert _enough(one, [ANA]) == {"id"}


def test_a_field_is_asserted_that_the_code_has_made_up() -> None:
    """It is no column, or its value is that of no row."""
    changed = {**ANA, "name": "ANA", "greeting": "Hi Ana"}

    assert _enough(_test(ANA, answer=changed)) == {"id", "name", "greeting"}


def test_null_that_a_row_did_not_have_is_made_up() -> None:
    emptied = {**BIA, "note": None}

    assert _enough(_test(BIA, answer=[emptied])) == {"id", "note"}


def test_few_fields_are_asserted_all() -> None:
    assert _enough(_test({"id": 101, "name": "Ana", "city": "Rio"})) is None


def test_the_written_lines_have_the_fields_alone() -> None:
    several, single = kept([[ANA, BIA]] * 3), kept([ANA] * 3)

    assert lines(asserted(replace(several, fields=frozenset({"id"})))) == [
        'assert [row["id"] for row in result] == [101, 102]'
    ]
    assert lines(asserted(replace(single, fields=frozenset({"id", "city"})))) == [
        'assert (result["id"], result["city"]) == (101, "Rio")'
    ]


def test_a_test_of_what_looks_wrong_does_not_assert_all_for_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is written as an expected failure."""
    most, other = _test(BIA), _test(ANA)
    monkeypatch.setattr(brief_answers, "looks_wrong", lambda one: one is most)

    assert brief_answers.whole([most, other]) == [other]


def test_the_others_are_shortened_beside_the_one_that_asserts_all() -> None:
    nothing: Any = None
    tests = [_test(ANA), _test(BIA), _test(ANA, BIA), _test(answer=[])]

    list(Shortening(tests, SCHEMA, nothing, None, lambda seen: set(), lambda one: True).steps())

    assert [(one.is_whole, one.fields) for one in tests] == [
        (False, {"id"}),
        (True, None),
        (False, {"id"}),
        (False, None),
    ]
