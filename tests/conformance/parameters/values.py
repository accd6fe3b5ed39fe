"""The Python values of the matrix: what a backend passes, and what it passes by mistake."""

from __future__ import annotations

import array
import collections
import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import ipaddress
import types
import uuid
import zoneinfo
from collections.abc import Callable
from typing import Any, NamedTuple
from unittest import mock

import asyncpg
import pydantic
from asyncpg.pgproto import pgproto
from psqlpy import extra_types
from psycopg.types import json as psycopg_json
from psycopg.types import multirange as psycopg_multirange
from psycopg.types import range as psycopg_range


class Level(enum.IntEnum):
    LOW = 1


class Feeling(enum.StrEnum):
    HAPPY = "happy"


class Mixed(str, enum.Enum):  # noqa: UP042 # what people wrote before StrEnum, and is unlike it
    HAPPY = "happy"


class Plain(enum.Enum):
    HAPPY = "happy"
    HAPPY_NAME = "other"


class Numbered(enum.Enum):
    ONE = 1


# A member whose name is a label of the enum of the schema, and whose value is not.
Named = enum.Enum("Named", {"happy": "nothing"})


class Flags(enum.IntFlag):
    READ = 1


class Text(str):
    pass


class Whole(int):
    pass


class Double(float):
    pass


class Moment(dt.datetime):
    pass


class Day(dt.date):
    pass


class Key(uuid.UUID):
    pass


class Amount(decimal.Decimal):
    pass


class Pair(NamedTuple):
    first: int
    second: str


@dataclasses.dataclass
class Data:
    a: int = 1


class Model(pydantic.BaseModel):
    a: int = 1


class WithInt:
    def __int__(self) -> int:
        return 7

    def __str__(self) -> str:
        return "7"


class Listed(list[object]):
    pass


class Mapped(dict[object, object]):
    pass


class Zone(dt.tzinfo):
    """A zone as dateutil and pytz make them: neither an offset nor a key."""

    def utcoffset(self, when: dt.datetime | None) -> dt.timedelta | None:
        return None if when is None else dt.timedelta(hours=1)

    def dst(self, when: dt.datetime | None) -> dt.timedelta | None:
        return None

    def tzname(self, when: dt.datetime | None) -> str | None:
        return None


NEW_YORK = zoneinfo.ZoneInfo("America/New_York")
UUID = uuid.UUID("12345678-1234-5678-1234-567812345678")
# Sixteen ASCII letters: the bytes of a text as well as of a UUID.
LETTERS = uuid.UUID(bytes=b"abcdefghijklmnop")
DATE = dt.date(2024, 1, 2)
NAIVE = dt.datetime(2024, 1, 2, 3, 4, 5, 6)
AWARE = NAIVE.replace(tzinfo=dt.UTC)
OFFSET = NAIVE.replace(tzinfo=dt.timezone(dt.timedelta(hours=-3)))
ZONED = NAIVE.replace(tzinfo=zoneinfo.ZoneInfo("America/Sao_Paulo"))
TIME = dt.time(12, 30)
DELTA = dt.timedelta(days=1, seconds=2)
V4 = ipaddress.IPv4Address("10.0.0.1")
V6 = ipaddress.IPv6Address("::1")

# Made again for every use: some can be read only once.
VALUES: dict[str, Callable[[], Any]] = {
    "None": lambda: None,
    "True": lambda: True,
    "False": lambda: False,
    "0": lambda: 0,
    "1": lambda: 1,
    "-1": lambda: -1,
    "300": lambda: 300,
    "40000": lambda: 40000,
    "2**31": lambda: 2**31,
    "2**32": lambda: 2**32,
    "2**63": lambda: 2**63,
    "2**64": lambda: 2**64,
    "-2**63": lambda: -(2**63),
    "10**40": lambda: 10**40,
    "IntEnum": lambda: Level.LOW,
    "IntFlag": lambda: Flags.READ,
    "int subclass": lambda: Whole(1),
    "0.0": lambda: 0.0,
    "1.0": lambda: 1.0,
    "1.5": lambda: 1.5,
    "nan": lambda: float("nan"),
    "inf": lambda: float("inf"),
    "1e300": lambda: 1e300,
    "1e-300": lambda: 1e-300,
    "float subclass": lambda: Double(1.5),
    "Decimal 0": lambda: decimal.Decimal(0),
    "Decimal -1234567.0089": lambda: decimal.Decimal("-1234567.0089"),
    "Decimal 1E-7": lambda: decimal.Decimal("1E-7"),
    "Decimal 10**30": lambda: decimal.Decimal(10**30),
    "Decimal 1": lambda: decimal.Decimal("1"),
    "Decimal 1.50": lambda: decimal.Decimal("1.50"),
    "Decimal NaN": lambda: decimal.Decimal("NaN"),
    "Decimal Infinity": lambda: decimal.Decimal("Infinity"),
    "Decimal 1E+40": lambda: decimal.Decimal("1E+40"),
    "Decimal long": lambda: decimal.Decimal("1." + "1" * 60),
    "Decimal subclass": lambda: Amount("1.5"),
    "Fraction": lambda: fractions.Fraction(1, 2),
    "complex": lambda: 1j,
    "'text'": lambda: "text",
    "'1'": lambda: "1",
    "'1.5'": lambda: "1.5",
    "'99999999999999999999'": lambda: "99999999999999999999",
    "''": lambda: "",
    "'a'": lambda: "a",
    "'true'": lambda: "true",
    "'happy'": lambda: "happy",
    "'NULL byte'": lambda: "a\0b",
    "surrogate": lambda: "\ud800",
    "'ISO date'": lambda: "2024-01-02",
    "'ISO time'": lambda: "12:30",
    "'ISO datetime'": lambda: "2024-01-02T03:04:05",
    "'ISO aware'": lambda: "2024-01-02T03:04:05+00:00",
    "'1 day'": lambda: "1 day",
    "'uuid'": lambda: str(UUID),
    "'uuid hex'": lambda: UUID.hex,
    "'json'": lambda: '{"a": 1}',
    "'[1]'": lambda: "[1]",
    "'{1,2}'": lambda: "{1,2}",
    "'{a,b}'": lambda: "{a,b}",
    "'(1,a)'": lambda: "(1,a)",
    "'[1,3)'": lambda: "[1,3)",
    "'ip'": lambda: "10.0.0.1",
    "'network'": lambda: "10.0.0.0/8",
    "'interface'": lambda: "10.0.0.1/8",
    "'mac'": lambda: "08:00:2b:01:02:03",
    "'101'": lambda: "101",
    "str subclass": lambda: Text("text"),
    "StrEnum": lambda: Feeling.HAPPY,
    "str, Enum": lambda: Mixed.HAPPY,
    "Enum of str": lambda: Plain.HAPPY,
    "Enum of int": lambda: Numbered.ONE,
    "Enum named as label": lambda: Named.happy,
    "b'abc'": lambda: b"abc",
    "b''": lambda: b"",
    "b'\\xff'": lambda: b"\xff",
    "b'16 bytes'": lambda: UUID.bytes,
    "bytearray": lambda: bytearray(b"abc"),
    "memoryview": lambda: memoryview(b"abc"),
    "array.array": lambda: array.array("b", [1]),
    "date": lambda: DATE,
    "date subclass": lambda: Day(2024, 1, 2),
    "naive": lambda: NAIVE,
    "aware UTC": lambda: AWARE,
    "aware offset": lambda: OFFSET,
    "aware zone": lambda: ZONED,
    "aware zone, twice": lambda: dt.datetime(2024, 11, 3, 1, 30, tzinfo=NEW_YORK),
    "aware zone, never": lambda: dt.datetime(2024, 3, 10, 2, 30, tzinfo=NEW_YORK),
    "aware other": lambda: NAIVE.replace(tzinfo=Zone()),
    "datetime subclass": lambda: Moment(2024, 1, 2, 3, 4),
    "datetime.max": lambda: dt.datetime.max,
    "time": lambda: TIME,
    "aware time": lambda: TIME.replace(tzinfo=dt.UTC),
    "timedelta": lambda: DELTA,
    "timedelta < 0": lambda: -DELTA,
    "timedelta.max": lambda: dt.timedelta.max,
    "UUID": lambda: UUID,
    "UUID of letters": lambda: LETTERS,
    "UUID subclass": lambda: Key(int=1),
    "asyncpg UUID": lambda: pgproto.UUID(str(UUID)),
    "IPv4Address": lambda: V4,
    "IPv6Address": lambda: V6,
    "IPv4Network": lambda: ipaddress.IPv4Network("10.0.0.0/8"),
    "IPv4Interface": lambda: ipaddress.IPv4Interface("10.0.0.1/8"),
    "{}": dict,
    "dict": lambda: {"a": 1},
    "dict of int key": lambda: {1: 2},
    "dict of date": lambda: {"a": DATE},
    "dict of uuid": lambda: {"a": UUID},
    "dict of decimal": lambda: {"a": decimal.Decimal("1")},
    "dict of big int": lambda: {"a": 2**40},
    "dict of nested": lambda: {"a": [{"b": (1, None)}, 1.5, True]},
    "dict of nan": lambda: {"a": float("nan")},
    "dict of NULL byte": lambda: {"a": "a\0b"},
    "dict of bytes": lambda: {"a": b"a"},
    "dict of set": lambda: {"a": {1}},
    "dict of StrEnum": lambda: {"a": Feeling.HAPPY},
    "dict of Enum": lambda: {"a": Plain.HAPPY},
    "dict of IntEnum": lambda: {"a": Level.LOW},
    "dict subclass": lambda: Mapped(a=1),
    "OrderedDict": lambda: collections.OrderedDict(a=1),
    "mappingproxy": lambda: types.MappingProxyType({"a": 1}),
    "dict of fields": lambda: {"first": 1, "second": "a"},
    "[]": list,
    "[[]]": lambda: [[]],
    "[1]": lambda: [1],
    "[1, 2]": lambda: [1, 2],
    "[2**31]": lambda: [2**31],
    "[2**63]": lambda: [2**63],
    "[1, None]": lambda: [1, None],
    "[None]": lambda: [None],
    "[None, 1]": lambda: [None, 1],
    "[1, 'a']": lambda: [1, "a"],
    "[1, 1.5]": lambda: [1, 1.5],
    "['a', 'b']": lambda: ["a", "b"],
    "['1']": lambda: ["1"],
    "['a', None]": lambda: ["a", None],
    "['happy']": lambda: ["happy"],
    "['uuid']": lambda: [str(UUID)],
    "['json']": lambda: ['{"a": 1}'],
    "[StrEnum]": lambda: [Feeling.HAPPY],
    "[Enum]": lambda: [Plain.HAPPY],
    "[1.5]": lambda: [1.5],
    "[Decimal]": lambda: [decimal.Decimal("1.5")],
    "[True]": lambda: [True],
    "[UUID]": lambda: [UUID],
    "[UUID, None]": lambda: [UUID, None],
    "[date]": lambda: [DATE],
    "[naive]": lambda: [NAIVE],
    "[aware]": lambda: [AWARE],
    "[naive, aware]": lambda: [NAIVE, AWARE],
    "[timedelta]": lambda: [DELTA],
    "[bytes]": lambda: [b"ab"],
    "[IPv4Address]": lambda: [V4],
    "[dict]": lambda: [{"a": 1}],
    "[object]": lambda: [object()],
    "[[1, 2], [3, 4]]": lambda: [[1, 2], [3, 4]],
    "[['a'], ['b']]": lambda: [["a"], ["b"]],
    "[[1], [2, 3]]": lambda: [[1], [2, 3]],
    "[1, [2]]": lambda: [1, [2]],
    "[[1], 2]": lambda: [[1], 2],
    "[(1, 2)]": lambda: [(1, 2)],
    "[(1, 'a')]": lambda: [(1, "a")],
    "[{1}]": lambda: [{1}],
    "list subclass": lambda: Listed([1]),
    "()": lambda: (),
    "(1,)": lambda: (1,),
    "(1, 2)": lambda: (1, 2),
    "(2, 1)": lambda: (2, 1),
    "(1, 'a')": lambda: (1, "a"),
    "(1, None)": lambda: (1, None),
    "(None, None)": lambda: (None, None),
    "('a', 'b')": lambda: ("a", "b"),
    "(1, 'a', 2)": lambda: (1, "a", 2),
    "(1.5, 2.5)": lambda: (1.5, 2.5),
    "((1, 2), (3, 4))": lambda: ((1, 2), (3, 4)),
    "(aware, aware)": lambda: (AWARE, AWARE),
    "(date, date)": lambda: (DATE, DATE),
    "namedtuple": lambda: Pair(1, "a"),
    "{1}": lambda: {1},
    "{'a'}": lambda: {"a"},
    "frozenset": lambda: frozenset({1}),
    "deque": lambda: collections.deque([1]),
    "range": lambda: range(2),
    "generator": lambda: (item for item in [1]),
    "dict_keys": lambda: {1: 2}.keys(),
    "object": lambda: object(),
    "dataclass": Data,
    "pydantic": Model,
    "SimpleNamespace": lambda: types.SimpleNamespace(value="text"),
    "with __int__": WithInt,
    "class": lambda: int,
    "function": lambda: len,
    "Mock": lambda: mock.Mock(),
    "MagicMock": lambda: mock.MagicMock(),
    "ANY": lambda: mock.ANY,
    "SmallInt": lambda: extra_types.SmallInt(1),
    "Integer": lambda: extra_types.Integer(1),
    "BigInt": lambda: extra_types.BigInt(1),
    "Money": lambda: extra_types.Money(1),
    "Float32": lambda: extra_types.Float32(1.5),
    "Float64": lambda: extra_types.Float64(1.5),
    "VarChar": lambda: extra_types.VarChar("text"),
    "PyText": lambda: extra_types.Text("text"),
    "PyText '1'": lambda: extra_types.Text("1"),
    "JSON": lambda: extra_types.JSON({"a": 1}),
    "JSONB": lambda: extra_types.JSONB({"a": 1}),
    "JSONB list": lambda: extra_types.JSONB([1]),
    "MacAddr6": lambda: extra_types.MacAddr6("08:00:2b:01:02:03"),
    "MacAddr8": lambda: extra_types.MacAddr8("08:00:2b:01:02:03:04:05"),
    "psqlpy Point": lambda: extra_types.Point([1, 2]),
    "psqlpy Box": lambda: extra_types.Box([1, 2, 3, 4]),
    "psqlpy Circle": lambda: extra_types.Circle([1, 2, 3]),
    "CustomType": lambda: extra_types.CustomType(b"abcd"),
    "Int16Array": lambda: extra_types.Int16Array([1]),
    "Int32Array": lambda: extra_types.Int32Array([1]),
    "Int32Array []": lambda: extra_types.Int32Array([]),
    "Int64Array": lambda: extra_types.Int64Array([1]),
    "TextArray": lambda: extra_types.TextArray(["a"]),
    "VarCharArray": lambda: extra_types.VarCharArray(["a"]),
    "UUIDArray": lambda: extra_types.UUIDArray([UUID]),
    "JSONBArray": lambda: extra_types.JSONBArray([{"a": 1}]),
    "NumericArray": lambda: extra_types.NumericArray([decimal.Decimal("1.5")]),
    "DateTimeTZArray": lambda: extra_types.DateTimeTZArray([AWARE]),
    "BoolArray": lambda: extra_types.BoolArray([True]),
    "Float64Array": lambda: extra_types.Float64Array([1.5]),
    "psycopg Json": lambda: psycopg_json.Json({"a": 1}),
    "psycopg Jsonb": lambda: psycopg_json.Jsonb({"a": 1}),
    "psycopg Jsonb of date": lambda: psycopg_json.Jsonb({"a": DATE}),
    "[Jsonb]": lambda: [psycopg_json.Jsonb({"a": 1})],
    "psycopg Range": lambda: psycopg_range.Range(1, 3),
    "psycopg Range of aware": lambda: psycopg_range.Range(AWARE, None),
    "psycopg Int4Range": lambda: psycopg_range.Int4Range(1, 3),
    "psycopg Multirange": lambda: psycopg_multirange.Multirange([psycopg_range.Range(1, 3)]),
    "asyncpg Range": lambda: asyncpg.Range(1, 3),
    "asyncpg Range of aware": lambda: asyncpg.Range(AWARE, None),
    "[asyncpg Range]": lambda: [asyncpg.Range(1, 3)],
    "asyncpg BitString": lambda: asyncpg.BitString("101"),
    "asyncpg Point": lambda: asyncpg.Point(1, 2),
}
