"""Find values that satisfy the checks of a table and of its domains.

PostgreSQL evaluates the checks for many candidates in one query before anything is inserted,
because a failing INSERT would consume sequence numbers.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import psycopg

from understudy.rows import insert_sql, report
from understudy.rows.alternatives import alternatives, listed_values
from understudy.rows.errors import NoValue, RowRefused
from understudy.rows.row_plan import RowPlan
from understudy.rows.table_facts import Check, Column, Schema
from understudy.rows.value_generator import ValueGenerator, in_array

# Candidates per column in each attempt: usually the first one passes.
_WIDTHS = (1, 6, 200)
_MOST_COMBINATIONS = 20_000
_MOST_ONE_BY_ONE = 200
# pg_input_is_valid exists since PostgreSQL 16; before, the INSERT itself has to tell.
VERSION = 160_000
# Columns that share checks, these checks, and the values to try for each column.
_Group = tuple[list[Column], list[Check], list[list[str | None]]]


class CheckSolver:
    """Generates the values of a row that do not reference another table."""

    def __init__(
        self, connection: insert_sql.Connection, schema: Schema, generator: ValueGenerator
    ) -> None:
        self._connection = connection
        self._schema = schema
        self._generator = generator

    def fill(self, plan: RowPlan) -> None:
        """Generate the missing values that the row requires.

        Raises:
            RowRefused: no value was found that satisfies the checks.
            NoValue: values of a required column's type cannot be generated.
        """
        if self._connection.info.server_version >= VERSION:
            groups = [
                (columns, checks, [self._choices(plan, column, checks) for column in columns])
                for columns, checks in self._groups(plan)
            ]
            if not self._is_solved_at_once(plan, groups):
                for columns, checks, choices in groups:
                    self._solve(plan, columns, checks, choices)
        for column in plan.table.columns:
            if column.required and column.name not in plan.values:
                plan.generated[column.name] = self._generator.for_column(plan.table, column)

    def _groups(self, plan: RowPlan) -> Iterator[tuple[list[Column], list[Check]]]:
        """Yield the columns to generate that share checks, with these checks."""
        groups: list[tuple[set[str], list[Check]]] = [
            ({column.name}, [])
            for column in plan.table.columns
            if column.required and _is_free(plan, column) and self._schema.checks_of(column.type)
        ]
        for check in plan.table.checks:
            columns = [plan.table.column(name) for name in check.columns]
            free = {column.name for column in columns if _is_free(plan, column)}
            if not free or any(_only_insert_decides(plan, column) for column in columns):
                continue
            joined = [group for group in groups if group[0] & free]
            groups = [group for group in groups if group not in joined]
            names = free.union(*(names for names, _ in joined))
            groups.append((names, [check, *(check for _, checks in joined for check in checks)]))
        for names, checks in groups:
            yield [column for column in plan.table.columns if column.name in names], checks

    def _is_solved_at_once(self, plan: RowPlan, groups: Sequence[_Group]) -> bool:
        """Take the likeliest values of all groups if they pass, which is one query for all."""
        if len(groups) <= 1:
            return False
        columns = [column for columns, _, _ in groups for column in columns]
        checks = [check for _, checks, _ in groups for check in checks]
        likeliest = [choice[:1] for _, _, choices in groups for choice in choices]
        return self._take(plan, columns, self.passing(plan, columns, checks, likeliest))

    def _take(
        self, plan: RowPlan, columns: Sequence[Column], solution: Sequence[str | None] | None
    ) -> bool:
        """Take values into the row, and return whether there are any."""
        if solution is None:
            return False
        values = zip(columns, solution, strict=True)
        plan.generated |= {column.name: text for column, text in values if text is not None}
        return True

    def _solve(
        self,
        plan: RowPlan,
        columns: Sequence[Column],
        checks: Sequence[Check],
        choices: Sequence[Sequence[str | None]],
    ) -> None:
        most = int(_MOST_COMBINATIONS ** (1 / len(columns)))
        for width in _WIDTHS:
            some = [choice[: min(width, most)] for choice in choices]
            if self._take(plan, columns, self.passing(plan, columns, checks, some)):
                return
        of_domains = [check for column in columns for check in self._schema.checks_of(column.type)]
        raise RowRefused(report.no_value_found(plan, columns, [*checks, *of_domains]))

    def passing(
        self,
        plan: RowPlan,
        columns: Sequence[Column],
        checks: Sequence[Check],
        choices: Sequence[Sequence[str | None]],
    ) -> Sequence[str | None] | None:
        """Return the first combination of choices that passes, or None."""
        try:
            with insert_sql.kept_usable(self._connection):
                return insert_sql.passing(self._connection, plan, columns, checks, choices)
        except psycopg.Error as error:
            if (error.sqlstate or "42").startswith("42"):
                raise  # the table has changed, or the connection is lost
        # A check raised an error (division by zero, overflow), perhaps for some choices only.
        if all(len(choice) == 1 for choice in choices):
            return None
        one_by_one = itertools.islice(itertools.product(*choices), _MOST_ONE_BY_ONE)
        solutions = (self.passing(plan, columns, checks, [[v] for v in row]) for row in one_by_one)
        return next((solution for solution in solutions if solution is not None), None)

    def _choices(self, plan: RowPlan, column: Column, checks: Sequence[Check]) -> list[str | None]:
        """Return the values to try for a column, likeliest first; None is NULL."""
        own = [check for check in checks if column.name in check.columns]
        definitions = [check.definition for check in [*own, *self._schema.checks_of(column.type)]]
        others = [
            plan.values[name] for check in own for name in check.columns if name in plan.values
        ]
        texts = alternatives(definitions, others, self._generator.random)
        values = listed_values(definitions)
        first = [self._generator.random.choice(values)] if values else []
        if column.type.kind == "array":
            first, texts = [], [in_array(text) for text in texts]
        choices: list[str | None] = [] if column.required else [None]
        try:
            choices += [*first, self._generator.for_column(plan.table, column), *texts]
        except NoValue:
            if column.required:
                raise
        collided = plan.collided.get(column.name, ())
        return [text for text in choices if text not in collided]


def _is_free(plan: RowPlan, column: Column) -> bool:
    """Return whether neither the test nor the database gives a value."""
    return column.name not in plan.values and not column.has_default


def _only_insert_decides(plan: RowPlan, column: Column) -> bool:
    """Return whether the value is unknown until the INSERT: a sequence, a generated column."""
    if column.name in plan.values or not column.has_default:
        return False
    return column.generated or column.expression is None or "nextval(" in column.expression
