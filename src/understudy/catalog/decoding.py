"""What the drivers' decoders give, as far as they agree.

A subclass passes for its class (a str of some library, the datetime of a frozen clock), but not
where it can do more than what the driver gives, so that code could lean on it in a test and break
on the real database: a member of an Enum for a str or an int, a bool for an int, a datetime for a
date, an address with a network for one without.
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

from understudy.catalog import value_messages as messages
from understudy.pg.literals import INTEGERS, json_refusal

Check = Callable[[Any], str | None]


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a driver gives for a type.

    Attributes:
        name: of the class, for people: "uuid.UUID", "list of str".
        check: returns None for a value that the driver could give, "" for one of another class,
            else what is wrong with it.
    """

    name: str
    check: Check


def is_a(value: object, *kinds: type) -> bool:
    """Say whether a value is of a class, whatever it claims: a Mock with a spec is of none."""
    return issubclass(type(value), kinds)


def exactly(name: str, kind: type, *but: type) -> Decoded:
    """Return what takes a class and its subclasses, but not members of an Enum, nor `but`."""
    refused = (enum.Enum, *but)

    def check(value: Any) -> str | None:
        return None if is_a(value, kind) and not is_a(value, *refused) else ""

    return Decoded(name, check)


def integer(lowest: int, highest: int) -> Decoded:
    """Return what takes an int between two limits."""
    plain = exactly("int", int, bool)

    def check(value: Any) -> str | None:
        if plain.check(value) is not None:
            return ""
        return None if lowest <= value <= highest else messages.beyond(lowest, highest)

    return Decoded("int", check)


def moment(*, aware: bool) -> Decoded:
    """Return what takes a datetime with, or without, a time zone."""

    def check(value: Any) -> str | None:
        if not is_a(value, dt.datetime):
            return ""
        return None if (value.utcoffset() is not None) == aware else messages.zone(aware)

    return Decoded(f"{'an aware' if aware else 'a naive'} datetime.datetime", check)


def clock(*, aware: bool) -> Decoded:
    """Return what takes a time with, or without, an offset."""

    def check(value: Any) -> str | None:
        return None if is_a(value, dt.time) and (value.tzinfo is not None) == aware else ""

    return Decoded(f"{'an aware' if aware else 'a naive'} datetime.time", check)


def one_of(name: str, *kinds: type) -> Decoded:
    """Return what takes any of these very classes."""
    return Decoded(name, lambda value: None if type(value) in kinds else "")


def _text(value: Any) -> str | None:
    if not is_a(value, str) or is_a(value, enum.Enum):
        return ""
    return "PostgreSQL stores no NUL character" if "\0" in value else None


def _json_text(value: Any) -> str | None:
    if not is_a(value, str) or is_a(value, enum.Enum):
        return ""
    return json_refusal("json", value)


def _document(value: Any) -> str | None:
    if value is None or is_a(value, bool):
        return None
    if is_a(value, enum.Enum):
        return ""
    if is_a(value, dict):
        if not all(is_a(key, str) for key in value):
            return "the keys of JSON are str"
        return _first(value.values())
    if is_a(value, list):
        return _first(value)
    if is_a(value, float) and not math.isfinite(value):
        return "JSON knows no NaN and no infinity"
    return None if is_a(value, str, int, float) else f"JSON holds no {messages.class_name(value)}"


def _first(values: Any) -> str | None:
    for value in values:
        reason = _document(value)
        if reason is not None:
            return reason or f"JSON holds no {messages.class_name(value)}"
    return None


TEXT = Decoded("str", _text)
JSON_TEXT = Decoded("str, the JSON itself", _json_text)
DOCUMENT = Decoded("what json.loads() gives", _document)
NUMERIC = exactly("decimal.Decimal", decimal.Decimal)
ADDRESS = one_of(
    "ipaddress.IPv4Address or IPv6Address", ipaddress.IPv4Address, ipaddress.IPv6Address
)
INTERFACE = one_of(
    "ipaddress.IPv4Address or IPv6Address (an Interface where it has a network)",
    ipaddress.IPv4Address,
    ipaddress.IPv6Address,
    ipaddress.IPv4Interface,
    ipaddress.IPv6Interface,
)
NETWORK = one_of(
    "ipaddress.IPv4Network or IPv6Network", ipaddress.IPv4Network, ipaddress.IPv6Network
)

# The types for which all three drivers give the same.
COMMON: dict[str, Decoded] = {
    **{name: integer(*INTEGERS[name]) for name in INTEGERS},
    "real": exactly("float", float),
    "double precision": exactly("float", float),
    "numeric": NUMERIC,
    "text": TEXT,
    "character varying": TEXT,
    "name": TEXT,
    "macaddr": TEXT,
    "boolean": exactly("bool", bool),
    "date": exactly("datetime.date", dt.date, dt.datetime),
    "time without time zone": clock(aware=False),
    "timestamp without time zone": moment(aware=False),
    "timestamp with time zone": moment(aware=True),
    "interval": exactly("datetime.timedelta", dt.timedelta),
    "bytea": exactly("bytes", bytes),
}
UUID = exactly("uuid.UUID", uuid.UUID)
AWARE_TIME = clock(aware=True)


def uuid_text(value: Any) -> str | None:
    """Check a UUID that is given as a str: in lower case, with hyphens."""
    if TEXT.check(value) is not None:
        return ""
    try:
        spelt = str(uuid.UUID(value))
    except ValueError:
        return "it is no UUID"
    return None if spelt == value else f"a UUID is spelt {spelt!r}"
