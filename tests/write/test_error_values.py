"""Exceptions as values of a parameter, and raised in the block of a context manager."""

from __future__ import annotations

import pytest

from tests.write.kept import kept, lines, target
from understudy.rows.table_facts import Schema
from understudy.write import rendering
from understudy.write.assertions import act
from understudy.write.error_values import examples
from understudy.write.shapes import leaves
from understudy.write.trials import Argument, Opening
from understudy.write.values import Values
from understudy.write.written_test import without_database


class Refused(Exception):
    """An exception of the project."""

    def __init__(self, status_code: int, detail: str) -> None:
        super().__init__(detail)
        self.status_code = status_code
        self.detail = detail


def status_of(error: Exception) -> int:
    """Tell two kinds of exceptions apart."""
    return 404 if isinstance(error, Refused | KeyError) else 500


def test_those_that_the_function_tells_apart_come_first() -> None:
    found = [example.source.text for example in examples(Exception, status_of)]

    assert found[:3] == ['Refused(500, "a")', 'KeyError("a")', 'ValueError("a")']
    assert 'db_error("unique_violation", constraint="users_email_key")' in found


def test_a_parameter_takes_each() -> None:
    values = Values(Schema({}, {}, {}), function=status_of)

    [leaf] = leaves(values.shape(Argument("error", Exception)))

    assert leaf.build({}).source.text == 'Refused(500, "a")'
    assert [name for name, _ in leaf.boundaries][:2] == ["key_error", "value_error"]


@pytest.mark.parametrize(("hint", "source"), [(OSError, 'OSError("a")'), (Refused, "Refused(500")])
def test_a_parameter_of_one_class_takes_only_that(hint: type, source: str) -> None:
    found = [example.source.text for example in examples(hint, None)]

    assert len(found) == 1
    assert found[0].startswith(source)


def test_an_exception_that_is_returned_is_asserted() -> None:
    assert lines(kept([Refused(409, "taken")])) == [
        "assert isinstance(result, Refused)",
        'assert (result.status_code, result.detail) == (409, "taken")',
    ]


def test_an_error_of_the_block_is_raised_in_it_and_is_no_bug() -> None:
    entered = target(call="translated()", enters="with")

    one = kept(raised=[Refused(500, "a")], of=entered, inside=("raise KeyError",))

    assert one.suspicion == ""
    assert act(one)[1:] == ["    with translated():", "        raise KeyError"]


def test_a_call_that_sends_nothing_needs_no_database() -> None:
    plain = kept([1], of=target(openings=()), scenario="without_rows")

    found = without_database(plain).trial

    assert (found.target.fixtures, found.scenario) == ((), "")
    assert without_database(kept([1])).trial.target.fixtures != ()


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("no name", 'with pytest.raises(ValueError, match="no name"):'),
        ("(1.5)", 'with pytest.raises(ValueError, match=re.escape("(1.5)")):'),
    ],
)
def test_an_exception_of_a_broad_class_is_told_by_its_message(message: str, line: str) -> None:
    one = kept(raised=[ValueError(message)] * 2)

    assert (lines(one), act(one)[0]) == ([], line)


def test_a_block_inside_a_block_is_one_of_two_managers() -> None:
    pool = Opening("", "async with opened():")
    entered = target(call="session()", enters="async with", openings=(pool,))
    one = kept([1], of=entered)

    assert rendering.body(one.trial, act(one)) == [
        "async with opened(), session() as result:",
        "    pass",
    ]
