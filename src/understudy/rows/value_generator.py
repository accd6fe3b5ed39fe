"""Random values by type, as texts that PostgreSQL can read."""

from __future__ import annotations

import string
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

from understudy.catalog.schema_reader import DatabaseType
from understudy.rows.alternatives import listed_values
from understudy.rows.errors import NoValue
from understudy.rows.report import keyword
from understudy.rows.table_facts import Column, Schema, Table

_FIRST_DAY = date(2025, 1, 1)
_DAYS = 365
_LARGEST = 9_999
_VARIABLE_HEADER = 4  # bytes that a typmod counts in addition to the length
_TEXTS = {"text", "varchar", "bpchar", "citext", "name"}
# The bounds of a range of these types are sorted.
_ORDERED = {"int2", "int4", "int8", "numeric", "date", "timestamp", "timestamptz"}


class _UnknownType(Exception):
    pass


class ValueGenerator:
    """Generates values, the same ones for the same seed.

    Args:
        schema: the schema of the database.
        random: the source of random values.
        hint: returns a text that the name of a column suggests, or None.
    """

    def __init__(self, schema: Schema, random: Random, hint: Callable[[str], str | None]) -> None:
        self._schema = schema
        self.random = random
        self._hint = hint

    def for_column(self, table: Table, column: Column) -> str:
        """Return a value for a column, as text.

        Raises:
            NoValue: there is no generator for its type.
        """
        try:
            return self._of_type(column.type, column.typmod, column.name)
        except _UnknownType as unknown:
            kind = column.type.sql_name
            of = "" if kind == str(unknown) else f" (of {unknown})"
            raise NoValue(
                f"{table.name}.{column.name} needs a value, and Understudy cannot generate one for "
                f"the type {kind}{of}.\n"
                f"Pass it: insert({table.name!r}, {keyword(column.name)})"
            ) from None

    def _of_type(self, kind: DatabaseType, typmod: int, name: str) -> str:
        match kind.kind:
            case "enum" if kind.labels:
                return self.random.choice(kind.labels)
            case "domain":
                checks = self._schema.domain_checks.get(kind.oid, ())
                values = listed_values([check.definition for check in checks])
                if values:
                    return self.random.choice(values)
                return self._inner(kind, kind.typmod, name)
            case "composite":
                types = self._schema.types
                fields = [self._of_type(types[oid], mod, field) for field, oid, mod in kind.fields]
                return f"({','.join(map(_quoted, fields))})"
            case "array":
                return in_array(self._inner(kind, typmod, name))
            case "range":
                return self._range(self._schema.types[kind.inner], name)
            case "multirange":
                return f"{{{self._inner(kind, -1, name)}}}"
        return str(self._base(kind, typmod, name))

    def _inner(self, kind: DatabaseType, typmod: int, name: str) -> str:
        return self._of_type(self._schema.types[kind.inner], typmod, name)

    def _range(self, inner: DatabaseType, name: str) -> str:
        if inner.name not in _ORDERED:
            only = _quoted(self._of_type(inner, -1, name))
            return f"[{only},{only}]"
        low, high = sorted(self._base(inner, -1, name) for _ in range(2))
        return f'["{low}","{high}"]'

    def _base(self, kind: DatabaseType, typmod: int, name: str) -> Any:
        if kind.name in _TEXTS:
            return self._text(name, typmod - _VARIABLE_HEADER if typmod > 0 else None)
        if kind.name == "numeric" and typmod > 0:
            return _numeric(self.random, typmod - _VARIABLE_HEADER)
        if kind.name in ("bit", "varbit"):
            return "".join(self.random.choices("01", k=max(typmod, 1)))
        make = GENERATORS.get(kind.name)
        if make is None:
            raise _UnknownType(kind.sql_name)
        return make(self.random)

    def _text(self, name: str, longest: int | None) -> str:
        for text in (self._hint(name), f"{name} {self.random.randint(1, _LARGEST)}"):
            if text is not None and (longest is None or len(text) <= longest):
                return text
        return "".join(self.random.choices(string.ascii_lowercase, k=longest or 1))


def in_array(text: str) -> str:
    """Return the text of an array with one element."""
    return f"{{{_quoted(text)}}}"


def _quoted(text: str) -> str:
    """Quote an element of an array, a field of a composite or a bound of a range."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _numeric(random: Random, typmod: int) -> Decimal:
    """Return a number of the typmod's precision and scale; the scale may be negative."""
    precision, scale = typmod >> 16, ((typmod & 0x7FF) ^ 0x400) - 0x400
    largest = min(10**precision - 1, _LARGEST * 10 ** max(scale, 0))
    return Decimal(random.randint(1, largest)).scaleb(-scale)


def _timestamp(random: Random) -> datetime:
    return datetime.combine(_FIRST_DAY, time()) + timedelta(minutes=random.randrange(_DAYS * 1440))


def _point(random: Random) -> str:
    return f"({random.randint(0, 99)},{random.randint(0, 99)})"


def _address(random: Random) -> str:
    return f"10.{random.randrange(256)}.{random.randrange(256)}.{random.randint(1, 254)}"


def _hex(random: Random, digits: int) -> str:
    return f"{random.getrandbits(digits * 4):0{digits}x}"


def _word(random: Random) -> str:
    return "".join(random.choices(string.ascii_lowercase, k=8))


GENERATORS: dict[str, Callable[[Random], object]] = {
    "bool": lambda random: random.choice(("true", "false")),
    "int2": lambda random: random.randint(1, _LARGEST),
    "int4": lambda random: random.randint(1, _LARGEST),
    "int8": lambda random: random.randint(1, _LARGEST),
    "oid": lambda random: random.randint(1, _LARGEST),
    "xid": lambda random: random.randint(1, _LARGEST),
    "float4": lambda random: random.randint(1, _LARGEST) / 4,
    "float8": lambda random: random.randint(1, _LARGEST) / 4,
    "numeric": lambda random: Decimal(random.randint(1, _LARGEST * 100)).scaleb(-2),
    "money": lambda random: random.randint(1, _LARGEST),
    "char": lambda random: random.choice(string.ascii_letters),
    "bytea": lambda random: f"\\x{_hex(random, 16)}",
    "uuid": lambda random: UUID(int=random.getrandbits(128), version=4),
    "date": lambda random: _FIRST_DAY + timedelta(days=random.randrange(_DAYS)),
    "time": lambda random: _timestamp(random).time(),
    "timetz": lambda random: f"{_timestamp(random).time()}+00",
    "timestamp": _timestamp,
    "timestamptz": lambda random: _timestamp(random).replace(tzinfo=UTC),
    "interval": lambda random: f"{random.randint(1, 1440)} minutes",
    "json": lambda _: "{}",
    "jsonb": lambda _: "{}",
    "jsonpath": lambda _: "$",
    "inet": _address,
    "cidr": _address,
    "macaddr": lambda random: _hex(random, 12),
    "macaddr8": lambda random: _hex(random, 16),
    "point": _point,
    "line": lambda random: f"{{1,{random.randint(1, 99)},{random.randint(1, 99)}}}",
    "lseg": lambda random: f"[{_point(random)},{_point(random)}]",
    "box": lambda random: f"{_point(random)},{_point(random)}",
    "path": lambda random: f"[{_point(random)},{_point(random)}]",
    "polygon": lambda random: f"({_point(random)},{_point(random)},{_point(random)})",
    "circle": lambda random: f"<{_point(random)},{random.randint(1, 99)}>",
    "tsvector": _word,
    "tsquery": _word,
}
