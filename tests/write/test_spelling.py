"""How values and exceptions are spelled in a written test."""

from __future__ import annotations

import dataclasses
from enum import Enum, Flag
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr

from tests.write.kept import kept, lines
from understudy.project.python_values import NoSource
from understudy.write.other_answers import other_answers
from understudy.write.raised import raised_class
from understudy.write.spelling import evaluated, spelled


class Rights(Flag):
    """Flags that can be combined."""

    READ = 1
    WRITE = 2


@pytest.mark.parametrize(
    ("value", "source"),
    [
        (2**31 - 1, "2**31 - 1"),
        (2**31, "2**31"),
        (-(2**63), "-(2**63)"),
        (10_001, "10001"),
        ([7] * 12, "[7] * 12"),
        ("a" * 40 + "b", '"a" * 40 + "b"'),
        (frozenset({2, 1}), "frozenset({1, 2})"),
        (SecretStr("a"), 'SecretStr("a")'),
        (Rights.READ, "Rights.READ"),
    ],
)
def test_a_value_is_spelled_as_a_person_would_write_it(value: Any, source: str) -> None:
    found = spelled(value)

    assert found.text == source
    assert evaluated(found) == value


def test_a_combination_of_flags_has_no_source() -> None:
    with pytest.raises(NoSource, match="has no name"):
        spelled(Rights.READ | Rights.WRITE)


def test_an_exception_of_a_function_is_told_by_its_base() -> None:
    class Local(LookupError):
        pass

    assert raised_class(Local()).text == "LookupError"


def test_the_constraint_that_psycopg_names() -> None:
    class Diagnostic:
        constraint_name = "users_email_key"

    class Taken(psycopg.errors.UniqueViolation):
        diag = Diagnostic()  # type: ignore[assignment] # the library's is made by a server

    assert lines(kept(raised=[Taken()] * 3)) == [
        'assert raised.value.diag.constraint_name == "users_email_key"'
    ]


class State(Enum):
    """States of a job."""

    OPEN = 1
    DONE = 2


def test_another_answer_differs_in_one_flag_or_state() -> None:
    @dataclasses.dataclass
    class Job:
        is_paid: bool
        state: State

        def __post_init__(self) -> None:
            if self.is_paid and self.state is State.DONE:
                raise ValueError("closed")

    job = Job(is_paid=True, state=State.OPEN)

    # A job that is paid and done is refused by its class.
    assert [*other_answers(job)] == [None, Job(is_paid=False, state=State.OPEN)]
