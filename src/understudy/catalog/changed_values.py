"""Which values an INSERT or UPDATE stores, and which rows a DELETE or UPDATE is about."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from understudy.catalog.command_tags import command_in
from understudy.pg import sql
from understudy.pg.codec_registry import Values
from understudy.pg.codecs.codec import Unencodable
from understudy.pg.errors import ServerError
from understudy.pg.sql_lists import items
from understudy.pg.sql_spelling import name_of, text_of
from understudy.pg.types import Types
from understudy.script.calls import Call

_PLAIN = (int, str, UUID, Decimal, dt.date, dt.time)
_CHANGING = ("INSERT", "UPDATE", "DELETE")
_AFTER_SET = frozenset({"FROM", "WHERE", "RETURNING"})
_TYPES = Types({})
_VALUES = Values(_TYPES)


@dataclass(slots=True)
class Change:
    """What a statement does, as far as its text tells.

    Attributes:
        command: "INSERT", "UPDATE" and so on.
        table: the table, without its schema; "" if it is not known.
        values: what is stored, by column, as PostgreSQL shows it; None is NULL.
        conditions: what columns are compared with in WHERE.
    """

    command: str
    table: str = ""
    values: dict[str, str | None] = field(default_factory=dict)
    conditions: dict[str, str | None] = field(default_factory=dict)


def change_in(
    call: Call, types: Sequence[str], columns_of: Callable[[str], Sequence[str]] = lambda table: ()
) -> Change:
    """Return what a call changes.

    Args:
        call: the call; of one with several rows of parameters the first row counts.
        types: the types of the parameters, as far as they are known.
        columns_of: returns the columns of a table; none if they are not known.
    """
    tokens = _changing(sql.tokens(call.statement))
    command = tokens[0].upper() if tokens else ""
    change = Change(command if command in _CHANGING else command_in(call.statement))
    given: Any = call.parameters
    if call.method == "execute_many" and given:
        given = given[0]
    reader = _Reader(given, types)
    words = [token.upper() for token in tokens]
    if change.command == "INSERT" and "INTO" in words:
        at = words.index("INTO", words.index("INSERT")) + 1
        change.table, at = _name(tokens, at)
        if words[at : at + 1] == ["AS"]:
            at += 2
        names = list(columns_of(change.table))
        if tokens[at : at + 1] == ("(",):
            columns, at = items(tokens, at + 1)
            at += 1
            names = [_identifier(item[0]) if len(item) == 1 else "" for item in columns]
        while words[at : at + 1] == ["OVERRIDING"]:
            at += 3
        if words[at : at + 1] == ["VALUES"] and tokens[at + 1 : at + 2] == ("(",):
            given_values, _ = items(tokens, at + 2)
            change.values = reader.read(zip(names, given_values, strict=False))
    elif change.command == "UPDATE" and "SET" in words:
        at = words.index("UPDATE") + 1
        change.table, _ = _name(tokens, at + (words[at : at + 1] == ["ONLY"]))
        assigned, _ = items(tokens, words.index("SET") + 1, _AFTER_SET)
        change.values = reader.read(
            (_identifier(item[0]), item[2:]) for item in assigned if item[1:2] == ("=",)
        )
    elif change.command == "DELETE" and "FROM" in words:
        at = words.index("FROM") + 1
        change.table, _ = _name(tokens, at + (words[at : at + 1] == ["ONLY"]))
    if change.command in ("UPDATE", "DELETE") and "WHERE" in words:
        where = tokens[words.index("WHERE") + 1 :]
        change.conditions = reader.read(
            (_identifier(where[at - 1]), _value_after(where, at))
            for at, token in enumerate(where)
            if token == "=" and at
        )
    return change


def _changing(tokens: sql.Tokens) -> sql.Tokens:
    """Return the part of WITH ... that changes rows, if that is a single one."""
    if [token.upper() for token in tokens[:1]] != ["WITH"]:
        return tokens
    parts: list[sql.Tokens] = []
    at = 1
    while at < len(tokens):
        if tokens[at] == "(":
            _, end = items(tokens, at + 1)
            if tokens[at - 1].upper() in ("AS", "MATERIALIZED"):
                parts.append(tokens[at + 1 : end])
            at = end
        elif tokens[at].upper() in (*_CHANGING, "SELECT", "VALUES"):
            parts.append(tokens[at:])
            break
        at += 1
    found = [part for part in parts if part and part[0].upper() in _CHANGING]
    return found[0] if len(found) == 1 else tokens


class _Reader:
    """Reads values: parameters and literals."""

    def __init__(self, given: Any, types: Sequence[str]) -> None:
        self._given = given
        self._types = types

    def read(self, pairs: Iterator[tuple[str, sql.Tokens]]) -> dict[str, str | None]:
        """Return the values that are certain, by column."""
        found: dict[str, str | None] = {}
        for name, tokens in pairs:
            if name:
                try:
                    found[name] = self._value(_without_cast(tokens))
                except LookupError:
                    found[name] = "?"
        return found

    def _value(self, tokens: sql.Tokens) -> str | None:
        if len(tokens) == 2 and tokens[0] == "-" and tokens[1][0].isdigit():
            return "".join(tokens)
        if len(tokens) != 1:
            raise LookupError
        token = tokens[0]
        if token.startswith("$") and token[1:].isdigit():
            return self._parameter(int(token[1:]) - 1)
        if token.startswith("$(") and isinstance(self._given, Mapping):
            return _shown(self._given[token[2:-2]], "")
        if token.startswith("'"):
            return text_of(token)
        word = token.upper()
        if word == "NULL":
            return None
        if word in ("TRUE", "FALSE"):
            return word[0].lower()
        if token[0].isdigit():
            return token
        raise LookupError

    def _parameter(self, number: int) -> str | None:
        if isinstance(self._given, Mapping) or self._given is None:
            raise LookupError
        types = self._types
        return _shown(self._given[number], types[number] if number < len(types) else "")


def _shown(value: Any, type_name: str) -> str | None:
    """Return a value as PostgreSQL shows it."""
    if value is None:
        return None
    if type_name and _TYPES.named(type_name) is not None:
        try:
            return _VALUES.codec(type_name).output(value)
        except (Unencodable, ServerError):
            raise LookupError from None
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, dt.datetime):
        return _VALUES.codec(
            f"timestamp with{'out' if value.tzinfo is None else ''} time zone"
        ).output(value)
    if isinstance(value, _PLAIN):
        return str(value)
    raise LookupError


def _without_cast(tokens: sql.Tokens) -> sql.Tokens:
    """Return `$1` of `$1::text` and of `CAST($1 AS text)`."""
    if tokens[1:2] == ("::",):
        return tokens[:1]
    if len(tokens) > 4 and tokens[0].upper() == "CAST" and tokens[3].upper() == "AS":
        return tokens[2:3]
    return tokens


def _value_after(tokens: sql.Tokens, at: int) -> sql.Tokens:
    rest = tokens[at + 1 : at + 4]
    return rest if rest[1:2] == ("::",) else rest[:1]


def _name(tokens: sql.Tokens, at: int) -> tuple[str, int]:
    """Read a table's name, and return it without its schema, and where it ends."""
    name = ""
    while at < len(tokens):
        name = _identifier(tokens[at])
        at += 1
        if tokens[at : at + 1] != (".",):
            break
        at += 1
    return name, at


def _identifier(token: str) -> str:
    return name_of(token) if token[0].isalpha() or token[0] in '_"' else ""
