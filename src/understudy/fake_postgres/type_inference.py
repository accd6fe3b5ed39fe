"""The types of a statement that PostgreSQL was not asked about, guessed from its rules.

Without a schema nobody knows what `id` is. What is scripted tells as much as it can: a rule's
parameters and rows have Python types, and those are sent as the PostgreSQL types that the drivers
send for them. Where a rule takes any value (`ANY`, a predicate, no parameters at all), the
statement may tell: by a cast, by LIMIT, or by a column that the rule's rows have too.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from understudy.catalog.command_tags import command_in
from understudy.pg import sql
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
# How types are written in casts; of others nothing is guessed.
_CASTS = {
    **{name: name for name in ("text", "uuid", "date", "json", "jsonb", "bytea", "inet")},
    **dict.fromkeys(("bool", "boolean"), "boolean"),
    **dict.fromkeys(("int2", "smallint"), "smallint"),
    **dict.fromkeys(("int", "int4", "integer"), "integer"),
    **dict.fromkeys(("int8", "bigint"), "bigint"),
    **dict.fromkeys(("float4", "real"), "real"),
    **dict.fromkeys(("float8", "double"), "double precision"),
    **dict.fromkeys(("numeric", "decimal"), "numeric"),
    **dict.fromkeys(("varchar", "citext"), "text"),
    "timestamptz": "timestamp with time zone",
}
_COMPARED = frozenset(["=", "<>", "!=", "<", ">", "<=", ">="])
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


def parameter_types(count: int, rules: Sequence[Rule], statement: str) -> list[str]:
    """Return a type for each parameter of a statement, as it says itself, or its rules expect."""
    expected = [
        rule.parameters.expected for rule in rules if len(rule.parameters.expected) == count
    ]
    cast, compared = _told(statement, rules)
    return [
        cast.get(f"${number + 1}")
        or _parameter([each[number] for each in expected])
        or compared.get(f"${number + 1}", _TEXT)
        for number in range(count)
    ]


def _parameter(values: Sequence[Any]) -> str | None:
    known = [value for value in values if type(value) in _NAMES or type_of(value) != _TEXT]
    return _roomy(common(known)) if any(value is not None for value in known) else None


def _roomy(name: str) -> str:
    # A literal says how large a value is, and not how large another may be.
    return "bigint" if name == "integer" else name


def _told(statement: str, rules: Sequence[Rule]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the types that a statement tells of its parameters: by casts, and by what is near."""
    cast: dict[str, str] = {}
    near: dict[str, str] = {}
    scripted = _scripted(rules)
    # Two more on either side, so that each has neighbours.
    tokens = ("", "", *sql.tokens(statement), *[""] * 4)
    for at, token in enumerate(tokens):
        if not token.startswith("$") or not token[1:].isdigit():
            continue
        before, after = tokens[at - 2 : at], tokens[at + 1 : at + 5]
        is_cast = after[0] == "::" or (before[0].upper(), after[0].upper()) == ("CAST", "AS")
        if is_cast and (name := _CASTS.get(after[1].lower())):
            cast[token] = f"{name}[]" if after[2] == "[" else name
        elif before[1].upper() in ("LIMIT", "OFFSET"):
            near[token] = "bigint"
        elif before[1] in _COMPARED and (column := before[0].strip('"')) in scripted:
            near[token] = _roomy(scripted[column])
    return cast, near


def _scripted(rules: Sequence[Rule]) -> dict[str, str]:
    """Return the types of the columns in the rows of some rules."""
    outcomes = [answer.outcome for rule in rules for answer in rule.answers]
    rows = [row for outcome in outcomes for row in _rows(outcome)]
    return {name: common(row.get(name) for row in rows) for name in (rows[0] if rows else ())}


def columns(rules: Sequence[Rule], statement: str) -> dict[str, str] | None:
    """Return the columns of a statement's result and their types; None where it returns no rows.

    Raises:
        LookupError: a function will answer it, and nobody knows with which columns.
    """
    if found := _scripted(rules):
        return found
    if any(isinstance(each.outcome, Computed) for rule in rules for each in rule.answers):
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
