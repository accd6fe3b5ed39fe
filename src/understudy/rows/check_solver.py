"""Values that the checks of a table and of its domains let through.

PostgreSQL itself is asked which of several candidates pass, before anything is inserted: an INSERT
that fails uses up a number of every sequence.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import psycopg

from understudy.rows import insert_sql, messages
from understudy.rows.alternatives import listed, other_values
from understudy.rows.errors import NoValue, RowRefused
from understudy.rows.row_plan import Draft
from understudy.rows.table_facts import Check, Column, Facts
from understudy.rows.typed_values import Maker, in_array

# So many candidates for each column are combined: mostly the first ones pass.
_WIDTHS = (1, 6, 200)
_MOST_COMBINATIONS = 20_000
_MOST_ONE_BY_ONE = 200
# pg_input_is_valid came with this version; before it, the INSERT has to tell.
_VERSION = 160_000


class Fitting:
    """Makes up the values of a row that depend on no other table."""

    def __init__(self, connection: insert_sql.Connection, facts: Facts, maker: Maker) -> None:
        self._connection = connection
        self._facts = facts
        self._maker = maker

    def fill(self, draft: Draft) -> None:
        """Make up every value that is still missing and that the row cannot do without.

        Raises:
            RowRefused: No value was found that the checks let through.
            NoValue: A value of a type is needed that is not known here.
        """
        if self._connection.info.server_version >= _VERSION:
            for columns, checks in self._tied(draft):
                self._fit(draft, columns, checks)
        for column in draft.table.columns:
            if column.required and column.name not in draft.values:
                draft.made[column.name] = self._maker.of_column(draft.table, column)

    def _tied(self, draft: Draft) -> Iterator[tuple[list[Column], list[Check]]]:
        """The columns to make up that checks tie together, and these checks."""
        groups: list[tuple[set[str], list[Check]]] = [
            ({column.name}, [])
            for column in draft.table.columns
            if column.required and _is_free(draft, column) and self._facts.checks(column.type)
        ]
        for check in draft.table.checks:
            columns = [draft.table.column(name) for name in check.columns]
            free = {column.name for column in columns if _is_free(draft, column)}
            if not free or any(_only_the_insert_tells(draft, column) for column in columns):
                continue
            joined = [group for group in groups if group[0] & free]
            groups = [group for group in groups if group not in joined]
            names = free.union(*(names for names, _ in joined))
            groups.append((names, [check, *(one for _, checks in joined for one in checks)]))
        for names, checks in groups:
            yield [column for column in draft.table.columns if column.name in names], checks

    def _fit(self, draft: Draft, columns: Sequence[Column], checks: Sequence[Check]) -> None:
        choices = [self._choices(draft, column, checks) for column in columns]
        most = int(_MOST_COMBINATIONS ** (1 / len(columns)))
        for width in _WIDTHS:
            some = [choice[: min(width, most)] for choice in choices]
            found = self._passing(draft, columns, checks, some)
            if found is not None:
                values = zip(columns, found, strict=True)
                draft.made |= {column.name: text for column, text in values if text is not None}
                return
        rules = [check.definition for check in checks]
        rules += [check.definition for one in columns for check in self._facts.checks(one.type)]
        names = [column.name for column in columns]
        raise RowRefused(messages.nothing_fits(draft.table.name, names, rules, draft.given))

    def _passing(
        self,
        draft: Draft,
        columns: Sequence[Column],
        checks: Sequence[Check],
        choices: Sequence[Sequence[str | None]],
    ) -> Sequence[str | None] | None:
        """The first combination of choices that passes."""
        try:
            with self._connection.transaction():
                return insert_sql.passing(self._connection, draft, columns, checks, choices)
        except psycopg.Error as error:
            if (error.sqlstate or "42").startswith("42"):
                raise  # the table is not what it was, or the connection is gone
        # A check fails, not for every choice perhaps: it may divide by zero, or overflow.
        if all(len(choice) == 1 for choice in choices):
            return None
        one_by_one = itertools.islice(itertools.product(*choices), _MOST_ONE_BY_ONE)
        tried = (self._passing(draft, columns, checks, [[v] for v in row]) for row in one_by_one)
        return next((found for found in tried if found is not None), None)

    def _choices(self, draft: Draft, column: Column, checks: Sequence[Check]) -> list[str | None]:
        """What to try for a column, the likeliest first; None is NULL."""
        own = [check for check in checks if column.name in check.columns]
        definitions = [check.definition for check in [*own, *self._facts.checks(column.type)]]
        names = [name for check in own for name in check.columns if name in draft.values]
        texts = other_values(
            definitions, [draft.values[name] for name in names], self._maker.random
        )
        values = listed(definitions)
        first = [self._maker.random.choice(values)] if values else []
        if column.type.kind == "array":
            first, texts = [], [in_array(text) for text in texts]
        found: list[str | None] = [] if column.required else [None]
        try:
            found += [*first, self._maker.of_column(draft.table, column), *texts]
        except NoValue:
            if column.required:
                raise
        refused = draft.collided.get(column.name, ())
        return [text for text in found if text not in refused]


def _is_free(draft: Draft, column: Column) -> bool:
    """Whether a value may be made up for a column: nobody and nothing else gives one."""
    return column.name not in draft.values and not column.has_default


def _only_the_insert_tells(draft: Draft, column: Column) -> bool:
    """Whether what a column will hold is not known before: a sequence, what is worked out."""
    if column.name in draft.values or not column.has_default:
        return False
    return column.generated or column.expression is None or "nextval(" in column.expression
