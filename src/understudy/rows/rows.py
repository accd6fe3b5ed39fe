"""`insert`: what a test asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

import psycopg

from understudy.rows import messages
from understudy.rows.column_hints import Named
from understudy.rows.errors import NotATable, RowRefused, RowsError, UnknownName
from understudy.rows.insert_errors import at_the_end, schema_not_read
from understudy.rows.insert_sql import Connection
from understudy.rows.inserting import Inserter
from understudy.rows.row import Row
from understudy.rows.schema_reader import read_facts
from understudy.rows.table_facts import Facts, Table
from understudy.rows.typed_values import Maker


@dataclass
class Known:
    """The schema that the databases of a run share: read for the first test that asks."""

    facts: Facts | None = None


class Rows:
    """Puts rows into one database, for one test."""

    def __init__(
        self,
        connect: Callable[[], Connection],
        seed: str,
        *,
        locale: str | None = None,
        known: Known | None = None,
    ) -> None:
        """Prepare it.

        Args:
            connect: Called once, for the first row: a connection of psycopg to the database, which
                commits each statement or is inside a transaction that somebody else ends.
            seed: The same seed makes up the same values.
            locale: Of the names, addresses and telephone numbers, as Faker calls it.
            known: What the databases of other tests showed of the schema.
        """
        self._connect = connect
        self._random = Random(seed)
        self._named = Named(seed, locale)
        self._known = known or Known()
        self._connection: Connection | None = None
        self._facts: Facts | None = None
        self._latest: dict[int, Mapping[str, object]] = {}

    def insert(self, table: str, /, **values: object) -> Row:
        """Insert a row with these values, and with what else it cannot do without.

        Made up are columns that are NOT NULL and have no default, and the rows that such columns
        refer to, unless there are any: then the last that was inserted here is taken, else the
        first in the order of its key. All else is left to the database.

        Returns:
            The row as the database has it.

        Raises:
            UnknownName: There is no such table, or it has no such column.
            NotATable: It is a view.
            NoValue: A column needs a value of a type that is not known here.
            RowRefused: PostgreSQL refuses these values, or everything that was tried beside them.
        """
        if self._connection is None:
            self._connection = self._connect()
        before = self._facts or self._known.facts
        self._facts = before or _read(self._connection)
        self._known.facts = self._known.facts or self._facts
        try:
            return self._insert(self._connection, self._facts, table, values)
        except RowsError:
            # What was read before may be of another day: a test can change its schema.
            now = _read(self._connection) if before else self._facts
            if now == self._facts:
                raise
            self._facts = now
        return self._insert(self._connection, now, table, values)

    def _insert(
        self, connection: Connection, facts: Facts, name: str, values: Mapping[str, object]
    ) -> Row:
        table = _table(facts, name, values)
        inserter = Inserter(
            connection, facts, Maker(facts, self._random, self._named.value), self._latest
        )
        try:
            with connection.transaction():
                row = inserter.insert(table, values)
                inserter.settle()
        except psycopg.Error as error:
            raise RowRefused(at_the_end(table, error)) from error
        return Row(table.name, row)


def _read(connection: Connection) -> Facts:
    """What the database has now."""
    try:
        return read_facts(connection)
    except psycopg.Error as error:
        raise RowRefused(schema_not_read(error)) from error


def _table(facts: Facts, name: str, values: Mapping[str, object]) -> Table:
    """The table of that name, which has a column for each of the values."""
    tables = sorted({one.name for one in facts.tables.values() if one.takes_rows})
    if name not in facts.names:
        raise UnknownName(messages.unknown_table(name, tables))
    table = facts.tables[facts.names[name]]
    if not table.takes_rows:
        beneath = sorted(facts.tables[oid].name for oid in table.beneath if oid in facts.tables)
        raise NotATable(messages.not_a_table(table.name, table.kind, beneath))
    columns = {column.name: column for column in table.columns}
    for column in values:
        if column not in columns:
            raise UnknownName(messages.unknown_column(table.name, column, [*columns]))
        if columns[column].generated:
            expression = columns[column].expression or ""
            raise RowRefused(
                f"{table.name}.{column} cannot be given: the database works it out, as "
                f"{expression}.\n"
                "Leave it out."
            )
    return table
