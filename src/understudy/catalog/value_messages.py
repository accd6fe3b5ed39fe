"""The wording of what is wrong with parameters and with the values of answers."""

from __future__ import annotations

import datetime as dt
import ipaddress
import sys
import uuid
from collections.abc import Collection
from decimal import Decimal
from enum import Enum

from understudy.pg.pgtypes import PgType
from understudy.script.formatting import shown

# What to pass for a type, and the classes that are so already; by driver where they differ.
_ADVICE: dict[str, tuple[str, tuple[type, ...]]] = {
    "smallint": ("int", (int,)),
    "integer": ("int", (int,)),
    "bigint": ("int", (int,)),
    "oid": ("int", (int,)),
    "numeric": ("decimal.Decimal", (Decimal,)),
    "real": ("float", (float,)),
    "double precision": ("float", (float,)),
    "text": ("str", (str,)),
    "character varying": ("str", (str,)),
    "character": ("str", (str,)),
    "name": ("str", (str,)),
    "boolean": ("bool", (bool,)),
    "uuid": ("uuid.UUID", (uuid.UUID,)),
    "date": ("datetime.date", (dt.date,)),
    "time without time zone": ("datetime.time", (dt.time,)),
    "time with time zone": ("an aware datetime.time", (dt.time,)),
    "timestamp without time zone": ("a naive datetime.datetime", (dt.datetime,)),
    "timestamp with time zone": ("an aware datetime.datetime", (dt.datetime,)),
    "interval": ("datetime.timedelta", (dt.timedelta,)),
    "bytea": ("bytes", (bytes, bytearray)),
    "inet": (
        "ipaddress.IPv4Address or IPv6Address",
        (ipaddress.IPv4Address, ipaddress.IPv6Address),
    ),
    "cidr": (
        "ipaddress.IPv4Network or IPv6Network",
        (ipaddress.IPv4Network, ipaddress.IPv6Network),
    ),
    "macaddr": ("str", (str,)),
    "tsvector": ("str", (str,)),
    "money": ("str", (str,)),
    "json": ("str, as json.dumps() makes it", (str,)),
    "jsonb": ("str, as json.dumps() makes it", (str,)),
    "point": ("a tuple of two floats", (tuple,)),
    "bit varying": ("asyncpg.BitString", ()),
}
_DRIVER_ADVICE: dict[tuple[str, str], tuple[str, tuple[type, ...]]] = {
    ("psqlpy", "json"): ("dict or list", (dict, list, tuple)),
    ("psqlpy", "jsonb"): ("dict or list", (dict, list, tuple)),
    ("psqlpy", "money"): ("int, the number of cents", (int,)),
    ("psqlpy", "macaddr"): ("psqlpy.extra_types.MacAddr6", ()),
    ("psqlpy", "point"): ("psqlpy.extra_types.Point", ()),
    ("psqlpy", "cidr"): ("ipaddress.IPv4Address or IPv6Address", ()),
    ("psycopg", "json"): ("psycopg.types.json.Json(...)", (str,)),
    ("psycopg", "jsonb"): ("psycopg.types.json.Jsonb(...)", (str,)),
    ("psycopg", "money"): ("decimal.Decimal", (Decimal,)),
    ("psycopg", "bit varying"): ("str of 0 and 1", (str,)),
}
_NONE = {("psqlpy", name) for name in ("time with time zone", "bit varying", "tsvector", "oid")}
# A domain hides the type below from psqlpy, which then sends an int as four bytes.
_PSQLPY_DOMAINS = {
    "smallint": "psqlpy.extra_types.SmallInt(...)",
    "bigint": "psqlpy.extra_types.BigInt(...)",
    "real": "psqlpy.extra_types.Float32(...)",
}
_CONTAINERS = (list, tuple, set, frozenset)


def unknown_driver(driver: str, known: Collection[str]) -> str:
    """Say that there are no rules for a driver."""
    return f"no rules for the driver {driver!r}; known: {', '.join(known)}"


def class_name(value: object) -> str:
    """Return the name of a value's class, with its module where that is Python's own."""
    kind = type(value)
    package = kind.__module__.partition(".")[0]
    if kind.__module__ == "builtins" and not hasattr(sys.modules["builtins"], kind.__name__):
        # psqlpy's classes say that they are built in.
        return f"psqlpy.extra_types.{kind.__name__}"
    plain = kind.__module__ == "builtins" or package not in sys.stdlib_module_names
    return kind.__qualname__ if plain else f"{kind.__module__}.{kind.__qualname__}"


def not_sent(driver: str, kind: PgType, value: object, detail: str) -> str:
    """Say that a driver raises instead of sending a value."""
    instead, classes = _advice(driver, kind)
    right = isinstance(value, classes) and not _wrong_zone(kind, value, detail)
    if kind.kind == "array" and isinstance(value, _CONTAINERS) and not detail:
        detail, right = "an item does not fit", False
    if not detail:
        return f"{driver} sends no {_class(value)} for {kind.name}{_pass(kind, instead)}"
    advice = "" if right else _semicolon(instead)
    return f"{driver} cannot send {shown(value)} for {kind.name}: {detail}{advice}"


def not_taken(driver: str, kind: PgType, value: object, said: str) -> str:
    """Say that PostgreSQL refuses what a driver sends for a value."""
    instead, classes = _advice(driver, kind)
    if value is None:
        return f"PostgreSQL refuses None for {kind.name}: {said}"
    if isinstance(value, classes) and not (isinstance(value, bool) and bool not in classes):
        advice = _semicolon(instead) if kind.kind == "enum" else ""
        return f"PostgreSQL refuses {shown(value)} for {kind.name}: {said}{advice}"
    return (
        f"PostgreSQL refuses the {_class(value)} that {driver} sends for {kind.name} ({said})"
        f"{_pass(kind, instead)}"
    )


def killed(driver: str, kind: PgType, value: object) -> str:
    """Say that a driver panics, and what is lost."""
    instead, _ = _advice(driver, kind)
    return (
        f"{driver} panics on a {_class(value)} for {kind.name}: no `except Exception` catches "
        f"that, and the connection is lost{_semicolon(instead)}"
    )


def cannot_tell(what: str) -> str:
    """Say why a value was not judged."""
    return f"not judged, as this depends on what is not known here: {what}"


def not_decoded(driver: str, kind: PgType, value: object, expected: str) -> str:
    """Say that a driver could not have answered a value."""
    return f"{driver} never answers {shown(value)} ({_class(value)}) for {kind.name}: {expected}"


def expects(name: str) -> str:
    """Say what is answered instead."""
    return f"it answers {name}"


def zone(driver_answers_aware: bool) -> str:
    """Say that a datetime must, or must not, be aware."""
    return f"it answers {'an aware' if driver_answers_aware else 'a naive'} datetime.datetime"


def beyond(lowest: int, highest: int) -> str:
    """Say that a number is out of its type's range."""
    return f"it goes from {lowest} to {highest}"


def no_label(labels: Collection[str]) -> str:
    """Say that a text is no label of an enum."""
    return f"its labels are {', '.join(map(repr, labels)) or 'none'}"


def undecodable(driver: str, kind: PgType) -> str:
    """Say that a driver raises when it reads a type."""
    return (
        f"{driver} cannot decode {kind.name}: a row with it raises; cast the column to text, or "
        "give a decoder for it"
    )


def _class(value: object) -> str:
    name = class_name(value)
    return f"{name} (an Enum)" if isinstance(value, Enum) else name


def _wrong_zone(kind: PgType, value: object, detail: str) -> bool:
    return "time zone" in kind.name and isinstance(value, dt.datetime) and "aware" in detail


def _advice(driver: str, kind: PgType) -> tuple[str, tuple[type, ...]]:
    """Return what to pass for a type, and the classes that are so already."""
    match kind.kind:
        case "enum":
            return f"one of {', '.join(map(repr, kind.labels))}", (str,)
        case "array" if kind.of is not None:
            inner = _advice(driver, kind.of)[0].removeprefix("a ").removeprefix("an ")
            return f"a list of {inner}" if inner else "", (list,)
        case "domain" if kind.of is not None:
            if driver == "psqlpy" and kind.of.name in _PSQLPY_DOMAINS:
                return _PSQLPY_DOMAINS[kind.of.name], ()
            return _advice(driver, kind.of)
        case "range" | "multirange":
            names = {"asyncpg": "asyncpg.Range", "psycopg": "psycopg.types.range.Range"}
            return (names.get(driver, ""), ())
        case "composite":
            return ("" if driver == "psqlpy" else "a tuple", (tuple,))
    if (driver, kind.name) in _NONE:
        return "", ()
    return _DRIVER_ADVICE.get((driver, kind.name)) or _ADVICE.get(kind.name, ("", ()))


def _pass(kind: PgType, instead: str) -> str:
    if instead:
        return f": pass {instead}"
    return f"; nothing that it sends fits, so pass str and write $1::text::{kind.name}"


def _semicolon(instead: str) -> str:
    return f"; pass {instead}" if instead else ""
