"""The types of a statement without a schema, guessed from its rules.

A rule's parameters and rows have Python types, and each stands for the PostgreSQL type that drivers
use for it. If a rule takes any value (`ANY`, a predicate, no parameters at all), the statement may
show the type: by a cast, by LIMIT, or by a column that the rule's rows have too.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from understudy.catalog.answer_checks import Difference, equal_names
from understudy.catalog.command_tags import command_in
from understudy.engine.outcome import NAME_THEM, UNNAMED, wrong_length
from understudy.pg import sql
from understudy.pg.codecs.json_documents import JsonText
from understudy.pg.select_list import column_names
from understudy.script.answers import (
    UNNAMED_COLUMN,
    Computed,
    Drop,
    Error,
    Rows,
    Value,
    values_in_order,
)
from understudy.script.calls import Call
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
    JsonText: "json",
    IPv4Address: "inet",
    IPv6Address: "inet",
}
# How types are written in casts; nothing is guessed for others.
CASTS = {
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
_JSON = frozenset(["json", "jsonb"])
# Of several kinds of numbers in one column, the last of these holds all.
_NUMBERS = ("integer", "bigint", "double precision", "numeric")


def type_of(value: Any) -> str | None:
    """Return the spelling of the PostgreSQL type of a Python value; None for None."""
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
    """Return the type that holds all of these values; text if there is no such type."""
    found = {name for value in values if (name := type_of(value)) is not None}
    if len(found) == 1:
        return found.pop()
    if found and found <= set(_NUMBERS):
        return max(found, key=_NUMBERS.index)
    if found & _JSON:
        return "jsonb"  # nothing else holds a dict
    return _TEXT


def parameter_types(
    count: int,
    rules: Sequence[Rule],
    statement: str,
    is_type: Callable[[str], object] = lambda name: None,
) -> list[str]:
    """Return a type for each parameter of a statement, as it says itself, or its rules expect.

    Args:
        count: the number of parameters.
        rules: the rules that match the statement.
        statement: the statement.
        is_type: whether a name that a parameter is cast to is that of a type.
    """
    expected = [
        rule.parameters.expected for rule in rules if len(rule.parameters.expected) == count
    ]
    cast, compared = _hints_in(statement, rules, is_type)
    return [
        cast.get(f"${number + 1}")
        or _parameter([values[number] for values in expected])
        or compared.get(f"${number + 1}", _TEXT)
        for number in range(count)
    ]


def guessed_parameters(
    types: Sequence[str], statement: str, is_type: Callable[[str], object]
) -> list[str]:
    """Return the parameters, with their types, that the statement itself does not tell."""
    cast, _ = _hints_in(statement, (), is_type)
    named = ((f"${number}", name) for number, name in enumerate(types, 1))
    return [f"{parameter} {name}" for parameter, name in named if parameter not in cast]


def no_values(call: Call, types: Sequence[str]) -> str:
    """Return the hint about a statement that PostgreSQL accepts and that got no values.

    Args:
        call: the statement and the line that sent it.
        types: those of its parameters.
    """
    expected = ", ".join(f"${number} {name}" for number, name in enumerate(types, 1))
    return "\n".join(
        [
            "A driver has prepared this statement and has sent no values for it:",
            f"  sql:      {sql.one_line(call.statement)}",
            f"  at:       {call.origin.place}",
            f"  expected: {expected}",
            "If the driver refused a value, its exception says which; the code may have caught it.",
        ]
    )


def not_sent(statement: str, place: str, guessed: Sequence[str]) -> str:
    """Return the hint about a statement that a driver has prepared and not sent.

    Args:
        statement: its text.
        place: the line that sent it.
        guessed: the parameters whose types were guessed.
    """
    return "\n".join(
        [
            "Without a schema, Understudy guesses the types of parameters. A driver has prepared "
            "this statement",
            "and has sent no values for it:",
            f"  sql:     {sql.one_line(statement)}",
            f"  at:      {place}",
            f"  guessed: {', '.join(guessed)}",
            'If the driver refused a value ("expected str, got int"), the guess was wrong. '
            "Configure the schema",
            "(`schema` in [tool.understudy]), add a cast to the statement "
            f"({guessed[0].split()[0]}::int), or give the rule a",
            "value of the right type: on(..., 7).",
        ]
    )


def _parameter(values: Sequence[Any]) -> str | None:
    known = [value for value in values if type(value) in _NAMES or type_of(value) != _TEXT]
    return _widened(common(known)) if any(value is not None for value in known) else None


def _widened(name: str) -> str:
    # A literal shows the size of one value, and another may be larger.
    return "bigint" if name == "integer" else name


def _hints_in(
    statement: str, rules: Sequence[Rule], is_type: Callable[[str], object]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the types of parameters that casts show, and those that their context shows."""
    cast: dict[str, str] = {}
    near: dict[str, str] = {}
    scripted = _scripted_columns(rules)
    # Padded, so that every token has neighbours.
    tokens = ("", "", *sql.tokens(statement), *[""] * 4)
    for at, token in enumerate(tokens):
        if not token.startswith("$") or not token[1:].isdigit():
            continue
        before, after = tokens[at - 2 : at], tokens[at + 1 : at + 5]
        is_cast = after[0] == "::" or (before[0].upper(), after[0].upper()) == ("CAST", "AS")
        name = after[1].lower()
        if is_cast and (name := CASTS.get(name, name if is_type(name) else "")):
            cast[token] = f"{name}[]" if after[2] == "[" else name
        elif before[1].upper() in ("LIMIT", "OFFSET"):
            near[token] = "bigint"
        elif before[1] in _COMPARED and (column := before[0].strip('"')) in scripted:
            near[token] = _widened(scripted[column])
    return cast, near


class ColumnsUnknown(Exception):
    """The columns of a statement cannot be told.

    Attributes:
        difference: why, and what to write instead.
    """

    def __init__(self, difference: Difference) -> None:
        super().__init__(difference.reason)
        self.difference = difference


def _scripted_columns(rules: Sequence[Rule]) -> dict[str, str]:
    """Return the types of the columns in the rows of some rules, by their names."""
    for outcome in _outcomes(rules):
        if isinstance(outcome, Rows) and outcome.rows and isinstance(outcome.rows[0], Mapping):
            names = list(outcome.rows[0])
            return dict(zip(names, _types(rules, names), strict=True))
    return {}


def columns(rules: Sequence[Rule], statement: str) -> list[tuple[str, str]] | None:
    """Return the columns of a statement's result and their types; None if it returns no rows.

    The text of the statement tells their names and their order, if it is certain, else the rows.

    Raises:
        LookupError: a function answers it, so its columns are unknown.
        ColumnsUnknown: the rows do not fit what the text tells.
    """
    listed = column_names(statement)
    for outcome in _outcomes(rules):
        if isinstance(outcome, Value):
            name = listed[0] if listed is not None and len(listed) == 1 else None
            return _typed(rules, [name or UNNAMED_COLUMN])
        if isinstance(outcome, Rows) and (outcome.rows or outcome.columns):
            return _typed(rules, _names(outcome, listed))
    if any(isinstance(answer.outcome, Computed) for rule in rules for answer in rule.answers):
        raise LookupError(statement)
    if not returns_rows(statement):
        return None
    # ORMs look for the columns of an empty result too. Of `*` at least one is there.
    return [(name or UNNAMED_COLUMN, _TEXT) for name in listed or (None,)]


def _names(outcome: Rows, listed: Sequence[str | None] | None) -> list[str]:
    """Return the names of the columns of some rows."""
    if outcome.columns is not None:
        return list(outcome.columns)
    first = outcome.rows[0]
    known = None if listed is None or None in listed else list(map(str, listed))
    if isinstance(first, tuple):
        if known is None:
            raise ColumnsUnknown(Difference(UNNAMED, remedy=(NAME_THEM,)))
        if len(known) != len(first):
            raise ColumnsUnknown(Difference(wrong_length(known, first)))
        return known
    if known is None:
        return list(first)
    if len(set(known)) < len(known):
        raise ColumnsUnknown(equal_names(known, first, len(outcome.rows)))
    return known if set(known) == set(first) else list(first)


def _typed(rules: Sequence[Rule], names: list[str]) -> list[tuple[str, str]]:
    return list(zip(names, _types(rules, names), strict=True))


def _types(rules: Sequence[Rule], names: list[str]) -> list[str]:
    """Return the type of each column in all rows of some rules that have these columns."""
    rows = [
        values_in_order(row, names)
        for outcome in _outcomes(rules)
        for row in (outcome.rows if isinstance(outcome, Rows) else ((outcome.value,),))
    ]
    rows = [row for row in rows if len(row) == len(names)]
    return [common(row[place] for row in rows) for place in range(len(names))]


def _outcomes(rules: Sequence[Rule]) -> Iterator[Rows | Value]:
    """Yield the results among the answers of some rules."""
    for rule in rules:
        for answer in rule.answers:
            outcome = answer.outcome
            if isinstance(outcome, Drop):
                outcome = outcome.rows
            elif isinstance(outcome, Error) and outcome.after.rows:
                outcome = outcome.after
            if isinstance(outcome, Rows | Value):
                yield outcome


def returns_rows(statement: str) -> bool:
    """Say whether a statement returns rows, judged by its words."""
    command = command_in(statement)
    if command in ("INSERT", "UPDATE", "DELETE", "MERGE"):
        return "RETURNING" in {token.upper() for token in sql.tokens(statement)}
    return command in ("SELECT", "VALUES", "SHOW", "EXPLAIN")
