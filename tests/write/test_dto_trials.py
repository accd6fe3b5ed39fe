"""Tests that are written for models: each is run here on the model that it is about."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import indent

import pydantic.v1
import pytest

from understudy.init.layers import find_layers
from understudy.init.modules import Modules
from understudy.init.sources import read_sources
from understudy.write import dto_trials, guard
from understudy.write.trials import Kept, LeftOut


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose modules can be imported."""
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    sys.modules.pop("models", None)


def kept(folder: Path, source: str) -> tuple[list[Kept], list[LeftOut]]:
    """Return the tests of the models in a module."""
    (folder / "models.py").write_text(source, encoding="utf-8")
    importlib.invalidate_caches()
    modules = Modules(read_sources(folder), Path())
    return dto_trials.kept(find_layers(modules)["dto"], folder)


def run(test: Kept) -> None:
    """Run a test with each of its cases."""
    trial = test.trial
    names = [name for name, _ in trial.parameters]
    lines = [line for setup in trial.setups for line in setup.lines]
    body = "\n".join([*lines, *trial.script, *test.assertions])
    source = f"def test({', '.join(names)}):\n{indent(body, '    ')}\n"
    namespace: dict[str, object] = {}
    exec("\n".join([*trial.target.imports, *trial.imports, *test.imports, source]), namespace)
    for case in trial.cases or ((),):
        exec(f"test({', '.join(case)})", namespace)


def named(tests: list[Kept], scenario: str) -> Kept:
    """Return the test with a scenario."""
    (found,) = (test for test in tests if test.trial.scenario == scenario)
    return found


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


OPTIONAL = """
from pydantic import BaseModel, Field, model_validator

class Empty(BaseModel):
    pass

class Window(BaseModel):
    first: int = Field(default=1, ge=0, le=9)
    last: int = Field(default=5, ge=0, le=9)

    @model_validator(mode="after")
    def _ordered(self):
        if self.first > self.last:
            raise ValueError("the first is after the last")
        if self.first == self.last == 9:
            raise ValueError("the window is empty")
        if self.first == 0 and self.last == 9:
            self.last = 8
        return self
"""


def test_a_model_whose_fields_may_all_be_left_out(models: Path) -> None:
    """Nothing is required, and what is varied is the whole input."""
    tests, left_out = kept(models, OPTIONAL)

    for test in tests:
        run(test)
    assert [(one.name, one.reason) for one in left_out] == [
        ("Empty", "it accepts any input and has no field")
    ]
    assert named(tests, "rejects_value").trial.script[1:] == (
        "    Window.model_validate({field: value})",
    )
    together = named(tests, "rejects_values_that_do_not_go_together")
    assert together.trial.cases == (('{"first": 9}',), ('{"first": 9, "last": 9}',))
    assert named(tests, "accepts_values_that_go_together").trial.script == (
        'dto = Window.model_validate({"first": 0, "last": 9})',
    )


OLD = """
from pydantic import BaseModel, Field

class Item(BaseModel):
    name: str = Field(min_length=2)
    price: int = Field(1, ge=1)

    class Config:
        extra = "forbid"
"""


def test_a_model_of_pydantic_1(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Version 2 has a copy of version 1, which takes its place here."""
    for name in ("BaseModel", "Field", "ValidationError"):
        monkeypatch.setattr(pydantic, name, getattr(pydantic.v1, name))
    tests, left_out = kept(models, OLD)

    for test in tests:
        run(test)
    assert left_out == []
    (rejected,) = (test for test in tests if test.trial.scenario == "rejects_unknown_field")
    assert rejected.trial.script[1] == '    Item.parse_obj({"name": "Ana"} | {"unknown": 1})'
    assert named(tests, "rejects_value").trial.cases == (
        ('"name"', '"A"', '"value_error.any_str.min_length"'),
        ('"price"', "0", '"value_error.number.not_ge"'),
    )


def test_unknown_fields_that_a_model_keeps(models: Path) -> None:
    tests, _ = kept(
        models,
        "from pydantic import BaseModel\nclass Note(BaseModel, extra='allow'):\n    text: str\n",
    )

    unknown = named(tests, "keeps_unknown_field")
    run(unknown)
    assert unknown.assertions == ('assert dto.model_dump(mode="json")["unknown"] == 1',)


def test_a_field_that_json_cannot_hold_is_a_reason(models: Path) -> None:
    _, left_out = kept(
        models,
        "from collections.abc import Callable\n"
        "from pydantic import BaseModel\n"
        "class Job(BaseModel):\n"
        "    run: Callable[[], int]\n",
    )

    (job,) = left_out
    assert job.reason.startswith("it has no JSON schema (PydanticInvalidForJsonSchema: ")
    assert job.reason.endswith("; write its tests by hand, or give the field a type that JSON has")
