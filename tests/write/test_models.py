"""Tests that are written for unusual models: each is run here on the model that it is about."""

from __future__ import annotations

from pathlib import Path

import pydantic.v1
import pytest

from tests.write.models import kept, named, run

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


def test_a_single_case_is_compared_with_none_as_linters_want_it(models: Path) -> None:
    tests, _ = kept(
        models,
        "from pydantic import BaseModel\nclass Note(BaseModel):\n    note: str | None\n",
    )

    accepted = named(tests, "accepts_value")
    run(accepted)
    assert accepted.assertions == ('assert dto.model_dump(mode="json")["note"] is None',)
