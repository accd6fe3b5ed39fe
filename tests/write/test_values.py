"""The values that are proposed for a parameter: each can be evaluated, and its type takes it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import inspect
import sys
import time
import typing
from decimal import Decimal
from enum import StrEnum
from ipaddress import IPv4Address
from threading import Event, Thread
from typing import Annotated, Any, Literal, NamedTuple
from uuid import UUID

import attrs
import pydantic
import pydantic.v1
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import ForeignKey, String, func
from sqlalchemy.orm import DeclarativeBase, Mapped, column_property, mapped_column
from typing_extensions import TypeAliasType, TypedDict

from understudy.catalog.schema_reader import DatabaseType
from understudy.rows.table_facts import Column, Schema, Table
from understudy.write import guard
from understudy.write.records import fields_of
from understudy.write.shapes import (
    ABSENT,
    NoValue,
    Path,
    Shape,
    all_shapes,
    builds,
    complete,
    leaves,
    settled,
)
from understudy.write.spelling import evaluated
from understudy.write.trials import Argument
from understudy.write.values import Values


class Status(StrEnum):
    """An enum."""

    OPEN = "open"
    CLOSED = "closed"


class Point(NamedTuple):
    """A named tuple."""

    x: int
    label: str = ""


class Options(TypedDict, total=False):
    """A dictionary with known keys."""

    limit: typing.Required[int]
    order: str


@dataclasses.dataclass
class Money:
    """A dataclass."""

    amount: Decimal
    currency: Literal["BRL", "USD"] = "BRL"


@attrs.define
class Owner:
    """A class of attrs, with a private attribute."""

    _name: str
    age: int | None = None


class User(pydantic.BaseModel):
    """A model with constraints and an alias."""

    name: Annotated[str, pydantic.StringConstraints(min_length=2, max_length=10)]
    code: str = pydantic.Field(pattern=r"^[A-Z]{3}-\d{2}$")
    age: int = pydantic.Field(gt=17, lt=130)
    secret: pydantic.SecretStr
    created_at: pydantic.AwareDatetime = pydantic.Field(alias="createdAt")
    status: Status = Status.OPEN
    manager: User | None = None


class Changes(pydantic.BaseModel):
    """A model that needs one of its optional fields."""

    name: str | None = None
    email: str | None = None

    @pydantic.model_validator(mode="after")
    def _changes_something(self) -> Changes:
        if self.name is None and self.email is None:
            raise ValueError("nothing to change")
        return self


class Base(DeclarativeBase):
    """The base of mapped classes."""


class Team(Base):
    """A mapped class."""

    __tablename__ = "teams"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(5))
    owner_id: Mapped[int] = mapped_column(ForeignKey("teams.id"))
    note: Mapped[str | None]
    length = column_property(func.length(name))


_SIMPLE: list[Any] = [
    *(int, str, bool, float, Decimal, bytes, UUID, dict, dict[str, Any], dict[str, int]),
    *(dt.datetime, dt.date, dt.time, dt.timedelta, Status, Literal["a", "b"], Point, Options),
    *(Money, User, Changes),
    *(Annotated[int, pydantic.Field(ge=5, le=9)], Annotated[str, pydantic.Field(max_length=3)]),
    *(Annotated[Decimal, pydantic.Field(gt=0, lt=2)], pydantic.SecretStr),
]
_NAMES = st.sampled_from(
    ["id", "user_id", "email", "name", "status", "limit", "data", "created_at"]
)
_HINTS = st.recursive(
    st.sampled_from(_SIMPLE),
    lambda inner: st.one_of(
        inner.map(lambda hint: list[hint]),  # type: ignore[valid-type]
        inner.map(lambda hint: hint | None),
        inner.map(lambda hint: tuple[hint, int]),  # type: ignore[valid-type]
        inner.map(lambda hint: typing.Sequence[hint]),  # type: ignore[valid-type]
    ),
    max_leaves=3,
)


def _shape(hint: Any, name: str = "value") -> Shape:
    return Values(Schema({}, {}, {})).shape(Argument(name, hint))


def _trials(shape: Shape) -> list[dict[Path, Any]]:
    """Return the choices that trials make: ordinary ones, all, and one unusual value each."""
    least = settled(shape)
    found = [least, complete(shape, least)]
    for part in all_shapes(shape):
        found += [least | {part.path: None}] if part.is_nullable else []
        found += [least | {part.path: ABSENT}] if not part.is_required and part.path[1:] else []
    for leaf in leaves(shape):
        found += [least | {leaf.path: value} for _, value in leaf.boundaries]
    return [chosen for chosen in found if builds(shape, chosen)]


@settings(max_examples=40)
@given(hint=_HINTS, name=_NAMES)
def test_values_evaluate_to_what_their_type_takes(hint: Any, name: str) -> None:
    """The source, with its imports alone, is the value, and pydantic accepts it for the hint."""
    adapter: pydantic.TypeAdapter[Any] = pydantic.TypeAdapter(hint)
    try:
        shape = _shape(hint, name)
    except NoValue:  # models in models in lists are nested too deeply
        return

    for chosen in _trials(shape):
        built = shape.build(chosen)
        assert repr(evaluated(built.source)) == repr(built.value)
        adapter.validate_python(built.value)


@pytest.mark.parametrize(
    ("hint", "least", "full"),
    [
        (Money, 'Money(amount=Decimal("10.50"))', 'Money(amount=Decimal("10.50"), currency="BRL")'),
        (Owner, 'Owner(name="Ana")', 'Owner(name="Ana", age=11)'),
        (Point, "Point(x=11)", 'Point(x=11, label="label a")'),
        (Options, '{"limit": 10}', '{"limit": 10, "order": "order a"}'),
        (Changes, 'Changes(name="Ana")', 'Changes(name="Ana", email="ana@example.com")'),
        (
            Team,
            'Team(name="Ana", owner_id=201)',
            'Team(id=101, name="Ana", owner_id=201, note="note a")',
        ),
    ],
)
def test_classes_that_carry_data_are_built_by_keywords(hint: Any, least: str, full: str) -> None:
    """Required fields are passed first; a trial with everything passes the optional ones too."""
    shape = _shape(hint)
    chosen = settled(shape)

    assert shape.build(chosen).source.text == least
    assert shape.build(complete(shape, chosen)).source.text == full


T = typing.TypeVar("T")


class Page(pydantic.BaseModel, typing.Generic[T]):
    """A generic model."""

    items: list[T]


class Renamed(pydantic.BaseModel):
    """A model whose field has several names from outside."""

    name: str = pydantic.Field(validation_alias=pydantic.AliasChoices("given", "first"))


class OldUser(pydantic.v1.BaseModel):
    """A model of pydantic 1."""

    name: str = pydantic.v1.Field(max_length=10)
    manager: str | None = pydantic.v1.Field(...)


@pytest.mark.parametrize(
    ("hint", "source"),
    [
        (tuple[()], "()"),
        (dict[int, list[int]], "{11: [12, 13]}"),
        (IPv4Address, 'IPv4Address("192.0.2.1")'),
        (pydantic.FutureDate, "date(2099, 1, 1)"),
        (Annotated[str, pydantic.Field(min_length=3, pattern="^[a-z]+$")], '"aaa"'),
        (typing.NewType("UserId", int), "11"),
        (TypeAliasType("Code", Annotated[int, pydantic.Field(ge=50)]), "50"),
        (TypeAliasType("Pair", tuple[T, T], type_params=(T,))[int], "(11, 12)"),
        (Page[Point], "Page[Point](items=[Point(x=11), Point(x=12)])"),
        (int | str, "11"),
        (Thread | int, "11"),
        (TypeAliasType("Key", int | str), "11"),
        (type(None), "None"),
        (list, '["value a", "value b"]'),
        (dict[str, Thread], "{}"),
        (Annotated[list[int], pydantic.Field(max_length=1)], "[11]"),
        (typing.TypeVar("Number", bound=int), "11"),
        (Renamed, 'Renamed(given="Ana")'),
        (OldUser, 'OldUser(name="Ana", manager="manager a")'),
    ],
)
def test_types_that_say_more_than_a_class(hint: Any, source: str) -> None:
    shape = _shape(hint)
    built = shape.build(settled(shape))

    assert built.source.text == source
    assert evaluated(built.source) == built.value


def test_constraints_of_a_model_hold() -> None:
    """Lengths, bounds, patterns and aliases are those of the fields."""
    shape = _shape(User)

    assert shape.build(settled(shape)).source.text == (
        'User(name="Ana", code="AAA-00", age=18, secret=SecretStr("secret a"), '
        "createdAt=datetime(2026, 1, 1, 12, 0, tzinfo=UTC))"
    )


@pytest.mark.parametrize(
    ("name", "hint", "value"),
    [
        ("user_id", int, 101),
        ("user_ids", list[int], [101, 102]),
        ("email", str, "ana@example.com"),
        ("limit", int, 10),
        ("page", inspect.Parameter.empty, 1),
        ("title", inspect.Parameter.empty, "title a"),
        ("item_id", inspect.Parameter.empty, 101),
        ("deleted_at", inspect.Parameter.empty, dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)),
        ("due_date", inspect.Parameter.empty, dt.date(2026, 1, 1)),
        ("image_url", str, "https://example.com/a"),
        ("phone", str, "+5511987654310"),
        ("target_month", int, 3),
        ("year", inspect.Parameter.empty, 2026),
    ],
)
def test_names_decide_what_a_plain_value_is(name: str, hint: Any, value: Any) -> None:
    """A parameter without a hint gets a value by its name."""
    shape = _shape(hint, name)

    assert shape.build({}).value == value


def test_two_parameters_have_different_values() -> None:
    """A statement that swaps its parameters does something else."""
    values = Values(Schema({}, {}, {}))
    shapes = [values.shape(Argument(name, int)) for name in ("user_id", "role_id", "amount", "age")]

    assert [shape.build({}).value for shape in shapes] == [101, 201, 11, 12]


def test_type_without_values_is_refused() -> None:
    """The reason names the type and the parameter."""
    with pytest.raises(NoValue, match=r"no value of Thread can be written for worker"):
        _shape(Thread, "worker")


class Unmakeable(Exception):
    """An exception that takes more than one knows."""

    def __init__(self, one: int, two: int, three: int) -> None:
        super().__init__(one, two, three)


@pytest.mark.parametrize(
    ("hint", "reason"),
    [
        (Thread | Event, "no value of Thread can be written for worker; no value of Event"),
        (
            Annotated[str, pydantic.Field(pattern="^b{9}$", max_length=3)],
            "no value is known",
        ),
        (Unmakeable, "no value of Unmakeable can be written for worker"),
    ],
)
def test_a_type_of_which_nothing_fits_says_why(hint: Any, reason: str) -> None:
    with pytest.raises(NoValue) as raised:
        _shape(hint, "worker")

    assert str(raised.value).startswith(reason)


def test_a_default_tells_the_type_of_a_parameter_without_hint() -> None:
    values = Values(Schema({}, {}, {}))
    argument = Argument("size", inspect.Parameter.empty, is_required=False, default=2.5)

    assert type(values.shape(argument).build({}).value) is float


def test_dictionary_has_the_keys_that_the_source_reads() -> None:
    """A key that is asked for is optional; one that is read must be there."""
    source = 'if "title" in patch: task.title = patch["title"]\ntask.owner_id = patch["owner_id"]'
    shape = Values(Schema({}, {}, {}), source).shape(Argument("patch", dict[str, Any]))
    least = settled(shape)

    assert shape.build(least).value == {"owner_id": 101}
    assert shape.build(complete(shape, least)).value == {"title": "title a", "owner_id": 101}


@dataclasses.dataclass
class Endless:
    """A class that is never made."""

    number: int

    def __post_init__(self) -> None:
        while True:
            time.sleep(1)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal for that")
def test_a_class_that_hangs_has_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "SECONDS", 0.1)

    with pytest.raises(NoValue) as raised:
        settled(Values(Schema({}, {}, {})).shape(Argument("one", Endless)))

    assert str(raised.value) == "it did not end within 0.1 s"


def test_a_column_that_only_queries_fill_is_no_argument_of_a_mapped_class() -> None:
    found = fields_of(Team)

    assert found is not None
    assert [field.name for field in found.fields] == ["id", "name", "owner_id", "note"]


@pytest.mark.parametrize(
    ("kind", "value"), [("uuid", "00000000-0000-0000-0000-000000000065"), ("int8", "101")]
)
def test_a_text_for_a_key_of_another_type_is_that_of_a_key(kind: str, value: str) -> None:
    of = DatabaseType(1, kind, kind, "base", 0, -1, False, False)
    table = Table(
        1, "public", "tags", "r", 0, (), (Column("book_uid", of, kind, -1, True, None, "", False),)
    )
    values = Values(Schema({1: table}, {"tags": 1}, {1: of}))

    assert values.shape(Argument("book_uid", str)).build({}).value == value
