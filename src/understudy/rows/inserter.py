"""Insert a row, after the rows that it references."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import psycopg

from understudy.rows import insert_sql
from understudy.rows.check_solver import CheckSolver
from understudy.rows.errors import RowRefused
from understudy.rows.report import insert_failed
from understudy.rows.retry import RetryPlanner
from understudy.rows.row_plan import RowPlan
from understudy.rows.table_facts import ForeignKey, Schema, Table
from understudy.rows.value_generator import ValueGenerator


class Inserter:
    """Carries out one call of `insert`.

    Args:
        latest: by the OID of a table, the row inserted last: the preferred parent.
    """

    def __init__(
        self,
        connection: insert_sql.Connection,
        schema: Schema,
        generator: ValueGenerator,
        latest: dict[int, Mapping[str, object]],
    ) -> None:
        self._connection = connection
        self._schema = schema
        self._generator = generator
        self._latest = latest
        self._solver = CheckSolver(connection, schema, generator)
        self._retry = RetryPlanner(schema, generator, self._solver, self._fill_key)
        # The rows whose parents are being inserted, outermost first, and the key of each.
        self._waiting: list[tuple[RowPlan, ForeignKey]] = []
        self._deferred: list[tuple[Table, ForeignKey]] = []
        self._transaction: ExitStack | None = None

    @contextmanager
    def atomic(self) -> Iterator[None]:
        """Undo what the block inserts if it fails.

        Its transaction begins when there is more to undo than one INSERT.
        """
        with ExitStack() as self._transaction:
            yield

    def insert(self, table: Table, given: Mapping[str, object]) -> dict[str, Any]:
        """Insert a row with the given values, and return it.

        Raises:
            RowRefused: PostgreSQL refuses this row and every other that was tried.
            NoValue: a required value cannot be generated.
        """
        plan = RowPlan(table, given)
        if any(key.deferred for key in table.foreign_keys):
            self._begin()  # its end refuses the row, and not the INSERT
        self._fill(plan)
        return self._write(plan)

    def check_deferred(self) -> None:
        """Check the constraints that were deferred, and restore their modes.

        Raises:
            psycopg.Error: one of them is violated.
        """
        for table, key in self._deferred:
            insert_sql.set_constraint_mode(self._connection, table, key, "IMMEDIATE")
            if key.deferred:
                insert_sql.set_constraint_mode(self._connection, table, key, "DEFERRED")

    def _begin(self) -> None:
        """Begin the transaction of `atomic`."""
        if self._transaction is not None:
            transaction, self._transaction = self._transaction, None
            transaction.enter_context(self._connection.transaction())

    def _fill(self, plan: RowPlan) -> None:
        for key in plan.ordered_keys():
            if any(plan.table.column(name).required for name in plan.missing(key)):
                self._fill_key(plan, key, fresh=False)
        self._solver.fill(plan)

    def _fill_key(self, plan: RowPlan, key: ForeignKey, fresh: bool) -> None:
        """Refer to an existing row, or a new one if `fresh` or none exists."""
        known = {
            referenced: plan.values[column]
            for column, referenced in zip(key.columns, key.parent_columns, strict=True)
            if column in plan.values
        }
        row: Mapping[str, Any] | None = None
        if not fresh:
            parent, latest = self._schema.tables[key.parent], self._latest.get(key.parent)
            row = insert_sql.find(self._connection, parent, key.parent_columns, known, latest)
        if row is None:
            self._waiting.append((plan, key))
            row = self._new_parent(plan, key, known)
            self._waiting.pop()
        missing = plan.missing(key)
        plan.generated |= {
            column: row[referenced]
            for column, referenced in zip(key.columns, key.parent_columns, strict=True)
            if column in missing
        }

    def _new_parent(
        self, plan: RowPlan, key: ForeignKey, known: Mapping[str, object]
    ) -> Mapping[str, Any]:
        """Return the key of a new parent.

        The parent is inserted now, or, if the tables reference each other, later, with the
        constraint deferred. A row that references itself needs no deferring.
        """
        parent = self._schema.tables[key.parent]
        if parent is plan.table:
            return self._allocate(plan, key)
        self._begin()
        waiting = [other for other, _ in self._waiting if other.table is parent]
        is_circular = key.deferrable and self._schema.depends_on(parent.oid, plan.table.oid)
        if not waiting and not is_circular:
            return self.insert(parent, known)
        if not key.deferrable:
            tables = [plan.table.name for plan, _ in self._waiting]
            tables = tables[tables.index(parent.name) :]
            pairs = zip(tables, [*tables[1:], tables[0]], strict=True)
            raise RowRefused(
                "These tables need each other's rows: "
                f"{', '.join(f'{table} needs {other}' for table, other in pairs)}, and none of the "
                "foreign keys is DEFERRABLE.\n"
                f"Make one DEFERRABLE: ALTER TABLE {tables[-1]} ALTER CONSTRAINT {key.name} "
                "DEFERRABLE."
            )
        insert_sql.set_constraint_mode(self._connection, plan.table, key, "DEFERRED")
        self._deferred.append((plan.table, key))
        if not waiting:
            waiting = [RowPlan(parent, known)]
            plan.after += waiting
        return self._allocate(waiting[-1], key)

    def _allocate(self, plan: RowPlan, key: ForeignKey) -> Mapping[str, Any]:
        """Choose the key of a row before it is inserted."""
        for name in key.parent_columns:
            if name not in plan.values:
                column = plan.table.column(name)
                value = insert_sql.default_value(self._connection, plan.table, column)
                if value is None:
                    value = self._generator.for_column(plan.table, column)
                plan.generated[name] = value
        return {name: plan.values[name] for name in key.parent_columns}

    def _write(self, plan: RowPlan) -> dict[str, Any]:
        row = self._insert_with_retries(plan)
        self._latest[plan.table.oid] = row
        for later in plan.after:
            self._fill(later)
            self._write(later)
        return row

    def _insert_with_retries(self, plan: RowPlan) -> dict[str, Any]:
        while True:
            try:
                with insert_sql.kept_usable(self._connection):
                    row = insert_sql.insert(self._connection, plan.table, plan.values)
            except psycopg.Error as error:
                if not self._retry.change(plan, error):
                    needed_by = [
                        f"{other.table.name} ({', '.join(key.columns)})"
                        for other, key in self._waiting
                    ]
                    raise RowRefused(insert_failed(self._schema, plan, error, needed_by)) from error
            else:
                if row is None:
                    raise RowRefused(
                        f"PostgreSQL inserted no row into {plan.table.name}, without an error: a "
                        "trigger or a rule of the schema suppresses it."
                    )
                return row
