"""What to change of a row that PostgreSQL refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice

import psycopg

from understudy.rows import partitions
from understudy.rows.check_solver import Fitting
from understudy.rows.row_plan import Draft
from understudy.rows.table_facts import Facts, ForeignKey
from understudy.rows.typed_values import Maker

_UNIQUE = ("23505", "23P01")
_CHECK = "23514"
_NOT_NULL = "23502"
_FOREIGN_KEY = "23503"
# Values that collide more often are few; then the rows that the row refers to are changed.
_OFTEN = 20
_MOST_COLLISIONS = 200
_MOST_PARTITIONS = 200

Refill = Callable[[Draft, ForeignKey, bool], None]


class Mender:
    """Changes drafts.

    `refill(draft, key, fresh)` fills a foreign key again, with a new row where it shall be fresh.
    """

    def __init__(self, facts: Facts, maker: Maker, fitting: Fitting, refill: Refill) -> None:
        self._facts = facts
        self._maker = maker
        self._fitting = fitting
        self._refill = refill

    def change(self, draft: Draft, error: psycopg.Error) -> bool:
        """Change what the error complains of, and say whether there was anything to change."""
        state, diag = error.sqlstate, error.diag
        if state in _UNIQUE:
            return self._another(draft, diag)
        if state == _NOT_NULL:
            return self._demanded(draft, diag.column_name)
        if state == _FOREIGN_KEY:
            return self._other_parent(draft, diag.constraint_name)
        if state != _CHECK:
            return False
        if diag.constraint_name is None:
            # What a row violates that goes into no partition is a check without a name.
            return self._partition(draft)
        # All that could be tried for a check with a name was tried before the INSERT.
        columns = self._facts.constraint(diag.schema_name, diag.table_name, diag.constraint_name)
        draft.tried[diag.constraint_name] = draft.made.keys() & set(columns)
        return False

    def _another(self, draft: Draft, diag: psycopg.errors.Diagnostic) -> bool:
        """Other values where a row has these already."""
        name = diag.constraint_name or ""
        columns = self._facts.constraint(diag.schema_name, diag.table_name, name)
        free = {column for column in columns if column in draft.made}
        referring = draft.referring() & free
        draft.collisions[name] += 1
        draft.tried.setdefault(name, set()).update(free)
        if not free or draft.collisions[name] > _MOST_COLLISIONS:
            return False
        if referring and (referring == free or draft.collisions[name] > _OFTEN):
            key = [key for key in draft.table.foreign_keys if referring.intersection(key.columns)][
                -1
            ]
            for column in referring.intersection(key.columns):
                del draft.made[column]
            self._refill(draft, key, True)
            return True
        for column in free - referring:
            draft.collided.setdefault(column, set()).add(draft.made.pop(column))
        self._fitting.fill(draft)
        return True

    def _demanded(self, draft: Draft, name: str | None) -> bool:
        """A value for a column that only a partition or a trigger demands."""
        for column in draft.table.columns:
            # A trigger may insert into another table, which lacks a value of its own.
            if column.name == name and name not in draft.values:
                draft.made[name] = self._maker.of_column(draft.table, column)
                return True
        return False

    def _other_parent(self, draft: Draft, name: str | None) -> bool:
        """A row that is there, for a key that a default filled in or that came in parts."""
        keys = draft.table.foreign_keys
        key = next((key for key in keys if key.name == name), None)
        if key is None or all(column in draft.given for column in key.columns):
            return False
        draft.collisions[key.name] += 1
        if draft.collisions[key.name] > _OFTEN:
            return False
        shared = {column for other in keys if other is not key for column in other.columns}
        made = [column for column in key.columns if column in draft.made]
        for column in [column for column in made if column not in shared] or made:
            del draft.made[column]
        self._refill(draft, key, False)
        return True

    def _partition(self, draft: Draft) -> bool:
        """Values with which the row goes into the next partition."""
        if draft.partitions is None:
            draft.partitions = islice(self._partitions(draft), _MOST_PARTITIONS)
        values = next(draft.partitions, {})
        draft.made.update(values)
        draft.tried.setdefault("", set()).update(values)
        return bool(values)

    def _partitions(self, draft: Draft) -> Iterator[Mapping[str, object]]:
        ways = self._facts.bounds(draft.table)
        for bounds in ways:
            values = partitions.into(bounds)
            if values and not draft.given.keys() & values.keys():
                yield values
        keys = {column for bounds in ways for bound in bounds for column in bound.columns}
        free = [name for name in draft.made if name in keys and name not in draft.referring()]
        while free:
            yield {
                name: self._maker.of_column(draft.table, draft.table.column(name)) for name in free
            }
