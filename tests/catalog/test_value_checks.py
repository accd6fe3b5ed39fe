"""The rules for the values of answers, without any driver."""

from __future__ import annotations

import datetime as dt
import enum
import sys
import types
import uuid
from decimal import Decimal
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import Any
from unittest import mock

import pytest

from tests.stable_ids import stable_repr
from understudy.catalog.parameter_checks import DRIVERS
from understudy.catalog.value_checks import ValueRules, expected_type, mismatch_of
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
    ("driver", "type_name", "value", "message"),
    [
        (
            "psqlpy",
            "uuid",
            KEY,
            "psqlpy never answers UUID('00000000-0000-0000-0000-000000000007') (uuid.UUID) for "
            "uuid: it answers str, the UUID's spelling",
        ),
        (
            "asyncpg",
            "jsonb",
            {"a": 1},
            "asyncpg never answers {'a': 1} (dict) for jsonb: it answers str, the JSON itself",
        ),
        (
            "psqlpy",
            "integer",
            True,
            "psqlpy never answers True (bool) for integer: it answers int",
        ),
        (
            "psqlpy",
            "smallint",
            40000,
            "psqlpy never answers 40000 (int) for smallint: it goes from -32768 to 32767",
        ),
        (
            "psqlpy",
            "timestamp with time zone",
            NAIVE,
            "psqlpy never answers datetime.datetime(2024, 1, 2, 0, 0) (datetime.datetime) for "
            "timestamp with time zone: it answers an aware datetime.datetime",
        ),
        (
            "psqlpy",
            "text",
            Status.HAPPY,
            "psqlpy never answers <Status.HAPPY: 'happy'> (Status (an Enum)) for text: it answers "
            "str",
        ),
        (
            "psqlpy",
            "mood",
            "angry",
            "psqlpy never answers 'angry' (str) for mood: its labels are 'sad', 'happy'",
        ),
        (
            "psqlpy",
            "mood[]",
            ["sad"],
            "psqlpy cannot decode mood[]: a row with it raises; cast the column to text, or give a "
            "decoder for it",
        ),
        (
            "psqlpy",
            "integer[]",
            [1, None],
            "psqlpy never answers [1, None] (list) for integer[]: it cannot decode NULL in an "
            "array",
        ),
        (
            "asyncpg",
            "integer[]",
            ["a"],
            "asyncpg never answers ['a'] (list) for integer[]: it answers a list of int",
        ),
        (
            "psqlpy",
            "pair",
            {"first": "x", "second": "y"},
            "psqlpy never answers {'first': 'x', 'second': 'y'} (dict) for pair: its field first "
            "is int",
        ),
        (
            "asyncpg",
            "text",
            mock.ANY,
            "asyncpg never answers <ANY> (unittest.mock._ANY) for text: it answers str",
        ),
    ],
)
def test_what_is_said_of_a_mismatch(
    driver: str, type_name: str, value: object, message: str
) -> None:
    assert mismatch_of(driver, type_name, value, FACTS) == message


FINE: list[tuple[str, str, object]] = [
    *((driver, name, value) for driver in DRIVERS for name, value in [
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
    ]),
    ("psqlpy", "uuid", str(KEY)),
    ("psqlpy", "jsonb", {"a": [1, 1.5, None, True, "x"]}),
    ("psqlpy", "jsonb[]", [{"a": 1}, ["a"]]),
    ("psqlpy", "point", (1.0, 2.0)),
    ("psqlpy", "money", 150),
    ("psqlpy", "pair", {"first": 1, "second": None}),
    ("asyncpg", "uuid", KEY),
    ("asyncpg", "jsonb", "[1]"),
    ("asyncpg", "inet", IPv4Interface("10.0.0.1/8")),
    ("asyncpg", "cidr", IPv4Network("10.0.0.0/8")),
    ("asyncpg", "integer[]", [1, None]),
    ("asyncpg", "pair", (1, "a")),
    ("asyncpg", "pair", {"first": 1, "second": "a"}),
    ("asyncpg", "numeric", Decimal("NaN")),
    ("asyncpg", "time with time zone", dt.time(1, tzinfo=dt.UTC)),
    ("asyncpg", "int4multirange", []),
    ("psycopg", "mood", Status.HAPPY),
    ("psycopg", "mood[]", "{sad}"),
    ("psycopg", "mood[]", ["sad", None]),
    ("psycopg", "pair", "(1,a)"),
    ("psycopg", "pair", (1, "a")),
    ("psycopg", "json", [1]),
]  # fmt: skip
WRONG: list[tuple[str, str, object]] = [
    *((driver, name, value) for driver in DRIVERS for name, value in [
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
    ]),
    ("psqlpy", "uuid", "7"),
    ("psqlpy", "uuid", str(KEY).replace("-", "")),
    ("psqlpy", "numeric", Decimal("NaN")),
    ("psqlpy", "inet", IPv4Interface("10.0.0.1/8")),
    ("psqlpy", "character", "a"),
    ("psqlpy", "character[]", ["a"]),
    ("psqlpy", "int4range", (1, 2)),
    ("psqlpy", "int4multirange", []),
    ("psqlpy", "span", {"of": None}),
    ("psqlpy", "pair", {"first": 1}),
    ("psqlpy", "jsonb", {1: 2}),
    ("psqlpy", "jsonb", [NAIVE]),
    ("psqlpy", "jsonb", Status.HAPPY),
    ("psqlpy", "jsonb", {"a": Status.HAPPY}),
    ("psqlpy", "jsonb", float("nan")),
    ("psqlpy", "jsonb", (1,)),
    ("psqlpy", "jsonb[]", [{"a": NAIVE}]),
    ("psqlpy", "point", (1, 2)),
    ("asyncpg", "jsonb", "{"),
    ("asyncpg", "jsonb", Status.HAPPY),
    ("asyncpg", "uuid", str(KEY)),
    ("asyncpg", "pair", (1,)),
    ("asyncpg", "int4range", (1, 2)),
    ("asyncpg", "int4multirange", [(1, 2)]),
    ("asyncpg", "int4multirange", ()),
    ("asyncpg", "bit varying", "101"),
    ("psycopg", "mood[]", ["angry"]),
]  # fmt: skip


@pytest.mark.parametrize(("driver", "type_name", "value"), FINE, ids=stable_repr)
def test_what_a_driver_could_answer(driver: str, type_name: str, value: object) -> None:
    assert mismatch_of(driver, type_name, value, FACTS) is None


@pytest.mark.parametrize(("driver", "type_name", "value"), WRONG, ids=stable_repr)
def test_what_a_driver_never_answers(driver: str, type_name: str, value: object) -> None:
    assert mismatch_of(driver, type_name, value, FACTS) is not None


@pytest.mark.parametrize(
    ("driver", "type_name", "expected"),
    [
        ("psqlpy", "uuid", "str, the UUID's spelling"),
        ("asyncpg", "uuid", "uuid.UUID"),
        ("asyncpg", "text[]", "list of str"),
        ("psycopg", "mood[]", "str"),
        ("psycopg", "tstzrange", "psycopg.types.range.Range"),
        ("psycopg", "int4multirange", "psycopg.types.multirange.Multirange"),
        ("asyncpg", "bit varying", "asyncpg.BitString"),
        ("psqlpy", "cidr", "nothing: it raises"),
        ("psqlpy", "geometry", "anything"),
    ],
)
def test_what_is_expected(driver: str, type_name: str, expected: str) -> None:
    assert expected_type(driver, type_name, FACTS) == expected


def test_a_decoder_of_the_applications_own_gives_anything() -> None:
    rules = ValueRules("asyncpg", FACTS, own=["jsonb"])
    assert rules.mismatch("jsonb", {"a": 1}) is None
    assert rules.expected("jsonb") == "anything"
    assert rules.mismatch("json", {"a": 1}) is not None


def test_a_driver_without_rules() -> None:
    message = "no rules for the driver 'mysql'; known: psqlpy, asyncpg, psycopg"
    with pytest.raises(ValueError, match=message):
        ValueRules("mysql", {})


class _Range:
    def __init__(self, lower: object, upper: object) -> None:
        self.lower, self.upper = lower, upper


@pytest.mark.parametrize(
    ("driver", "module"), [("asyncpg", "asyncpg.types"), ("psycopg", "psycopg.types.range")]
)
def test_ranges(driver: str, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in: Any = types.ModuleType(module)
    stand_in.Range = type("Range", (_Range,), {})
    monkeypatch.setitem(sys.modules, module, stand_in)
    assert mismatch_of(driver, "int4range", stand_in.Range(1, None), {}) is None
    wrong = mismatch_of(driver, "int4range", stand_in.Range("a", None), {})
    assert wrong is not None
    assert wrong.endswith("for int4range: its bounds are int")


def test_a_record_of_asyncpg(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in: Any = types.ModuleType("asyncpg")
    stand_in.Record = type("Record", (), {"items": lambda _: [("first", 1), ("second", "a")]})
    monkeypatch.setitem(sys.modules, "asyncpg", stand_in)
    assert mismatch_of("asyncpg", "pair", stand_in.Record(), FACTS) is None
