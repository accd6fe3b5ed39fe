"""Which values psqlpy sends for a type, and as which bytes: measured on psqlpy 0.13.

psqlpy looks at the parameter's type for the types that it knows, at the value's class for the
others, and tells PostgreSQL of neither. So for a type that it does not know (numeric, uuid, an
enum, a domain) the bytes of the value's own type arrive, and PostgreSQL reads them as it can.
"""

from __future__ import annotations

import datetime as dt
import operator
import struct
import uuid
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from understudy.catalog import psqlpy_wire as wire
from understudy.catalog.psqlpy_wire import CannotTell, Killed, NotSent, NotTaken, class_of
from understudy.pg.codecs.numbers import INTEGERS
from understudy.pg.types import Type, Types

_ANY = Type(0, "any", -1, "pseudo")
_HEAP_TYPE = 1 << 9  # of the flags of a class: made by a class statement, or as if
# Its classes for arrays, each with the only type that it is for.
_ARRAY_WRAPPERS = {
    "BoolArray": "boolean",
    "UUIDArray": "uuid",
    "VarCharArray": "character varying",
    "TextArray": "text",
    "Int16Array": "smallint",
    "Int32Array": "integer",
    "Int64Array": "bigint",
    "Float32Array": "real",
    "Float64Array": "double precision",
    "MoneyArray": "money",
    "IpAddressArray": "inet",
    "JSONBArray": "jsonb",
    "JSONArray": "json",
    "DateArray": "date",
    "TimeArray": "time without time zone",
    "DateTimeArray": "timestamp without time zone",
    "DateTimeTZArray": "timestamp with time zone",
    "MacAddr6Array": "macaddr",
    "MacAddr8Array": "macaddr8",
    "NumericArray": "numeric",
    "PointArray": "point",
    "BoxArray": "box",
    "PathArray": "path",
    "LineArray": "line",
    "LsegArray": "lseg",
    "CircleArray": "circle",
    "IntervalArray": "interval",
}
# Its classes for single values, by the type for which it knows them.
_WRAPPERS = {
    "text": "Text",
    "character varying": "VarChar",
    "smallint": "SmallInt",
    "integer": "Integer",
    "bigint": "BigInt",
    "money": "Money",
    "real": "Float32",
    "double precision": "Float64",
    "json": "JSON",
    "jsonb": "JSONB",
    "macaddr": "MacAddr6",
    "point": "Point",
}
_OPAQUE = frozenset({*_ARRAY_WRAPPERS, "CustomType"})
_TEXTS = frozenset({"character", "name"})


def sent_bytes(types: Types, kind: Type, value: Any) -> bytes | None:
    """Return what psqlpy sends for a value of a parameter's type.

    Args:
        types: the types of the schema.
        kind: the parameter's type.
        value: the parameter; not None.

    Returns:
        The bytes; None if the value was checked when it was made, and PostgreSQL accepts it.

    Raises:
        NotSent: psqlpy raises instead.
        Killed: psqlpy panics.
        NotTaken: PostgreSQL refuses what is sent.
        CannotTell: the value hides what it holds.
    """
    if class_of(value, wire.EXTRA_TYPES, ("CustomType",)):
        raise CannotTell("what a CustomType holds")
    array_wrapper = class_of(value, wire.EXTRA_TYPES, _ARRAY_WRAPPERS)
    if array_wrapper is not None:
        _check_array_wrapper(types, kind, array_wrapper)
        return None
    wrapper = _WRAPPERS.get(kind.name)
    if wrapper is not None and class_of(value, wire.EXTRA_TYPES, (wrapper,)):
        return None
    if kind.name in _TEXTS and class_of(value, wire.EXTRA_TYPES, {"Text", "VarChar"}):
        return None
    if isinstance(value, list | tuple) and kind.name not in ("json", "jsonb"):
        return _array(types, kind, value)
    return _scalar(kind, value)


def _scalar(kind: Type, value: Any) -> bytes:
    if type(value) is uuid.UUID:
        return value.bytes
    if type(value) is Decimal:
        return wire.decimal_bytes(value)
    known = _BY_TYPE.get(kind.name)
    return wire.class_bytes(value) if known is None else known(value)


def _element(kind: Type, value: Any) -> bytes | None:
    if value is None:
        return None
    if class_of(value, wire.EXTRA_TYPES, _OPAQUE):
        raise CannotTell(f"what a {type(value).__name__} holds")
    wrapper = _WRAPPERS.get(kind.name)
    if wrapper in ("Text", "VarChar", "Point", "MacAddr6"):
        if class_of(value, wire.EXTRA_TYPES, (wrapper,)):
            raise CannotTell(f"what a {wrapper} holds")
    elif wrapper is not None and class_of(value, wire.EXTRA_TYPES, (wrapper,)):
        return wire.class_bytes(value, jsonb=kind.name == "jsonb")
    # It knows bytea, but not as an element.
    return _scalar(_ANY if kind.name == "bytea" else kind, value)


def _array(types: Types, kind: Type, value: Sequence[Any]) -> bytes:
    element = _element_type(types, kind) or _ANY
    flat = [_element(element, item) for item in _flattened(value)]
    sizes = _sizes(value)
    # It trusts the first row to be like the others, and counts.
    count = 1
    for size in sizes:
        count *= size
    if count != len(flat):
        raise NotSent("its rows are not of one length")
    if kind.kind != "array":
        raise Killed("")
    data = struct.pack("!iiI", len(sizes), 1, element.oid)
    data += b"".join(struct.pack("!ii", size, 1) for size in sizes)
    for item in flat:
        data += struct.pack("!i", -1) if item is None else struct.pack("!i", len(item)) + item
    return data


def _element_type(types: Types, kind: Type) -> Type | None:
    return types.named(kind.of) if kind.kind == "array" and kind.of is not None else None


def _is_row(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _flattened(value: Sequence[Any]) -> list[Any]:
    flat: list[Any] = []
    for item in value:
        flat.extend(_flattened(item) if _is_row(item) else [item])
    return flat


def _sizes(value: Sequence[Any]) -> list[int]:
    sizes = [len(value)]
    while len(value) and _is_row(value[0]):
        value = value[0]
        sizes.append(len(value))
    return sizes


def _check_array_wrapper(types: Types, kind: Type, wrapper: str) -> None:
    if wrapper == "Float32Array":
        raise Killed("")
    if kind.name == f"{_ARRAY_WRAPPERS[wrapper]}[]" or kind.name == "bytea":
        return
    element = _element_type(types, kind)
    if element is not None and element.kind != "base":
        raise CannotTell(f"what a {wrapper} holds")
    raise NotTaken("the array's elements are of another type")


# For the types that psqlpy knows -----------------------------------------------------------------


def _text(value: Any) -> bytes:
    if not isinstance(value, str):
        raise NotSent("")
    return wire.text_bytes(value)


def _boolean(value: Any) -> bytes:
    if not isinstance(value, bool) and not class_of(value, "numpy", ("bool_", "bool")):
        raise NotSent("")
    return b"\1"


def _integer(type_name: str, layout: str) -> Callable[[Any], bytes]:
    lowest, highest = INTEGERS.get(type_name, INTEGERS["bigint"])

    def encode(value: Any) -> bytes:
        try:
            number = operator.index(value)
        except TypeError as error:
            raise NotSent("") from error
        return struct.pack(layout, wire.ranged(number, type_name, lowest, highest))

    return encode


def _float(size: int) -> Callable[[Any], bytes]:
    def encode(value: Any) -> bytes:
        try:
            struct.pack("!d", value)
        except (struct.error, OverflowError) as error:
            raise NotSent("") from error
        return bytes(size)  # every float is one to PostgreSQL

    return encode


def _bytes(value: Any) -> bytes:
    if isinstance(value, bytes | bytearray):
        return bytes(value)
    kind = type(value)
    indexed = isinstance(value, Sequence) or (
        kind.__flags__ & _HEAP_TYPE and any("__getitem__" in vars(base) for base in kind.__mro__)
    )
    if not indexed or isinstance(value, str | dict):
        raise NotSent("")
    try:
        return bytes(operator.index(item) for item in value)
    except (TypeError, ValueError) as error:
        raise NotSent("") from error


def _instance(kind: type) -> Callable[[Any], bytes]:
    def encode(value: Any) -> bytes:
        if not isinstance(value, kind):
            raise NotSent("")
        if kind is dt.date and isinstance(value, dt.datetime):
            value = value.date()
        return wire.class_bytes(value)

    return encode


def _json(value: Any, *, jsonb: bool = False) -> bytes:
    if not isinstance(value, dict | list | tuple):
        raise NotSent("")
    return wire.document_bytes(value, jsonb=jsonb)


def _wrapper_only(_value: Any) -> bytes:
    raise NotSent("")


_BY_TYPE: dict[str, Callable[[Any], bytes]] = {
    "bytea": _bytes,
    "text": _text,
    "character varying": _text,
    "boolean": _boolean,
    "smallint": _integer("smallint", "!h"),
    "integer": _integer("integer", "!i"),
    "bigint": _integer("bigint", "!q"),
    "money": _integer("money", "!q"),
    "real": _float(4),
    "double precision": _float(8),
    "inet": wire.ip_bytes,
    "date": _instance(dt.date),
    "time without time zone": _instance(dt.time),
    "timestamp without time zone": _instance(dt.datetime),
    "timestamp with time zone": _instance(dt.datetime),
    "interval": _instance(dt.timedelta),
    "json": _json,
    "jsonb": partial(_json, jsonb=True),
    "macaddr": _wrapper_only,
    "point": _wrapper_only,
}
