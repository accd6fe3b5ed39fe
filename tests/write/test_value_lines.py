"""The lines that assert values with parts inside, and values that refuse to be compared."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pydantic.v1
import pytest
from pydantic import BaseModel

from tests.write.kept import Job, Record, kept, lines, often, target


@dataclasses.dataclass
class Team:
    """A dataclass with another one inside."""

    id: int
    lead: Job
    size: int


class Owner(BaseModel):
    """A model that says when it was made."""

    id: int
    at: datetime


class Account(BaseModel):
    """A model with another one inside."""

    id: int
    owner: Owner
    kind: str


class OldAccount(pydantic.v1.BaseModel):
    """A model of pydantic 1, which is not equal to its own copy."""

    id: int
    owner: dict[str, Any]
    kind: str


def moments(make: Callable[[datetime], Any]) -> list[Any]:
    """Return what three runs return, each at another time."""
    return [make(datetime(2026, 1, day)) for day in (1, 2, 3)]


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (
            moments(lambda at: {"user": {"id": 1, "at": at}, "count": 2}),
            'assert result == {"user": {"id": 1, "at": ANY}, "count": 2}',
        ),
        (
            moments(lambda at: Record(user={"id": 1, "at": at}, count=2)),
            'assert dict(result) == {"user": {"id": 1, "at": ANY}, "count": 2}',
        ),
        (
            moments(lambda at: Account(id=1, owner=Owner(id=2, at=at), kind="b")),
            'assert result.model_dump() == {"id": 1, "owner": {"id": 2, "at": ANY}, "kind": "b"}',
        ),
        (
            moments(lambda at: OldAccount(id=1, owner={"id": 2, "at": at}, kind="b")),
            'assert result.dict() == {"id": 1, "owner": {"id": 2, "at": ANY}, "kind": "b"}',
        ),
        (
            moments(lambda at: Team(1, Job(2, "a", at), 3)),
            'assert asdict(result) == {"id": 1, "lead": {"id": 2, "title": "a", "at": ANY}, '
            '"size": 3}',
        ),
    ],
)
def test_a_value_with_parts_inside_is_asserted_as_a_dict(answers: list[Any], expected: str) -> None:
    assert lines(kept(answers)) == [expected]


def test_a_value_of_which_nothing_is_known_is_asserted_by_its_class() -> None:
    assert lines(kept(moments(lambda at: Job(at, at, at)))) == [  # type: ignore[arg-type]
        "assert isinstance(result, Job)"
    ]


def test_of_a_long_list_without_columns_the_first_item_is_asserted() -> None:
    answers = moments(lambda at: [[1, "a"], *([n, at] for n in range(7))])

    assert lines(kept(answers)) == ["assert len(result) == 8", 'assert result[0] == [1, "a"]']


def test_items_that_cannot_be_sorted_are_counted() -> None:
    assert lines(kept([[1, None], [None, 1], [1, None]])) == ["assert len(result) == 2"]


def test_a_column_whose_own_order_varies_is_no_part_of_a_row() -> None:
    answers = [[{"id": 1, "tags": tags}] for tags in (["a", "b"], ["b", "a"], ["a", "b"])]

    assert lines(kept(answers)) == ['assert [row["id"] for row in result] == [1]']


class Incomparable(BaseModel):
    """A model that refuses to be compared."""

    name: str

    def __eq__(self, other: object) -> bool:
        raise NotImplementedError


def test_a_value_that_refuses_to_be_compared_is_asserted_by_its_fields() -> None:
    assert lines(kept(often(Incomparable(name="Ana")))) == ['assert result.name == "Ana"']


def test_a_hint_that_names_no_class_still_says_that_there_may_be_nothing() -> None:
    def find() -> Missing | None:  # type: ignore[name-defined]  # noqa: F821 - that is the point
        """Return a record."""

    assert lines(kept(often(Record(id=1)), of=target(find))) == [
        "assert result is not None",
        'assert dict(result) == {"id": 1}',
    ]


def test_a_function_without_source_that_returns_nothing_has_no_answer() -> None:
    assert lines(kept(often(None), of=target(print))) == ["assert not changes"]
