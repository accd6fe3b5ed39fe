"""Rows on which a mutant differs from its original, if any do.

The rows of a table differ from each other in one or two columns: such rows tell conditions apart.
Values come from the literals and parameters of the statements, from their neighbours, and from the
generator of `rows`. NULLs, duplicates, parents without children are among them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from random import Random
from string import ascii_lowercase

import psycopg

from understudy.catalog.schema_reader import DatabaseType
from understudy.mutate.column_uses import ColumnId
from understudy.pg.sql_spelling import quoted
from understudy.rows.alternatives import alternatives
from understudy.rows.column_hints import ColumnHints
from understudy.rows.errors import NoValue, RowsError
from understudy.rows.insert_sql import Connection
from understudy.rows.inserter import Inserter
from understudy.rows.table_facts import Column, ForeignKey, Schema, Table
from understudy.rows.value_generator import ValueGenerator, in_array

ROWS = 36  # of each table
_MOST_ROWS = 120  # that are read of a table that had rows before
_BASE = 10  # of these differ in every column
_MOST_HITS = 12  # rows that statements look for
_FRESH = 4  # rows that are not in the table, for INSERT
_MOST_FAILURES = 25
_MOST_ALTERNATIVES = 12  # values of a column that a check mentions
_NUMBERS = frozenset({"int2", "int4", "int8", "float4", "float8", "numeric"})
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_TEXTS = frozenset({"text", "varchar", "citext"})
Values = dict[str, str | None]


@dataclass(frozen=True)
class StoredRow:
    """A row of a table: its place (ctid), and the text of each of its columns."""

    table: int
    place: str
    values: Values


@dataclass
class Dataset:
    """The generated rows, by the OID of their table.

    Attributes:
        rows: those in the database.
        fresh: rows that the table would take, but does not have.
    """

    rows: dict[int, list[StoredRow]] = field(default_factory=dict)
    fresh: dict[int, list[Values]] = field(default_factory=dict)

    def with_parents(
        self, rows: Iterable[StoredRow], tables: Mapping[int, Table]
    ) -> list[StoredRow]:
        """Return rows, each after those of the tables that it refers to."""
        found: dict[tuple[int, str], StoredRow] = {}
        waiting = [*rows]
        while waiting:
            row = waiting.pop()
            if found.pop((row.table, row.place), None) is None:
                waiting += self._parents(row, tables)
            found[row.table, row.place] = row
        return [*reversed(found.values())]

    def _parents(self, row: StoredRow, tables: Mapping[int, Table]) -> Iterator[StoredRow]:
        for key in tables[row.table].foreign_keys:
            values = [row.values[name] for name in key.columns]
            for parent in self.rows.get(key.parent, ()) if key.parent in tables else ():
                if [parent.values[name] for name in key.parent_columns] == values:
                    yield parent

    def few(self, tables: Mapping[int, Table], random: Random) -> Dataset:
        """Return some rows, with those that they refer to."""
        chosen = [
            row
            for oid, rows in self.rows.items()
            for row in random.sample(rows, k=min(len(rows), random.choice((0, 1, 1, 2, 3))))
        ]
        few: dict[int, list[StoredRow]] = {oid: [] for oid in self.rows}
        for row in self.with_parents(chosen, tables):
            few[row.table].append(row)
        return Dataset(few, self.fresh)


def fill(
    connection: Connection,
    schema: Schema,
    tables: Iterable[Table],
    pools: Mapping[ColumnId, Sequence[str]],
    hits: Sequence[Mapping[ColumnId, str]],
    seed: int,
) -> Dataset:
    """Insert the rows, in the transaction of the connection.

    Args:
        connection: the database.
        schema: its schema.
        tables: those to fill, and no views or partitions.
        pools: for the columns that statements use, values that they compare with or store.
        hits: values that one row should have, because a statement looks for them.
        seed: the same seed generates the same rows.
    """
    return _Filler(connection, schema, pools, hits, seed).fill(parents_first(list(tables)))


def read_rows(connection: Connection, table: Table) -> list[StoredRow]:
    """Return the rows of a table, the latest first; of a large table, the latest."""
    columns = ["ctid::text", *(f"{quoted(column.name)}::text" for column in table.columns)]
    query = f"""
        SELECT {", ".join(columns)} FROM {table.sql_name} ORDER BY ctid DESC LIMIT {_MOST_ROWS}
    """
    names = [column.name for column in table.columns]
    return [
        StoredRow(table.oid, place, dict(zip(names, values, strict=True)))
        for place, *values in connection.execute(query.encode())
    ]


def neighbours(text: str) -> list[str]:
    """Return values beside a value: one more, one less, and texts that nearly match."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        swapped = [text.upper(), text.lower(), text.capitalize()]
        longer = [f"{text}x", f"x{text}", f" {text} "]
        return [text, *swapped, *longer, text[:-1]] if text else [text]
    return [text, str(number + 1), str(number - 1)] if number.is_finite() else [text]


def _of_type(kind: DatabaseType, texts: Iterable[str]) -> Iterator[str]:
    """Yield the texts that a type takes, or values that contain them."""
    for text in texts:
        if kind.kind == "array":
            yield text if text.startswith("{") else in_array(text)
        elif kind.name in ("json", "jsonb"):
            yield from (f'{{"{text}": "a"}}', f'{{"{text}": null}}') if text.isidentifier() else ()
        elif kind.name not in _NUMBERS or _NUMBER.fullmatch(text):
            yield text


def parents_first(tables: Sequence[Table]) -> list[Table]:
    """Return tables, each after those that it refers to."""
    found: list[Table] = []
    oids = {table.oid for table in tables}
    waiting = list(tables)
    while waiting:
        done = {table.oid for table in found}
        ready = [
            table
            for table in waiting
            if {key.parent for key in table.foreign_keys} & oids <= done | {table.oid}
        ] or waiting[:1]  # a cycle
        found += ready
        waiting = [table for table in waiting if table not in ready]
    return found


def _checked(table: Table, name: str) -> set[str]:
    """Return the columns that share a check with a column."""
    checks = [check.columns for check in table.checks if name in check.columns]
    return {column for columns in checks for column in columns} - {name}


class _Filler:
    def __init__(
        self,
        connection: Connection,
        schema: Schema,
        pools: Mapping[ColumnId, Sequence[str]],
        hits: Sequence[Mapping[ColumnId, str]],
        seed: int,
    ) -> None:
        self._connection = connection
        self._hits = hits
        self._random = Random(seed)
        self._pools = dict(self._usable(schema, pools))
        hints = ColumnHints(str(seed), None)
        self._generator = ValueGenerator(schema, self._random, hints.value)
        tables = {oid: self._greedy(table) for oid, table in schema.tables.items()}
        self._schema = replace(schema, tables=tables)
        self._data = Dataset()

    def _usable(
        self, schema: Schema, pools: Mapping[ColumnId, Sequence[str]]
    ) -> Iterator[tuple[ColumnId, Sequence[str]]]:
        """Yield the values of each column that its type takes, and what its checks mention."""
        for table in schema.tables.values():
            for column in table.columns:
                name = ColumnId(table.oid, column.name)
                checks = [
                    check.definition for check in table.checks if column.name in check.columns
                ]
                mentioned = alternatives(checks, (), self._random)[:_MOST_ALTERNATIVES]
                texts = [*pools.get(name, ()), *(mentioned if checks else ())]
                if name in pools or checks:
                    yield name, list(dict.fromkeys(_of_type(column.type, texts)))

    def fill(self, tables: Sequence[Table]) -> Dataset:
        for table in tables:
            self._data.rows[table.oid] = read_rows(self._connection, table)
            self._insert_rows(table)
        for table in tables:
            self._data.fresh[table.oid] = self._fresh_rows(table)
        return self._data

    def _insert_rows(self, table: Table) -> None:
        rows = self._data.rows
        self._insert_hits(table)
        failures = 0
        refers_to_itself = any(key.parent == table.oid for key in table.foreign_keys)
        inserted = len(rows[table.oid])
        for make, number in ((self._new_row, inserted + _BASE), (self._near_copy, ROWS)):
            while inserted < number and failures < _MOST_FAILURES:
                if self._insert(table, make(table)):
                    inserted += 1
                else:
                    failures += 1
                    inserted += self._insert(table, self._keys(table))
                if refers_to_itself and inserted % 4 == 0:  # a tree of some depth
                    rows[table.oid] = read_rows(self._connection, table)
            rows[table.oid] = read_rows(self._connection, table)

    def _insert_hits(self, table: Table) -> None:
        """Insert rows that statements look for; some of them if there are many."""
        own = [
            {column.name: text for column, text in hit.items() if column.table == table.oid}
            for hit in self._hits
        ]
        wanted = [hit for n, hit in enumerate(own) if hit and hit not in own[:n]]
        for hit in self._random.sample(wanted, k=min(len(wanted), _MOST_HITS)):
            if not self._insert(table, {**self._new_row(table), **hit}):
                self._insert(table, {**self._keys(table), **hit})
        self._data.rows[table.oid] = read_rows(self._connection, table)

    def _insert(self, table: Table, values: Values) -> bool:
        greedy = self._schema.tables[table.oid]
        inserter = Inserter(self._connection, self._schema, self._generator, {})
        try:
            with self._connection.transaction():
                inserter.insert(greedy, values)
                inserter.check_deferred()
        except (RowsError, psycopg.Error):
            return False  # these values break a constraint; others will not
        return True

    def _fresh_rows(self, table: Table) -> list[Values]:
        known = {row.place for row in self._data.rows[table.oid]}
        with self._connection.transaction(force_rollback=True):
            for _ in range(_FRESH):
                if not self._insert(table, self._new_row(table)):
                    self._insert(table, self._keys(table))
            found = read_rows(self._connection, table)
        return [row.values for row in found if row.place not in known]

    def _new_row(self, table: Table) -> Values:
        """Return the values of a row, the others are generated."""
        given = self._keys(table)
        for column in table.columns:
            if column.name in given or column.generated:
                continue
            used = ColumnId(table.oid, column.name)
            pool = self._pools.get(used, ())
            nulls = 0.35 if used in self._pools else 0.15
            if column.type.kind in ("range", "multirange"):
                nulls = 0.9  # nearly all generated ones overlap
            if not column.not_null and not column.type.not_null and self._chance(nulls):
                given[column.name] = None
            elif pool and self._chance(0.6):
                given[column.name] = self._pooled(table, column.name, pool)
            elif column.identity:
                given[column.name] = self._number(table, column.name)
        return given

    def _near_copy(self, table: Table) -> Values:
        """Return the values of a row that differs from another one in one or two columns."""
        rows = self._data.rows[table.oid]
        if not rows:
            return self._new_row(table)
        generated = {column.name for column in table.columns if column.generated}
        copied = self._random.choice(rows).values
        given = {name: text for name, text in copied.items() if name not in generated}
        keys = {name for key in table.foreign_keys for name in key.columns}
        single = {names[0] for names in table.uniques.values() if len(names) == 1}
        for name in sorted(single - keys):
            del given[name]
            pool = self._pools.get(ColumnId(table.oid, name), ())
            if table.column(name).identity:
                given[name] = self._number(table, name)
            elif pool and self._chance(0.5):
                given[name] = self._pooled(table, name, pool)
            elif not table.column(name).not_null and self._chance(0.3):
                given[name] = None
        wide = [names for names in table.uniques.values() if len(names) > 1]
        changed = [self._random.choice([*names]) for names in wide]
        others = [name for name in given if name not in single]
        if others and (not changed or self._chance(0.3)):
            used = [4 if ColumnId(table.oid, name) in self._pools else 1 for name in others]
            changed += self._random.choices(others, used, k=1 + self._chance(0.3))
        new = self._new_row(table)
        for name in dict.fromkeys(changed):
            of_key = [key.columns for key in table.foreign_keys if name in key.columns]
            for column in of_key[0] if of_key else [name, *sorted(_checked(table, name))]:
                given.pop(column, None)
                if column in new and (of_key or column == name):
                    given[column] = new[column]
        return given

    def _keys(self, table: Table) -> Values:
        """Return values for the foreign keys: of few parents, so that they have several rows."""
        given: Values = {}
        for key in table.foreign_keys:
            parents = self._data.rows.get(key.parent, [])
            columns = [table.column(name) for name in key.columns]
            optional = not any(column.not_null for column in columns)
            if optional and (not parents or self._chance(0.3)):
                given |= dict.fromkeys(key.columns)
            elif parents:
                few = parents[-3 if self._chance(0.6) else -len(parents) * 2 // 3 :]
                if key.parent == table.oid and self._chance(0.5):
                    few = parents[:3]
                given |= self._key_of(key, self._random.choice(few).values)
        return given

    def _key_of(self, key: ForeignKey, parent: Values) -> Values:
        names = zip(key.columns, key.parent_columns, strict=True)
        return {name: parent[referenced] for name, referenced in names}

    def _chance(self, probability: float) -> bool:
        return self._random.random() < probability

    def _greedy(self, table: Table) -> Table:
        """Return the table with every column required, so that each gets a generated value."""
        return replace(table, columns=tuple(self._required(table, c) for c in table.columns))

    def _required(self, table: Table, column: Column) -> Column:
        is_optional = not column.required and not column.has_default
        if column.generated or column.identity or (is_optional and _checked(table, column.name)):
            return column  # values for a check of several columns are chosen together
        try:
            self._generator.for_column(table, column)
        except NoValue:
            return column
        return replace(column, not_null=True, expression=None)

    def _pooled(self, table: Table, name: str, pool: Sequence[str]) -> str:
        """Return one of the values; for a unique column of texts, perhaps a longer one."""
        value = self._random.choice(pool)
        is_unique = (name,) in table.uniques.values()
        if is_unique and table.column(name).type.name in _TEXTS and self._chance(0.7):
            return value + "".join(self._random.choices(ascii_lowercase, k=3))
        return value

    def _number(self, table: Table, name: str) -> str:
        """Return a number that no row has; the numbers follow no order."""
        taken = {row.values[name] for row in self._data.rows[table.oid]}
        return self._random.choice([str(n) for n in range(1, 5 * ROWS) if str(n) not in taken])
