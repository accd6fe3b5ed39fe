"""The source of what dummies are asked and answer."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from understudy.project.python_values import NoSource
from understudy.write.collaborators import Recorded
from understudy.write.dummy_rules import answer, argument, rules_for
from understudy.write.trials import Expression


class _Base(DeclarativeBase):
    pass


class Team(_Base):
    """A mapped class."""

    __tablename__ = "teams"
    id: Mapped[int] = mapped_column(primary_key=True)
    members: Mapped[list[Member]] = relationship()


class Member(_Base):
    """A mapped class that belongs to another."""

    __tablename__ = "members"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"))


class Unnamed:
    """A class of which nothing says how it is made."""

    def __init__(self, value: Any) -> None:
        self._value = value


def test_an_object_of_an_orm_is_an_answer_without_what_it_refers_to() -> None:
    team = Team(id=1, members=[Member(id=2, name="Ana", team_id=1)])

    found = [answer(one) for one in (team, team.members[0], [team])]

    assert [one and one.text for one in found] == [
        "Team(id=1)",
        'Member(id=2, name="Ana", team_id=1)',
        "[Team(id=1)]",
    ]


def test_an_argument_without_source_may_be_anything() -> None:
    assert argument(Unnamed(1)).text == "ANY"
    assert argument(Team(id=1)).text == "ANY"
    assert argument(7).text == "7"
    assert answer(Unnamed(1)) is None


def test_a_dummy_cannot_answer_the_same_call_in_two_ways() -> None:
    calls = [Recorded("users", "next_id", [], [], answer=Expression(text)) for text in ("1", "2")]

    with pytest.raises(NoSource, match="next_id answers the same call in two ways"):
        rules_for(calls)
