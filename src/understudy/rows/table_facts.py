"""The parts of a schema that decide which rows its tables accept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from understudy.catalog.schema_reader import DatabaseConstraint, DatabaseType
from understudy.pg.sql_spelling import quoted

if TYPE_CHECKING:
    from psycopg.errors import Diagnostic

# A check's columns are those that it mentions; a domain's mentions VALUE instead.
Check = DatabaseConstraint
ForeignKey = DatabaseConstraint


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        sql_type: the type as SQL spells it, with its length.
        expression: the default, or the expression of a generated column.
        identity: "a" (always), "d" (by default) or "".
    """

    name: str
    type: DatabaseType
    sql_type: str
    typmod: int
    not_null: bool
    expression: str | None
    identity: str
    generated: bool

    @property
    def required(self) -> bool:
        """Whether an INSERT that omits this column is refused."""
        return (self.not_null or self.type.not_null) and not self.has_default

    @property
    def has_default(self) -> bool:
        """Whether the database fills it in."""
        return self.expression is not None or bool(self.identity) or self.type.has_default


@dataclass(frozen=True)
class Bound:
    """The bound of a partition, as PostgreSQL prints it, and the partitioned table's key."""

    columns: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Table:
    """A table, a partition or a view.

    Attributes:
        kind: pg_class.relkind.
        parent: the OID of the table that it is a partition of; 0 for none.
        sources: the OIDs of the tables and views that a view reads.
        uniques: the columns of each unique or exclusion constraint, by its name.
    """

    oid: int
    schema: str
    table: str
    kind: str
    parent: int
    sources: tuple[int, ...] = ()
    columns: tuple[Column, ...] = ()
    checks: tuple[Check, ...] = ()
    uniques: dict[str, tuple[str, ...]] = field(default_factory=dict)
    foreign_keys: tuple[ForeignKey, ...] = ()
    bound: Bound | None = None

    @property
    def name(self) -> str:
        """The name in messages: without the schema `public`."""
        return self.table if self.schema == "public" else f"{self.schema}.{self.table}"

    @property
    def sql_name(self) -> str:
        """The name in statements."""
        return f"{quoted(self.schema)}.{quoted(self.table)}"

    @property
    def is_view(self) -> bool:
        """Whether it is a view or a materialized view."""
        return self.kind in ("v", "m")

    def column(self, name: str) -> Column:
        """Return the column with this name, which must exist."""
        return next(column for column in self.columns if column.name == name)

    def required_keys(self) -> Iterator[ForeignKey]:
        """Yield the foreign keys that a row cannot leave NULL."""
        for key in self.foreign_keys:
            if any(self.column(name).required for name in key.columns):
                yield key


@dataclass(frozen=True)
class Schema:
    """The schema of a database.

    Attributes:
        names: the OID of a table by each of its names, with and without its schema.
        domain_checks: the checks of each domain, by its OID.
    """

    tables: dict[int, Table]
    names: dict[str, int]
    types: dict[int, DatabaseType]
    domain_checks: Mapping[int, Sequence[Check]] = field(default_factory=dict)

    def constraint_columns(self, diag: Diagnostic) -> Sequence[str]:
        """Return the columns of the check or unique constraint that an error names."""
        found = self._table(diag)
        if found is None:
            return ()
        columns = found.uniques | {check.name: check.columns for check in found.checks}
        return columns.get(diag.constraint_name or "", ())

    def check_definition(self, diag: Diagnostic) -> str | None:
        """Return the definition of the table's or domain's check that an error names."""
        found = self._table(diag)
        checks = list(found.checks if found else ())
        checks += [check for checks in self.domain_checks.values() for check in checks]
        name = diag.constraint_name
        return next((check.definition for check in checks if check.name == name), None)

    def _table(self, diag: Diagnostic) -> Table | None:
        name = f"{diag.schema_name}.{diag.table_name}"
        return self.tables.get(self.names.get(name, 0))

    def depends_on(self, start: int, goal: int) -> bool:
        """Return whether a row of one table requires, directly or not, a row of another."""
        seen: set[int] = set()
        pending = [start]
        while pending:
            oid = pending.pop()
            if oid == goal:
                return True
            if oid not in seen:
                seen.add(oid)
                pending += [key.parent for key in self.tables[oid].required_keys()]
        return False

    def bounds(self, table: Table) -> list[list[Bound]]:
        """Return, for each partition that may take a row, its bounds from the root down."""
        partitions = [child for child in self.tables.values() if child.parent == table.oid]
        if partitions:
            return [bounds for partition in partitions for bounds in self.bounds(partition)]
        chain: list[Bound] = []
        ancestor: Table | None = table
        while ancestor is not None and ancestor.bound is not None:
            chain.insert(0, ancestor.bound)
            ancestor = self.tables.get(ancestor.parent)
        return [chain] if chain else []

    def checks_of(self, kind: DatabaseType) -> list[Check]:
        """Return the checks of a domain, those of its base types included."""
        checks = list(self.domain_checks.get(kind.oid, ()))
        return (
            checks + self.checks_of(self.types[kind.inner]) if kind.inner in self.types else checks
        )
