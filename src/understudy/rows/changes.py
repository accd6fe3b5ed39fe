"""`changes`: how the rows of all tables differ after a block of a test."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Any

from understudy.catalog.schema_reader import USER_SCHEMA
from understudy.rows.errors import ChangesUnknown

Texts = tuple[str | None, ...]
Read = Callable[[str], Sequence[Texts]]
Rows = dict[str, list[dict[str, Any]]]
_Row = dict[str, str | None]
# The rows of each table, by its name in SQL, as PostgreSQL writes a record.
Snapshot = Mapping[str, Counter[str]]

_TEXT_ARRAY = 1009
_IS_TABLE = f"""
    c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
    AND {USER_SCHEMA} AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend WHERE classid = 'pg_catalog.pg_class'::regclass
            AND objid = c.oid AND deptype = 'e'
    )
"""
_SQL_NAME = "(CASE relkind WHEN 'r' THEN 'ONLY ' ELSE '' END) || format('%I.%I', nspname, relname)"
_TABLES = f"""
    SELECT {_SQL_NAME} FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE {_IS_TABLE}
"""
# One row for each column, with its type and its place in the primary key. psycopg loads a value of
# a domain as one of its base type, and an array of one of the user's types as an array of texts.
_COLUMNS = f"""
    SELECT CASE n.nspname WHEN 'public' THEN c.relname ELSE n.nspname || '.' || c.relname END,
        {_SQL_NAME}, a.attname, (
            CASE WHEN u.typcategory = 'A' AND u.oid >= 16384 THEN {_TEXT_ARRAY} ELSE u.oid END
        )::text, array_position(k.conkey, a.attnum)::text
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_catalog.pg_type d ON d.oid = t.typbasetype
    JOIN pg_catalog.pg_type u ON u.oid = coalesce(nullif(d.typbasetype, 0), d.oid, t.oid)
    LEFT JOIN pg_catalog.pg_constraint k ON k.conrelid = c.oid AND k.contype = 'p'
    WHERE {_IS_TABLE}
    ORDER BY 1, a.attnum
"""
# Of a record as text: each field, quoted or not.
_FIELD = re.compile(r'[(,]("(?:[^"\\]|""|\\.)*"|[^,()"\\]*)')
_ESCAPED = re.compile(r'""|\\.')
# What a value looks like must not depend on what a client has set.
_AS_PSYCOPG_READS = (
    "SET LOCAL DateStyle = 'ISO, MDY';SET LOCAL IntervalStyle = 'postgres';"
    "SET LOCAL bytea_output = 'hex';SET LOCAL TimeZone = 'UTC';SET LOCAL extra_float_digits = 1;"
)
# The latest statement of each transaction that waits for its next one and has written.
_OPEN_TRANSACTIONS = """
    SELECT query FROM pg_catalog.pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
        AND state = 'idle in transaction' AND backend_xid IS NOT NULL
    ORDER BY xact_start
"""


@dataclass(frozen=True)
class _Table:
    """A table with the type of each column, and the columns of its primary key, or all."""

    name: str
    types: Mapping[str, int]
    key: tuple[str, ...]

    def fields(self, record: str) -> dict[str, str | None]:
        """Return the fields of a row."""
        fields = [_text(field) for field in _FIELD.findall(record)]
        if len(fields) != len(self.types):
            raise ChangesUnknown(f"The block has changed the columns of {self.name}.")
        return dict(zip(self.types, fields, strict=True))


def _text(field: str) -> str | None:
    """Return the value of a field: NULL is written as nothing."""
    if field.startswith('"'):
        return _ESCAPED.sub(lambda match: match[0][1], field[1:-1])
    return field or None


class Changes:
    """How the rows of all tables differ after a block from those before it.

    It is false if nothing differs. A table has an entry if it has such rows. Rows are ordered by
    primary key, and those of a table without one by all of their values.

    Attributes:
        inserted: the new rows of each table, with all columns.
        updated: of each changed row, its primary key and the new values of the columns that differ.
            A table without a primary key has none: such a row is deleted and inserted, as is one
            whose key changes.
        deleted: the primary key of each row that is gone; the whole row without a primary key.
    """

    _found: tuple[Rows, Rows, Rows] | None = None
    _problem: ChangesUnknown | None = None

    @property
    def inserted(self) -> Rows:  # noqa: D102 # documented by the class
        return self._result()[0]

    @property
    def updated(self) -> Rows:  # noqa: D102 # documented by the class
        return self._result()[1]

    @property
    def deleted(self) -> Rows:  # noqa: D102 # documented by the class
        return self._result()[2]

    def __bool__(self) -> bool:
        return any(self._result())

    def __repr__(self) -> str:
        if self._found is None:
            return "<changes of a block that is not over>"
        named = zip(("inserted", "updated", "deleted"), self._found, strict=True)
        parts = [f"{name}={rows!r}" for name, rows in named if rows]
        return f"<changes: {', '.join(parts)}>" if parts else "<changes: none>"

    def _result(self) -> tuple[Rows, Rows, Rows]:
        if self._found is None:
            raise self._problem or ChangesUnknown(
                "The rows are compared when the `with` block of changes() ends. Look at them "
                "after it."
            )
        return self._found


@contextmanager
def watch(read: Read, *, sees_open: bool) -> Iterator[Changes]:
    """Compare the rows of all tables before a block and after it.

    Args:
        read: returns the rows of a query, as texts. The query may come after SET LOCAL commands.
        sees_open: whether it sees what open transactions have written.

    Yields:
        What differs, once the block is over.

    Raises:
        ChangesUnknown: the tables cannot be read.
    """
    changes = Changes()
    before = _snapshot(read, sees_open)
    try:
        yield changes
    except BaseException:
        # The test may expect the exception, and look at the changes then.
        try:
            changes._found = _difference(before, _snapshot(read, sees_open), read)
        except ChangesUnknown as error:
            changes._problem = error
        raise
    changes._found = _difference(before, _snapshot(read, sees_open), read)


def _snapshot(read: Read, sees_open: bool) -> Snapshot:
    """Return the rows of each table."""
    if not sees_open and (latest := [sql for (sql,) in read(_OPEN_TRANSACTIONS)]):
        statement = " ".join((latest[0] or "").split())
        raise ChangesUnknown(
            "On a clone, changes() sees committed rows only, and a transaction that has written is "
            f"open. Its latest statement is\n  {statement}\n"
            "Commit it or roll it back before the block begins, and in the block."
        )
    names = [str(name) for (name,) in read(_TABLES)]
    found: dict[str, Counter[str]] = {name: Counter() for name in names}
    queries = [f"SELECT '{n}', (found.*)::text FROM {name} found" for n, name in enumerate(names)]
    for number, record in read(_AS_PSYCOPG_READS + " UNION ALL ".join(queries)) if names else ():
        found[names[int(number or 0)]][str(record)] += 1
    return found


def _tables(columns: Iterable[Texts]) -> dict[str, _Table]:
    """Return each table by its name in SQL."""
    tables = {}
    for (name, sql_name), group in groupby(columns, key=itemgetter(0, 1)):
        found = [(str(column), int(kind or 0), place) for _, _, column, kind, place in group]
        key = sorted((int(place), column) for column, _, place in found if place is not None)
        types = {column: kind for column, kind, _ in found}
        tables[sql_name] = _Table(name, types, tuple(column for _, column in key) or tuple(types))
    return tables


def _difference(before: Snapshot, after: Snapshot, read: Read) -> tuple[Rows, Rows, Rows]:
    """Return the rows that were inserted, updated and deleted."""
    found: tuple[Rows, Rows, Rows] = ({}, {}, {})
    none: Counter[str] = Counter()
    differing = {name for name in {**before, **after} if before.get(name) != after.get(name, none)}
    tables = _tables(read(_COLUMNS)) if differing else {}
    if dropped := differing.difference(tables):
        raise ChangesUnknown(f"The block has dropped or renamed {', '.join(sorted(dropped))}.")
    values = _Values()
    for sql_name in filter(differing.__contains__, tables):
        old, new = before.get(sql_name, none), after.get(sql_name, none)
        table = tables[sql_name]
        kinds = _changed(table, [*(old - new).elements()], [*(new - old).elements()])
        for rows, kind in zip(found, kinds, strict=True):
            if kind:
                rows[table.name] = values.load(table, kind)
    return found


def _changed(
    table: _Table, old: Iterable[str], new: Iterable[str]
) -> tuple[list[_Row], list[_Row], list[_Row]]:
    """Return which rows were inserted, updated and deleted, of those that are not in both."""
    was: defaultdict[Texts, list[_Row]] = defaultdict(list)
    for row in map(table.fields, old):
        was[tuple(row[name] for name in table.key)].append(row)
    inserted, updated = [], []
    for row in map(table.fields, new):
        same = was.pop(tuple(row[name] for name in table.key), None)
        if same is None:
            inserted.append(row)
        else:
            key = {name: row[name] for name in table.key}
            updated.append(key | {name: row[name] for name in row if row[name] != same[0][name]})
    gone = [{name: row[name] for name in table.key} for rows in was.values() for row in rows]
    return inserted, updated, gone


class _Values:
    """Turns texts into what psycopg makes of them."""

    def __init__(self) -> None:
        from psycopg import DataError, pq
        from psycopg.adapt import Transformer

        self._refused = DataError
        self._transformer = Transformer()
        self._format = pq.Format.TEXT

    def load(self, table: _Table, rows: Iterable[_Row]) -> list[dict[str, Any]]:
        """Return rows with Python values, ordered by key."""
        loaded = [
            {name: self._value(table.types[name], text) for name, text in row.items()}
            for row in rows
        ]
        return sorted(loaded, key=lambda row: [_order(row.get(name)) for name in table.key])

    def _value(self, oid: int, text: str | None) -> Any:
        if text is None:
            return None
        try:
            return self._transformer.get_loader(oid, self._format).load(text.encode())
        except self._refused:
            return text  # what Python has no value for: infinity, a date before the year 1


def _order(value: object) -> tuple[bool, float, str]:
    """Return what a value is compared by: numbers as such, others as their texts."""
    if isinstance(value, (int, float, Decimal)):
        return True, float(value), ""
    return False, 0.0, str(value)
