"""Random values by type, as texts that PostgreSQL can read."""

from __future__ import annotations

import string
from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

from understudy.catalog.schema_reader import DatabaseType
from understudy.pg.sample_values import GENERATORS, LARGEST, quoted
from understudy.rows.alternatives import listed_values
from understudy.rows.errors import NoValue
from understudy.rows.names import keyword
from understudy.rows.table_facts import Column, Schema, Table

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
                return f"({','.join(map(quoted, fields))})"
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
            only = quoted(self._of_type(inner, -1, name))
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
        make = GENERATORS.get(kind.sql_name)
        if make is None:
            raise _UnknownType(kind.sql_name)
        return make(self.random)

    def _text(self, name: str, longest: int | None) -> str:
        for text in (self._hint(name), f"{name} {self.random.randint(1, LARGEST)}"):
            if text is not None and (longest is None or len(text) <= longest):
                return text
        return "".join(self.random.choices(string.ascii_lowercase, k=longest or 1))


def in_array(text: str) -> str:
    """Return the text of an array with one element."""
    return f"{{{quoted(text)}}}"


def _numeric(random: Random, typmod: int) -> Decimal:
    """Return a number of the typmod's precision and scale; the scale may be negative."""
    precision, scale = typmod >> 16, ((typmod & 0x7FF) ^ 0x400) - 0x400
    largest = min(10**precision - 1, LARGEST * 10 ** max(scale, 0))
    return Decimal(random.randint(1, largest)).scaleb(-scale)
