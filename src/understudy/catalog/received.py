"""Which bytes PostgreSQL reads as a value of a type, in its binary format.

psqlpy sends some values in the format of another type than the parameter's. Whether PostgreSQL
notices depends on the bytes alone: four of a text are a fine integer.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from understudy.pg.literals import json_refusal
from understudy.pg.pgtypes import BASE_TYPES, PgType

FIRST_USER_TYPE = 16384  # numbers of types from here on are given out by CREATE TYPE
_SHORT = "insufficient data left in message"
_LONG = "incorrect binary data format"
_SIZES = {
    "boolean": 1,
    '"char"': 1,
    "smallint": 2,
    "integer": 4,
    "bigint": 8,
    "oid": 4,
    "real": 4,
    "double precision": 8,
    "money": 8,
    "date": 4,
    "time without time zone": 8,
    "time with time zone": 12,
    "timestamp without time zone": 8,
    "timestamp with time zone": 8,
    "interval": 16,
    "uuid": 16,
    "macaddr": 6,
    "point": 16,
}
_DAY = 86_400_000_000


class _Bytes:
    """Bytes that are read from the front."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def take(self, size: int) -> bytes:
        if size < 0 or size > len(self.data):
            raise ValueError(_SHORT)
        taken, self.data = self.data[:size], self.data[size:]
        return taken

    def number(self, layout: str) -> int:
        (number,) = struct.unpack(layout, self.take(struct.calcsize(layout)))
        return int(number)


def received_refusal(kind: PgType, data: bytes) -> str | None:
    """Return what PostgreSQL says of bytes sent for a type; None where it takes them."""
    rest = _Bytes(data)
    try:
        _receive(kind, rest)
    except ValueError as error:
        return str(error)
    return _LONG if rest.data else None


def number_of(kind: PgType) -> int:
    """Return a type's number in pg_type; a made-up one for a type of the user's."""
    return BASE_TYPES.get(kind.name, FIRST_USER_TYPE)


def _receive(kind: PgType, rest: _Bytes) -> None:
    match kind.kind:
        case "domain":
            assert kind.of is not None
            _receive(kind.of, rest)
        case "enum":
            if _text(rest.take(len(rest.data))) not in kind.labels:
                raise ValueError(f"invalid input value for enum {kind.name}")
        case "array":
            assert kind.of is not None
            _array(kind.of, rest)
        case "range":
            assert kind.of is not None
            _range(kind.of, rest)
        case "multirange":
            assert kind.of is not None
            for _ in range(_counted(rest)):
                _item(kind.of, rest)
        case "composite":
            raise ValueError("wrong number of columns")
        case _ if kind.name in _SIZES:
            _fixed(kind.name, rest.take(_SIZES[kind.name]))
        case _:
            _OTHERS.get(kind.name, _any_text)(rest)


def _counted(rest: _Bytes) -> int:
    count = rest.number("!i")
    if count < 0:
        raise ValueError(_LONG)
    return count


def _item(kind: PgType, rest: _Bytes) -> None:
    size = rest.number("!i")
    if size != -1:
        inner = _Bytes(rest.take(size))
        _receive(kind, inner)
        if inner.data:
            raise ValueError("improper binary format in array element")


def _array(element: PgType, rest: _Bytes) -> None:
    dimensions = rest.number("!i")
    if not 0 <= dimensions <= 6:
        raise ValueError(f"number of array dimensions ({dimensions}) is invalid")
    if rest.number("!i") not in (0, 1):
        raise ValueError("invalid array flags")
    sent, wanted = rest.number("!I"), number_of(element)
    if sent != wanted and max(sent, wanted) < FIRST_USER_TYPE:
        raise ValueError(f"the array's elements are not of the type {element.name}")
    items = 1 if dimensions else 0
    for _ in range(dimensions):
        items *= rest.number("!i")
        rest.take(4)
    for _ in range(items):
        _item(element, rest)


def _range(subtype: PgType, rest: _Bytes) -> None:
    flags = rest.number("!B")
    if flags & 1:  # empty
        return
    for infinite in (8, 16):
        if not flags & infinite:
            _item(subtype, rest)


def _fixed(name: str, data: bytes) -> None:
    if name.startswith("time ") and not 0 <= struct.unpack("!q", data[:8])[0] <= _DAY:
        raise ValueError("time out of range")


def _text(data: bytes) -> str:
    text = data.decode("utf-8", errors="surrogateescape")
    for character in text:
        if character == "\0" or "\ud800" <= character <= "\udfff":
            raise ValueError('invalid byte sequence for encoding "UTF8"')
    return text


def _any_text(rest: _Bytes) -> None:
    _text(rest.take(len(rest.data)))


def _anything(rest: _Bytes) -> None:
    rest.take(len(rest.data))


def _name(rest: _Bytes) -> None:
    if len(rest.data) > 63:
        raise ValueError("identifier too long")
    _any_text(rest)


def _json(rest: _Bytes) -> None:
    _read_json("json", rest)


def _jsonb(rest: _Bytes) -> None:
    if rest.number("!B") != 1:
        raise ValueError("unsupported jsonb version number")
    _read_json("jsonb", rest)


def _read_json(name: str, rest: _Bytes) -> None:
    reason = json_refusal(name, _text(rest.take(len(rest.data))))
    if reason is not None:
        raise ValueError(reason)


def _numeric(rest: _Bytes) -> None:
    count, _weight, sign, scale = (rest.number(each) for each in ("!H", "!h", "!H", "!H"))
    if sign not in (0, 0x4000, 0xC000, 0xD000, 0xF000):
        raise ValueError('invalid sign in external "numeric" value')
    if scale > 0x3FFF:
        raise ValueError('invalid scale in external "numeric" value')
    for _ in range(count):
        if not 0 <= rest.number("!h") < 10_000:
            raise ValueError('invalid digit in external "numeric" value')


def _network(rest: _Bytes) -> None:
    family, bits, _, size = (rest.number("!B") for _ in range(4))
    expected = {2: 4, 3: 16}.get(family)
    if expected is None:
        raise ValueError("invalid address family in external value")
    if size != expected or bits > 8 * size:
        raise ValueError("invalid length or bits in external value")
    rest.take(size)


def _bits(rest: _Bytes) -> None:
    rest.take((_counted(rest) + 7) // 8)


def _lexemes(rest: _Bytes) -> None:
    if rest.number("!i") != 0:
        raise ValueError("invalid size of tsvector")


_OTHERS: dict[str, Callable[[_Bytes], None]] = {
    "bytea": _anything,
    "name": _name,
    "json": _json,
    "jsonb": _jsonb,
    "numeric": _numeric,
    "inet": _network,
    "cidr": _network,
    "bit varying": _bits,
    "tsvector": _lexemes,
}
