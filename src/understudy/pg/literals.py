"""Which texts PostgreSQL reads as a value of a type.

Where its own reader is larger than this (dates, intervals), only what it certainly refuses is
refused here.
"""

from __future__ import annotations

import ipaddress
import json
import math
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from understudy.pg.literal_containers import Broken, array_items, range_bounds, record_fields
from understudy.pg.pgtypes import PgType

INTEGERS = {
    "smallint": (-(2**15), 2**15 - 1),
    "integer": (-(2**31), 2**31 - 1),
    "bigint": (-(2**63), 2**63 - 1),
    "oid": (0, 2**32 - 1),
}
REAL_MAX = 3.4028235677973366e38  # what still rounds to the largest real
_REAL_MIN = 7.006492321624085e-46  # what is rounded to zero

_SPECIAL_MOMENT = re.compile(
    r"(?i)\s*(epoch|[+-]?infinity|now|today|tomorrow|yesterday|allballs)\b.*"
)
_MONTH = re.compile(r"(?i)(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)")
_ISO_DATE = re.compile(r"\s*\d{4,6}-(0?[1-9]|1[0-2])-(0?[1-9]|[12]\d|3[01])([T\s].*)?", re.DOTALL)
_OTHER_DATE = re.compile(
    r"\s*(\d{1,4}[/.]\d{1,2}[/.]\d{1,4}|\d{6}|\d{8}|[jJ]\d+)(\s.*)?", re.DOTALL
)
_CLOCK = re.compile(
    r"(?i)\s*\d{1,2}:\d{2}(:\d{2}([.,]\d*)?)?\s*([ap]m)?\s*(z|[a-z/_]+|[+-][\d:]+)?\s*"
)
_BARE_CLOCK = re.compile(r"\s*\d{4}(\d{2})?(\.\d+)?\s*")
_DATED_CLOCK = re.compile(r"\s*[^\s\"(){}]+\s+\d{1,2}:\d{2}.*", re.DOTALL)
_UNIT = r"(?:[+-]?\d{1,17}(?:\.\d*)?|\d+:\d+(?::\d+(?:\.\d*)?)?)"
_INTERVAL = re.compile(
    rf"(?i)[@\s]*((?:{_UNIT}\s*[a-z]+[\s,]*)*[+-]?{_UNIT}?\s*(ago)?|[+-]?\d+-\d+(\s.*)?"
    r"|-?P[-\d.,YMWDTHS:]+|[+-]?infinity)\s*"
)
_NUMBER = re.compile(r"\s*[+-]?(\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(e[+-]?\d+)?\s*", re.IGNORECASE)
_SPECIAL_NUMBER = re.compile(r"\s*([+-]?inf(inity)?|nan)\s*", re.IGNORECASE)
_INTEGER = re.compile(r"\s*[+-]?(0x[\da-f_]+|0o[0-7_]+|0b[01_]+|\d[\d_]*)\s*", re.IGNORECASE)
_BOOLEAN = re.compile(
    r"\s*(t|tr|tru|true|y|ye|yes|on|1|f|fa|fal|fals|false|n|no|of|off|0)\s*", re.IGNORECASE
)
_UUID = re.compile(r"(\{)?([\da-f]{4}-?){7}[\da-f]{4}(?(1)\})", re.IGNORECASE)
_MAC = re.compile(r"\s*([+-][\da-f]|[\da-f]{1,2})([:.-]?([+-][\da-f]|[\da-f]{1,2})){5}\s*", re.I)
_BITS = re.compile(r"[bB]?[01]*|[xX][\da-fA-F]*")
_MONEY = re.compile(r"\s*[-+(]*\s*\$?\s*[\d,]*(\.\d*)?\s*\)?[-+]?\s*")
_POINT = re.compile(r"\s*\(?\s*([^,()]+),([^,()]+)\)?\s*")
_LEXEMES = re.compile(r"\s*(\S[^\s:]*(:\d+[A-D*]?(,\d+[A-D*]?)*)?(\s+|$))*", re.IGNORECASE)
_ESCAPED_BYTES = re.compile(r"([^\\]|\\\\|\\[0-3][0-7]{2})*", re.DOTALL)
_HEX_BYTES = re.compile(r"\\x(\s*[\da-fA-F]{2})*\s*")
_ABBREVIATED_CIDR = re.compile(r"(\d{1,3})(\.\d{1,3}){0,3}(/\d{1,2})?")


def literal_refusal(kind: PgType, text: str) -> str | None:
    """Return what PostgreSQL says of a text given for a type; None where it may take it."""
    match kind.kind:
        case "base":
            reader = _READERS.get(kind.name)
            reason = None if reader is None else reader(text)
            return reason if reason is None or reason else invalid(kind.name, text)
        case "domain":
            assert kind.of is not None
            return literal_refusal(kind.of, text)
        case "enum":
            return None if text in kind.labels else f"invalid input value for enum {kind.name}"
        case "unknown":
            return None
        case _:
            try:
                return _container_refusal(kind, text)
            except Broken as broken:
                return f"malformed {broken}"


def invalid(type_name: str, text: str) -> str:
    """Return PostgreSQL's words for a text that is no value of a type."""
    cut = text if len(text) <= 40 else f"{text[:37]}..."
    return f'invalid input syntax for type {type_name}: "{cut}"'


def order_refusal(lower: Any, upper: Any) -> str | None:
    """Return what PostgreSQL says of a range's bounds; None where they are in order."""
    if lower is None or upper is None:
        return None
    try:
        if isinstance(lower, str) != isinstance(upper, str):
            lower, upper = Decimal(lower), Decimal(upper)
        out_of_order = upper < lower
    # What cannot be compared here, PostgreSQL compares as the range's own type.
    except (TypeError, ValueError, InvalidOperation):
        return None
    if out_of_order:
        return "range lower bound must be less than or equal to range upper bound"
    return None


def json_refusal(type_name: str, text: str) -> str | None:
    """Return what PostgreSQL says of a text given as json or jsonb."""
    try:
        json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return invalid(type_name, text)
    if type_name == "jsonb" and "\\u0000" in text.replace("\\\\", ""):
        return "unsupported Unicode escape sequence: \\u0000 cannot be converted to text"
    return None


def _container_refusal(kind: PgType, text: str) -> str | None:
    if kind.kind == "composite":
        fields = record_fields(text)
        if len(fields) != len(kind.fields):
            return "malformed record literal"
        pairs = [(field, item) for (_, field), item in zip(kind.fields, fields, strict=True)]
        return _first(pairs)
    assert kind.of is not None
    if kind.kind == "range":
        bounds = range_bounds(text)
        reason = _first([(kind.of, bound) for bound in bounds])
        if reason is None and kind.of.name in (*INTEGERS, "numeric") and None not in bounds:
            lower, upper = (Decimal(str(bound).strip()) for bound in bounds)
            reason = order_refusal(lower, upper)
        return reason
    opened = "ranges" if kind.kind == "multirange" else "array"
    return _first([(kind.of, item) for item in array_items(text, opened)])


def _first(pairs: list[tuple[PgType, str | None]]) -> str | None:
    for kind, item in pairs:
        reason = None if item is None else literal_refusal(kind, item)
        if reason is not None:
            return reason
    return None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


# A reader returns None for what may be taken, "" for what is no value, or what else is said.


def _matches(pattern: re.Pattern[str]) -> Callable[[str], str | None]:
    return lambda text: None if pattern.fullmatch(text) else ""


def _integer(name: str) -> Callable[[str], str | None]:
    lowest, highest = INTEGERS[name]

    def read(text: str) -> str | None:
        if not _INTEGER.fullmatch(text):
            return ""
        word = text.strip()
        number = int(word) if word.lstrip("+-").replace("_", "").isdigit() else int(word, 0)
        lowest_read = -(2**31) if name == "oid" else lowest
        if lowest_read <= number <= highest:
            return None
        return f'value "{text}" is out of range for type {name}'

    return read


def _numeric(text: str) -> str | None:
    if any(each.fullmatch(text) for each in (_NUMBER, _SPECIAL_NUMBER, _INTEGER)):
        return None
    return ""


def _float(name: str) -> Callable[[str], str | None]:
    def read(text: str) -> str | None:
        if "_" in text or not (_NUMBER.fullmatch(text) or _SPECIAL_NUMBER.fullmatch(text)):
            return ""
        return float_refusal(name, float(text), text)

    return read


def float_refusal(name: str, number: float, text: str) -> str | None:
    """Return what PostgreSQL says of a number for real or double precision."""
    spelt_infinite = "inf" in text.lower()
    too_large = abs(number) > REAL_MAX if name == "real" else math.isinf(number)
    too_small = name == "real" and 0 < abs(number) <= _REAL_MIN
    if (too_large and not spelt_infinite) or too_small:
        return f'"{text}" is out of range for type {name}'
    return None


def _moment(text: str) -> str | None:
    if any(each.fullmatch(text) for each in (_ISO_DATE, _OTHER_DATE, _SPECIAL_MOMENT)):
        return None
    return None if _MONTH.search(text) and re.search(r"\d", text) else ""


def _clock(text: str) -> str | None:
    readable = (_CLOCK, _BARE_CLOCK, _DATED_CLOCK, _SPECIAL_MOMENT)
    return None if any(each.fullmatch(text) for each in readable) else ""


def _interval(text: str) -> str | None:
    # Punctuation is nothing to its reader.
    bare = re.sub(r"[^\w\s.:+,-]|,(?=\W*$)", " ", text)
    return None if bare.strip() and _INTERVAL.fullmatch(bare) else ""


def _money(text: str) -> str | None:
    if not _MONEY.fullmatch(text):
        return ""
    digits = re.sub(r"\..*|\D", "", text)
    if digits and int(digits) > 92233720368547758:
        return f'value "{text}" is out of range for type money'
    return None


def _inet(text: str) -> str | None:
    try:
        ipaddress.ip_interface(text)
    except ValueError:
        return ""
    return None


def _cidr(text: str) -> str | None:
    short = _ABBREVIATED_CIDR.fullmatch(text)
    if short is not None:
        address, _, bits = text.partition("/")
        octets = [str(int(octet)) for octet in address.split(".")]
        text = ".".join(octets + ["0"] * (4 - len(octets)))
        text += f"/{bits or (8 * len(octets))}"
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return ""
    return None


def _point(text: str) -> str | None:
    found = _POINT.fullmatch(text)
    reader = _READERS["double precision"]
    return "" if found is None or any(reader(each) is not None for each in found.groups()) else None


def _bytea(text: str) -> str | None:
    pattern = _HEX_BYTES if text.startswith("\\x") else _ESCAPED_BYTES
    return None if pattern.fullmatch(text) else ""


def _tsvector(text: str) -> str | None:
    if "'" in text:
        return None  # a quote may stand anywhere, and changes what comes after it
    plain = re.sub(r"\\.", "x", text, flags=re.DOTALL)
    if "\\" not in plain and _LEXEMES.fullmatch(plain):
        return None
    return f'syntax error in tsvector: "{text}"'


_READERS: dict[str, Callable[[str], str | None]] = {
    "boolean": _matches(_BOOLEAN),
    "uuid": _matches(_UUID),
    "macaddr": _matches(_MAC),
    "bit varying": _matches(_BITS),
    **{name: _integer(name) for name in INTEGERS},
    "numeric": _numeric,
    "real": _float("real"),
    "double precision": _float("double precision"),
    "money": _money,
    "date": _moment,
    "timestamp without time zone": _moment,
    "timestamp with time zone": _moment,
    "time without time zone": _clock,
    "time with time zone": _clock,
    "interval": _interval,
    "json": lambda text: json_refusal("json", text),
    "jsonb": lambda text: json_refusal("jsonb", text),
    "inet": _inet,
    "cidr": _cidr,
    "point": _point,
    "bytea": _bytea,
    "tsvector": _tsvector,
}
