"""Which CHECK constraints depend on the parameters and literals that a statement stores."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from understudy.catalog.check_conditions import is_violated, literal, may_be_violated, stored
from understudy.catalog.description import KnownValue, RowCheck
from understudy.catalog.oid_lookup import Check, Relation
from understudy.catalog.querytree import Node, constant, integer, number

_BOOLEAN, _TEXT, _DATE, _VARCHAR, _NUMERIC = 16, 25, 1082, 1043, 1700
_DATES_BEGIN = datetime.date(2000, 1, 1).toordinal()
# A bulk INSERT would fill the catalog.
_MOST_ROWS = 20
# The header of a value of variable length.
_HEADER = 4


def row_checks(rows: Sequence[Mapping[int, Node]], relation: Relation) -> Iterator[RowCheck]:
    """Yield the checks that the first rows of a statement may violate.

    Args:
        rows: what each row gets, below implicit casts, by the numbers of the columns.
        relation: the table.
    """
    for row in rows[:_MOST_ROWS]:
        for check in relation.checks:
            values = tuple(_known_values(check, row, relation))
            known = known_row(values, ())
            has_parameters = any(value.parameter is not None for value in values)
            if has_parameters:
                nulls = {value.column: None for value in values if value.parameter is not None}
                is_kept = may_be_violated(check.condition, {**known, **nulls})
            else:
                is_kept = bool(values) and is_violated(check.condition, known)
            if is_kept:
                yield RowCheck(check.name, relation.name, check.condition, values)


def known_row(values: Sequence[KnownValue], parameters: Sequence[Any]) -> dict[str, Any]:
    """Return the values that are known, as they are stored, by the names of their columns."""
    row = {}
    for name, kind, parameter, text in values:
        if parameter is None:
            given = None if text is None else literal(text, kind.partition("(")[0])
            row[name] = stored(given, kind)
        elif parameter <= len(parameters):
            row[name] = stored(parameters[parameter - 1], kind)
    return row


def _known_values(
    check: Check, row: Mapping[int, Node], relation: Relation
) -> Iterator[KnownValue]:
    for column, kind in check.types.items():
        node, name = row.get(column, {}), relation.columns[column]
        if node.get("") == "PARAM":
            yield KnownValue(name, kind, number(node, "paramid"))
        elif node.get("") == "CONST" and node.get("constisnull") == "true":
            yield KnownValue(name, kind, None)
        elif (text := _text(node)) is not None:
            yield KnownValue(name, kind, None, text)


def _text(node: Node) -> str | None:
    """Return a constant as its type prints it; None for one of another type."""
    if (value := integer(node)) is not None:
        return str(value)
    data, kind = constant(node), number(node, "consttype")
    if data is None:
        return None
    if kind in (_TEXT, _VARCHAR):
        return data[_HEADER:].decode(errors="replace")
    if kind == _NUMERIC:
        return _numeric(data[_HEADER:])
    if kind == _BOOLEAN:
        return "t" if data[0] else "f"
    if kind == _DATE:
        day = _DATES_BEGIN + int.from_bytes(data, "little", signed=True)
        return str(datetime.date.fromordinal(day)) if 0 < day < 3_000_000 else None
    return None


def _numeric(data: bytes) -> str | None:
    """Return a numeric value: digits to the base 10,000, the most significant first."""
    words = [int.from_bytes(data[at : at + 2], "little") for at in range(0, len(data), 2)]
    header = words[0]
    if header & 0xC000 == 0x8000:  # the short form
        is_negative, digits = header & 0x2000, words[1:]
        weight = header & 0x3F
        weight -= 0x40 if header & 0x40 else 0
    elif header & 0xC000 == 0xC000:  # NaN, infinity
        return None
    else:
        is_negative, digits = header & 0x4000, words[2:]
        weight = words[1] - (0x10000 if words[1] & 0x8000 else 0)
    coefficient = "".join(f"{digit:04}" for digit in digits) or "0"
    exponent = 4 * (weight + 1 - len(digits))
    return format(Decimal(f"{'-' if is_negative else ''}{coefficient}E{exponent}"), "f")
