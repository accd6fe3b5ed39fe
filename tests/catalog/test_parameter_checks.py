"""The rules for parameters: what is said of each value, without any driver."""

from __future__ import annotations

import datetime as dt
import enum
import subprocess
import sys
import types
import uuid
import zoneinfo
from decimal import Decimal
from ipaddress import IPv4Address
from typing import Any

import pytest

from tests.stable_ids import stable_repr
from understudy.catalog.value_rules import Judgement, ValueRules
from understudy.pg.types import TypeFacts

FACTS = {
    "mood": TypeFacts("enum", labels=("sad", "happy")),
    "quantity": TypeFacts("domain", base="integer"),
    "serial": TypeFacts("domain", base="bigint"),
    "required": TypeFacts("domain", base="text", not_null=True),
    "pair": TypeFacts("composite", fields=(("first", "integer"), ("second", "text"))),
    "pair[]": TypeFacts("array", base="pair"),
    "geometry": TypeFacts("base"),
}
KEY = uuid.UUID(int=7)
NAIVE = dt.datetime(2024, 1, 2)
AWARE = NAIVE.replace(tzinfo=dt.UTC)
SAO_PAULO = zoneinfo.ZoneInfo("America/Sao_Paulo")
# Clocks went back at midnight: this time came twice.
TWICE = dt.datetime(2018, 2, 17, 23, 30, tzinfo=SAO_PAULO)


def refusal_of(type_name: str, value: object, facts: dict[str, TypeFacts]) -> str | None:
    return ValueRules(facts).refusal(type_name, value)


class Status(enum.Enum):
    HAPPY = "happy"


class Level(enum.IntEnum):
    LOW = 1


class Thing:
    def __repr__(self) -> str:
        return "Thing()"


@pytest.mark.parametrize(
    ("type_name", "value", "message"),
    [
        ("integer", "1", "psqlpy sends no str for integer: pass int"),
        ("text", 5, "psqlpy sends no int for text: pass str"),
        ("text", Thing(), "psqlpy sends no Thing for text: pass str"),
        (
            "timestamp without time zone",
            dt.date(2024, 1, 2),
            "psqlpy sends no datetime.date for timestamp without time zone: pass a naive "
            "datetime.datetime",
        ),
        ("jsonb", "{}", "psqlpy sends no str for jsonb: pass dict or list"),
        (
            "uuid",
            "00000000-0000-0000-0000-000000000007",
            "PostgreSQL refuses the str that psqlpy sends for uuid (incorrect binary data format): "
            "pass uuid.UUID",
        ),
        (
            "uuid",
            [KEY],
            "psqlpy panics on a list for uuid: no `except Exception` catches that, and the "
            "connection is lost; pass uuid.UUID",
        ),
        (
            "pair",
            (1, "a"),
            "psqlpy panics on a tuple for pair: no `except Exception` catches that, and the "
            "connection is lost",
        ),
        (
            "smallint",
            40000,
            "psqlpy cannot send 40000 for smallint: smallint goes from -32768 to 32767",
        ),
        (
            "jsonb",
            {"a": 2**40},
            "psqlpy cannot send {'a': 1099511627776} for jsonb: an int inside its JSON goes from "
            "-2147483648 to 2147483647",
        ),
        (
            "numeric",
            Decimal("1E-7"),
            "psqlpy cannot send Decimal('1E-7') for numeric: it reads no exponent: quantize() it, "
            "or pass float",
        ),
        (
            "text[]",
            [1],
            "psqlpy cannot send [1] for text[]: an item does not fit; pass a list of str",
        ),
        (
            "mood",
            "angry",
            "PostgreSQL refuses 'angry' for mood: invalid input value for enum mood: \"angry\"; "
            "pass one of 'sad', 'happy'",
        ),
        (
            "mood",
            Level.LOW,
            "PostgreSQL refuses the Level (an Enum) that psqlpy sends for mood (invalid byte "
            "sequence for encoding \"UTF8\": 0x00): pass one of 'sad', 'happy'",
        ),
        (
            "serial",
            7,
            "PostgreSQL refuses the int that psqlpy sends for serial (insufficient data left in "
            "message): pass psqlpy.extra_types.BigInt(...)",
        ),
        (
            "tsvector",
            "a",
            "PostgreSQL refuses the str that psqlpy sends for tsvector (insufficient data left in "
            "message); nothing that it sends fits, so pass str and write $1::text::tsvector",
        ),
        (
            "required",
            None,
            "PostgreSQL refuses None for required: domain required does not allow null values",
        ),
    ],
)
def test_what_is_said_of_a_refused_value(type_name: str, value: object, message: str) -> None:
    assert refusal_of(type_name, value, FACTS) == message


TAKEN: list[tuple[str, object]] = [
    ("smallint", Level.LOW),
    ("integer", True),
    ("double precision", 1),
    ("numeric", Decimal("-1234567.0089")),
    ("numeric", Decimal(0)),
    ("uuid", KEY),
    ("text", "é"),
    ("mood", Status.HAPPY),
    ("quantity", 7),
    ("inet", "10.0.0.1"),
    ("inet", IPv4Address("10.0.0.1")),
    ("cidr", IPv4Address("10.0.0.1")),
    ("bytea", bytearray(b"a")),
    ("bytea", range(3)),
    ("timestamp with time zone", NAIVE),
    ("timestamp with time zone", NAIVE.replace(tzinfo=SAO_PAULO)),
    ("date", NAIVE),
    ("time without time zone", dt.time(12)),
    ("interval", dt.timedelta(1)),
    ("jsonb", {"a": [(1, None), 1.5, True, "x", float("nan"), Status.HAPPY]}),
    ("json", [1]),
    ("integer[]", [[1, None], [2, 3]]),
    ("jsonb[]", [{"a": 1}]),
    ("bytea[]", [KEY]),
    ("boolean[]", []),
]
REFUSED: list[tuple[str, object]] = [
    ("integer", 1.5),
    ("boolean", 1),
    ("real", "1"),
    ("double precision", 10**400),
    ("numeric", 1),
    ("numeric", Decimal("NaN")),
    ("numeric", Decimal(10**30)),
    ("text", "\ud800"),
    ("text", "a\0b"),
    ("bytea", "a"),
    ("bytea", [300]),
    ("bytea", range(300)),
    ("bytea", 1),
    ("inet", "nowhere"),
    ("inet", types.SimpleNamespace(packed="ten")),
    ("macaddr", "08:00:2b:01:02:03"),
    ("timestamp with time zone", TWICE),
    (
        "timestamp with time zone",
        NAIVE.replace(tzinfo=type("Z", (dt.tzinfo,), {"utcoffset": lambda *_: None})()),
    ),
    ("jsonb", {1: 2}),
    ("jsonb", {"a": KEY}),
    ("json", 1),
    ("integer[]", [[1], [2, 3]]),
    ("integer[]", 1),
    ("quantity", 1.5),
    ("quantity", Thing()),
    ("quantity", 2**40),
    ("int4range", "[1,3)"),
    ("pair", {"first": 1}),
]


@pytest.mark.parametrize(("type_name", "value"), TAKEN, ids=stable_repr)
def test_taken(type_name: str, value: object) -> None:
    rules = ValueRules(FACTS)
    assert rules.judge(type_name, value) == Judgement("taken")
    assert rules.refusal(type_name, value) is None
    assert rules.judge(type_name, None).outcome == "taken"


@pytest.mark.parametrize(("type_name", "value"), REFUSED, ids=stable_repr)
def test_refused(type_name: str, value: object) -> None:
    rules = ValueRules(FACTS)
    judgement = rules.judge(type_name, value)
    assert judgement.outcome == "refused"
    assert rules.refusal(type_name, value) == judgement.reason


@pytest.mark.parametrize(
    ("type_name", "value"),
    [
        ("integer", 7),
        ("bigint", 2**40),
        ("text", "abc"),
        ("boolean", False),
        ("double precision", 1.5),
        ("numeric", Decimal("1.50")),
        ("uuid", KEY),
        ("date", dt.date(2024, 1, 2)),
        ("timestamp without time zone", NAIVE),
        ("bytea", b"a"),
        ("text", None),
    ],
)
def test_common_values_are_taken(type_name: str, value: object) -> None:
    rules = ValueRules(FACTS)
    assert rules.judge(type_name, value).outcome == "taken"
    assert rules.refusal(type_name, value) is None


@pytest.mark.parametrize(
    ("type_name", "value"),
    [("integer", 2**31), ("text", "a\0"), ("numeric", Decimal("NaN")), ("text", 1)],
)
def test_refusal_and_judge_agree(type_name: str, value: object) -> None:
    rules = ValueRules(FACTS)
    taken = rules.judge(type_name, value).outcome == "taken"
    assert (rules.refusal(type_name, value) is None) == taken


@pytest.mark.parametrize("type_name", ["geometry", "geometry[]", "never_heard_of"])
def test_a_type_that_is_not_known_refuses_nothing(type_name: str) -> None:
    rules = ValueRules(FACTS)
    assert rules.refusal(type_name, Thing()) is None
    what = f"the type {type_name}"
    reason = f"not judged, as this depends on what is not known here: {what}"
    assert rules.judge(type_name, Thing()) == Judgement("unknown", reason)


def test_numpys_bool_is_a_bool_to_psqlpy(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in: Any = types.ModuleType("numpy")
    stand_in.bool_ = type("bool_", (), {})
    monkeypatch.setitem(sys.modules, "numpy", stand_in)
    assert refusal_of("boolean", stand_in.bool_(), {}) is None


def test_no_driver_is_imported() -> None:
    script = (
        "import sys\n"
        "from understudy.catalog.value_rules import ValueRules\n"
        "assert ValueRules({}).refusal('uuid', 1)\n"
        "assert ValueRules({}).mismatch('uuid', 1)\n"
        "print(sorted({'psqlpy', 'asyncpg', 'psycopg'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


class Wrapper:
    """What psqlpy's classes show of themselves: their name, and what they hold."""

    def __init__(self, held: object = None) -> None:
        self._held = held

    def __str__(self) -> str:
        return f"{type(self).__name__}, {self._held}"


@pytest.fixture
def extra(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Stand-ins for psqlpy.extra_types, so that psqlpy need not be there."""
    module = types.ModuleType("psqlpy.extra_types")
    names = "SmallInt Integer BigInt Float64 JSONB Text VarChar Point MacAddr6 CustomType"
    for name in (*names.split(), "Int32Array", "Float32Array"):
        setattr(module, name, type(name, (Wrapper,), {"__module__": "builtins"}))
    monkeypatch.setitem(sys.modules, "psqlpy.extra_types", module)
    return module


@pytest.mark.parametrize(
    ("type_name", "wrapper", "held", "outcome"),
    [
        ("bigint", "BigInt", 1, "taken"),
        ("integer", "BigInt", 1, "refused"),
        ("serial", "BigInt", 1, "taken"),
        ("quantity", "BigInt", 1, "refused"),
        ("numeric", "Float64", 1.5, "refused"),
        ("character", "JSONB", '{"a":1}', "taken"),
        ("text", "Text", "a", "taken"),
        ("character varying", "Text", "a", "refused"),
        ("character", "Text", "a", "taken"),
        ("uuid", "Text", "a", "unknown"),
        ("point", "Point", "a", "taken"),
        ("text", "CustomType", "a", "unknown"),
        ("integer[]", "Int32Array", "a", "taken"),
        ("bytea", "Int32Array", "a", "taken"),
        ("bigint[]", "Int32Array", "a", "refused"),
        ("text", "Int32Array", "a", "refused"),
        ("pair[]", "Int32Array", "a", "unknown"),
        ("real[]", "Float32Array", "a", "refused"),
    ],
)
def test_psqlpys_own_classes(
    extra: Any, type_name: str, wrapper: str, held: object, outcome: str
) -> None:
    value = getattr(extra, wrapper)(held)
    assert ValueRules(FACTS).judge(type_name, value).outcome == outcome


@pytest.mark.parametrize(
    ("type_name", "wrapper", "held", "outcome"),
    [
        ("jsonb[]", "JSONB", '{"a":1}', "taken"),
        ("bigint[]", "BigInt", 1, "taken"),
        ("text[]", "Text", "a", "unknown"),
        ("text[]", "CustomType", "a", "unknown"),
        ("jsonb", "Integer", 1, "taken"),
        ("jsonb", "Text", "a", "taken"),
        ("jsonb", "SmallInt", 1, "refused"),
    ],
)
def test_psqlpys_own_classes_inside_a_list(
    extra: Any, type_name: str, wrapper: str, held: object, outcome: str
) -> None:
    value = [getattr(extra, wrapper)(held)]
    assert ValueRules(FACTS).judge(type_name, value).outcome == outcome


def test_psqlpys_classes_are_named_with_their_module(extra: Any) -> None:
    message = "psqlpy sends no psqlpy.extra_types.BigInt for text: pass str"
    assert refusal_of("text", extra.BigInt(1), FACTS) == message
