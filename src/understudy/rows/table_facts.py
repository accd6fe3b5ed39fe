"""What has to be known of a schema to make a row that it takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Check:
    """A CHECK of a table or of a domain, and its definition as PostgreSQL prints it.

    `expression` is the condition alone; one of a domain speaks of VALUE and has no columns.
    """

    name: str
    columns: tuple[str, ...]
    definition: str
    expression: str


@dataclass(frozen=True)
class Type:
    """A type of the database; `inner` is what an array, a range or a domain is made of.

    `name` is that of pg_type, `spelled` the one to write in SQL.
    """

    oid: int
    name: str
    spelled: str
    kind: Literal["base", "array", "enum", "domain", "composite", "range", "multirange"]
    inner: int
    typmod: int
    not_null: bool
    has_default: bool
    labels: tuple[str, ...] = ()
    fields: tuple[tuple[str, int, int], ...] = ()
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True)
class Column:
    """A column of a table.

    `expression` is its default, or what a generated column is worked out as; `identity` is "a"
    (always), "d" (by default) or "". `spelled` is its type with its length.
    """

    name: str
    type: Type
    spelled: str
    typmod: int
    not_null: bool
    expression: str | None
    identity: str
    generated: bool

    @property
    def required(self) -> bool:
        """Whether a row is refused that says nothing of this column."""
        return (self.not_null or self.type.not_null) and not self.has_default

    @property
    def has_default(self) -> bool:
        """Whether the database fills it in."""
        filled = self.expression is not None or bool(self.identity)
        return filled or self.type.has_default


@dataclass(frozen=True)
class ForeignKey:
    """The columns of a table that name a row of another, and the columns that they name."""

    name: str
    columns: tuple[str, ...]
    parent: int
    parent_columns: tuple[str, ...]
    deferrable: bool
    deferred: bool


@dataclass(frozen=True)
class Bound:
    """What a partition says of the key of the table above it."""

    columns: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Table:
    """A table, a partition of one, or a view.

    `kind` is that of pg_class, `above` the table that it is a partition of (0 for none), `beneath`
    what a view shows.
    """

    oid: int
    schema: str
    table: str
    kind: str
    above: int
    beneath: tuple[int, ...] = ()
    columns: tuple[Column, ...] = ()
    checks: tuple[Check, ...] = ()
    uniques: dict[str, tuple[str, ...]] = field(default_factory=dict)
    foreign_keys: tuple[ForeignKey, ...] = ()
    bound: Bound | None = None

    @property
    def name(self) -> str:
        """The name as messages have it: without the schema `public`."""
        return self.table if self.schema == "public" else f"{self.schema}.{self.table}"

    @property
    def takes_rows(self) -> bool:
        """Whether it is a table, and no view."""
        return self.kind not in ("v", "m")

    def column(self, name: str) -> Column:
        """The column of that name, which is there."""
        return next(column for column in self.columns if column.name == name)


@dataclass(frozen=True)
class Facts:
    """A whole schema. `names` has every way to name a table: with its schema, and as it is seen."""

    tables: dict[int, Table]
    names: dict[str, int]
    types: dict[int, Type]

    def constraint(self, schema: str | None, table: str | None, name: str) -> Sequence[str]:
        """The columns of a constraint that PostgreSQL names in an error."""
        one = self._named(schema, table)
        checks = {check.name: check.columns for check in one.checks} if one else {}
        return checks.get(name, one.uniques.get(name, ()) if one else ())

    def definition(self, schema: str | None, table: str | None, name: str) -> str | None:
        """What a check demands that PostgreSQL names in an error: one of a table or of a domain."""
        one = self._named(schema, table)
        domains = (check for kind in self.types.values() for check in kind.checks)
        found = [
            check.definition
            for check in (*(one.checks if one else ()), *domains)
            if check.name == name
        ]
        return found[0] if found else None

    def _named(self, schema: str | None, table: str | None) -> Table | None:
        return next(
            (one for one in self.tables.values() if (one.schema, one.table) == (schema, table)),
            None,
        )

    def needs(self, table: Table) -> Iterator[ForeignKey]:
        """The foreign keys without which a row of the table is refused."""
        for key in table.foreign_keys:
            if any(table.column(name).required for name in key.columns):
                yield key

    def leads_to(self, start: int, goal: int) -> bool:
        """Whether a row of one table needs, by way of others, a row of the other."""
        seen: set[int] = set()
        ahead = [start]
        while ahead:
            oid = ahead.pop()
            if oid == goal:
                return True
            if oid not in seen:
                seen.add(oid)
                ahead += [key.parent for key in self.needs(self.tables[oid])]
        return False

    def bounds(self, table: Table) -> list[list[Bound]]:
        """For each partition that a row may go to: what it and those above it say, from the top."""
        below = [one for one in self.tables.values() if one.above == table.oid]
        if below:
            return [bounds for one in below for bounds in self.bounds(one)]
        found: list[Bound] = []
        one: Table | None = table
        while one is not None and one.bound is not None:
            found.insert(0, one.bound)
            one = self.tables.get(one.above)
        return [found] if found else []

    def checks(self, kind: Type) -> list[Check]:
        """The checks of a domain, and of those that it is made of."""
        found = list(kind.checks)
        return found + self.checks(self.types[kind.inner]) if kind.inner in self.types else found
