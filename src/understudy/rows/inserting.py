"""Put a row into a table, and first the rows that it refers to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg

from understudy.rows import insert_sql, messages
from understudy.rows.check_solver import Fitting
from understudy.rows.errors import RowRefused
from understudy.rows.insert_errors import refusal
from understudy.rows.retry import Mender
from understudy.rows.row_plan import Draft
from understudy.rows.table_facts import Facts, ForeignKey, Table
from understudy.rows.typed_values import Maker


class Inserter:
    """Does one call of `insert`, inside a transaction that somebody else began."""

    def __init__(
        self,
        connection: insert_sql.Connection,
        facts: Facts,
        maker: Maker,
        latest: dict[int, Mapping[str, object]],
    ) -> None:
        """Take the row that was inserted last into each table: it is preferred as a parent."""
        self._connection = connection
        self._facts = facts
        self._maker = maker
        self._latest = latest
        self._fitting = Fitting(connection, facts, maker)
        self._mender = Mender(facts, maker, self._fitting, self._fill_key)
        self._under_way: list[tuple[Draft, ForeignKey]] = []
        self._deferred: list[tuple[Table, ForeignKey]] = []

    def insert(self, table: Table, given: Mapping[str, object]) -> dict[str, Any]:
        """Insert a row that has the given values, and return it.

        Raises:
            RowRefused: PostgreSQL takes neither this row nor any other that was tried.
            NoValue: It needs a value that cannot be made up.
        """
        draft = Draft(table, given)
        self._fill(draft)
        return self._write(draft)

    def settle(self) -> None:
        """Have the constraints checked that were put off, and set back how they are checked.

        Raises:
            psycopg.Error: One of them is not met.
        """
        for table, key in self._deferred:
            insert_sql.constraint_mode(self._connection, table, key, "IMMEDIATE")
            if key.deferred:
                insert_sql.constraint_mode(self._connection, table, key, "DEFERRED")

    def _fill(self, draft: Draft) -> None:
        """Make up what the row cannot do without."""
        for key in draft.keys_first():
            if any(draft.table.column(name).required for name in draft.missing(key)):
                self._fill_key(draft, key, fresh=False)
        self._fitting.fill(draft)

    def _fill_key(self, draft: Draft, key: ForeignKey, fresh: bool) -> None:
        """Have a row refer to one that is there, or to a new one."""
        known = {
            theirs: draft.values[ours]
            for ours, theirs in zip(key.columns, key.parent_columns, strict=True)
            if ours in draft.values
        }
        parent = self._facts.tables[key.parent]
        row = None if fresh else self._there(parent, key, known)
        if row is None:
            self._under_way.append((draft, key))
            row = self._new_parent(draft, key, known)
            self._under_way.pop()
        missing = draft.missing(key)
        draft.made |= {
            ours: row[theirs]
            for ours, theirs in zip(key.columns, key.parent_columns, strict=True)
            if ours in missing
        }

    def _there(
        self, parent: Table, key: ForeignKey, known: Mapping[str, object]
    ) -> Mapping[str, Any] | None:
        latest = self._latest.get(parent.oid)
        return insert_sql.find(self._connection, parent, key.parent_columns, known, latest)

    def _new_parent(
        self, draft: Draft, key: ForeignKey, known: Mapping[str, object]
    ) -> Mapping[str, Any]:
        """The key of a row that is inserted now or, in a circle, before the constraint is checked.

        A row may refer to itself: the constraint is checked when it is there.
        """
        parent = self._facts.tables[key.parent]
        if parent is draft.table:
            return self._allocate(draft, key)
        under_way = [one for one, _ in self._under_way if one.table is parent]
        if not under_way and not (
            key.deferrable and self._facts.leads_to(parent.oid, draft.table.oid)
        ):
            return self.insert(parent, known)
        if not key.deferrable:
            tables = [one.table.name for one, _ in self._under_way]
            raise RowRefused(messages.circle(tables[tables.index(parent.name) :], key.name))
        insert_sql.constraint_mode(self._connection, draft.table, key, "DEFERRED")
        self._deferred.append((draft.table, key))
        if not under_way:
            under_way = [Draft(parent, known)]
            draft.after += under_way
        return self._allocate(under_way[-1], key)

    def _allocate(self, draft: Draft, key: ForeignKey) -> Mapping[str, Any]:
        """Decide on the key of a row before it is inserted."""
        for name in key.parent_columns:
            if name not in draft.values:
                column = draft.table.column(name)
                value = insert_sql.by_default(self._connection, draft.table, column)
                if value is None:
                    value = self._maker.of_column(draft.table, column)
                draft.made[name] = value
        return {name: draft.values[name] for name in key.parent_columns}

    def _write(self, draft: Draft) -> dict[str, Any]:
        row = self._accepted(draft)
        self._latest[draft.table.oid] = row
        for later in draft.after:
            self._fill(later)
            self._write(later)
        return row

    def _accepted(self, draft: Draft) -> dict[str, Any]:
        """Insert the row, changed until PostgreSQL takes it."""
        while True:
            try:
                with self._connection.transaction():
                    row = insert_sql.insert(self._connection, draft.table, draft.values)
            except psycopg.Error as error:
                if not self._mender.change(draft, error):
                    needed_by = [_needing(one, key) for one, key in self._under_way]
                    raise RowRefused(refusal(self._facts, draft, error, needed_by)) from error
            else:
                if row is None:
                    raise RowRefused(
                        f"PostgreSQL inserted no row into {draft.table.name}, and gave no error: "
                        "a trigger or a rule of the schema keeps the row away."
                    )
                return row


def _needing(draft: Draft, key: ForeignKey) -> str:
    return f"{draft.table.name} ({', '.join(key.columns)})"
