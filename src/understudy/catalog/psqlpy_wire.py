"""The bytes that psqlpy makes of a Python value by its class alone, and why it makes none."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import math
import struct
import sys
from collections.abc import Collection
from decimal import Decimal
from typing import Any

from understudy.pg.codecs.datetimes import DATE, TIME
from understudy.pg.codecs.intervals import INTERVAL
from understudy.pg.codecs.networks import INET
from understudy.pg.codecs.numbers import INTEGERS
from understudy.pg.codecs.numeric import NUMERIC

EXTRA_TYPES = "psqlpy.extra_types"
_EPOCH = dt.datetime(2000, 1, 1)
_MICROSECOND = dt.timedelta(microseconds=1)
_LARGEST_DECIMAL = 2**96 - 1  # what rust_decimal holds
_INT_WRAPPERS = {"SmallInt": "!h", "Integer": "!i", "BigInt": "!q", "Money": "!q"}
_FLOAT_WRAPPERS = {"Float32": "!f", "Float64": "!d"}
_JSON_WRAPPERS = ("JSON", "JSONB")
_SHOWN = frozenset({*_INT_WRAPPERS, *_FLOAT_WRAPPERS, *_JSON_WRAPPERS})
_IN_JSON = _SHOWN - {"SmallInt", "Money"}
_HIDDEN = (
    *("Text", "VarChar", "MacAddr6", "MacAddr8", "Point", "Box", "Path", "Line", "LineSegment"),
    *("Circle", "PgVector"),
)


class NotSent(Exception):
    """psqlpy raises instead of sending the value; the text says why, if there is more to say."""


class Killed(NotSent):
    """psqlpy panics, and its connection is lost."""


class NotTaken(Exception):
    """psqlpy sends the value and PostgreSQL refuses it; the text is PostgreSQL's."""


class CannotTell(Exception):
    """What happens depends on something unknown here; the text says on what."""


def class_bytes(value: Any, *, jsonb: bool = False) -> bytes:
    """Return what psqlpy sends for a value if it does not know the parameter's type.

    Args:
        value: the value given to psqlpy.
        jsonb: whether the parameter's type is jsonb itself.

    Raises:
        NotSent: psqlpy raises instead.
        CannotTell: the value hides what it holds.
    """
    match value:
        case bool():
            return b"\1" if value else b"\0"
        case bytes():
            return value
        case str():
            return text_bytes(value)
        case float():
            return struct.pack("!d", value)
        case int():
            return struct.pack("!i", ranged(value, "integer", *INTEGERS["integer"]))
        case dt.datetime():
            return datetime_bytes(value)
        case dt.date():
            return DATE.send(value)
        case dt.time():
            return TIME.send(value.replace(tzinfo=None))
        case dt.timedelta():
            return INTERVAL.send(value)
        case dict():
            return document_bytes(value, jsonb=jsonb)
    return _other_bytes(value, jsonb=jsonb)


def _other_bytes(value: Any, *, jsonb: bool) -> bytes:
    wrapper = class_of(value, EXTRA_TYPES, _SHOWN)
    if wrapper is not None:
        shown = str(value).partition(", ")[2]
        if wrapper in _INT_WRAPPERS:
            return struct.pack(_INT_WRAPPERS[wrapper], int(shown))
        if wrapper in _FLOAT_WRAPPERS:
            return struct.pack(_FLOAT_WRAPPERS[wrapper], float(shown))
        return (b"\1" if jsonb else b"") + shown.encode()
    hidden = class_of(value, EXTRA_TYPES, _HIDDEN)
    if hidden is not None:
        raise CannotTell(f"what a {hidden} holds")
    try:
        return ip_bytes(value)
    except NotSent:
        held = getattr(value, "value", None)
    if isinstance(held, str):
        return text_bytes(held)
    raise NotSent("")


def class_of(value: object, module: str, names: Collection[str]) -> str | None:
    """Return the one of `names` that the class of `value` has in a module, if it has one.

    The module is not imported: a value of its class exists only if it is loaded.
    """
    loaded = sys.modules.get(module)
    if loaded is not None:
        for kind in type(value).__mro__:
            name = str(kind.__name__)
            if name in names and getattr(loaded, name, None) is kind:
                return name
    return None


def text_bytes(value: str) -> bytes:
    """Return a text in UTF-8.

    Raises:
        NotSent: it has surrogates.
    """
    try:
        return value.encode()
    except UnicodeEncodeError as error:
        raise NotSent("it is not valid Unicode") from error


def ranged(value: int, type_name: str, lowest: int, highest: int) -> int:
    """Return the value, which fits its type.

    Raises:
        NotSent: it is out of range.
    """
    if not lowest <= value <= highest:
        raise NotSent(f"{type_name} goes from {lowest} to {highest}")
    return value


def datetime_bytes(value: dt.datetime) -> bytes:
    """Return a datetime in microseconds since 2000, an aware one in UTC.

    Raises:
        NotSent: psqlpy does not know the time zone, or the time is ambiguous in it.
    """
    zone = value.tzinfo
    if zone is not None and zone.utcoffset(None) is None:
        if not isinstance(getattr(zone, "key", None), str):
            raise NotSent("it knows the offsets of datetime.timezone and the zones of zoneinfo")
        if value.replace(fold=0).utcoffset() != value.replace(fold=1).utcoffset():
            raise NotSent("that time occurs twice or never in its zone")
    offset = value.utcoffset() or dt.timedelta()
    return struct.pack("!q", (value.replace(tzinfo=None) - _EPOCH - offset) // _MICROSECOND)


def ip_bytes(value: Any) -> bytes:
    """Return an address; of an interface, its address without the network.

    Raises:
        NotSent: it is not an address.
    """
    packed = getattr(value, "packed", None)
    if packed is None:
        try:
            packed = ipaddress.ip_address(str(value)).packed
        except ValueError as error:
            raise NotSent("") from error
    if not isinstance(packed, bytes) or len(packed) not in (4, 16):
        raise NotSent("")
    return INET.send(ipaddress.ip_address(packed))


def decimal_bytes(value: Decimal) -> bytes:
    """Return a Decimal as rust_decimal sends it, which reads its str().

    Raises:
        NotSent: rust_decimal cannot represent it.
    """
    text = str(value)
    if not value.is_finite():
        raise NotSent("it knows no NaN and no infinity")
    if "E" in text:
        raise NotSent("it reads no exponent: quantize() it, or pass float")
    if abs(int(value)) > _LARGEST_DECIMAL:
        raise NotSent("it holds 28 digits")
    whole, _, fraction = text.lstrip("+-").partition(".")
    fraction = fraction[: max(0, 28 - len(whole.lstrip("0")))]
    if not value:  # where PostgreSQL sends no digit, rust_decimal sends a zero
        return struct.pack("!5H", 1, 0, 0, len(fraction), 0)
    return NUMERIC.send(Decimal(f"{'-' if value < 0 else ''}{whole}.{fraction}"))


def document_bytes(value: Any, *, jsonb: bool) -> bytes:
    """Return a dict, list or tuple as JSON.

    Raises:
        NotSent: it holds what psqlpy puts into no JSON.
    """
    text = json.dumps(_plain(value), separators=(",", ":"), ensure_ascii=False)
    return (b"\1" if jsonb else b"") + text_bytes(text)


def _plain(value: Any) -> Any:
    match value:
        case dict():
            if not all(isinstance(key, str) for key in value):
                raise NotSent("the keys of JSON are str")
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case None | bool():
            return value
        case str():
            return str.__str__(value)
        case float():
            return value if math.isfinite(value) else None
        case int():
            return ranged(int(value), "an int inside its JSON", *INTEGERS["integer"])
    return _plain_other(value)


def _plain_other(value: Any) -> Any:
    wrapper = class_of(value, EXTRA_TYPES, _IN_JSON)
    if wrapper is not None:
        return json.loads(str(value).partition(", ")[2])
    if class_of(value, EXTRA_TYPES, {"Text", "VarChar"}):
        return ""  # it holds a text that was checked when it was made
    held = getattr(value, "value", None)
    if isinstance(held, str) and not hasattr(value, "packed"):
        return held
    raise NotSent(f"it puts no {type(value).__name__} into JSON")
