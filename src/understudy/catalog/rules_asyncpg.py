"""Which values asyncpg encodes for a type: measured on asyncpg 0.32.

asyncpg has one encoder for each type, which takes what it can convert; PostgreSQL then refuses
little: texts that it must read itself (json, enums, tsvector), and a range that is reversed.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import operator
import re
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from decimal import Decimal
from typing import Any

from understudy.catalog.verdicts import CannotTell, NotSent, NotTaken, class_of
from understudy.pg.literals import INTEGERS, REAL_MAX, literal_refusal, order_refusal
from understudy.pg.pgtypes import PgType

_TYPES = "asyncpg.types"
_EPOCH = dt.datetime(2000, 1, 1)
_TEXTUAL = frozenset({"text", "character varying", "character", "name"})
_FARTHEST_ZONE = 16 * 3600  # seconds
_MOST_DIMENSIONS = 6
_TRIPPED = (TypeError, ValueError, ArithmeticError, AttributeError, LookupError, struct.error)


def check(kind: PgType, value: object) -> None:
    """Raise where asyncpg, or PostgreSQL after it, refuses a value for a type.

    Raises:
        NotSent, NotTaken: see `judging`.
    """
    if value is None:
        if kind.not_null:
            raise NotTaken(f"domain {kind.name} does not allow null values")
        return
    try:
        _encode(kind.bare, value)
    except (NotSent, NotTaken, CannotTell):
        raise
    # What an encoder of asyncpg would trip over, this one trips over as well.
    except _TRIPPED as error:
        raise NotSent("") from error


def _encode(kind: PgType, value: Any) -> None:
    match kind.kind:
        case "domain":
            assert kind.of is not None
            _encode(kind.of, value)
        case "enum":
            _text(value)
            _read(kind, value)
        case "array":
            assert kind.of is not None
            _array(kind.of, value)
        case "range":
            assert kind.of is not None
            _range(kind.of, value)
        case "multirange":
            assert kind.of is not None
            if not isinstance(value, Sequence):
                raise NotSent("")
            for item in value:
                _encode(kind.of, item)
        case "composite":
            _composite(kind, value)
        case _:
            encoder = _ENCODERS.get(kind.name)
            if encoder is not None:
                encoder(value)


def _composite(kind: PgType, value: Any) -> None:
    names = [name for name, _ in kind.fields]
    if isinstance(value, Mapping):
        unknown = [key for key in value if key not in names]
        if unknown:
            raise NotSent(f"{kind.name} has no field {unknown[0]!r}")
        value = [value.get(name) for name in names]
    # Its length first: a network has none, and sixteen million items.
    if len(value) > len(names):
        raise NotSent(f"{kind.name} has {len(names)} fields")
    items = list(value)
    for (_, field), item in zip(kind.fields, items, strict=False):
        if item is not None:
            _encode(field, item)
    if len(items) != len(names):
        raise NotTaken(f"wrong number of columns: {len(items)}, expected {len(names)}")


def _range(subtype: PgType, value: Any) -> None:
    if isinstance(value, list | tuple):
        if len(value) > 2:
            raise NotSent("a range has two bounds")
        # One bound is a lower one, and must be there; one of two may be None, for none.
        bounds = (*value, None)[:2]
        if len(value) == 1:
            _encode(subtype, value[0])
    elif class_of(value, _TYPES, ("Range",)):
        bounds = (value.lower, value.upper)
    else:
        raise NotSent("")
    for bound in bounds:
        if bound is not None:
            _encode(subtype, bound)
    reason = order_refusal(*bounds) if len(bounds) == 2 else None
    if reason is not None:
        raise NotTaken(reason)


def _iterable(value: object) -> bool:
    return (
        isinstance(value, Iterable)
        and isinstance(value, Sized)
        and not isinstance(value, str | bytes | bytearray | memoryview | Mapping)
    )


def _array(element: PgType, value: Any) -> None:
    if not _iterable(value):
        raise NotSent("")
    _shape(value, 1)
    for item in _leaves(value):
        if item is not None:
            _encode(element.bare, item)


def _is_row(value: object) -> bool:
    return _iterable(value) and not isinstance(value, tuple)


def _shape(value: Any, depth: int) -> None:
    if depth > _MOST_DIMENSIONS:
        raise NotSent("an array has at most 6 dimensions")
    rows = [len(item) if _is_row(item) else None for item in value]
    if len(set(rows)) > 1:
        raise NotSent("its rows are not of one length")
    for item in value:
        if _is_row(item):
            # As asyncpg does, it looks into the first alone.
            _shape(item, depth + 1)
            break


def _leaves(value: Any) -> Iterable[Any]:
    for item in value:
        if _is_row(item):
            yield from _leaves(item)
        else:
            yield item


def _read(kind: PgType, text: str) -> None:
    reason = literal_refusal(kind, text)
    if reason is not None:
        raise NotTaken(reason)


# An encoder for each type ------------------------------------------------------------------------


def _text(value: Any) -> None:
    if not isinstance(value, str):
        raise NotSent("")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise NotSent("it is not valid Unicode") from error
    if "\0" in value:
        raise NotTaken('invalid byte sequence for encoding "UTF8": 0x00')


def _read_text(name: str) -> Callable[[Any], None]:
    kind = PgType(name, "base")

    def encode(value: Any) -> None:
        _text(value)
        _read(kind, value)

    return encode


def _boolean(value: Any) -> None:
    if not isinstance(value, bool):
        raise NotSent("")


def _integer(type_name: str) -> Callable[[Any], None]:
    lowest, highest = INTEGERS[type_name]

    def encode(value: Any) -> None:
        if type(value) is not int:
            value = int(value) if hasattr(type(value), "__int__") else operator.index(value)
        if not lowest <= value <= highest:
            raise NotSent(f"{type_name} goes from {lowest} to {highest}")

    return encode


def _real(value: Any) -> None:
    (number,) = struct.unpack("!d", struct.pack("!d", value))
    if REAL_MAX <= abs(number) < float("inf"):
        raise NotSent("it is out of the range of real")


def _double(value: Any) -> None:
    struct.pack("!d", value)


def _numeric(value: Any) -> None:
    number = value if isinstance(value, Decimal) else Decimal(value)
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and not -16383 <= exponent <= 131071:
        raise NotSent("its exponent is out of the range of numeric")


def _uuid(value: Any) -> None:
    if isinstance(value, str):
        if not 32 <= len(value) <= 36 or not re.fullmatch(r"(-*[\da-fA-F]){32}-*", value):
            raise NotSent("it is no UUID")
    elif len(memoryview(value.bytes)) != 16:
        raise NotTaken("incorrect binary data format")


def _bytea(value: Any) -> None:
    memoryview(value)


def _char(value: Any) -> None:
    if memoryview(value).nbytes != 1:
        raise NotTaken("incorrect binary data format")


def _date(value: Any) -> None:
    operator.index(value.toordinal())


def _timestamp(value: Any) -> None:
    if isinstance(value, dt.datetime):
        if value.tzinfo is not None:
            raise NotSent("it is aware")
    elif not isinstance(value, dt.date):
        raise NotSent("")


def _timestamptz(value: Any) -> None:
    if not isinstance(value, dt.date):
        raise NotSent("")
    # asyncpg sends these two, where they are naive, as PostgreSQL's infinities.
    if isinstance(value, dt.datetime) and value not in (dt.datetime.max, dt.datetime.min):
        try:
            value.astimezone(dt.UTC)
        except (OverflowError, ValueError) as error:  # which of the two depends on Python's version
            raise NotSent("in UTC it is out of the range of datetime") from error


def _time(value: Any) -> None:
    for unit in (value.hour, value.minute, value.second, value.microsecond):
        operator.index(unit)


def _timetz(value: Any) -> None:
    _time(value)
    offset = value.tzinfo.utcoffset(None)
    if abs(operator.index(offset.days) * 86400 + operator.index(offset.seconds)) >= _FARTHEST_ZONE:
        raise NotTaken("time zone displacement out of range")


def _interval(value: Any) -> None:
    for unit in (value.days, value.seconds, value.microseconds):
        operator.index(unit)


def _inet(value: Any) -> None:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        ipaddress.ip_interface(value)


def _cidr(value: Any) -> None:
    # What int() is for: ipaddress warns of a bool.
    ipaddress.ip_network(int(value) if isinstance(value, bool) else value)


def _bits(value: Any) -> None:
    if not class_of(value, _TYPES, ("BitString",)):
        memoryview(value)


def _point(value: Any) -> None:
    struct.pack("!dd", value[0], value[1])


_ENCODERS: dict[str, Callable[[Any], None]] = {
    **dict.fromkeys(_TEXTUAL, _text),
    **{name: _integer(name) for name in INTEGERS},
    **{name: _read_text(name) for name in ("json", "jsonb", "money", "macaddr", "tsvector")},
    "boolean": _boolean,
    "real": _real,
    "double precision": _double,
    "numeric": _numeric,
    "uuid": _uuid,
    "bytea": _bytea,
    '"char"': _char,
    "date": _date,
    "timestamp without time zone": _timestamp,
    "timestamp with time zone": _timestamptz,
    "time without time zone": _time,
    "time with time zone": _timetz,
    "interval": _interval,
    "inet": _inet,
    "cidr": _cidr,
    "bit varying": _bits,
    "point": _point,
}
