"""PostgreSQL's types as the rules of the drivers see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from understudy.pg.types import TypeFacts

Kind = Literal["base", "array", "enum", "domain", "composite", "range", "multirange", "unknown"]

# Every built-in base type that a rule knows, with its number in pg_type.
BASE_TYPES = {
    "boolean": 16,
    "bytea": 17,
    '"char"': 18,
    "name": 19,
    "bigint": 20,
    "smallint": 21,
    "integer": 23,
    "text": 25,
    "oid": 26,
    "json": 114,
    "point": 600,
    "real": 700,
    "double precision": 701,
    "money": 790,
    "macaddr": 829,
    "inet": 869,
    "cidr": 650,
    "character": 1042,
    "character varying": 1043,
    "date": 1082,
    "time without time zone": 1083,
    "timestamp without time zone": 1114,
    "timestamp with time zone": 1184,
    "interval": 1186,
    "time with time zone": 1266,
    "bit varying": 1562,
    "numeric": 1700,
    "uuid": 2950,
    "tsvector": 3614,
    "jsonb": 3802,
}

RANGES = {
    "int4range": "integer",
    "int8range": "bigint",
    "numrange": "numeric",
    "daterange": "date",
    "tsrange": "timestamp without time zone",
    "tstzrange": "timestamp with time zone",
}

# How `format_type` spells what people write otherwise.
_SPELLINGS = {"bpchar": "character"}


@dataclass(frozen=True, slots=True)
class PgType:
    """A type, with the types that it is made of.

    Attributes:
        name: its spelling by `format_type`.
        kind: "unknown" where no rule can say anything about it: a type of an extension, or one
            that the facts do not mention.
        of: of an array its element, of a domain the type below, of a range its subtype, of a
            multirange its range; None for the others.
        labels: of an enum.
        fields: of a composite type.
        not_null: whether it is a domain that allows no NULL.
    """

    name: str
    kind: Kind
    of: PgType | None = None
    labels: tuple[str, ...] = ()
    fields: tuple[tuple[str, PgType], ...] = ()
    not_null: bool = False

    @property
    def known(self) -> bool:
        """Whether all that it is made of is known."""
        if self.kind == "unknown" or (self.of is not None and not self.of.known):
            return False
        return all(field.known for _, field in self.fields)

    @property
    def bare(self) -> PgType:
        """The type below, where it is a domain; else itself."""
        return self.of.bare if self.kind == "domain" and self.of is not None else self


def resolve(name: str, facts: Mapping[str, TypeFacts]) -> PgType:
    """Return the type of a name, with what the facts say of it."""
    return _of_facts(name, facts, frozenset()) if facts else builtin(name)


@lru_cache(maxsize=1024)
def builtin(name: str) -> PgType:
    """Return the built-in type of a name; one of the kind "unknown" where it is none."""
    name = _SPELLINGS.get(name, name)
    if name in BASE_TYPES:
        return PgType(name, "base")
    if name in RANGES:
        return PgType(name, "range", builtin(RANGES[name]))
    ranged = name.replace("multirange", "range")
    if ranged in RANGES and ranged != name:
        return PgType(name, "multirange", builtin(ranged))
    if name.endswith("[]"):
        element = builtin(name[:-2])
        return PgType(name, "array", element)
    return PgType(name, "unknown")


def _of_facts(name: str, facts: Mapping[str, TypeFacts], above: frozenset[str]) -> PgType:
    fact = facts.get(name)
    # A table's row type may hold arrays of itself.
    if name in above:
        return PgType(name, "unknown")
    above |= {name}
    if fact is None:
        if name.endswith("[]"):
            return PgType(name, "array", _of_facts(name[:-2], facts, above))
        return builtin(name)
    of = None if fact.base is None else _of_facts(fact.base, facts, above)
    match fact.kind:
        case "enum":
            return PgType(name, "enum", labels=fact.labels)
        case "domain" if of is not None:
            return PgType(name, "domain", of, not_null=fact.not_null)
        case "array" if of is not None:
            return PgType(name, "array", of)
        case "range" if of is not None:
            return PgType(name, "range", of)
        case "composite":
            fields = tuple((each, _of_facts(of_, facts, above)) for each, of_ in fact.fields)
            return PgType(name, "composite", fields=fields)
        case _:
            return PgType(name, "unknown")
