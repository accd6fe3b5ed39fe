"""What psqlpy decodes each type to: measured by decoding; see `tests/conformance`.

A subclass passes for its class (a str of some library, the datetime of a frozen clock), unless it
can do more than what psqlpy returns, so that code could rely on it in a test and fail on the real
database: a member of an Enum for a str or an int, a bool for an int, a datetime for a date.
"""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import ipaddress
import math
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from understudy.catalog.value_messages import class_name
from understudy.pg.codecs.json_documents import JsonText
from understudy.pg.codecs.numbers import INTEGERS
from understudy.pg.types import Type, Types

Check = Callable[[Any], str | None]
_LARGEST_DECIMAL = 2**96 - 1  # psqlpy holds a numeric in 96 bits


@dataclass(frozen=True, slots=True)
class Decoded:
    """What psqlpy returns for a type.

    Attributes:
        name: of the class, for messages: "uuid.UUID", "list of str".
        check: returns None for a value that psqlpy could return, "" for one of another class, or
            what is wrong with it.
    """

    name: str
    check: Check


def _is_a(value: object, *kinds: type) -> bool:
    # The class itself counts, not what the value claims: a Mock with a spec is of none of them.
    return issubclass(type(value), kinds)


def _exactly(name: str, kind: type, *but: type) -> Decoded:
    refused = (enum.Enum, *but)
    return Decoded(
        name, lambda value: None if _is_a(value, kind) and not _is_a(value, *refused) else ""
    )


def _integer(name: str, lowest: int, highest: int) -> Decoded:
    plain = _exactly("int", int, bool)

    def check(value: Any) -> str | None:
        if plain.check(value) is not None:
            return ""
        return None if lowest <= value <= highest else f"it goes from {lowest} to {highest}"

    return Decoded(name, check)


def _datetime(*, aware: bool) -> Decoded:
    name = f"{'an aware' if aware else 'a naive'} datetime.datetime"

    def check(value: Any) -> str | None:
        if not _is_a(value, dt.datetime):
            return ""
        return None if (value.utcoffset() is not None) == aware else f"it answers {name}"

    return Decoded(name, check)


def _time(value: Any) -> str | None:
    return None if _is_a(value, dt.time) and value.tzinfo is None else ""


def _text(value: Any) -> str | None:
    if not _is_a(value, str) or _is_a(value, enum.Enum):
        return ""
    return "PostgreSQL stores no NUL character" if "\0" in value else None


def _uuid_text(value: Any) -> str | None:
    if _text(value) is not None:
        return ""
    try:
        spelled = str(uuid.UUID(value))
    except ValueError:
        return "it is not a UUID"
    return None if spelled == value else f"a UUID is spelled {spelled!r}"


def _rust_decimal(value: Any) -> str | None:
    if not _is_a(value, decimal.Decimal):
        return ""
    if not value.is_finite() or abs(value) > _LARGEST_DECIMAL:
        return "it cannot decode NaN, infinity, or more than 28 digits"
    return None


def _floats(value: Any) -> str | None:
    is_point = (
        type(value) is tuple and len(value) == 2 and all(_is_a(part, float) for part in value)
    )
    return None if is_point else ""


def _document(value: Any) -> str | None:
    if value is None or _is_a(value, bool):
        return None
    if _is_a(value, enum.Enum):
        return ""
    if _is_a(value, dict):
        if not all(_is_a(key, str) for key in value):
            return "the keys of JSON are str"
        return _first_in_document(value.values())
    if _is_a(value, list):
        return _first_in_document(value)
    if _is_a(value, float) and not math.isfinite(value):
        return "JSON has no NaN and no infinity"
    if type(value) is JsonText:
        return f"psqlpy loads it: script the document, json.loads({value.text!r})"
    return None if _is_a(value, str, int, float) else f"JSON holds no {class_name(value)}"


def _first_in_document(values: Any) -> str | None:
    for value in values:
        reason = _document(value)
        if reason is not None:
            return reason or f"JSON holds no {class_name(value)}"
    return None


_ANYTHING = Decoded("anything", lambda _value: None)
_TEXT = Decoded("str", _text)
_DOCUMENT = Decoded("what json.loads() gives", _document)
_FLOAT = _exactly("float", float)
# The types that were measured; None if psqlpy raises for a column of the type.
_MEASURED: dict[str, Decoded | None] = {
    **{name: _integer("int", *INTEGERS[name]) for name in ("smallint", "integer", "bigint")},
    "oid": _integer("int", *INTEGERS["integer"]),  # psqlpy reads the unsigned number as signed
    "money": _integer("int, the number of cents", *INTEGERS["bigint"]),
    "real": _FLOAT,
    "double precision": _FLOAT,
    "numeric": Decoded("decimal.Decimal", _rust_decimal),
    "text": _TEXT,
    "character varying": _TEXT,
    "name": _TEXT,
    "macaddr": _TEXT,
    '"char"': _exactly("str", str),
    "boolean": _exactly("bool", bool),
    "uuid": Decoded("str, the UUID's spelling", _uuid_text),
    "date": _exactly("datetime.date", dt.date, dt.datetime),
    "time without time zone": Decoded("a naive datetime.time", _time),
    "timestamp without time zone": _datetime(aware=False),
    "timestamp with time zone": _datetime(aware=True),
    "interval": _exactly("datetime.timedelta", dt.timedelta),
    "bytea": _exactly("bytes", bytes),
    "json": _DOCUMENT,
    "jsonb": _DOCUMENT,
    "inet": Decoded(
        "ipaddress.IPv4Address or IPv6Address",
        lambda value: None if type(value) in (ipaddress.IPv4Address, ipaddress.IPv6Address) else "",
    ),
    "point": Decoded("a tuple of two floats", _floats),
    "character": None,
    "cidr": None,
    "time with time zone": None,
    "bit varying": None,
    "tsvector": None,
}
_NO_ARRAYS = frozenset({"name", "bytea", "macaddr"})


def is_measured(types: Types, kind: Type, above: frozenset[str] = frozenset()) -> bool:
    """Return whether the rules know a type and every type that it is made of.

    Args:
        types: the types of the schema.
        kind: the type.
        above: the types that it is part of; a table's row type may hold arrays of itself.
    """
    if kind.name in above:
        return False
    if kind.kind in ("base", "pseudo"):
        return kind.name in _MEASURED
    parts = [name for name in (kind.of, *(name for _, name in kind.fields)) if name is not None]
    found = [types.named(name) for name in parts]
    return (bool(parts) or kind.kind in ("enum", "composite")) and all(
        part is not None and is_measured(types, part, above | {kind.name}) for part in found
    )


def decoded(types: Types, kind: Type | None) -> Decoded | None:
    """Return what psqlpy returns for a type; None if it cannot decode the type at all."""
    of = None if kind is None or kind.of is None else types.named(kind.of)
    match kind:
        case Type(kind="base", name=name) if name in _MEASURED:
            return _MEASURED[name]
        case Type(kind="domain"):
            # PostgreSQL describes a column by the type below the domain.
            return decoded(types, of)
        case Type(kind="enum", labels=labels):
            return Decoded("str", lambda value: _label(labels, value))
        case Type(kind="array") if of is not None:
            return _array(of)
        case Type(kind="range" | "multirange"):
            return None
        case Type(kind="composite", fields=fields):
            inner = {name: decoded(types, types.named(spelled)) for name, spelled in fields}
            if None in inner.values():
                return None
            return Decoded("dict", lambda value: _fields(inner, value))
        case _:
            return _ANYTHING


def _label(labels: tuple[str, ...], value: Any) -> str | None:
    if _text(value) is not None:
        return ""
    if value in labels:
        return None
    return f"its labels are {', '.join(map(repr, labels)) or 'none'}"


def _array(element: Type) -> Decoded | None:
    if element.kind != "base" or element.name in _NO_ARRAYS:
        return None
    inner = _MEASURED.get(element.name, _ANYTHING)
    if inner is None:
        return None
    return Decoded(
        f"list of {inner.name}", lambda value: _items(inner, value) if _is_a(value, list) else ""
    )


def _items(inner: Decoded, items: list[Any]) -> str | None:
    # A list inside may be a row of the array, or, in an array of JSON, a document.
    rows = [_is_a(item, list) and inner.check(item) is not None for item in items]
    if len({len(item) if is_row else None for item, is_row in zip(items, rows, strict=True)}) > 1:
        return "the rows of an array are of one length"
    for item, is_row in zip(items, rows, strict=True):
        if is_row:
            reason = _items(inner, item)
        elif item is None and inner is not _DOCUMENT:
            reason = "it cannot decode NULL in an array"
        else:
            reason = inner.check(item)
            reason = f"it answers a list of {inner.name}" if reason == "" else reason
        if reason is not None:
            return reason
    return None


def _fields(inner: dict[str, Decoded | None], value: Any) -> str | None:
    if not _is_a(value, dict):
        return ""
    if list(value) != list(inner):
        return f"its fields are {', '.join(inner)}"
    for name, item in value.items():
        field = inner[name]
        assert field is not None  # a composite type with such a field is not decoded
        reason = None if item is None else field.check(item)
        if reason is not None:
            return reason or f"its field {name} is {field.name}"
    return None
