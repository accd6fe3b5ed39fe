"""The types of a statement that PostgreSQL was not asked about, guessed from its rules.

Without a schema nobody knows what `id` is. What is scripted tells as much as it can: a rule's
parameters and rows have Python types, and those are sent as the PostgreSQL types that the drivers
send for them.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from understudy.catalog.commands import command_in
from understudy.script import sql
from understudy.script.answers import UNNAMED_COLUMN, Computed, Drop, Outcome, Rows, Value
from understudy.script.rules import Rule

_INT4 = 2**31
_INT8 = 2**63
_TEXT = "text"
_NAMES: dict[type, str] = {
    bool: "boolean",
    float: "double precision",
    Decimal: "numeric",
    str: _TEXT,
    bytes: "bytea",
    bytearray: "bytea",
    uuid.UUID: "uuid",
    dt.date: "date",
    dt.time: "time without time zone",
    dt.timedelta: "interval",
    dict: "jsonb",
    IPv4Address: "inet",
    IPv6Address: "inet",
}
# Numbers in one column: of these the one that holds the others.
_NUMBERS = ("integer", "bigint", "double precision", "numeric")


def type_of(value: Any) -> str | None:
    """Return the spelling of the PostgreSQL type of a Python value; None of None."""
    if value is None:
        return None
    if type(value) is int:
        size = abs(value)
        return "integer" if size < _INT4 else "bigint" if size < _INT8 else "numeric"
    if type(value) is dt.datetime:
        return f"timestamp with{'out' if value.tzinfo is None else ''} time zone"
    if isinstance(value, list | tuple):
        element = common(value)
        return f"{element}[]" if element != "jsonb" and not element.endswith("[]") else "jsonb"
    return _NAMES.get(type(value), _TEXT)


def common(values: Iterable[Any]) -> str:
    """Return the type that holds all of these values; text where there is no such type."""
    found = {name for value in values if (name := type_of(value)) is not None}
    if len(found) == 1:
        return found.pop()
    if found and found <= set(_NUMBERS):
        return max(found, key=_NUMBERS.index)
    return _TEXT


def parameter_types(count: int, rules: Sequence[Rule]) -> list[str]:
    """Return a type for each parameter of a statement, as its rules expect them."""
    expected = [
        rule.parameters.expected for rule in rules if len(rule.parameters.expected) == count
    ]
    return [_parameter(each[index] for each in expected) for index in range(count)]


def _parameter(values: Iterable[Any]) -> str:
    known = [value for value in values if type(value) in _NAMES or type_of(value) != _TEXT]
    name = common(known)
    # A literal says how large a value is, and not how large another may be.
    return "bigint" if name == "integer" else name


def columns(rules: Sequence[Rule], statement: str) -> dict[str, str] | None:
    """Return the columns of a statement's result and their types; None where it returns no rows.

    Raises:
        LookupError: a function will answer it, and nobody knows with which columns.
    """
    outcomes = [answer.outcome for rule in rules for answer in rule.answers]
    rows = [row for outcome in outcomes for row in _rows(outcome)]
    if rows:
        names = list(rows[0])
        return {name: common(row.get(name) for row in rows) for name in names}
    if any(isinstance(outcome, Computed) for outcome in outcomes):
        raise LookupError(statement)
    return {} if returns_rows(statement) else None


def _rows(outcome: Outcome) -> Sequence[Mapping[str, Any]]:
    if isinstance(outcome, Drop):
        outcome = outcome.rows
    if isinstance(outcome, Value):
        return ({UNNAMED_COLUMN: outcome.value},)
    return outcome.rows if isinstance(outcome, Rows) else ()


def returns_rows(statement: str) -> bool:
    """Say whether a statement returns rows, by its words."""
    command = command_in(statement)
    if command in ("INSERT", "UPDATE", "DELETE", "MERGE"):
        return "RETURNING" in {token.upper() for token in sql.tokens(statement)}
    return command in ("SELECT", "VALUES", "SHOW", "EXPLAIN")
