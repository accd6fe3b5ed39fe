"""What else a collaborator may answer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import pydantic
import pytest

from understudy.write.other_answers import other_answers


class Kind(Enum):
    """A kind of scope."""

    ROOT = "root"
    LEAF = "leaf"


class Scope(pydantic.BaseModel):
    """A stored scope."""

    id: int
    kind: Kind
    is_open: bool = True
    note: str | None = None


@dataclass(frozen=True)
class Job:
    """A stored job."""

    id: int
    is_done: bool


@pytest.mark.parametrize(
    ("answer", "others"),
    [
        (True, [False]),
        (0, [1]),
        (5, [0, 1]),
        ([1, 2], [[]]),
        ("a", [None]),
        (Job(1, False), [None, Job(1, True)]),
        (
            Scope(id=1, kind=Kind.ROOT),
            [None, Scope(id=1, kind=Kind.LEAF), Scope(id=1, kind=Kind.ROOT, is_open=False)],
        ),
    ],
)
def test_one_state_differs(answer: object, others: list[object]) -> None:
    assert other_answers(answer) == others
