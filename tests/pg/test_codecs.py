"""Python values, as tests and drivers have them, on their way out; and what is the same as what."""

from __future__ import annotations

import datetime as dt
import enum
import ipaddress
import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import asyncpg
import pytest
from asyncpg.pgproto.types import BitString, Circle, Path, Point
from hypothesis import given, settings
from hypothesis import strategies as some
from psycopg.types.json import Jsonb
from psycopg.types.multirange import Multirange
from psycopg.types.range import Range as PsycopgRange

from understudy.pg.codec_registry import Range, Unencodable, Values
from understudy.pg.codecs.codec import BINARY, TEXT
from understudy.pg.codecs.json_documents import JsonText
from understudy.pg.codecs.json_errors import why_not_json
from understudy.pg.errors import ServerError, TrailingBytes
from understudy.pg.types import BUILT_IN, TypeFacts, Types

FACTS: Mapping[str, TypeFacts] = {
    "mood": TypeFacts("enum", labels=("sad", "happy")),
    "quantity": TypeFacts("domain", base="integer"),
    "pair": TypeFacts("composite", fields=(("first", "integer"), ("second", "text"))),
    "pair[]": TypeFacts("array", base="pair"),
    "citext": TypeFacts("base"),
    "odd": TypeFacts("composite", fields=(("first", "nothing"),)),
}
TYPES = Types(FACTS)
VALUES = Values(TYPES)
ID = uuid.UUID("12345678-1234-5678-1234-567812345678")
NOON = dt.datetime(2024, 1, 2, 12, 0, 0, 500_000)


class Feeling(enum.Enum):
    HAPPY = "happy"


class Level(enum.IntEnum):
    LOW = 1


# A member whose name is a label, and whose value is not: psycopg and SQLAlchemy go by the name.
Named = enum.Enum("Named", {"happy": 7})


class Wrapped:
    """asyncpg has a UUID class of its own; this one is anybody's."""

    bytes = ID.bytes


def text_of(name: str, value: Any) -> str:
    return VALUES.encoder(TYPES.oid(name), TEXT)(value).decode()


def back(name: str, value: Any) -> Any:
    """The value, sent in binary form and read again."""
    oid = TYPES.oid(name)
    return VALUES.decoder(oid, BINARY)(VALUES.encoder(oid, BINARY)(value))


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("integer", Level.LOW, "1"),
        ("integer", True, "1"),
        ("integer", Decimal(7), "7"),
        ("integer", 7.0, "7"),
        ("integer", "7", "7"),
        ("bigint", 2**63 - 1, "9223372036854775807"),
        ("oid", 2**32 - 1, "4294967295"),
        ("quantity", 7, "7"),
        ("boolean", "yes", "t"),
        ("boolean", False, "f"),
        ("real", 0.1, "0.1"),
        ("double precision", 1, "1"),
        ("double precision", Decimal("1.5"), "1.5"),
        ("double precision", "1.5", "1.5"),
        ("numeric", 7, "7"),
        ("numeric", 1.5, "1.5"),
        ("numeric", "1.50", "1.50"),
        ("numeric", Decimal("1E+3"), "1000"),
        ("numeric", Decimal("-0.00"), "0.00"),
        ("numeric", Decimal("NaN"), "NaN"),
        ("numeric", "-inf", "-Infinity"),
        ("money", Decimal("1234.5"), "$1,234.50"),
        ("money", 700, "$7.00"),
        ("money", "-$7.00", "-$7.00"),
        ("text", "é", "é"),
        ("text", Feeling.HAPPY, "happy"),
        ('"char"', b"x", "x"),
        ('"char"', "", ""),
        ("bytea", bytearray(b"\x00\xff"), "\\x00ff"),
        ("uuid", str(ID), str(ID)),
        ("uuid", ID, str(ID)),
        ("uuid", Wrapped(), str(ID)),
        ("json", JsonText('{"a":1, "a": 1e400}'), '{"a":1, "a": 1e400}'),
        ("json", '{"a":1}', '"{\\"a\\":1}"'),
        ("json", "12345", '"12345"'),
        ("json", 0.0000001, "1e-07"),
        ("json", {"a": [1, None]}, '{"a": [1, null]}'),
        ("jsonb", JsonText('{"bb":1,"a":2}'), '{"a": 2, "bb": 1}'),
        ("jsonb", JsonText("null"), "null"),
        ("jsonb", "null", '"null"'),
        ("jsonb", 0.0000001, "0.0000001"),
        ("jsonb", -0.0, "0.0"),
        ("jsonb", JsonText("1e5000"), "1" + "0" * 5000),
        ("jsonb[]", [[1], [1, 2], {}, None], '{[1],"[1, 2]","{}",NULL}'),
        ("jsonb", Jsonb({"a": 1}), '{"a": 1}'),
        ("jsonb", "no JSON", '"no JSON"'),
        ("jsonb", (1, 2), "[1, 2]"),
        ("date", dt.date(2024, 1, 2), "2024-01-02"),
        ("date", NOON, "2024-01-02"),
        ("date", "2024-01-02", "2024-01-02"),
        ("date", "infinity", "infinity"),
        ("timestamp without time zone", NOON, "2024-01-02 12:00:00.5"),
        ("timestamp without time zone", dt.date(2024, 1, 2), "2024-01-02 00:00:00"),
        ("timestamp without time zone", "-infinity", "-infinity"),
        ("timestamp without time zone", NOON.replace(tzinfo=dt.UTC), "2024-01-02 12:00:00.5"),
        (
            "timestamp with time zone",
            NOON.replace(tzinfo=dt.timezone(dt.timedelta(hours=2))),
            "2024-01-02 10:00:00.5+00",
        ),
        ("timestamp with time zone", NOON, "2024-01-02 12:00:00.5+00"),
        ("timestamp with time zone", "2024-01-02 12:00+02", "2024-01-02 10:00:00+00"),
        ("time without time zone", dt.time(12, 30, 0, 5), "12:30:00.000005"),
        ("time without time zone", "24:00", "24:00:00"),
        ("time with time zone", dt.time(12, 30, tzinfo=dt.UTC), "12:30:00+00"),
        ("time with time zone", "12:30-03:30", "12:30:00-03:30"),
        ("interval", dt.timedelta(days=-1, seconds=5), "-1 days +00:00:05"),
        ("interval", "1 year 2 mons", "1 year 2 mons"),
        ("interval", "1 mon -1 day 2:00", "1 mon -1 days +02:00:00"),
        ("interval", "infinity", "infinity"),
        ("inet", ipaddress.ip_address("10.0.0.1"), "10.0.0.1"),
        ("inet", ipaddress.ip_interface("10.0.0.1/8"), "10.0.0.1/8"),
        ("inet", "::1", "::1"),
        ("cidr", ipaddress.ip_network("10.0.0.0/8"), "10.0.0.0/8"),
        ("cidr", "10.1", "10.1.0.0/16"),
        ("macaddr", "08-00-2B-01-02-03", "08:00:2b:01:02:03"),
        ("bit varying", BitString("101"), "101"),
        ("bit varying", "101", "101"),
        ("tid", (0, 1), "(0,1)"),
        ("pg_lsn", "0/16b3748", "0/16B3748"),
        ("pg_lsn", 16, "0/10"),
        ("txid_snapshot", (1, 9, (2, 2, 7)), "1:9:2,7"),
        ("pg_snapshot", "1:1:", "1:1:"),
        ("point", Point(1, 2.5), "(1,2.5)"),
        ("point", "1,2", "(1,2)"),
        ("path", Path((1, 2), (3, 4), is_closed=False), "[(1,2),(3,4)]"),
        ("circle", Circle((1, 2), 3), "<(1,2),3>"),
        ("regclass", "users", "users"),
        ("regclass", 1259, "1259"),
        ("void", "", ""),
        ("record", (1, "a b", None), '(1,"a b",)'),
        ("record", {"a": True}, "(t)"),
        ("mood", "sad", "sad"),
        ("mood", Feeling.HAPPY, "happy"),
        ("mood", Named.happy, "happy"),
        ("citext", "x", "x"),
        ("integer[]", (1, None), "{1,NULL}"),
        ("integer[]", [[1, 2], [3, 4]], "{{1,2},{3,4}}"),
        ("integer[]", [[], []], "{{},{}}"),
        ("integer[]", {7}, "{7}"),
        ("integer[]", range(2), "{0,1}"),
        ("text[]", ["", "null", "a,b", 'a"b', "a\\b"], '{"","null","a,b","a\\"b","a\\\\b"}'),
        ("box[]", ["(1,2),(3,4)", "(5,6),(7,8)"], "{(3,4),(1,2);(7,8),(5,6)}"),
        ("int2vector", [1, 2], "1 2"),
        ("pair", (1, 'a"b'), '(1,"a""b")'),
        ("pair", {"second": None, "first": 1}, "(1,)"),
        ("pair", "(1,a)", "(1,a)"),
        ("pair[]", [(1, "a"), None], '{"(1,a)",NULL}'),
        ("int4range", PsycopgRange(1, 5, "[]"), "[1,6)"),
        ("int4range", asyncpg.Range(1, 5), "[1,5)"),
        ("int4range", Range(1, None), "[1,)"),
        ("int4range", (1, 5), "[1,5)"),
        ("int4range", "empty", "empty"),
        ("int4range", asyncpg.Range(empty=True), "empty"),
        ("daterange", PsycopgRange(dt.date(2024, 1, 1), None), "[2024-01-01,)"),
        ("numrange", PsycopgRange(1, Decimal("2.5"), "(]"), "(1,2.5]"),
        ("int4multirange", Multirange([PsycopgRange(5, 7), PsycopgRange(1, 3)]), "{[1,3),[5,7)}"),
        ("int4multirange", "{[1,3),[2,4)}", "{[1,4)}"),
    ],
)
def test_values_that_a_driver_has_for_a_type_go_out(name: str, value: Any, text: str) -> None:
    assert text_of(name, value) == text


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("integer", "x", "'x' (str) is not a value of integer"),
        ("integer", 1.5, "1.5 (float) is not a value of integer"),
        ("integer", 2**31, "2147483648 is out of range for integer"),
        ("boolean", 1, "1 (int) is not a value of boolean"),
        ("boolean", "maybe", "'maybe' (str) is not a value of boolean"),
        ("real", 1e40, "1e+40 is out of range for real"),
        ("double precision", "x", "'x' (str) is not a value of double precision"),
        ("double precision", 10**400, f"1{'0' * 17}...{'0' * 19} is out of range for"
         " double precision"),
        ("numeric", "x", "'x' (str) is not a value of numeric"),
        ("numeric", None.__class__, "<class 'NoneType'> (type) is not a value of numeric"),
        ("money", "x", "'x' (str) is not a value of money"),
        ("text", 7, "7 (int) is not a value of text"),
        ("text", "a\0b", "'a\\x00b' (str) is not a value of text"),
        ("text", "a\ud800", "'a\\ud800' (str) is not a value of text"),
        ('"char"', "xy", "'xy' (str) is not a value of \"char\""),
        ("bytea", "x", "'x' (str) is not a value of bytea"),
        ("uuid", "x", "'x' (str) is not a value of uuid"),
        (
            "jsonb",
            {"a": object},
            "{'a': <class 'object'>} (dict) is not a value of jsonb: JSON holds no type",
        ),
        *(
            (
                name,
                {1: 2},
                f"{{1: 2}} (dict) is not a value of {name}: the keys of JSON are str",
            )
            for name in ("json", "jsonb")
        ),
        *(
            (
                name,
                [float("nan")],
                f"[nan] (list) is not a value of {name}: JSON has no NaN and no infinity",
            )
            for name in ("json", "jsonb")
        ),
        ("jsonb", "\0", "'\\x00' (str) is not a value of jsonb: jsonb holds no NUL character"),
        (
            "json",
            JsonText("{"),
            "JsonText(text='{') is not a value of json: The input string ended unexpectedly.",
        ),
        ("date", "x", "'x' (str) is not a value of date"),
        ("timestamp without time zone", 7, "7 (int) is not a value of timestamp without time zone"),
        ("time without time zone", "x", "'x' (str) is not a value of time without time zone"),
        ("interval", "x", "'x' (str) is not a value of interval"),
        ("inet", "x", "'x' (str) is not a value of inet"),
        ("cidr", "10.0.0.1/8", "'10.0.0.1/8' (str) is not a value of cidr"),
        ("macaddr", "x", "'x' (str) is not a value of macaddr"),
        ("bit varying", "2", "'2' (str) is not a value of bit varying"),
        ("tid", "x", "'x' (str) is not a value of tid"),
        ("pg_lsn", "x", "'x' (str) is not a value of pg_lsn"),
        ("pg_snapshot", (1, 2, 3), "(1, 2, 3) (tuple) is not a value of pg_snapshot"),
        ("pg_snapshot", "9:1:", "'9:1:' (str) is not a value of pg_snapshot"),
        ("point", "x", "'x' (str) is not a value of point"),
        ("point", (1, 2, 3), "(1, 2, 3) (tuple) is not a value of point"),
        ("record", 7, "7 (int) is not a value of record"),
        ("record", (object,), "<class 'object'> (type) is not a value of record"),
        ("mood", "angry", "'angry' (str) is not a value of mood"),
        ("integer[]", "{", "'{' (str) is not a value of integer[]: Unexpected end of input."),
        ("integer[]", ["x"], "'x' (str) is not a value of integer"),
        ("integer[]", [[1], [2, 3]], "the lists in a value of integer[] have to be of equal"
         " lengths"),
        ("pair", (1,), "pair has 2 fields, and the value has 1"),
        ("pair", {"first": 1}, "pair has a field 'second', and the value has none"),
        ("pair", 7, "7 (int) is not a value of pair"),
        ("int4range", 7, "7 (int) is not a value of int4range"),
        ("int4range", "x", "'x' (str) is not a value of int4range"),
        ("int4range", (5, 1), "range lower bound must be less than or equal to range upper bound"),
        ("int4range", Range(None, 2**31 - 1, True, True), "integer out of range"),
        ("int4multirange", 7, "7 (int) is not a value of int4multirange"),
        ("int4multirange", "x", "'x' (str) is not a value of int4multirange"),
    ],
)  # fmt: skip
def test_anything_else_is_refused(name: str, value: Any, reason: str) -> None:
    with pytest.raises(Unencodable) as raised:
        text_of(name, value)

    assert str(raised.value) == reason


@pytest.mark.parametrize("name", ["tsquery", "odd"])
def test_bytes_of_an_unknown_binary_form_pass_and_nothing_else(name: str) -> None:
    value: Any = ("x",) if name == "odd" else "x"
    kind = "nothing" if name == "odd" else name
    oid = TYPES.oid(name)

    with pytest.raises(Unencodable) as raised:
        VALUES.encoder(oid, BINARY)(value)
    assert str(raised.value) == (
        f"the binary form of {kind} is not known here; the driver has to ask for text, or the "
        "script has the bytes"
    )
    if name != "odd":
        assert VALUES.decoder(oid, BINARY)(b"\xff") == b"\xff"
        assert VALUES.encoder(oid, BINARY)(b"\xff") == b"\xff"


def test_a_text_that_is_nested_too_deeply_has_no_detail() -> None:
    assert why_not_json("[" * 100_000) is None


@pytest.mark.parametrize(
    ("name", "value", "result"),
    [
        ("record", (1, None, "x", 1.5), None),
        ("timestamp with time zone", "0044-03-15 12:00 BC", "0044-03-15 12:00:00+00 BC"),
        ("date", "20000-01-01", "20000-01-01"),
        ("date", "-infinity", "-infinity"),
        ("timestamp with time zone", "infinity", "infinity"),
        ("timestamp without time zone", "-infinity", "-infinity"),
        ("time with time zone", "24:00+02", "24:00:00+02"),
        ("interval", "-infinity", "-infinity"),
        ("interval", "-14 mons", dt.timedelta(days=-425)),
        ("numeric", Decimal("-Infinity"), Decimal("-Infinity")),
        ("numeric", Decimal("-12345678.90123"), Decimal("-12345678.90123")),
        ("xid8", 2**64 - 1, 2**64 - 1),
        ("jsonpath", "$.a", "$.a"),
        ("macaddr8", "08:00:2b:01:02:03:04:05", "08:00:2b:01:02:03:04:05"),
        ('"char"', "\\377", "\\377"),
        ("regclass", 1259, 1259),
        ("oidvector", [1, 2], [1, 2]),
        ("int2vector", [], []),
        ("integer[]", [[[1], [2]]], [[[1], [2]]]),
        ("text[]", [[], []], []),
        ("numrange", "[1,2]", Range(Decimal(1), Decimal(2), True, True)),
        ("int4multirange", [(1, 3), (3, 5), (9, None)], [Range(1, 5), Range(9, None)]),
    ],
)
def test_values_that_python_has_no_class_for(name: str, value: Any, result: Any) -> None:
    if name == "record":
        # A client reads it; a client that sends one is refused.
        sent = VALUES.encoder(TYPES.oid(name), BINARY)(value)
        assert sent[:8] == b"\0\0\0\4\0\0\0\x14"
        with pytest.raises(ServerError, match="anonymous composite types is not implemented"):
            VALUES.decoder(TYPES.oid(name), BINARY)(sent)
        return
    assert back(name, value) == result


@pytest.mark.parametrize(
    ("name", "expected", "given"),
    [
        ("integer", Level.LOW, 1),
        ("numeric", 7, Decimal("7.0")),
        ("numeric", Decimal("NaN"), Decimal("NaN")),
        ("double precision", float("nan"), float("nan")),
        ("double precision", 1, 1.0),
        ("uuid", str(ID), ID),
        ("jsonb", '{"a": 1}', {"a": 1}),
        ("jsonb", {"a": [1.0]}, {"a": [1]}),
        ("json", Jsonb({"a": 1}), {"a": 1}),
        ("inet", "10.0.0.1", ipaddress.ip_address("10.0.0.1")),
        ("timestamp with time zone", NOON, NOON.replace(tzinfo=dt.UTC)),
        ("interval", "1 day", dt.timedelta(days=1)),
        ("int4range", PsycopgRange(1, 5, "[]"), Range(1, 6)),
        ("integer[]", (1, 2), [1, 2]),
        ("pair", {"first": 1, "second": "a"}, (1, "a")),
        ("mood", Feeling.HAPPY, "happy"),
        ("text", None, None),
        ("date", dt.date.max, "infinity"),
        ("date", dt.date.min, "-infinity"),
        ("timestamp with time zone", dt.datetime.max.replace(tzinfo=dt.UTC), "infinity"),
        ("timestamp without time zone", dt.datetime.min, "-infinity"),
    ],
)
def test_what_is_sent_as_the_same_value_is_the_same(name: str, expected: Any, given: Any) -> None:
    assert VALUES.same(TYPES.oid(name), expected, given)


@pytest.mark.parametrize(
    ("name", "expected", "given"),
    [
        ("integer", 1, 2),
        ("integer", "x", 1),
        ("numeric", 7, Decimal("7.1")),
        ("jsonb", {"a": 1}, {"a": True}),
        ("jsonb", {"a": 1}, {"b": 1}),
        ("text", None, ""),
        ("text", "", None),
        ("integer[]", [1, 2], [1, 2, 3]),
        ("date", dt.date(2024, 1, 1), "infinity"),
        ("date", "2024-01-01", "-infinity"),
    ],
)
def test_what_is_sent_as_another_value_is_not(name: str, expected: Any, given: Any) -> None:
    assert not VALUES.same(TYPES.oid(name), expected, given)


def test_too_many_bytes_are_worded_by_whoever_knows_the_parameter() -> None:
    with pytest.raises(TrailingBytes) as raised:
        VALUES.decoder(23, BINARY)(b"\0\0\0\0\0")

    assert raised.value.fields.message == "incorrect binary data format"


def test_a_type_that_nobody_knows_is_text() -> None:
    assert VALUES.decoder(99_999, TEXT)(b"x") == "x"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Range(1, 5), "[1,5)"),
        (Range(None, 5, False, True), "(,5]"),
        (Range(isempty=True), "empty"),
    ],
)
def test_a_range_is_shown_as_postgresql_writes_it(value: Range, text: str) -> None:
    assert str(value) == text


@settings(max_examples=4 * settings.default.max_examples)
@given(
    some.sampled_from(sorted(BUILT_IN) + sorted(FACTS)),
    some.sampled_from([TEXT, BINARY]),
    some.binary(max_size=40)
    | some.text(some.sampled_from("0123456789-+:. {}[](),\"\\'xeTZNaINFinity"), max_size=25).map(
        str.encode
    ),
)
def test_whatever_is_sent_is_a_value_or_an_error_of_the_server(
    name: str, form: int, data: bytes
) -> None:
    oid = TYPES.oid(name)
    try:
        value = VALUES.decoder(oid, form)(data)
    except ServerError:
        return
    # What came in can go out: as text always, unless it is a spelling that only PostgreSQL knows.
    try:
        VALUES.encoder(oid, TEXT)(value)
    except Unencodable:
        assert isinstance(value, str | bytes | list | tuple | Range)


@pytest.mark.parametrize(
    ("name", "given", "text"),
    [
        ("mood[]", "{happy,NULL}", "{happy,NULL}"),
        ("pair[]", '{"(1,a)"}', '{"(1,a)"}'),
        ("integer[]", "{{1,2},{3,4}}", "{{1,2},{3,4}}"),
        ("int4range[]", '{"[1,2]"}', '{"[1,3)"}'),
        ("int2vector", "1 2", "1 2"),
        ("money", 1234, "$12.34"),
        ("oid", -1, "4294967295"),
        ("pg_lsn", -1, "FFFFFFFF/FFFFFFFF"),
        ('"char"', b"\x80", "\\200"),
        ('"char"', "\xff", "\\377"),
    ],
)
def test_what_a_driver_gives_can_be_scripted(name: str, given: Any, text: str) -> None:
    oid = TYPES.oid(name)

    assert text_of(name, given) == text
    assert VALUES.decoder(oid, BINARY)(VALUES.encoder(oid, BINARY)(given)) == VALUES.decoder(
        oid, TEXT
    )(text.encode())
