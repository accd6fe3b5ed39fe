"""The checklist: its items, in the order of the work, and the answers to them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple

Stage = Literal["before", "during", "after"]
State = Literal["ok", "not ok", "cannot tell"]


class Item(StrEnum):
    """An item of the checklist; the value is its text."""

    LAYER = "the layer under test is clear"
    FIXTURES = "the fixtures fit"
    DOUBLES = "the doubles fit what they stand for"
    SCENARIOS = "every function is called by a test"
    NAMES = "tests are named by what they do and when"
    SECTIONS = "arrange, act and assert are apart"
    DOCSTRINGS = "tests say what they show"
    HINTS = "tests have type hints"
    LEVEL = "the boundary is replaced, not the inside"
    ERRORS = "the error paths are tested"
    SQL = "the SQL is looked at"
    PARAMETERS = "the parameters are looked at"
    PASSING = "the tests pass, and test something"
    COVERAGE = "the module is covered"
    PATHS = "every path is taken"
    STATEMENTS = "the SQL is covered"
    LEFTOVERS = "no prints, no code in comments"
    ISOLATED = "the tests need no other test, and no order"
    REPEATABLE = "they say the same each time"


STAGES: dict[Item, Stage] = {
    item: "before" if number < 4 else "during" if number < 12 else "after"
    for number, item in enumerate(Item)
}

# What is a matter of taste, with the word for it. It is told and not counted.
OPINIONS = {
    Item.NAMES: "names",
    Item.SECTIONS: "sections",
    Item.DOCSTRINGS: "docstrings",
    Item.HINTS: "type hints",
}


class Evidence(NamedTuple):
    """A reason for an answer: a text, and the place that shows it, if there is one."""

    text: str
    path: str = ""
    line: int = 0


Verdict = tuple[State, tuple[Evidence, ...]]


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to an item for one module."""

    item: Item
    state: State
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True)
class Review:
    """The whole checklist for one module.

    Attributes:
        module: the module's name.
        path: its file, relative to the project's folder.
        tests: the number of its tests.
        covered: the percentage of its lines and branches that they run.
        answers: one for each item that counts, in the checklist's order.
        opinions: what the matters of taste find wanting, in the same order.
    """

    module: str
    path: str
    tests: int
    covered: float
    answers: tuple[Answer, ...]
    opinions: tuple[Answer, ...] = ()

    @property
    def wrong(self) -> list[Answer]:
        """The items that are not fulfilled."""
        return [answer for answer in self.answers if answer.state == "not ok"]
