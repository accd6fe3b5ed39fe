"""Answers to drivers that look up types, where no schema is there to be asked.

An app that registers a codec when it connects (asyncpg's `set_type_codec`, psycopg's `TypeInfo`,
`EnumInfo` and `CompositeInfo`, pgvector's `register_vector`) needs a type of the name. Without a
schema, every name is a type; its number is made of the name, and its labels or fields are unknown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from understudy.fake_postgres import type_inference
from understudy.fake_postgres.current_schema import Schema
from understudy.pg import sql
from understudy.pg.codecs.codec import TEXT
from understudy.pg.sql_spelling import literal
from understudy.pg.types import Type, Types

Rows = list[list[Any]]
# SQLAlchemy looks for it whenever an engine on psycopg connects, and would send a dict as one.
_NOT_MADE = "hstore"
_PSYCOPG = {"name": "name", "oid": "oid", "array_oid": "oid", "regtype": "text"}
_BY_NAME = sql.tokens(
    "SELECT t.oid, t.typelem AS elemtype, t.typtype AS kind FROM pg_catalog.pg_type AS t "
    "INNER JOIN pg_catalog.pg_namespace ns ON (ns.oid = t.typnamespace) "
    "WHERE t.typname = $1 AND ns.nspname = $2"
)
_TREE = {
    "oid": "oid",
    "ns": "name",
    "name": "name",
    "kind": '"char"',
    "basetype": "oid",
    "elemtype": "oid",
    "elemdelim": '"char"',
    "range_subtype": "oid",
    "attrtypoids": "oid[]",
    "attrnames": "text[]",
    "depth": "integer",
    "basetype_name": "text",
    "elemtype_name": "text",
    "range_subtype_name": "text",
}
_QUOTED = re.compile(r'quote_literal\(\$\d+::"[^"]+"\."([^"]+)"::text\)')
_QUOTING = re.compile(rf"SELECT {_QUOTED.pattern}(?:, {_QUOTED.pattern})*")
_KINDS = {"range": "r", "multirange": "m"}


@dataclass(frozen=True, slots=True)
class Lookup:
    """A driver's query about types.

    Attributes:
        parameters: the types of its parameters.
        columns: the types of its columns, by name.
        rows: returns its rows, for the schema and the parameters.
    """

    parameters: tuple[str, ...]
    columns: Mapping[str, str]
    rows: Callable[[Schema, Sequence[Any]], Rows]


def lookup_in(statement: str) -> Lookup | None:
    """Return what a statement looks up; None if it is no driver's lookup of types."""
    tokens = sql.tokens(statement)
    if tokens == _BY_NAME:
        columns = {"oid": "oid", "elemtype": "oid", "kind": '"char"'}
        return Lookup(("name", "name"), columns, _by_name)
    if tokens[:3] == ("WITH", "RECURSIVE", "typeinfo_tree"):
        return Lookup(("oid[]",), _TREE, _tree)
    if "to_regtype" not in tokens or tokens[0] != "SELECT":
        return None
    if "delimiter" in tokens:
        return Lookup(("text",), {**_PSYCOPG, "delimiter": '"char"'}, _info([","]))
    if "labels" in tokens:
        return Lookup(("text",), {**_PSYCOPG, "labels": "name[]"}, _info([[]]))
    if "field_names" in tokens:
        fields = {"field_names": "name[]", "field_types": "oid[]"}
        return Lookup(("text",), {**_PSYCOPG, **fields}, _info([[], []]))
    return None


@lru_cache(maxsize=256)
def quoting_in(statement: str) -> Lookup | None:
    """Return how asyncpg has the arguments of `copy_from_query` quoted; None for another query."""
    if not _QUOTING.fullmatch(statement):
        return None
    names = [schema_type.lower() for schema_type in _QUOTED.findall(statement)]
    types = tuple(
        type_inference.CASTS.get(name.removeprefix("_"), name.removeprefix("_"))
        + ("[]" if name.startswith("_") else "")
        for name in names
    )
    # asyncpg reads them by their place.
    columns = {f"quote_literal{number}": "text" for number in range(len(types))}

    def rows(schema: Schema, given: Sequence[Any]) -> Rows:
        return [[_literal(schema, *pair) for pair in zip(types, given, strict=True)]]

    return Lookup(types, columns, rows)


def _literal(schema: Schema, type_name: str, value: Any) -> str | None:
    if value is None:
        return None
    return literal(schema.values.encoder(schema.types.oid(type_name), TEXT)(value).decode())


def _info(more: list[Any]) -> Callable[[Schema, Sequence[Any]], Rows]:
    def rows(schema: Schema, given: Sequence[Any]) -> Rows:
        name = str(given[0])
        if name == _NOT_MADE:
            return []
        found = schema.made(name)
        array = schema.types.named(f"{found.name}[]")
        return [[name, found.oid, 0 if array is None else array.oid, found.name, *more]]

    return rows


def _by_name(schema: Schema, given: Sequence[Any]) -> Rows:
    name = str(given[0])
    found = schema.made(f"{name[1:]}[]" if name.startswith("_") else name)
    element = None if found.of is None else schema.types.named(found.of)
    return [[found.oid, 0 if element is None else element.oid, _KINDS.get(found.kind, "b")]]


def _tree(schema: Schema, given: Sequence[Any]) -> Rows:
    types = schema.types
    found = [kind for oid in given[0] if (kind := types.numbered(oid)) is not None]
    rows: Rows = []
    depth = 0
    while found:
        rows += [_branch(types, kind, depth) for kind in found]
        below = [types.named(kind.of) for kind in found if kind.of is not None]
        found = [kind for kind in below if kind is not None]
        depth += 1
    return rows[::-1]


def _branch(types: Types, kind: Type, depth: int) -> list[Any]:
    below = None if kind.of is None else types.named(kind.of)
    while below is not None and kind.kind == "multirange" and below.kind == "range":
        below = types.named(below.of or "")
    oid, name = (0, "-") if below is None else (below.oid, below.name)
    is_array = kind.kind == "array"
    element = [oid, ";" if name == "box" else ","] if is_array else [0, None]
    subtype = oid if kind.kind in _KINDS else None
    spelled = f"_{name}" if is_array else kind.name
    names = [name if is_array else "-", name if subtype else None]
    letter = _KINDS.get(kind.kind, "b")
    row = [kind.oid, "pg_catalog", spelled, letter, None, *element, subtype, None, None, depth]
    return [*row, None, *names]
