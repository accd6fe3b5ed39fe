"""Rows that a table takes: the checks over several columns hold, and PostgreSQL inserts them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from understudy.pg.sql_spelling import literal, quoted
from understudy.rows import check_solver
from understudy.rows.errors import RowsError
from understudy.rows.insert_sql import Connection
from understudy.rows.inserter import Inserter
from understudy.rows.row_plan import RowPlan
from understudy.rows.table_facts import Check, Column, Schema, Table
from understudy.rows.value_generator import ValueGenerator
from understudy.write import column_values
from understudy.write.readings import Clock, Comparison

Values = dict[str, Any]
# The other operators allow a column one value only.
_LOOSE = frozenset({"<", "<=", ">", ">=", "<>"})
_PLAIN = (bool, int, float, Decimal, str, dt.date, UUID, type(None))  # str() is as SQL has it
_LIMITS = b"SET statement_timeout = '2s'; SET lock_timeout = '2s'"


class Fitted(NamedTuple):
    """What passes the checks.

    Attributes:
        row: a row that meets all conditions; None if there is none.
        without_one: if there is none, rows that meet the conditions on all columns but one. What
            stands on both sides of an OR may exclude each other.
    """

    row: Values | None
    without_one: Sequence[Values] = ()

    @property
    def best(self) -> Values | None:
        """The row that meets most conditions."""
        return self.row if self.row is not None else next(iter(self.without_one), None)


class RowChecks:
    """Asks a database that has the schema, and that no test uses.

    Args:
        connection: the database, in autocommit mode. No row stays in it. Without one, rows are
            taken as they are.
        schema: the schema.
    """

    def __init__(self, connection: Connection | None, schema: Schema) -> None:
        self._connection = connection
        self._schema = schema
        self._known: dict[str, Fitted] = {}
        if connection is not None:
            connection.execute(_LIMITS)  # a check or a trigger may take for ever

    def fitted(
        self,
        table: Table,
        values: Values,
        conditions: Sequence[Comparison] = (),
        fixed: Collection[str] = (),
    ) -> Fitted:
        """Return a row that passes the checks of its table over several columns.

        Args:
            table: the table.
            values: the row. As few of them are changed as possible.
            conditions: what the row is to meet.
            fixed: the columns that keep their values.
        """
        joint = [check for check in table.checks if len(check.columns) > 1]
        able = check_solver.VERSION
        if not joint or self._connection is None or self._connection.info.server_version < able:
            return Fitted(values)
        key = repr((table.oid, values, conditions, sorted(fixed)))
        if key not in self._known:
            fitting = _Fitting(self._connection, self._schema, table, values, joint)
            self._known[key] = fitting.fitted(conditions, fixed)
        return self._known[key]

    def accepted(self, rows: Sequence[tuple[Table, Values]]) -> list[tuple[Table, Values]]:
        """Return the rows without those that PostgreSQL refuses to insert after the others."""
        if self._connection is None:
            return [*rows]
        generator = ValueGenerator(self._schema, Random(0), lambda name: None)
        inserter = Inserter(self._connection, self._schema, generator, {})
        with self._connection.transaction(force_rollback=True):
            return [row for row in rows if _is_inserted(self._connection, inserter, *row)]


def _is_inserted(
    connection: Connection, inserter: Inserter, table: Table, values: Mapping[str, object]
) -> bool:
    try:
        with connection.transaction():
            inserter.insert(table, values)
            inserter.check_deferred()
    except (RowsError, psycopg.Error):
        return False
    return True


class _Fitting:
    """Finds values for some columns of a row, with the solver of `real_postgres.insert`."""

    def __init__(
        self,
        connection: Connection,
        schema: Schema,
        table: Table,
        values: Values,
        joint: Sequence[Check],
    ) -> None:
        self._connection = connection
        self._table = table
        self._values = values
        self._joint = joint
        generator = _Readable(schema, table, values)
        self._solver = check_solver.CheckSolver(connection, schema, generator)
        self._names = {name for check in joint for name in check.columns}

    def fitted(self, conditions: Sequence[Comparison], fixed: Collection[str]) -> Fitted:
        """Return the row, with as few other values as possible."""
        if self._passes(self._values, self._joint):
            return Fitted(self._values)
        exact = {one.column.name for one in conditions if one.operator not in _LOOSE}
        movable = self._movable(fixed)
        free = [name for name in movable if name not in exact]
        if (found := self._moved(free, conditions)) is not None:
            return Fitted(found)
        without_one = []
        for name in reversed(movable):
            others = [one for one in conditions if one.column.name != name]
            if name in exact and (found := self._moved([name, *free], others)) is not None:
                without_one.append(found)
        return Fitted(None, without_one)

    def _moved(self, free: Sequence[str], conditions: Sequence[Comparison]) -> Values | None:
        """Return the row with another value in one column for each check; if need be, in all."""
        row = self._values
        for check in self._joint:
            if not self._passes(row, [check]):
                own = [name for name in free if name in check.columns]
                made = (self._solved(row, [name], conditions) for name in own)
                row = next((found for found in made if found is not None), row)
        if self._passes(row, self._joint):
            return row
        found = self._solved(self._values, free, conditions)
        return found if found is not None and self._passes(found, self._joint) else None

    def _movable(self, fixed: Collection[str]) -> list[str]:
        """Return the columns of the checks that may have other values, those without one last."""
        keys = {names[0] for names in self._table.uniques.values() if len(names) == 1}
        columns = [
            column
            for column in self._table.columns
            if column.name in self._names - keys - {*fixed} and not column.generated
        ]
        given = [one.name for one in columns if isinstance(self._values.get(one.name, ...), _PLAIN)]
        left_out = [c.name for c in columns if c.name not in self._values and not c.has_default]
        return given + left_out

    def _passes(self, row: Values, checks: Sequence[Check]) -> bool:
        names = [name for check in checks for name in check.columns]
        name = next((one for one in names if isinstance(row.get(one, ...), _PLAIN)), None)
        if name is None:
            return True
        choice = [None if row[name] is None else str(row[name])]
        plan = RowPlan(self._table, row)
        return self._solver.passing(plan, [self._table.column(name)], checks, [choice]) is not None

    def _solved(
        self, row: Values, freed: Sequence[str], conditions: Sequence[Comparison]
    ) -> Values | None:
        """Return a row with other values in some columns: with NULL only if no value will do."""
        for may_be_null in (False, True) if freed else ():
            plan = self._plan(row, freed, conditions, may_be_null=may_be_null)
            try:
                self._solver.fill(plan)
            except RowsError:
                continue
            found = dict(row)
            for name in freed:
                column = self._table.column(name)
                found[name] = self._typed(column, plan.generated.get(name))
                if found[name] is None and not column.has_default:
                    del found[name]  # as `insert` leaves it
            return found
        return None

    def _plan(
        self,
        row: Values,
        freed: Sequence[str],
        conditions: Sequence[Comparison],
        *,
        may_be_null: bool,
    ) -> RowPlan:
        """Return a plan whose freed columns have no value, and whose checks are the conditions."""

        def freed_column(column: Column) -> Column:
            not_null = column.not_null or not may_be_null
            return replace(column, expression=None, identity="", not_null=not_null)

        columns = tuple(
            freed_column(column) if column.name in freed else column
            for column in self._table.columns
        )
        own = [check for check in self._table.checks if {*freed} & {*check.columns}]
        checks = (*own, *self._conditions(freed, conditions))
        given = {name: value for name, value in row.items() if name not in freed}
        return RowPlan(replace(self._table, columns=columns, checks=checks), given)

    def _conditions(
        self, freed: Sequence[str], conditions: Sequence[Comparison]
    ) -> Iterator[Check]:
        for one in conditions:
            if one.column.name in freed and one.operator in _LOOSE:
                value = "now()" if isinstance(one.value, Clock) else literal(str(one.value))
                yield self._check(one.column.name, f"{one.operator} {value}", "IS TRUE")
        for key in self._table.foreign_keys:
            for name in key.columns:
                if name in freed and self._values.get(name) is not None:
                    value = literal(str(self._values[name]))
                    yield self._check(name, f"= {value}", "IS NOT FALSE")

    def _check(self, name: str, condition: str, truth: str) -> Check:
        text = f"({quoted(name)} {condition}) {truth}"
        return replace(
            self._joint[0], name="", columns=(name,), definition=f"CHECK ({text})", expression=text
        )

    def _typed(self, column: Column, text: object) -> Any:
        if text == str(self._values.get(column.name)) or text is None:
            return None if text is None else self._values[column.name]
        query = f"SELECT (%s::text)::{column.sql_type}"
        return self._connection.execute(query.encode(), [text]).fetchall()[0][0]


class _Readable(ValueGenerator):
    """Generates the values that a row has, and readable ones for columns that have none."""

    def __init__(self, schema: Schema, table: Table, values: Values) -> None:
        super().__init__(schema, Random(0), lambda name: None)
        self._schema_of_columns = schema
        self._values = values

    def for_column(self, table: Table, column: Column) -> str:
        """Return a value for a column, as text."""
        value = self._values.get(column.name)
        if value is None:
            value = column_values.value(self._schema_of_columns, table, column, 0)
        return super().for_column(table, column) if value is None else str(value)
