"""What each driver gives for each type: measured by decoding; see `tests/conformance`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any

from understudy.catalog import decoding
from understudy.catalog import value_messages as messages
from understudy.catalog.decoding import Decoded, exactly, integer, is_a
from understudy.catalog.verdicts import class_of
from understudy.pg.pgtypes import PgType

_ANYTHING = Decoded("anything", lambda _value: None)
# What psqlpy holds in a numeric: 96 bits and 28 decimals.
_LARGEST_DECIMAL = 2**96 - 1


def _rust_decimal(value: Any) -> str | None:
    if decoding.NUMERIC.check(value) is not None:
        return ""
    if not value.is_finite() or abs(value) > _LARGEST_DECIMAL:
        return "it cannot decode NaN, infinity, or more than 28 digits"
    return None


def _of(module: str, name: str) -> Decoded:
    return Decoded(
        f"{module.partition('.')[0]}.{name}" if module == "asyncpg.types" else f"{module}.{name}",
        lambda value: None if class_of(value, module, (name,)) else "",
    )


def _floats(value: Any) -> str | None:
    fine = type(value) is tuple and len(value) == 2 and all(is_a(each, float) for each in value)
    return None if fine else ""


_PSQLPY: dict[str, Decoded | None] = {
    **decoding.COMMON,
    "numeric": Decoded("decimal.Decimal", _rust_decimal),
    "oid": integer(-(2**31), 2**31 - 1),  # it reads the unsigned number as a signed one
    "money": Decoded("int, the number of cents", integer(-(2**63), 2**63 - 1).check),
    "uuid": Decoded("str, the UUID's spelling", decoding.uuid_text),
    "json": decoding.DOCUMENT,
    "jsonb": decoding.DOCUMENT,
    "inet": decoding.ADDRESS,
    "point": Decoded("a tuple of two floats", _floats),
    '"char"': exactly("str", str),
    # It raises for these.
    "character": None,
    "cidr": None,
    "time with time zone": None,
    "bit varying": None,
    "tsvector": None,
}
_PSQLPY_NO_ARRAYS = frozenset({"name", "bytea", "macaddr"})

_ASYNCPG: dict[str, Decoded | None] = {
    **decoding.COMMON,
    "character": decoding.TEXT,
    '"char"': exactly("bytes", bytes),
    "money": decoding.TEXT,
    "uuid": decoding.UUID,
    "json": decoding.JSON_TEXT,
    "jsonb": decoding.JSON_TEXT,
    "inet": decoding.INTERFACE,
    "cidr": decoding.NETWORK,
    "time with time zone": decoding.AWARE_TIME,
    "bit varying": _of("asyncpg.types", "BitString"),
    "point": _of("asyncpg.types", "Point"),
    "tsvector": decoding.TEXT,
}

_PSYCOPG: dict[str, Decoded | None] = {
    **decoding.COMMON,
    "character": decoding.TEXT,
    '"char"': decoding.TEXT,
    "money": decoding.TEXT,
    "uuid": decoding.UUID,
    "json": decoding.DOCUMENT,
    "jsonb": decoding.DOCUMENT,
    "inet": decoding.INTERFACE,
    "cidr": decoding.NETWORK,
    "time with time zone": decoding.AWARE_TIME,
    "bit varying": decoding.TEXT,
    "point": decoding.TEXT,
    "tsvector": decoding.TEXT,
}

_BASE = {"psqlpy": _PSQLPY, "asyncpg": _ASYNCPG, "psycopg": _PSYCOPG}


def decoded(driver: str, kind: PgType) -> Decoded | None:
    """Return what a driver gives for a type; None where it cannot decode it at all."""
    match kind.kind:
        case "base":
            return _BASE[driver][kind.name]
        case "domain" if kind.of is not None:
            # PostgreSQL announces a column by the type below the domain.
            return decoded(driver, kind.of)
        case "enum":
            return _enum(driver, kind)
        case "array" if kind.of is not None:
            return _array(driver, kind.of)
        case "range" if kind.of is not None:
            return _range(driver, kind.of)
        case "multirange" if kind.of is not None:
            return _multirange(driver, kind.of)
        case "composite":
            return _composite(driver, kind)
        case _:
            return _ANYTHING


def _enum(driver: str, kind: PgType) -> Decoded:
    def check(value: Any) -> str | None:
        if decoding.TEXT.check(value) is not None:
            # register_enum() of psycopg makes its connections give members.
            return None if driver == "psycopg" and _is_member(value) else ""
        return None if value in kind.labels else messages.no_label(kind.labels)

    return Decoded("str", check)


def _is_member(value: object) -> bool:
    return is_a(value, Enum)


def _array(driver: str, element: PgType) -> Decoded | None:
    plain = element.kind == "base"
    if driver == "psqlpy" and (not plain or element.name in _PSQLPY_NO_ARRAYS):
        return None
    inner = decoded(driver, element)
    if inner is None:
        return None
    # psycopg knows the arrays of types that were registered with it, and gives others as text.
    as_text = driver == "psycopg" and element.kind in ("enum", "domain", "composite")

    def check(value: Any) -> str | None:
        if as_text and decoding.TEXT.check(value) is None:
            return None
        if not is_a(value, list):
            return ""
        return _items(driver, inner, value)

    return Decoded("str" if as_text else f"list of {inner.name}", check)


def _items(driver: str, inner: Decoded, value: list[Any]) -> str | None:
    # A list inside may be a row of the array, or, in an array of JSON, a document.
    rows = [is_a(item, list) and inner.check(item) is not None for item in value]
    if len({len(item) if row else None for item, row in zip(value, rows, strict=True)}) > 1:
        return "the rows of an array are of one length"
    for item, row in zip(value, rows, strict=True):
        if row:
            reason = _items(driver, inner, item)
        elif item is None:
            reason = "it cannot decode NULL in an array" if driver == "psqlpy" else None
        else:
            reason = inner.check(item)
            if reason == "":
                reason = f"it answers a list of {inner.name}"
        if reason is not None:
            return reason
    return None


def _bounds(driver: str, subtype: PgType, name: str, module: str) -> Decoded:
    inner = decoded(driver, subtype)
    assert inner is not None

    def check(value: Any) -> str | None:
        if not class_of(value, module, ("Range",)):
            return ""
        return _bad(inner, (value.lower, value.upper), f"its bounds are {inner.name}")

    return Decoded(name, check)


def _bad(inner: Decoded, values: Iterable[Any], otherwise: str) -> str | None:
    for value in values:
        reason = None if value is None else inner.check(value)
        if reason is not None:
            return reason or otherwise
    return None


def _range(driver: str, subtype: PgType) -> Decoded | None:
    if driver == "psqlpy":
        return None
    if driver == "asyncpg":
        return _bounds(driver, subtype, "asyncpg.Range", "asyncpg.types")
    return _bounds(driver, subtype, "psycopg.types.range.Range", "psycopg.types.range")


def _multirange(driver: str, kind: PgType) -> Decoded | None:
    if driver == "psqlpy":
        return None
    if driver == "psycopg":
        return _of("psycopg.types.multirange", "Multirange")
    inner = decoded(driver, kind)
    assert inner is not None

    def check(value: Any) -> str | None:
        return _bad(inner, value, f"it answers a list of {inner.name}") if is_a(value, list) else ""

    return Decoded(f"list of {inner.name}", check)


def _composite(driver: str, kind: PgType) -> Decoded | None:
    checks = _COMPOSITES[driver]
    inner = {name: decoded(driver, field) for name, field in kind.fields}
    if driver == "psqlpy" and None in inner.values():
        return None
    return Decoded(checks[0], lambda value: checks[1](inner, value))


def _fields(inner: dict[str, Decoded | None], value: Any) -> str | None:
    if list(value) != list(inner):
        return f"its fields are {', '.join(inner)}"
    for name, item in value.items():
        decoder = inner[name]
        reason = None if item is None or decoder is None else decoder.check(item)
        if reason is not None:
            assert decoder is not None
            return reason or f"its field {name} is {decoder.name}"
    return None


def _dict(inner: dict[str, Decoded | None], value: Any) -> str | None:
    return _fields(inner, value) if is_a(value, dict) else ""


def _record(inner: dict[str, Decoded | None], value: Any) -> str | None:
    # A Record cannot be made without asyncpg's private parts: a dict or a tuple may stand for it.
    if class_of(value, "asyncpg", ("Record",)) or is_a(value, dict):
        return _fields(inner, dict(value.items()))
    if is_a(value, tuple):
        if len(value) != len(inner):
            return f"its fields are {', '.join(inner)}"
        return _fields(inner, dict(zip(inner, value, strict=True)))
    return ""


def _text_or_tuple(_inner: dict[str, Decoded | None], value: Any) -> str | None:
    # register_composite() of psycopg makes its connections give a tuple, or what it is told.
    return None if is_a(value, tuple) or decoding.TEXT.check(value) is None else ""


_COMPOSITES: dict[str, tuple[str, Callable[[dict[str, Decoded | None], Any], str | None]]] = {
    "psqlpy": ("dict", _dict),
    "asyncpg": ("asyncpg.Record", _record),
    "psycopg": ("str, or a tuple where the type is registered", _text_or_tuple),
}
