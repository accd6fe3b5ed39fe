"""Readable values for columns and for what is stored in them, by type and name.

The values of a name are in order: that with the next number sorts after it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from decimal import Decimal
from ipaddress import IPv4Address, IPv6Address
from random import Random
from string import ascii_lowercase
from typing import Any
from uuid import UUID

from understudy.catalog.schema_reader import DatabaseType
from understudy.rows.alternatives import listed_values
from understudy.rows.column_hints import ColumnHints
from understudy.rows.pattern_examples import example
from understudy.rows.table_facts import Column, Schema, Table

FIRST_ID = 101  # so that rows of the code's own INSERTs, from 1, do not collide
_PEOPLE = ("Ana", "Bia", "Caio", "Davi", "Eva", "Fabio", "Gil", "Hugo", "Iara", "Joana")
_INTEGERS = {"int2": 2**15 - 1, "int4": 2**31 - 1, "int8": 2**63 - 1}
_TEXTS = ("text", "varchar", "bpchar", "citext", "name")
_HEADER = 4  # bytes that a typmod counts in addition to the length
_LIMIT = r""" (>=|<=|>|<) \(?'?(-?\d+(?:\.\d+)?)"""  # as PostgreSQL prints it: > (0)::numeric
_NUMBERS = (int, float, Decimal)
_TYPES: dict[str, type] = {
    **dict.fromkeys(_INTEGERS, int),
    **dict.fromkeys(_TEXTS, str),
    "numeric": Decimal,
    "float4": float,
    "float8": float,
    "bool": bool,
    "uuid": UUID,
    "date": dt.date,
    "timestamp": dt.datetime,
    "timestamptz": dt.datetime,
    "time": dt.time,
    "interval": dt.timedelta,
    "json": dict,
    "jsonb": dict,
    "bytea": bytes,
}


def text(name: str, number: int, longest: int | None = None) -> str:
    """Return the text with a number that suits a name."""
    words = name.lower().strip("_").split("_")
    person = _PEOPLE[number % len(_PEOPLE)]
    last = words[-1]
    if last in ("email", "mail"):
        found = f"{person.lower()}@example.com"
    elif last in ("username", "login", "nickname", "user"):
        found = person.lower()
    elif last in ("name", "author", "actor", "fullname"):
        found = person
    elif last in ("url", "link", "website", "image", "avatar"):
        found = f"https://example.com/{ascii_lowercase[number % 26]}"
    elif last in ("phone", "mobile", "telephone"):
        found = f"+55119876543{number % 90 + 10}"
    elif "password" in words:
        found = f"Secret-{number + 1}-{person}"
    elif last in ("slug", "code", "key", "token", "id", "uuid"):
        found = f"{last}-{ascii_lowercase[number % 26]}"
    else:
        found = f"{' '.join(words)} {ascii_lowercase[number % 26]}"
    if longest is not None and len(found) > longest:
        return ascii_lowercase[number % 26] * longest
    return found


def length(column: Column) -> int | None:
    """Return the longest text that a column takes; None if there is no limit."""
    is_limited = column.type.name in ("varchar", "bpchar") and column.typmod > 0
    return column.typmod - _HEADER if is_limited else None


def largest(column: Column) -> int | None:
    """Return the largest integer of a column's type; None if it is another type."""
    return _INTEGERS.get(column.type.name)


def choices(schema: Schema, table: Table, column: Column) -> Sequence[str]:
    """Return the values that an enum or a check allows; none if they are not listed."""
    if column.type.kind == "enum":
        return column.type.labels
    checks = [check for check in table.checks if check.columns == (column.name,)]
    checks += schema.checks_of(column.type)
    return listed_values([check.definition for check in checks])


def bounds(schema: Schema, table: Table, column: Column) -> tuple[Decimal, Decimal]:
    """Return the smallest and the largest number that the checks and the type of a column allow."""
    low, high, step = Decimal("-Infinity"), Decimal("Infinity"), Decimal(1)
    if python_type(schema, column) not in _NUMBERS:
        return low, high
    if column.type.name == "numeric" and column.typmod > 0:
        digits, scale = divmod(column.typmod - _HEADER, 2**16)
        step = Decimal(1).scaleb(-scale)
        high = Decimal(1).scaleb(digits - scale) - step
        low = -high
    checks = [check for check in table.checks if check.columns == (column.name,)]
    name = rf"(?:VALUE|\"?{re.escape(column.name)}\"?)"
    alone = rf"(?:(?<!\w)\({name}\)|(?<![\w.]){name}(?!\)))(?:::[\w ]+)?"  # not in abs(name)
    for check in [*checks, *schema.checks_of(column.type)]:
        found = re.findall(alone + _LIMIT, check.definition)
        for operator, number in found if " OR " not in check.definition else ():
            limit, by = Decimal(number), step if operator in "<>" else Decimal(0)
            low = max(low, limit + by) if ">" in operator else low
            high = min(high, limit - by) if "<" in operator else high
    return low, high


def within(values: Sequence[Any], schema: Schema, table: Table, column: Column) -> list[Any]:
    """Return numbers, those first that a column takes; if none of them is, others before them."""
    low, high = bounds(schema, table, column)
    # Not "value" here, or Python 3.12.1 takes it for the function that is called below.
    fitting = [number for number in values if low <= number <= high]
    if values and not fitting:
        kind: Any = type(values[0])
        fitting = [kind(value(schema, table, column, number)) for number in range(3)]
    return [*fitting, *(one for one in values if one not in fitting)]


def _bounded(number: int, python: Any, low: Decimal, high: Decimal) -> Any:
    """Return the number with a number between two limits, in order as far as there are so many."""
    usual = plain(python, number)
    if low <= usual <= high:
        return usual
    if low < 0 <= high:
        low = Decimal(0)
    if not high.is_finite():
        return python(low + number)
    if not low.is_finite():
        return python(high - 30 + number)
    if python is not int and high - low < 5:
        return python(round(low + (high - low) * (number % 11) / 10, 2))
    return python(low + number % (int(high - low) + 1))


def base_of(schema: Schema, kind: DatabaseType) -> DatabaseType:
    """Return a type, or the one that a domain consists of."""
    while kind.kind == "domain":
        kind = schema.types[kind.inner]
    return kind


def python_type(schema: Schema, column: Column) -> type | None:
    """Return the class of a column's values; None if it has no plain one."""
    kind = base_of(schema, column.type)
    if kind.kind == "enum":
        return str
    return list if kind.kind == "array" else _TYPES.get(kind.name)


def is_key(table: Table, name: str) -> bool:
    """Return whether a column is the whole key of its table, or refers to another table."""
    of_keys = any(name in key.columns for key in table.foreign_keys)
    return of_keys or (name == "id" and ("id",) in table.uniques.values())


def value(schema: Schema, table: Table, column: Column, number: int) -> Any:
    """Return the value with a number of a column; None if no readable one is known."""
    listed = choices(schema, table, column)
    kind = base_of(schema, column.type)
    python = python_type(schema, column)
    if listed and python is str:
        return listed[number % len(listed)]
    if listed and python is int:
        return int(listed[number % len(listed)])
    if python is str:
        return _checked_text(table, column, number)
    if python is int and is_key(table, column.name):
        return FIRST_ID + number
    if python in _NUMBERS:
        return _bounded(number, python, *bounds(schema, table, column))
    if python is dt.datetime:
        zone = dt.UTC if kind.name == "timestamptz" else None
        return dt.datetime(2026, 1, 1 + number % 28, 12, tzinfo=zone)
    return None if python is None else plain(python, number)


def plain(python: type, number: int) -> Any:
    """Return the value with a number of a class of values; None if it has none."""
    made: dict[type, Any] = {
        int: 11 + number,
        bool: number % 2 == 0,
        float: 1.5 + number,
        Decimal: Decimal("10.50") + number,
        UUID: UUID(int=FIRST_ID + number),
        dt.date: dt.date(2026, 1, 1 + number % 28),
        dt.datetime: dt.datetime(2026, 1, 1 + number % 28, 12),
        dt.time: dt.time(8 + number % 12, 30),
        dt.timedelta: dt.timedelta(hours=1 + number),
        IPv4Address: IPv4Address("192.0.2.1") + number,
        IPv6Address: IPv6Address("2001:db8::1") + number,
        bytes: b"abcdefgh"[: 1 + number % 8],
        dict: {"key": f"value {ascii_lowercase[number % 26]}"},
    }
    return made.get(python)


class _Steady(Random):
    """Makes the same choice each time, so that an example of a pattern is readable: `a:a`."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self._number = number

    def choice(self, seq: Any) -> Any:
        """Return the element with the number, or the last."""
        return seq[min(self._number, len(seq) - 1)]

    def randint(self, a: int, b: int) -> int:
        """Return the lower bound."""
        return a


def matching(pattern: str, number: int) -> str | None:
    """Return the text with a number that probably matches a regular expression, or None."""
    return example(pattern, _Steady(number))


def _checked_text(table: Table, column: Column, number: int) -> str:
    """Return a text; one that matches the regular expression of a check if there is one."""
    for check in table.checks:
        if check.columns == (column.name,) and "~ '" in check.definition:
            pattern = check.definition.partition("~ '")[2].partition("'")[0]
            found = matching(pattern, number)
            if found is not None:
                return found
    return text(column.name, number, length(column))


def known_texts(name: str) -> list[str]:
    """Return texts that validators of common formats take, and Faker's for a name."""
    faked = [ColumnHints(name, locale).value(name) for locale in ("pt_BR", None)]
    return [
        *("52998224725", "11144477735"),  # CPFs whose check digits are right
        *(text for text in faked if text),
        "https://example.com/a",
        "America/Sao_Paulo",
        "2026-01-02",
        "BR",
        "BRL",
        "#aabbcc",
        "00000000-0000-0000-0000-000000000001",
        "1",
    ]
