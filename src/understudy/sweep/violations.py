"""Which constraints a statement can violate, as far as its text and the schema tell."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from understudy.catalog.changed_values import Change, change_in
from understudy.catalog.description import Constraint, SchemaFacts
from understudy.mysql.sql import name_of, pieces, quoted
from understudy.mysql_catalog.changed_rows import UNKNOWN, changed_rows
from understudy.mysql_catalog.schema import Schema
from understudy.pg import sql
from understudy.pg.sql_lists import items
from understudy.pg.sql_spelling import name_of as postgres_name
from understudy.script.boundary import Event
from understudy.script.mysql_calls import MysqlCall

_UNIQUE = ("primary key", "unique")
_POSTGRES = {"primary key": "23505", "unique": "23505", "foreign key": "23503", "check": "23514"}
_CHANGES_OTHERS = re.compile(r" ON DELETE (?:CASCADE|SET NULL)")


class Violation(NamedTuple):
    """A constraint that is violated.

    Attributes:
        code: the error.
        constraint: what is violated; of a column that cannot be NULL one with the column's name.
        named: what MySQL's text names, by the arguments of `db_error`.
    """

    code: str
    constraint: Constraint
    named: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class PostgresSchema:
    """The schema of a PostgreSQL.

    Attributes:
        facts: its constraints.
        restricting: the foreign keys that let no row be deleted to which others refer.
    """

    facts: SchemaFacts
    restricting: Collection[str] = ()

    def violations(self, event: Event) -> Iterator[Violation]:
        """Yield what a statement can violate."""
        facts = self.facts
        change = change_in(event.call, (), facts.columns_of)
        spared = _spared(event.call.statement)
        for found in _violable(change, facts.constraints, self.restricting):
            is_spared = spared is not None and (not spared or spared == set(found.columns))
            if not (found.kind in _UNIQUE and is_spared):
                yield Violation(_POSTGRES[found.kind], found)


@dataclass(frozen=True, slots=True)
class MysqlSchema:
    """The schema of a MySQL or MariaDB.

    Attributes:
        schema: its tables and constraints.
        foreign_keys: the definition of each foreign key by its name, as errors quote it.
    """

    schema: Schema
    foreign_keys: Mapping[str, str]

    def violations(self, event: Event) -> Iterator[Violation]:
        """Yield what a statement can violate.

        Of the columns that cannot be NULL the first is enough: an app has one answer for all.
        """
        call = event.call
        changed = changed_rows(call, self.schema) if isinstance(call, MysqlCall) else None
        if changed is None:
            return
        change, required, spares_keys = changed
        restricting = [
            name for name, text in self.foreign_keys.items() if not _CHANGES_OTHERS.search(text)
        ]
        database = call.database or self.schema.database
        for found in _violable(change, self.schema.constraints, restricting):
            # The default of a column that is left out may be NULL.
            is_whole = change.command != "INSERT" or set(found.columns) <= change.values.keys()
            if found.kind == "check":
                can_be = not change.values.keys().isdisjoint(self._columns_of_check(found))
            else:
                is_spared = found.kind in _UNIQUE and spares_keys
                can_be = bool(found.columns) and is_whole and not is_spared
            if can_be:
                yield self._violation(found, change, database)
        for name in required[:1]:
            constraint = Constraint(name, change.table, "not null", (name,))
            yield Violation("1048", constraint, (("column", name),))

    def _columns_of_check(self, check: Constraint) -> list[str]:
        """Return the columns of a condition; none of the one that MariaDB gives a JSON column."""
        table = self.schema.tables[check.table]
        own = table.columns.get(check.name.lower())
        if own is not None and own.type.endswith(" json"):
            return []
        condition = pieces(self.schema.checks[check.table, check.name])
        names = {name_of(piece.text).lower() for piece in condition}
        return [column.name for key, column in table.columns.items() if key in names]

    def _violation(self, found: Constraint, change: Change, database: str) -> Violation:
        """Return a violation as the server words it; MariaDB names a key without its table."""
        table, name, is_mariadb = found.table, found.name, self.schema.is_mariadb
        if found.kind in _UNIQUE:
            values = [str(change.values.get(column, UNKNOWN)) for column in found.columns]
            entry = UNKNOWN if UNKNOWN in values else "-".join(values)
            key = name if is_mariadb else f"{table}.{name}"
            return Violation("1062", found, (("key", key), ("value", entry)))
        if found.kind == "foreign key":
            code = "1451" if change.command == "DELETE" else "1452"
            detail = f"{quoted(database)}.{quoted(table)}, {self.foreign_keys[name]}"
            return Violation(code, found, (("detail", detail),))
        if not is_mariadb:
            return Violation("3819", found, (("constraint", name),))
        if name.lower() in self.schema.tables[table].columns:  # it belongs to the column
            name = f"{table}.{name}"
        named = {"constraint": name, "schema": database, "table": table}
        return Violation(
            "4025", found, tuple((key, quoted(value)[1:-1]) for key, value in named.items())
        )


def _violable(
    change: Change, constraints: Iterable[Constraint], restricting: Collection[str]
) -> Iterator[Constraint]:
    for constraint in constraints:
        if change.command == "DELETE":
            referenced = (constraint.references or "").rpartition(".")[2]
            if referenced == change.table and constraint.name in restricting:
                yield constraint
        elif change.command in ("INSERT", "UPDATE") and change.table:
            is_of_table = constraint.table.rpartition(".")[2] == change.table
            if is_of_table and constraint.name and _can_violate(change, constraint):
                yield constraint


def _can_violate(change: Change, constraint: Constraint) -> bool:
    if constraint.kind not in _POSTGRES:
        return False
    columns = set(constraint.columns)
    # Columns that are not given are left as they are, or filled by a sequence.
    if columns and change.values and not columns & change.values.keys():
        return False
    # A key with a NULL is neither taken nor looked for.
    return constraint.kind == "check" or not any(
        change.values.get(column, "") is None for column in columns
    )


def _spared(statement: str) -> set[str] | None:
    """Return the columns of ON CONFLICT, empty if it names none; None without the clause."""
    tokens = sql.tokens(statement)
    words = [token.upper() for token in tokens]
    for at in range(len(words) - 1):
        if words[at : at + 2] == ["ON", "CONFLICT"]:
            if words[at + 2 : at + 3] != ["("]:
                return set()
            listed, _ = items(tokens, at + 3)
            return {postgres_name(item[0]) for item in listed if item}
    return None
