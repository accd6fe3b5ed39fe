"""Tests that are written for models: each is run here on the model that it is about."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.write.models import kept, named, run
from understudy.write import guard
from understudy.write.trials import Arc, LeftOut

USER = """
from pydantic import BaseModel, Field, field_validator, model_validator

def digits(value):
    if not value.isdigit():
        raise ValueError("only digits")
    if len(set(value)) == 1:
        raise ValueError("one digit only")
    return value

class User(BaseModel):
    model_config = {"extra": "forbid"}
    name: str = Field(min_length=2, max_length=30)
    age: int = Field(ge=18)
    code: str = Field("1234", examples=["1234"])
    level: str | None = None

    _code = field_validator("code")(digits)

    @model_validator(mode="after")
    def _fits(self):
        if self.level == "boss" and self.age < 30:
            raise ValueError("too young")
        return self
"""


def test_the_written_tests_hold(models: Path) -> None:
    """Each test passes with each of its cases."""
    tests, left_out = kept(models, USER)

    for test in tests:
        run(test)
    assert left_out == []


def test_branches_that_values_reach_are_known(models: Path) -> None:
    """Texts that are no digits, all the same, and others; the model is checked or refused."""
    reached: set[Arc] = set()
    kept(models, USER, reached)
    after_digits, after_same = (
        USER.splitlines().index(line) + 1
        for line in ("    if not value.isdigit():", "    if len(set(value)) == 1:")
    )

    for line in (after_digits, after_same):
        assert {(line, line + 1), (line, line + 2)} <= reached


def test_a_text_of_blanks_is_tried(models: Path) -> None:
    """A text may be long enough and still say nothing."""
    source = USER.replace("if not value.isdigit()", "if not value.strip()")
    source = source.replace('Field("1234",', 'Field("1234", min_length=2,')
    tests, _ = kept(models, source)

    assert ('"code"', '"    "', '"value_error"') in {
        tuple(case) for case in named(tests, "rejects_value").trial.cases
    }


def test_each_constraint_is_just_broken(models: Path) -> None:
    """One value for each constraint, and for each branch of a validator."""
    tests, _ = kept(models, USER)

    assert named(tests, "rejects_value").trial.cases == (
        ('"name"', '"A"', '"string_too_short"'),
        ('"name"', '"a" * 31', '"string_too_long"'),
        ('"age"', "17", '"greater_than_equal"'),
        ('"code"', '"abc"', '"value_error"'),
        ('"code"', '"1111"', '"value_error"'),
        ('"level"', "1", '"string_type"'),
    )


def test_each_limit_just_holds(models: Path) -> None:
    """The values at the limits are accepted."""
    tests, _ = kept(models, USER)

    assert named(tests, "accepts_value").trial.cases == (
        ('"name"', '"An"'),
        ('"name"', '"a" * 30'),
        ('"age"', "18"),
        ('"level"', "None"),
    )


def test_values_that_do_not_go_together(models: Path) -> None:
    """A constant of the validator is tried in the field that it is about."""
    tests, _ = kept(models, USER)

    test = named(tests, "rejects_values_that_do_not_go_together")
    assert test.trial.script == (
        "with pytest.raises(ValidationError) as raised:",
        '    User.model_validate({"name": "Ana", "age": 18, "level": "boss"})',
    )
    assert test.assertions == (
        'assert [(error["loc"], error["type"]) for error in raised.value.errors()] == '
        '[((), "value_error")]',
    )


def test_a_model_without_a_valid_input(models: Path) -> None:
    """A validator that no value satisfies is a reason that says what to do."""
    tests, left_out = kept(
        models,
        "from pydantic import BaseModel, field_validator\n"
        "class Key(BaseModel):\n"
        "    key: str\n"
        "    @field_validator('key')\n"
        "    def check(cls, value):\n"
        "        raise ValueError('not a key')\n",
    )

    assert tests == []
    assert left_out == [
        LeftOut(
            "Key",
            "no valid input was found (key: Value error, not a key); give a field an example: "
            "Field(examples=[...])",
            2,
        )
    ]


def test_an_exception_that_is_no_validation_error(models: Path) -> None:
    """A validator that fails with another exception looks like a bug."""
    tests, _ = kept(
        models,
        "from pydantic import BaseModel, field_validator\n"
        "class Path(BaseModel):\n"
        "    path: str\n"
        "    @field_validator('path')\n"
        "    def check(cls, value):\n"
        "        return value[0] + value[1:]\n",
    )

    (test,) = (test for test in tests if test.suspicion)
    assert test.suspicion == "Path raises IndexError for this input, not a ValidationError"
    assert test.trial.script[1] == '    Path.model_validate({"path": ""})'
    with pytest.raises(IndexError):
        run(test)


WIDE = """
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AnyUrl, BaseModel, ConfigDict, Field, SecretStr


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Point(BaseModel):
    x: float
    y: float = 0.0


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int = Field(ge=1, le=9)


class Dog(BaseModel):
    kind: Literal["dog"]
    name: str = Field(min_length=1)


class Wide(BaseModel):
    model_config = ConfigDict(extra="forbid")

    day: date
    at: datetime
    clock: time
    span: timedelta
    price: Decimal = Field(max_digits=5, decimal_places=2, gt=0)
    colour: Colour
    key: UUID
    link: AnyUrl
    secret: SecretStr
    raw: bytes
    flag: bool
    code: str = Field(pattern=r"^[A-Z]{2}[0-9]{3}$")
    tags: list[Annotated[str, Field(max_length=3)]] = Field(min_length=1, max_length=2)
    scores: dict[str, int]
    letters: set[str] = set()
    where: Point
    points: list[Point] = []
    pet: Cat | Dog = Field(discriminator="kind")
    step: int = Field(multiple_of=5, ge=0, lt=50)
    maybe: float | None = Field(default=None, gt=0)
"""


def test_tests_of_every_kind_of_field_hold(models: Path) -> None:
    tests, left_out = kept(models, WIDE)

    for test in tests:
        run(test)
    assert left_out == []
    assert {test.trial.target.name for test in tests} == {"Point", "Cat", "Dog", "Wide"}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal for that")
def test_a_model_that_hangs_is_left_out(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "SECONDS", 0.1)
    source = """
import time
from pydantic import BaseModel, field_validator

class Slow(BaseModel):
    name: str

    @field_validator("name")
    def _checked(cls, value):
        while True:
            time.sleep(1)
"""
    _, left_out = kept(models, source)

    assert [(one.name, one.reason) for one in left_out] == [("Slow", "it did not end within 0.1 s")]


KINDS = """
from __future__ import annotations
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Annotated, Generic, Literal, NewType, TypeVar
from pydantic import BaseModel, Field, Json
from typing_extensions import TypeAliasType, TypedDict

T = TypeVar("T")
Key = NewType("Key", int)
Alias = TypeAliasType("Alias", Annotated[int, Field(ge=5)])
Nested = TypeAliasType("Nested", "list[Nested] | int")

class Color(Enum):
    RED = 1

@dataclass
class Plain:
    x: int

class Options(TypedDict, total=False):
    limit: int

class Kinds(BaseModel):
    pair: tuple[int, str]
    points: list[tuple[float, float]]
    nothing: tuple[()] = ()
    color: Color
    price: Decimal = Field(ge=Decimal("0.01"), decimal_places=2)
    plain: Plain
    options: Options
    key: Key
    alias: Alias
    nested: Nested
    text: Json[list[int]]

class Page(BaseModel, Generic[T]):
    items: list[T]

class Plains(Page[Plain]):
    pass

class Tree(BaseModel):
    name: str
    children: list[Tree] = []

class Cat(BaseModel):
    kind: Literal["cat"]

class Dog(BaseModel):
    kind: Literal["dog"]

class Owner(BaseModel):
    pet: Annotated[Cat | Dog, Field(discriminator="kind")]
"""


def test_every_kind_of_type_has_a_valid_input(models: Path) -> None:
    tests, left_out = kept(models, KINDS)

    for test in tests:
        run(test)
    assert left_out == []
    assert {test.trial.target.name for test in tests} == {
        *("Kinds", "Page", "Plains", "Tree", "Cat", "Dog", "Owner")
    }


def test_each_member_of_a_union_is_accepted(models: Path) -> None:
    tests, _ = kept(models, KINDS)
    of_owner = [test for test in tests if test.trial.target.name == "Owner"]

    assert named(of_owner, "accepts_value").assertions == (
        'assert dto.model_dump(mode="json")["pet"] == {"kind": "dog"}',
    )
    assert named(of_owner, "rejects_value").trial.script[1:] == (
        '    Owner.model_validate({"pet": {"kind": "unknown"}})',
    )


def test_an_input_without_fields_is_left_out(models: Path) -> None:
    _, left_out = kept(
        models, "from pydantic import RootModel\n\nclass Ids(RootModel[list[int]]):\n    pass\n"
    )

    assert [(one.name, one.reason) for one in left_out] == [
        ("Ids", "its input has no fields with names; write its tests by hand")
    ]
