"""The wording of what is wrong with parameters, with the advice what to pass instead."""

from __future__ import annotations

import datetime as dt
import ipaddress
import sys
import uuid
from decimal import Decimal
from enum import Enum

from understudy.pg.types import Type, Types
from understudy.script.formatting import shown

Advice = tuple[str, tuple[type, ...]]
_ADDRESSES = "ipaddress.IPv4Address or IPv6Address"
# What to pass for a type, and the classes that need no such advice.
_ADVICE: dict[str, Advice] = {
    **dict.fromkeys(("smallint", "integer", "bigint"), ("int", (int,))),
    **dict.fromkeys(("text", "character varying", "character", "name"), ("str", (str,))),
    **dict.fromkeys(("real", "double precision"), ("float", (float,))),
    **dict.fromkeys(("json", "jsonb"), ("dict or list", (dict, list, tuple))),
    "numeric": ("decimal.Decimal", (Decimal,)),
    "boolean": ("bool", (bool,)),
    "uuid": ("uuid.UUID", (uuid.UUID,)),
    "date": ("datetime.date", (dt.date,)),
    "time without time zone": ("datetime.time", (dt.time,)),
    "timestamp without time zone": ("a naive datetime.datetime", (dt.datetime,)),
    "timestamp with time zone": ("an aware datetime.datetime", (dt.datetime,)),
    "interval": ("datetime.timedelta", (dt.timedelta,)),
    "bytea": ("bytes", (bytes, bytearray)),
    "inet": (_ADDRESSES, (ipaddress.IPv4Address, ipaddress.IPv6Address)),
    "cidr": (_ADDRESSES, ()),
    "macaddr": ("psqlpy.extra_types.MacAddr6", ()),
    "money": ("int, the number of cents", (int,)),
    "point": ("psqlpy.extra_types.Point", ()),
}
# A domain hides the type below from psqlpy, which then sends an int as four bytes.
_DOMAINS = {
    "smallint": "psqlpy.extra_types.SmallInt(...)",
    "bigint": "psqlpy.extra_types.BigInt(...)",
    "real": "psqlpy.extra_types.Float32(...)",
}
_CONTAINERS = (list, tuple, set, frozenset)


def class_name(value: object, *, mark_enum: bool = False) -> str:
    """Return the name of a value's class, with its module if that is Python's own."""
    kind = type(value)
    package = kind.__module__.partition(".")[0]
    if kind.__module__ == "builtins" and not hasattr(sys.modules["builtins"], kind.__name__):
        # psqlpy's classes say that they are built in.
        return f"psqlpy.extra_types.{kind.__name__}"
    plain = kind.__module__ == "builtins" or package not in sys.stdlib_module_names
    name = kind.__qualname__ if plain else f"{kind.__module__}.{kind.__qualname__}"
    return f"{name} (an Enum)" if mark_enum and isinstance(value, Enum) else name


def not_sent(types: Types, kind: Type, value: object, detail: str) -> str:
    """Say that psqlpy raises instead of sending a value."""
    instead, classes = _advice(types, kind)
    is_right = isinstance(value, classes)
    if kind.kind == "array" and isinstance(value, _CONTAINERS) and not detail:
        detail, is_right = "an item does not fit", False
    if not detail:
        return f"psqlpy sends no {class_name(value, mark_enum=True)} for {kind.name}" + _pass(
            kind, instead
        )
    advice = f"; pass {instead}" if instead and not is_right else ""
    return f"psqlpy cannot send {shown(value)} for {kind.name}: {detail}{advice}"


def not_taken(types: Types, kind: Type, value: object, said: str) -> str:
    """Say that PostgreSQL refuses what psqlpy sends for a value."""
    instead, classes = _advice(types, kind)
    if value is None:
        return f"PostgreSQL refuses None for {kind.name}: {said}"
    if isinstance(value, classes) and not (isinstance(value, bool) and bool not in classes):
        advice = f"; pass {instead}" if kind.kind == "enum" else ""
        return f"PostgreSQL refuses {shown(value)} for {kind.name}: {said}{advice}"
    name = class_name(value, mark_enum=True)
    return (
        f"PostgreSQL refuses the {name} that psqlpy sends for {kind.name} ({said})"
        f"{_pass(kind, instead)}"
    )


def killed(types: Types, kind: Type, value: object) -> str:
    """Say that psqlpy panics, and what is lost."""
    instead, _ = _advice(types, kind)
    return (
        f"psqlpy panics on a {class_name(value, mark_enum=True)} for {kind.name}: no `except "
        "Exception` catches that, and the connection is lost"
        + (f"; pass {instead}" if instead else "")
    )


def cannot_tell(what: str) -> str:
    """Say why a value was not judged."""
    return f"not judged, as this depends on what is not known here: {what}"


def _advice(types: Types, kind: Type) -> Advice:
    of = None if kind.of is None else types.named(kind.of)
    match kind.kind:
        case "enum":
            return f"one of {', '.join(map(repr, kind.labels))}", (str,)
        case "array" if of is not None:
            inner = _advice(types, of)[0].removeprefix("a ").removeprefix("an ")
            return f"a list of {inner}" if inner else "", (list,)
        case "domain" if of is not None:
            return (_DOMAINS[of.name], ()) if of.name in _DOMAINS else _advice(types, of)
        case "composite":
            return "", (tuple,)
    return _ADVICE.get(kind.name, ("", ()))


def _pass(kind: Type, instead: str) -> str:
    if instead:
        return f": pass {instead}"
    return f"; nothing that it sends fits, so pass str and write $1::text::{kind.name}"
