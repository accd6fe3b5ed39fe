"""The rules for the values of answers, without any driver."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from decimal import Decimal
from ipaddress import IPv4Address, IPv4Interface
from unittest import mock

import pytest

from tests.stable_ids import stable_repr
from understudy.catalog.value_rules import ValueRules
from understudy.pg.types import TypeFacts

FACTS = {
    "mood": TypeFacts("enum", labels=("sad", "happy")),
    "mood[]": TypeFacts("array", base="mood"),
    "quantity": TypeFacts("domain", base="integer"),
    "pair": TypeFacts("composite", fields=(("first", "integer"), ("second", "text"))),
    "span": TypeFacts("composite", fields=(("of", "int4range"),)),
    "geometry": TypeFacts("base"),
}
KEY = uuid.UUID(int=7)
NAIVE = dt.datetime(2024, 1, 2)
AWARE = NAIVE.replace(tzinfo=dt.UTC)


class Status(enum.StrEnum):
    HAPPY = "happy"


class Level(enum.IntEnum):
    LOW = 1


class Text(str):
    pass


class Frozen(dt.datetime):
    pass


@pytest.mark.parametrize(
    ("type_name", "value", "message"),
    [
        (
            "uuid",
            KEY,
            "psqlpy never answers UUID('00000000-0000-0000-0000-000000000007') (uuid.UUID) for "
            "uuid: it answers str, the UUID's spelling",
        ),
        (
            "integer",
            True,
            "psqlpy never answers True (bool) for integer: it answers int",
        ),
        (
            "smallint",
            40000,
            "psqlpy never answers 40000 (int) for smallint: it goes from -32768 to 32767",
        ),
        (
            "timestamp with time zone",
            NAIVE,
            "psqlpy never answers datetime.datetime(2024, 1, 2, 0, 0) (datetime.datetime) for "
            "timestamp with time zone: it answers an aware datetime.datetime",
        ),
        (
            "text",
            Status.HAPPY,
            "psqlpy never answers <Status.HAPPY: 'happy'> (Status (an Enum)) for text: it answers "
            "str",
        ),
        (
            "mood",
            "angry",
            "psqlpy never answers 'angry' (str) for mood: its labels are 'sad', 'happy'",
        ),
        (
            "mood[]",
            ["sad"],
            "psqlpy cannot decode mood[]: a row with it raises; cast the column to text, or give a "
            "decoder for it",
        ),
        (
            "integer[]",
            [1, None],
            "psqlpy never answers [1, None] (list) for integer[]: it cannot decode NULL in an "
            "array",
        ),
        (
            "pair",
            {"first": "x", "second": "y"},
            "psqlpy never answers {'first': 'x', 'second': 'y'} (dict) for pair: its field first "
            "is int",
        ),
    ],
)
def test_what_is_said_of_a_mismatch(type_name: str, value: object, message: str) -> None:
    assert ValueRules(FACTS).mismatch(type_name, value) == message


FINE: list[tuple[str, object]] = [
    ("integer", 7),
    ("numeric", Decimal("1.5")),
    ("text", Text("a")),
    ("mood", "happy"),
    ("quantity", 7),
    ("double precision", 1.5),
    ("boolean", True),
    ("date", dt.date(2024, 1, 2)),
    ("time without time zone", dt.time(1)),
    ("timestamp without time zone", NAIVE),
    ("timestamp without time zone", Frozen(2024, 1, 2)),
    ("timestamp with time zone", AWARE),
    ("interval", dt.timedelta(1)),
    ("bytea", b"a"),
    ("inet", IPv4Address("10.0.0.1")),
    ("integer[]", [[1, 2], [3, 4]]),
    ("integer[]", []),
    ("text", None),
    ("geometry", object()),
    ("uuid", str(KEY)),
    ("jsonb", {"a": [1, 1.5, None, True, "x"]}),
    ("jsonb[]", [{"a": 1}, ["a"]]),
    ("point", (1.0, 2.0)),
    ("money", 150),
    ("pair", {"first": 1, "second": None}),
]
WRONG: list[tuple[str, object]] = [
    ("integer", Level.LOW),
    ("integer", 1.0),
    ("numeric", 1),
    ("double precision", 1),
    ("text", mock.Mock(spec=str)),
    ("text", "a\0b"),
    ("boolean", 1),
    ("date", NAIVE),
    ("timestamp without time zone", AWARE),
    ("timestamp without time zone", dt.date(2024, 1, 2)),
    ("time without time zone", dt.time(1, tzinfo=dt.UTC)),
    ("bytea", "a"),
    ("integer[]", (1,)),
    ("integer[]", [[1], 2]),
    ("integer[]", [[1], ["a"]]),
    ("mood", 1),
    ("pair", 1),
    ("uuid", "7"),
    ("uuid", str(KEY).replace("-", "")),
    ("numeric", Decimal("NaN")),
    ("inet", IPv4Interface("10.0.0.1/8")),
    ("character", "a"),
    ("character[]", ["a"]),
    ("int4range", (1, 2)),
    ("int4multirange", []),
    ("span", {"of": None}),
    ("pair", {"first": 1}),
    ("jsonb", {1: 2}),
    ("jsonb", [NAIVE]),
    ("jsonb", Status.HAPPY),
    ("jsonb", {"a": Status.HAPPY}),
    ("jsonb", float("nan")),
    ("jsonb", (1,)),
    ("jsonb[]", [{"a": NAIVE}]),
    ("point", (1, 2)),
]


@pytest.mark.parametrize(("type_name", "value"), FINE, ids=stable_repr)
def test_what_a_driver_could_answer(type_name: str, value: object) -> None:
    assert ValueRules(FACTS).mismatch(type_name, value) is None


@pytest.mark.parametrize(("type_name", "value"), WRONG, ids=stable_repr)
def test_what_a_driver_never_answers(type_name: str, value: object) -> None:
    assert ValueRules(FACTS).mismatch(type_name, value) is not None


@pytest.mark.parametrize(
    ("type_name", "expected"),
    [
        ("uuid", "str, the UUID's spelling"),
        ("text[]", "list of str"),
        ("quantity", "int"),
        ("pair", "dict"),
        ("geometry", "anything"),
        ("geometry[]", "anything"),
    ],
)
def test_what_is_expected(type_name: str, expected: str) -> None:
    decoder = ValueRules(FACTS).decoded(type_name)
    assert decoder is not None
    assert decoder.name == expected


def test_a_type_that_psqlpy_raises_for() -> None:
    assert ValueRules(FACTS).decoded("cidr") is None
