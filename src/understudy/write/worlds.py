"""Rows that match all conditions of statements together, and rows that nearly do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from understudy.mutate.column_uses import ColumnId
from understudy.mutate.generated_data import parents_first
from understudy.rows.table_facts import Column, Schema, Table
from understudy.write import column_values
from understudy.write.condition_values import ConditionValues, value_of_list
from understudy.write.readings import Comparison, Reading

# The order of the sort keys of three worlds: neither sorted, nor sorted backwards, with a tie that
# the second key decides.
_FIRST_KEY, _NEXT_KEY, _ONLY_KEY = (0, 1, 0), (1, 0, 0), (1, 2, 0)
_APART = 20  # numbers of values
_MOST_TABLES = 6
_MOST_COLUMNS = 8
Values = dict[str, Any]


class Worlds:
    """Makes rows: a world is a row of each table that is read, which match and belong together.

    Args:
        reading: what the statements do.
        schema: the schema of the database.
        is_full: whether rows have a value in each column that the statements name, although that
            makes long rows: code may refuse the NULLs of others.

    Attributes:
        tables: those of the statements, parents first.
        read: those whose rows matter.
        values: the values of the columns that conditions compare.
    """

    def __init__(self, reading: Reading, schema: Schema, *, is_full: bool = False) -> None:
        self._reading = reading
        self._schema = schema
        self._is_full = is_full
        self.values = ConditionValues(schema)
        self.tables = parents_first(reading.tables)[:_MOST_TABLES]
        self.read = [table for table in self.tables if self._is_read(table)]
        self._links = reading.links
        self._class: dict[ColumnId, ColumnId] = {}
        for one, other in reading.links:
            first, second = self._of_class(one), self._of_class(other)
            if first != second:
                self._class[second] = first

    def _is_read(self, table: Table) -> bool:
        """Return whether rows of a table matter: it is not only inserted into."""
        reading = self._reading
        if table.oid not in reading.inserted:
            return True
        return any(one.column.table == table.oid for one in reading.comparisons)

    def _of_class(self, column: ColumnId) -> ColumnId:
        while column in self._class:
            column = self._class[column]
        return column

    def world(self, number: int) -> list[tuple[Table, Values]]:
        """Return the rows of the world with a number, parents first."""
        return [(table, self._match(table, number)) for table in self.read]

    def siblings(self, one: list[tuple[Table, Values]]) -> Iterator[tuple[Table, Values]]:
        """Yield rows that match where a column is compared with another value than theirs.

        Statements of one call may look for several rows of a table: two users, by their names.
        """
        for number, comparison in enumerate(self._reading.comparisons, 4):
            for table, values in one:
                column = comparison.column
                if comparison.operator != "=" or column.table != table.oid:
                    continue
                value = self.values.typed(column, comparison.value)
                if value is not None and value != values.get(column.name, value):
                    yield table, {**self.beside(table, values, number), column.name: value}

    def beside(self, table: Table, values: Values, number: int) -> Values:
        """Return a row that meets the same conditions, with other keys."""
        return self.other(table, values, number) | self._new_keys(table, values, number)

    def _new_keys(self, table: Table, values: Values, number: int) -> Values:
        """Return other values of the unique columns that no condition compares."""
        compared = {one.column for one in self._reading.comparisons}
        keys = [names[0] for names in table.uniques.values() if len(names) == 1]
        made = {
            name: column_values.value(self._schema, table, table.column(name), number)
            for name in keys
            if name in values and ColumnId(table.oid, name) not in compared
        }
        return {name: value for name, value in made.items() if value is not None}

    def _match(self, table: Table, number: int) -> Values:
        """Return a row that meets all conditions."""
        found: Values = {}
        for column in table.columns:
            if column.generated:
                continue
            own = ColumnId(table.oid, column.name)
            compared = [one for one in self._reading.comparisons if one.column == own]
            bound = self._bound(own, number)
            if compared:
                value = self._satisfying(compared, table, column, number)
                if value is not None or any(one.operator == "null" for one in compared):
                    found[column.name] = value
                    continue
            if bound is not None:
                found[column.name] = bound
            elif (value := self._free(table, column, own, number)) is not None:
                found[column.name] = value
        return found

    def _free(self, table: Table, column: Column, own: ColumnId, number: int) -> Any:
        """Return a value of a column that no condition decides; None to leave it out."""
        order = self._sort_number(own, number)
        is_key = own.name == "id" and column_values.is_key(table, own.name)
        if is_key or any(own in pair for pair in self._links):
            root = self._of_class(own)
            of = self._schema.tables[root.table]
            rank = order if order is not None and is_key else _ONLY_KEY[number % 3]
            return column_values.value(self._schema, of, of.column(root.name), rank)
        for key in table.foreign_keys:
            if own.name in key.columns and key.parent == table.oid:
                # The root of a tree; but two rows may have the same name below different ones.
                is_below = number == 2 and self._is_in_key(table, own.name)
                return self._match(table, 0).get(key.parent_columns[0]) if is_below else None
        if self.refers(table, own.name):
            is_needed = own in self._reading.named and (column.required or not self._is_wide(table))
            if not is_needed and not self._is_in_key(table, own.name):
                return None
            made = number + self._place(table, own)
            value = column_values.value(self._schema, table, column, made)
            # With the same number as the row's key, nothing would tell one from the other.
            others = [one for one in table.columns if one is not column]
            if value in [self._bound(ColumnId(table.oid, one.name), number) for one in others]:
                return column_values.value(self._schema, table, column, made + _APART)
            return value
        if own in self._reading.stored and table.oid in self._reading.changed:
            return self.values.another(table, column, self._reading.stored[own])
        if order is not None:
            return column_values.value(self._schema, table, column, order)
        if own in self._reading.assigned and number == 0:  # so that the change shows
            return column_values.value(self._schema, table, column, number)
        if own in self._reading.named and (column.required or not self._is_wide(table)):
            return self._plain(table, column, number)
        return None

    def _plain(self, table: Table, column: Column, number: int) -> Any:
        """Return a value that the row's other columns of the same type do not have.

        Otherwise nothing would tell one from the other.
        """
        made = column_values.value(self._schema, table, column, number)
        if self.refers(table, column.name) or column.type.kind == "enum":
            return made
        alike = [
            one
            for one in table.columns
            if one.type == column.type
            and not self.refers(table, one.name)
            and column_values.value(self._schema, table, one, number) == made
        ]
        return column_values.value(self._schema, table, column, number + alike.index(column))

    def _is_wide(self, table: Table) -> bool:
        """Return whether a row with all columns that the statements name is too long to read."""
        named = sum(column.table == table.oid for column in self._reading.named)
        return named > _MOST_COLUMNS and not self._is_full

    def refers(self, table: Table, name: str) -> bool:
        """Return whether a column belongs to a foreign key."""
        return any(name in key.columns for key in table.foreign_keys)

    def _place(self, table: Table, own: ColumnId) -> int:
        """Return how many columns before one refer to the same table, if rows tell all apart."""
        parents = {name: key.parent for key in table.foreign_keys for name in key.columns}
        alike = [name for name in parents if parents[name] == parents[own.name]]
        return alike.index(own.name) if self._is_full else 0

    def _is_in_key(self, table: Table, name: str) -> bool:
        """Return whether a column belongs to a unique key with one that the statements name."""
        return any(
            name in names and any(ColumnId(table.oid, one) in self._reading.named for one in names)
            for names in table.uniques.values()
            if len(names) > 1
        )

    def _sort_number(self, own: ColumnId, number: int) -> int | None:
        for sort in self._reading.sorts:
            free = [c for c in sort if self._bound(c, 0) is None]
            if own in free:
                table = self._schema.tables[own.table]
                is_unique = (own.name,) in table.uniques.values()
                if len(free) == 1 or (is_unique and free[0] == own):
                    return _ONLY_KEY[number % 3]
                if is_unique:  # a key that decides a tie
                    return (2, 1, 0)[number % 3]
                return (_FIRST_KEY if free[0] == own else _NEXT_KEY)[number % 3]
        return None

    def _bound(self, own: ColumnId, number: int) -> Any:
        """Return the value that conditions give to a column or to one that is joined with it."""
        for one in self._reading.comparisons:
            if one.operator in ("=", "in") and self._of_class(one.column) == self._of_class(own):
                if one.operator == "=":
                    return self.values.typed(own, one.value)
                if one.value:
                    return self.values.typed(own, value_of_list(one.value, number))
        return None

    def _satisfying(
        self, compared: Sequence[Comparison], table: Table, column: Column, number: int
    ) -> Any:
        found: Any = None
        patterns = [one for one in self._reading.comparisons if one.operator in ("like", "ilike")]
        for one in compared:
            # Two columns of a row match in another way each, which tells them apart.
            place = patterns.index(one) if one in patterns else 0
            value = self.values.meeting(one, table, column, number + place)
            if one.operator in ("=", "in", "like", "ilike", "true", "false", "null"):
                return value
            found = value if found is None else found
        return found

    def near_miss(
        self, one: Comparison, table: Table, values: Values, number: int
    ) -> Values | None:
        """Return a row that misses one condition; None if no value does."""
        column = table.column(one.column.name)
        missing = self.values.missing(one, table, column)
        if missing is None and (one.operator != "not null" or column.not_null):
            return None
        near = {**self.other(table, values, number), column.name: missing}
        for name in near:
            # It counts beside the others: what it refers to is another row, too.
            own = ColumnId(table.oid, name)
            is_free = self.refers(table, name) and self._bound(own, 0) is None
            if is_free and not any(own in pair for pair in self._links) and near[name] is not None:
                near[name] = column_values.value(self._schema, table, table.column(name), number)
        return near

    def other(self, table: Table, values: Values, number: int) -> Values:
        """Return a row with other values in all columns that no condition and no join decides.

        A statement that finds it instead of the original shows another result.
        """
        found = dict(values)
        compared = {one.column for one in self._reading.comparisons}
        for name in values:
            own = ColumnId(table.oid, name)
            is_linked = any(own in pair for pair in self._links)
            if own in compared or is_linked or self.refers(table, name):
                continue
            # Of few values, such as those of an enum, the number may mean the same one.
            made = (
                self._plain(table, table.column(name), one) for one in range(number, number + 3)
            )
            not_these = (values[name], self._reading.stored.get(own))
            found[name] = next((value for value in made if value not in not_these), None)
            if found[name] is None:
                del found[name]
        return found

    def with_nulls(self, one: list[tuple[Table, Values]]) -> Iterator[tuple[Table, Values]]:
        """Yield rows with NULL in the columns of conditions and sorts that allow it."""
        used = {c.column for c in self._reading.comparisons if c.operator != "null"}
        used |= {column for sort in self._reading.sorts for column in sort}
        for table, values in one:
            nullable = [
                column.name
                for column in table.columns
                if ColumnId(table.oid, column.name) in used
                and not (column.not_null or column.type.not_null or column.generated)
            ]
            for number, name in enumerate(nullable[:2]):
                yield table, {**self.other(table, values, 7 + number), name: None}

    def mixed(self, rows: list[tuple[Table, Values]]) -> list[tuple[Table, Values]]:
        """Return rows that refer to a row of one world and to a row of another."""
        found = []
        for table in self.read:
            own = [values for of, values in rows if of is table][:2]
            names = [key.columns[0] for key in table.foreign_keys if len(key.columns) == 1]
            free = [
                name
                for name in names
                if len({repr(values[name]) for values in own if name in values}) == 2
            ]
            if len(free) > 1:
                values = {**self.other(table, own[0], 9), free[-1]: own[1][free[-1]]}
                found.append((table, values))
        return found
