"""Rows that tell conditions, joins and sorts apart: which ones a trial inserts.

A world is a row of each table that the statements read, which match all conditions and refer to
each other. Beside the rows of some worlds stand rows that miss exactly one condition.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from understudy.mutate.column_uses import ColumnId
from understudy.mutate.generated_data import parents_first
from understudy.rows.table_facts import Column, ForeignKey, Schema, Table
from understudy.write import column_values
from understudy.write.comparisons import Clock, Comparison, Reading

# The order of the sort keys of three worlds: neither sorted, nor sorted backwards, with a tie that
# the second key decides.
_FIRST_KEY, _NEXT_KEY, _ONLY_KEY = (0, 1, 0), (1, 0, 0), (1, 2, 0)
_MISSING = 5  # the number of a value that no world has
_FAR, _PAST = dt.datetime(2099, 1, 1), dt.datetime(2000, 1, 1)
_MOST_TABLES = 6
_MOST_ROWS = 14
Values = dict[str, Any]


@dataclass
class RowSet:
    """The rows of a trial.

    Attributes:
        scenario: the end of a test's name.
        about: when it applies.
        rows: each row's table and values.
    """

    scenario: str
    about: str
    rows: list[tuple[Table, Values]] = field(default_factory=list)


def row_sets(reading: Reading, schema: Schema) -> Iterator[RowSet]:
    """Yield sets of rows, those that tell most first.

    Args:
        reading: what the statements do.
        schema: the schema of the database.
    """
    maker = _Maker(reading, schema)
    yield from maker.sets()


class _Maker:
    def __init__(self, reading: Reading, schema: Schema) -> None:
        self._reading = reading
        self._schema = schema
        self._tables = parents_first(reading.tables)[:_MOST_TABLES]
        self._read = [table for table in self._tables if self._is_read(table)]
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

    # The sets -------------------------------------------------------------------------------------

    def sets(self) -> Iterator[RowSet]:
        parents = self._completed([])
        if parents:
            yield RowSet("with_what_it_refers_to", "if the rows exist that it refers to", parents)
        one = self._world(0)
        if one:
            # What one row alone tells, it mostly tells among others, too.
            among_others, *instead = self._among_others(one)
            yield among_others
            yield RowSet("with_one_row", "if one row matches", self._completed(one))
            yield from instead
            yield from self._trees(one)
            yield from self._referenced(one)
        yield from self._duplicates(one)
        if one:
            yield from self._without_partners(one)

    def _among_others(self, one: list[tuple[Table, Values]]) -> Iterator[RowSet]:
        """Yield the matching rows among others, then near misses that cannot stand beside them."""
        worlds = _Rows(one)
        for number in (1, 2):
            worlds.add_all(self._world(number))
        worlds.add_all(self._mixed(worlds.rows))
        beside = _Rows(worlds.rows)
        instead: list[tuple[Comparison, Table, Values]] = []
        for comparison in self._reading.comparisons:
            for table, values in one:
                if comparison.column.table != table.oid or table not in self._read:
                    continue
                near = self._near_miss(comparison, table, values)
                if near is not None and not beside.add(table, near, is_first=True):
                    instead.append((comparison, table, near))
        for table, values in self._with_nulls(one):
            beside.add(table, values, is_first=True)
        if len(beside.rows) > len(one):
            scenario, about = "among_others", "among other rows"
            yield RowSet(scenario, about, self._completed(beside.rows)[:_MOST_ROWS])
        for comparison, table, near in instead:
            rest = [(of, values) for of, values in one if of is not table]
            name = comparison.column.name
            scenario = f"with_another_{name}"
            about = f"if the row has another {name.replace('_', ' ')}"
            yield RowSet(scenario, about, self._completed([*rest, (table, near)]))

    def _trees(self, one: list[tuple[Table, Values]]) -> Iterator[RowSet]:
        """Yield rows above and below a row of a table that refers to itself."""
        for table, values in one:
            if not self._reading.is_recursive and table.oid not in self._reading.changed:
                continue
            for key in (key for key in table.foreign_keys if key.parent == table.oid):
                names = dict(zip(key.columns, key.parent_columns, strict=True))
                if (
                    len(names) != 1
                    or ColumnId(table.oid, key.columns[0]) not in self._reading.named
                ):
                    continue
                ((refers, (name)),) = names.items()
                rows = _Rows(self._completed(one))
                own = next(
                    row
                    for of, row in rows.rows
                    if of is table and row.get(name) == values.get(name)
                )
                if not isinstance(own.get(name), int):
                    continue
                above, below = own[name] + 90, own[name] + 91
                if own.get(refers) is None:
                    rows.add(
                        table,
                        {**self._other(table, own, 6), name: above, refers: None},
                        is_first=True,
                    )
                    own[refers] = above
                    rows.rows = _self_ordered(rows.rows, table, name, refers)
                rows.add(table, {**self._other(table, own, 7), name: below, refers: own[name]})
                rows.add(table, {**self._other(table, own, 8), name: below + 1, refers: below})
                for of, row in one:
                    for other in of.foreign_keys if of is not table else ():
                        if other.parent == table.oid and row.get(other.columns[0]) == own[name]:
                            for target in (above, below):
                                copy = {**self._other(of, row, 6), other.columns[0]: target}
                                rows.add(of, copy)
                yield RowSet(
                    "in_a_tree", "if rows are above and below it", self._completed(rows.rows)
                )
                return

    def _referenced(self, one: list[tuple[Table, Values]]) -> Iterator[RowSet]:
        """Yield a row that refers to the one that is deleted."""
        for table, values in one:
            if table.oid not in self._reading.changed:
                continue
            for child in self._schema.tables.values():
                for key in child.foreign_keys:
                    known = [values.get(name) for name in key.parent_columns]
                    if key.parent == table.oid and child not in self._tables and None not in known:
                        given = dict(zip(key.columns, known, strict=True))
                        about = f"if a row of {child.name} refers to it"
                        scenario = f"with_{child.table}"
                        yield RowSet(scenario, about, self._completed([*one, (child, given)]))

    def _duplicates(self, one: list[tuple[Table, Values]]) -> Iterator[RowSet]:
        """Yield a row that has the unique key already that is stored."""
        stored = self._reading.stored
        for table in self._tables:
            own = {c.name: v for c, v in stored.items() if c.table == table.oid}
            for names in table.uniques.values():
                taken = {name: own[name] for name in names if own.get(name) is not None}
                if not taken or (
                    len(taken) < len(names) and table.oid not in self._reading.inserted
                ):
                    continue
                # What an upsert overwrites is another value before.
                old = {
                    name: self._another(table, table.column(name), value)
                    for name, value in own.items()
                    if table.oid in self._reading.changed and not self._refers(table, name)
                }
                values = {name: v for name, v in old.items() if v is not None} | taken
                for name in names:
                    if not table.column(name).not_null and name not in values:
                        values[name] = None
                rows = _Rows(one)
                if not rows.add(
                    table, self._other(table, values, _MISSING) | values, is_first=True
                ):
                    rows = _Rows([(table, values)])
                joined = "_and_".join(taken)
                about = f"if another row has the {joined.replace('_', ' ')}"
                yield RowSet(f"with_a_taken_{joined}", about, self._completed(rows.rows))

    def _without_partners(self, one: list[tuple[Table, Values]]) -> Iterator[RowSet]:
        """Yield the rows without one that refers to others: a join finds no partner."""
        if len(one) < 2:
            return
        for table, _ in one:
            is_child = any(key.parent in {of.oid for of, _ in one} for key in table.foreign_keys)
            refers = {key.parent for of, _ in one for key in of.foreign_keys}
            if is_child and table.oid not in refers:
                rest = [(of, values) for of, values in one if of is not table]
                about = f"if no row of {table.name} refers to it"
                yield RowSet(f"without_{table.table}", about, self._completed(rest))

    # The rows -------------------------------------------------------------------------------------

    def _world(self, number: int) -> list[tuple[Table, Values]]:
        return [(table, self._match(table, number)) for table in self._read]

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
        if self._refers(table, own.name):
            is_needed = own in self._reading.named or self._is_in_key(table, own.name)
            return column_values.value(self._schema, table, column, number) if is_needed else None
        if own in self._reading.stored and table.oid in self._reading.changed:
            return self._another(table, column, self._reading.stored[own])
        if order is not None:
            return column_values.value(self._schema, table, column, order)
        if own in self._reading.assigned and number == 0:  # so that the change shows
            return column_values.value(self._schema, table, column, number)
        if own in self._reading.named and column.required:
            return column_values.value(self._schema, table, column, number)
        return None

    def _refers(self, table: Table, name: str) -> bool:
        """Return whether a column belongs to a foreign key."""
        return any(name in key.columns for key in table.foreign_keys)

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
                    return self._typed(own, one.value)
                if one.value:
                    return self._typed(own, _of_list(one.value, number))
        return None

    def _satisfying(
        self, compared: Sequence[Comparison], table: Table, column: Column, number: int
    ) -> Any:
        found: Any = None
        for one in compared:
            value = self._meeting(one, table, column, number)
            if one.operator in ("=", "in", "like", "true", "false", "null"):
                return value
            found = value if found is None else found
        return found

    def _meeting(self, one: Comparison, table: Table, column: Column, number: int) -> Any:
        value = one.value
        if isinstance(value, Clock):
            return self._moment(column, _FAR if one.operator in (">", ">=") else _PAST)
        match one.operator:
            case "=" | ">=" | "<=":
                return self._typed(one.column, value)
            case "in":
                return self._typed(one.column, _of_list(value, number)) if value else None
            case "like":
                return _without_wildcards(value) or column_values.value(
                    self._schema, table, column, number
                )
            case ">" | "<":
                return _beside(value, 1 if one.operator == ">" else -1)
            case "<>" | "not in" | "unlike":
                return self._another(table, column, value)
            case "true" | "false":
                return one.operator == "true"
            case "not null":
                return column_values.value(self._schema, table, column, number)
        return None

    def _missing(self, one: Comparison, table: Table, column: Column) -> Any:
        """Return a value that misses a condition, but nearly meets it."""
        value = one.value
        if isinstance(value, Clock):
            return self._moment(column, _PAST if one.operator in (">", ">=") else _FAR)
        match one.operator:
            case "=" | "in" | "like":
                return self._another(table, column, value)
            case ">" | "<" | "<>":
                return self._typed(one.column, value)
            case ">=" | "<=":
                return _beside(value, -1 if one.operator == ">=" else 1)
            case "not in":
                return self._typed(one.column, value[0]) if value else None
            case "unlike":
                return _without_wildcards(value)
            case "true" | "false":
                return one.operator == "false"
            case "null":
                return column_values.value(self._schema, table, column, _MISSING)
        return None

    def _near_miss(self, one: Comparison, table: Table, values: Values) -> Values | None:
        column = table.column(one.column.name)
        missing = self._missing(one, table, column)
        if missing is None and (one.operator != "not null" or column.not_null):
            return None
        near = {**self._other(table, values, 3), column.name: missing}
        for name in near:
            # It counts beside the others: what it refers to is another row, too.
            own = ColumnId(table.oid, name)
            is_free = self._refers(table, name) and self._bound(own, 0) is None
            if is_free and not any(own in pair for pair in self._links) and near[name] is not None:
                near[name] = column_values.value(self._schema, table, table.column(name), 3)
        return near

    def _other(self, table: Table, values: Values, number: int) -> Values:
        """Return a row's values with other ones in the unique columns that no condition decides."""
        found = dict(values)
        compared = {one.column for one in self._reading.comparisons}
        for names in table.uniques.values():
            for name in names:
                if (
                    name not in found
                    or self._refers(table, name)
                    or ColumnId(table.oid, name) in compared
                ):
                    continue
                found[name] = column_values.value(self._schema, table, table.column(name), number)
                if found[name] is None:
                    del found[name]
        return found

    def _with_nulls(self, one: list[tuple[Table, Values]]) -> Iterator[tuple[Table, Values]]:
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
            for name in nullable[:2]:
                yield table, {**self._other(table, values, 4), name: None}

    def _mixed(self, rows: list[tuple[Table, Values]]) -> list[tuple[Table, Values]]:
        """Return rows that refer to a row of one world and to a row of another."""
        found = []
        for table in self._read:
            own = [values for of, values in rows if of is table][:2]
            names = [key.columns[0] for key in table.foreign_keys if len(key.columns) == 1]
            free = [
                name
                for name in names
                if len({repr(values[name]) for values in own if name in values}) == 2
            ]
            if len(free) > 1:
                values = {**self._other(table, own[0], 9), free[-1]: own[1][free[-1]]}
                found.append((table, values))
        return found

    def _another(self, table: Table, column: Column, value: Any) -> Any:
        """Return a value of a column that is none of these."""
        values = value if isinstance(value, list) else [value]
        if values and all(isinstance(one, int) and not isinstance(one, bool) for one in values):
            return max(values) + 1
        if isinstance(values[0] if values else None, bool):
            return not values[0]
        texts = [str(one) for one in values]
        for number in range(_MISSING, _MISSING + 12):
            found = column_values.value(self._schema, table, column, number)
            if found is not None and not any(text and text in str(found) for text in texts):
                return found
        return None

    def _typed(self, column: ColumnId, value: Any) -> Any:
        """Return a value as one that the column takes."""
        table = self._schema.tables[column.table]
        python = column_values.python_type(self._schema, table.column(column.name))
        if python is list and not isinstance(value, list):
            return [value]
        if python is int and isinstance(value, str) and value.lstrip("-").isdecimal():
            return int(value)
        return value

    def _moment(self, column: Column, moment: dt.datetime) -> Any:
        if column.type.name == "date":
            return moment.date()
        return moment.replace(tzinfo=dt.UTC) if column.type.name == "timestamptz" else moment

    # Parents --------------------------------------------------------------------------------------

    def _completed(self, rows: Sequence[tuple[Table, Values]]) -> list[tuple[Table, Values]]:
        """Return rows with those that they, and the stored values, refer to."""
        found = _Rows([])
        known = _Rows(rows)
        stored: dict[int, Values] = {}
        for column, value in self._reading.stored.items():
            stored.setdefault(column.table, {})[column.name] = value
        tables = self._schema.tables
        for oid, values in stored.items():
            for key in tables[oid].foreign_keys:
                self._add_parent(found, known, tables[oid], key, values)
        for table, values in rows:
            for key in table.foreign_keys:
                self._add_parent(found, known, table, key, values)
            found.add(table, values, is_checked=False)
        return found.rows

    def _add_parent(
        self, found: _Rows, known: _Rows, table: Table, key: ForeignKey, values: Values
    ) -> None:
        wanted = {
            parent: values.get(name)
            for name, parent in zip(key.columns, key.parent_columns, strict=True)
        }
        if any(value is None for value in wanted.values()):
            return
        parent = self._schema.tables.get(key.parent)
        exists = any(
            of.oid == key.parent and all(row.get(name) == v for name, v in wanted.items())
            for of, row in [*found.rows, *known.rows]
        )
        if parent is None or exists or parent.is_view:
            return
        for column in parent.columns:
            if column.required and ColumnId(parent.oid, column.name) in self._reading.named:
                number = len(found.rows) % 10
                value = column_values.value(self._schema, parent, column, number)
                if value is not None and column.name not in wanted:
                    wanted[column.name] = value
        found.add(parent, wanted)


class _Rows:
    """Rows of which no two have the same unique key."""

    def __init__(self, rows: Sequence[tuple[Table, Values]]) -> None:
        self.rows = [(table, dict(values)) for table, values in rows]

    def add_all(self, rows: Sequence[tuple[Table, Values]]) -> None:
        """Add the rows that do not collide with others."""
        for table, values in rows:
            self.add(table, values)

    def add(
        self, table: Table, values: Values, *, is_first: bool = False, is_checked: bool = True
    ) -> bool:
        """Add a row, before all others of its table if wanted; return whether it was possible."""
        others = [row for of, row in self.rows if of is table]
        if is_checked and any(_collide(table, values, other) for other in others):
            return False
        places = [at for at, (of, _) in enumerate(self.rows) if of is table]
        if places:
            self.rows.insert(places[0] if is_first else places[-1] + 1, (table, values))
        else:
            self.rows.append((table, values))
        return True


def _collide(table: Table, values: Values, other: Values) -> bool:
    if values == other:
        return True
    return any(
        names and all(name in values and values[name] == other.get(name, values) for name in names)
        for names in table.uniques.values()
    )


def _self_ordered(
    rows: list[tuple[Table, Values]], table: Table, name: str, refers: str
) -> list[tuple[Table, Values]]:
    """Return rows, those of a table that refers to itself after the ones that they refer to."""
    own = [(of, row) for of, row in rows if of is table]
    own.sort(key=lambda row: row[1].get(refers) is not None)
    order = iter(own)
    return [next(order) if of is table else (of, row) for of, row in rows]


def _of_list(values: Sequence[Any], number: int) -> Any:
    """Return the value of a world: backwards, so that rows are not sorted as they are inserted."""
    return values[-1 - number % len(values)]


def _without_wildcards(value: Any) -> Any:
    return value.strip("%").replace("%", "a").replace("_", "a") if isinstance(value, str) else value


def _beside(value: Any, by: int) -> Any:
    if isinstance(value, dt.date):
        return value + dt.timedelta(days=by)
    if isinstance(value, bool) or value is None or isinstance(value, dt.time):
        return value
    if isinstance(value, str):
        return f"{value}z" if by > 0 else value[:-1]
    return value + by
