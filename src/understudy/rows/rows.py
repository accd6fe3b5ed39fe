"""`insert`: rows for a test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

import psycopg

from understudy.rows.column_hints import ColumnHints
from understudy.rows.errors import NotATable, RowRefused, RowsError, UnknownName
from understudy.rows.insert_sql import Connection
from understudy.rows.inserter import Inserter
from understudy.rows.names import did_you_mean
from understudy.rows.report import commit_failed, schema_not_read
from understudy.rows.row import Row
from understudy.rows.schema_reader import read_schema
from understudy.rows.table_facts import Schema, Table
from understudy.rows.value_generator import ValueGenerator


@dataclass
class SchemaCache:
    """The schema of the databases of a run, read by the first test that inserts a row."""

    schema: Schema | None = None


class Rows:
    """Inserts rows into one database, for one test."""

    def __init__(
        self,
        connect: Callable[[], Connection],
        seed: str,
        *,
        locale: str | None = None,
        cache: SchemaCache | None = None,
    ) -> None:
        """Prepare it; nothing is connected yet.

        Args:
            connect: called once, for the first row. Returns a psycopg connection in autocommit
                mode, or in a transaction that the caller ends.
            seed: the same seed generates the same values.
            locale: Faker's name of the locale for names, addresses and telephone numbers.
            cache: the schema that other tests have read.
        """
        self._connect = connect
        self._random = Random(seed)
        self._hints = ColumnHints(seed, locale)
        self._cache = cache or SchemaCache()
        self._connection: Connection | None = None
        self._schema: Schema | None = None
        self._latest: dict[int, Mapping[str, object]] = {}

    def insert(self, table: str, /, **values: object) -> Row:
        """Insert a row with these values, and generate the other values that it requires.

        Generated are the columns that are NOT NULL without a default, and the rows that they
        reference. A reference uses the row that this test inserted last, else the first existing
        row by key, else a new row. Everything else is left to the database.

        Returns:
            The row as the database returned it.

        Raises:
            UnknownName: the table or a column does not exist.
            NotATable: it is a view.
            NoValue: a column's type has no generator.
            RowRefused: PostgreSQL refuses these values, or every generated value that was tried.
        """
        if self._connection is None:
            self._connection = self._connect()
        cached = self._schema or self._cache.schema
        self._schema = cached or _read(self._connection)
        self._cache.schema = self._cache.schema or self._schema
        try:
            return self._insert(self._connection, self._schema, table, values)
        except RowsError:
            # A test may have changed its schema since it was cached.
            current = _read(self._connection) if cached else self._schema
            if current == self._schema:
                raise
            self._schema = current
        return self._insert(self._connection, current, table, values)

    def _insert(
        self, connection: Connection, schema: Schema, name: str, values: Mapping[str, object]
    ) -> Row:
        table = _table(schema, name, values)
        generator = ValueGenerator(schema, self._random, self._hints.value)
        inserter = Inserter(connection, schema, generator, self._latest)
        try:
            with inserter.atomic():
                row = inserter.insert(table, values)
                inserter.check_deferred()
        except psycopg.Error as error:
            raise RowRefused(commit_failed(table, error)) from error
        return Row(table.name, row)


def _read(connection: Connection) -> Schema:
    try:
        return read_schema(connection)
    except psycopg.Error as error:
        raise RowRefused(schema_not_read(error)) from error


def _table(schema: Schema, name: str, values: Mapping[str, object]) -> Table:
    """Return the table with this name, which has a column for each of the values."""
    if name not in schema.names:
        tables = sorted({table.name for table in schema.tables.values() if not table.is_view})
        if tables:
            raise UnknownName(f"There is no table {name!r}.{did_you_mean(name, tables)}")
        raise UnknownName(
            f"There is no table {name!r}: the database has no tables.\n"
            "Name the schema files, in order, in pyproject.toml:\n"
            '[tool.understudy] schema = ["db/migrations/*.sql"]'
        )
    table = schema.tables[schema.names[name]]
    if table.is_view:
        kind = "a view" if table.kind == "v" else "a materialized view"
        sources = sorted(schema.tables[oid].name for oid in table.sources if oid in schema.tables)
        hint = f" Insert into the tables that it reads: {', '.join(sources)}." if sources else ""
        raise NotATable(f"{table.name} is {kind}, which cannot be inserted into.{hint}")
    columns = {column.name: column for column in table.columns}
    for column in values:
        if column not in columns:
            hint = did_you_mean(column, [*columns])
            raise UnknownName(f"{table.name} has no column {column!r}.{hint}")
        if columns[column].generated:
            raise RowRefused(
                f"{table.name}.{column} is a generated column ({columns[column].expression}).\n"
                "Leave it out."
            )
    return table
