"""Change a row that PostgreSQL refused, so that the INSERT can be retried."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice

import psycopg

from understudy.rows import partitions
from understudy.rows.check_solver import CheckSolver
from understudy.rows.row_plan import RowPlan
from understudy.rows.table_facts import ForeignKey, Schema
from understudy.rows.value_generator import ValueGenerator

_UNIQUE = ("23505", "23P01")
_CHECK = "23514"
_NOT_NULL = "23502"
_FOREIGN_KEY = "23503"
# Values that collide more often are scarce; then the referenced rows are changed.
_OFTEN = 20
_MOST_COLLISIONS = 200
_MOST_PARTITIONS = 200

Refill = Callable[[RowPlan, ForeignKey, bool], None]


class RetryPlanner:
    """Changes the generated values of a row after an error.

    Args:
        refill: called as `refill(plan, key, fresh)` to fill a foreign key again, with a new parent
            if `fresh`.
    """

    def __init__(
        self, schema: Schema, generator: ValueGenerator, solver: CheckSolver, refill: Refill
    ) -> None:
        self._schema = schema
        self._generator = generator
        self._solver = solver
        self._refill = refill

    def change(self, plan: RowPlan, error: psycopg.Error) -> bool:
        """Change the values that the error is about, and return whether any could be changed."""
        state, diag = error.sqlstate, error.diag
        if state in _UNIQUE:
            return self._change_duplicate(plan, diag)
        if state == _NOT_NULL:
            return self._add_required(plan, diag.column_name)
        if state == _FOREIGN_KEY:
            return self._change_parent(plan, diag.constraint_name)
        if state != _CHECK:
            return False
        if diag.constraint_name is None:
            # A row that no partition takes violates a check without a name.
            return self._change_partition(plan)
        # For a named check, every candidate was tried before the INSERT.
        columns = self._schema.constraint_columns(diag)
        plan.tried[diag.constraint_name] = plan.generated.keys() & set(columns)
        return False

    def _change_duplicate(self, plan: RowPlan, diag: psycopg.errors.Diagnostic) -> bool:
        name = diag.constraint_name or ""
        columns = self._schema.constraint_columns(diag)
        free = {column for column in columns if column in plan.generated}
        references = plan.generated_references() & free
        plan.collisions[name] += 1
        plan.tried.setdefault(name, set()).update(free)
        if not free or plan.collisions[name] > _MOST_COLLISIONS:
            return False
        if references and (references == free or plan.collisions[name] > _OFTEN):
            keys = [key for key in plan.table.foreign_keys if references.intersection(key.columns)]
            for column in references.intersection(keys[-1].columns):
                del plan.generated[column]
            self._refill(plan, keys[-1], True)
            return True
        for column in free - references:
            plan.collided.setdefault(column, set()).add(plan.generated.pop(column))
        self._solver.fill(plan)
        return True

    def _add_required(self, plan: RowPlan, name: str | None) -> bool:
        """Add a value for a column that only a partition or a trigger requires."""
        for column in plan.table.columns:
            # A trigger may insert into another table, and the value may be missing there.
            if column.name == name and name not in plan.values:
                plan.generated[name] = self._generator.for_column(plan.table, column)
                return True
        return False

    def _change_parent(self, plan: RowPlan, name: str | None) -> bool:
        """Refer to an existing row with a key that a default or another key filled in."""
        keys = plan.table.foreign_keys
        key = next((key for key in keys if key.name == name), None)
        if key is None or all(column in plan.given for column in key.columns):
            return False
        plan.collisions[key.name] += 1
        if plan.collisions[key.name] > _OFTEN:
            return False
        shared = {column for other in keys if other is not key for column in other.columns}
        generated = [column for column in key.columns if column in plan.generated]
        for column in [column for column in generated if column not in shared] or generated:
            del plan.generated[column]
        self._refill(plan, key, False)
        return True

    def _change_partition(self, plan: RowPlan) -> bool:
        """Use values that the next partition accepts."""
        if plan.partitions is None:
            plan.partitions = islice(self._partition_values(plan), _MOST_PARTITIONS)
        values = next(plan.partitions, {})
        plan.generated.update(values)
        plan.tried.setdefault("", set()).update(values)
        return bool(values)

    def _partition_values(self, plan: RowPlan) -> Iterator[Mapping[str, object]]:
        paths = self._schema.bounds(plan.table)
        for bounds in paths:
            values = partitions.values_for(bounds)
            if values and not plan.given.keys() & values.keys():
                yield values
        keys = {column for bounds in paths for bound in bounds for column in bound.columns}
        references = plan.generated_references()
        free = [name for name in plan.generated if name in keys and name not in references]
        while free:
            yield {
                name: self._generator.for_column(plan.table, plan.table.column(name))
                for name in free
            }
