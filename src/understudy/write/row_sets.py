"""Rows that tell conditions, joins and sorts apart: which ones a trial inserts.

A world is a row of each table that the statements read, which match all conditions and refer to
each other. Beside the rows of some worlds stand rows that miss exactly one condition.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from understudy.mutate.column_uses import ColumnId
from understudy.mutate.generated_data import parents_first
from understudy.rows.table_facts import ForeignKey, Schema, Table
from understudy.write import column_values
from understudy.write.condition_values import MISSING
from understudy.write.readings import Comparison, Reading
from understudy.write.row_checks import RowChecks
from understudy.write.unique_rows import UniqueRows
from understudy.write.worlds import Values, Worlds

_MOST_ROWS = 14
_MOST_SIBLINGS = 4
PARENTS = "with_what_it_refers_to"  # the first scenario, if something is inserted


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


def row_sets(
    reading: Reading, schema: Schema, checks: RowChecks | None = None, *, is_full: bool = False
) -> Iterator[RowSet]:
    """Yield sets of rows, those that tell most first.

    Args:
        reading: what the statements do.
        schema: the schema of the database.
        checks: tells which rows the tables take; None to take all for accepted.
        is_full: whether long rows have a value in each column that the statements name, too.
    """
    checks = checks or RowChecks(None, schema)
    yield from _accepted(_Maker(reading, schema, checks, is_full=is_full).sets(), checks)


def full_row(reading: Reading, schema: Schema, checks: RowChecks) -> RowSet | None:
    """Return the set with one matching row, which has a value in each column; see `row_sets`."""
    maker = _Maker(reading, schema, checks, is_full=True)
    return next(_accepted(maker.one_row(maker.matching()), checks), None)


def _accepted(sets: Iterable[RowSet], checks: RowChecks) -> Iterator[RowSet]:
    for rows in sets:
        accepted = checks.accepted(rows.rows)
        # Of the others, each row is what the scenario is about.
        if accepted and (rows.scenario == "among_others" or len(accepted) == len(rows.rows)):
            yield replace(rows, rows=accepted)


class _Maker:
    def __init__(
        self, reading: Reading, schema: Schema, checks: RowChecks, *, is_full: bool
    ) -> None:
        self._reading = reading
        self._schema = schema
        self._worlds = Worlds(reading, schema, is_full=is_full)
        self._checks = checks
        self._changed: dict[int, set[str]] = {}  # by table, the columns for a check

    # The sets -------------------------------------------------------------------------------------

    def sets(self) -> Iterator[RowSet]:
        parents = self._completed([])
        if parents:
            yield RowSet(PARENTS, "if the rows exist that it refers to", parents)
        one = self.matching()
        if one:
            # What one row alone tells, it mostly tells among others, too.
            among_others = self._among_others(one)
            yield from islice(among_others, 1)
            yield from self.one_row(one)
            yield from among_others
            yield from self._instead(one)
            yield from self._trees(one)
            yield from self._referenced(one)
        yield from self._duplicates(one)
        if one:
            yield from self._without_partners(one)

    def matching(self) -> list[tuple[Table, Values]]:
        """Return a row of each table, and its siblings, which match all conditions."""
        one = self._world(0)
        siblings = UniqueRows(one)
        for table, values in islice(self._worlds.siblings(one), _MOST_SIBLINGS):
            siblings.add(table, values)
        return siblings.rows

    def one_row(self, one: list[tuple[Table, Values]]) -> Iterator[RowSet]:
        """Yield the matching rows alone, if there are any."""
        if one:
            yield RowSet("with_one_row", "if one row matches", self._completed(one))

    def _among_others(self, one: list[tuple[Table, Values]]) -> Iterator[RowSet]:
        """Yield the matching rows among others, then near misses that cannot stand beside them."""
        worlds = UniqueRows(one)
        for number in (1, 2):
            worlds.add_all(self._world(number))
        worlds.add_all(self._worlds.mixed(worlds.rows))
        for number, (table, values) in enumerate(self._variants(), 8):
            worlds.add(table, self._worlds.beside(table, values, number))
        beside = UniqueRows(worlds.rows)
        near_misses: list[tuple[Table, Values]] = []
        instead: list[tuple[Comparison, Table, Values]] = []
        for number, comparison in enumerate(self._reading.comparisons, 3):
            for table, values in one:
                if comparison.column.table != table.oid or table not in self._worlds.read:
                    continue
                near = self._worlds.near_miss(comparison, table, values, number)
                if near is not None:
                    conditions = self._conditions(table, comparison)
                    near = self._checks.fitted(table, near, conditions).row
                if near is not None and not beside.add(table, near, is_first=True):
                    instead.append((comparison, table, near))
                elif near is not None:
                    near_misses.append((table, near))
        for table, with_null in self._worlds.with_nulls(one):
            nulls = {name for name, value in with_null.items() if value is None}
            fitted = self._fitted(table, with_null, nulls)
            if fitted is not None and beside.add(table, fitted, is_first=True):
                near_misses.append((table, fitted))
        rows = self._completed(beside.rows)
        while len(rows) > _MOST_ROWS and near_misses:
            beside.rows.remove(near_misses.pop())
            rows = self._completed(beside.rows)
        yield RowSet("among_others", "among other rows", rows)
        yield from self._without_a_match(one, near_misses)
        for comparison, table, near in instead:
            rest = [(of, values) for of, values in one if of is not table]
            name = comparison.column.name
            scenario = f"with_another_{name}"
            about = f"if the row has another {name.replace('_', ' ')}"
            yield RowSet(scenario, about, self._completed([*rest, (table, near)]))

    def _without_a_match(
        self, one: list[tuple[Table, Values]], near_misses: list[tuple[Table, Values]]
    ) -> Iterator[RowSet]:
        """Yield the near misses of one table alone: a count, or whether there is a row, tells."""
        for missed in {table.oid: table for table, _ in near_misses}.values():
            rest = [(of, values) for of, values in one if of is not missed]
            near = [(of, values) for of, values in near_misses if of is missed]
            if len(near) < 2:
                continue  # a value that no row has shows as much
            about = f"if no row of {missed.name} meets all conditions"
            scenario = f"without_matching_{missed.table}"
            yield RowSet(scenario, about, self._completed([*rest, *near]))

    # Checks over several columns -----------------------------------------------------------------

    def _world(self, number: int) -> list[tuple[Table, Values]]:
        """Return the rows of a world. Every other keeps the columns that the first had to change.

        Of two columns of which only one may have a value, each has one in some row.
        """
        found = []
        for table, values in self._worlds.world(number):
            changed = self._changed.get(table.oid, ()) if number % 2 else ()
            conditions = self._conditions(table)
            fitted = self._checks.fitted(table, values, conditions, changed).row
            row = self._fitted(table, values) if fitted is None else fitted
            if row is not None:
                found.append((table, row))
                if number == 0:
                    self._changed[table.oid] = {n for n in values if row.get(n) != values[n]}
        return found

    def _fitted(self, table: Table, values: Values, fixed: Collection[str] = ()) -> Values | None:
        """Return a row that its table takes and that meets most conditions; None without one."""
        return self._checks.fitted(table, values, self._conditions(table), fixed).best

    def _variants(self) -> Iterator[tuple[Table, Values]]:
        """Yield the rows that match by another side of an OR than those of the first world."""
        for table, values in self._worlds.world(0):
            fitted = self._checks.fitted(table, values, self._conditions(table))
            for found in fitted.without_one[1:]:
                yield table, found

    def _conditions(self, table: Table, missed: Comparison | None = None) -> list[Comparison]:
        """Return what a row of a table is to meet, or to miss."""
        links = [column for pair in self._reading.links for column in pair]
        found = [*self._reading.comparisons, *(Comparison(column, "=") for column in links)]
        if missed is not None:
            found = [one for one in found if one.column != missed.column] + [missed.opposite]
        return [one for one in found if one.column.table == table.oid]

    def _instead(self, one: list[tuple[Table, Values]]) -> Iterator[RowSet]:
        """Yield the matching rows, with a variant of one of them in its place."""
        for table, values in self._variants():
            (own,) = [row for of, row in one if of is table][:1]
            names = [name for name in values if own.get(name) is None]
            if names:
                rest = [(of, row) for of, row in one if of is not table]
                name = names[0].replace("_", " ")
                rows = self._completed([*rest, (table, values)])
                yield RowSet(f"with_a_{names[0]}", f"if the row has a {name}", rows)

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
                rows = UniqueRows(self._completed(one))
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
                        {**self._worlds.other(table, own, 6), name: above, refers: None},
                        is_first=True,
                    )
                    own[refers] = above
                    rows.rows = _self_ordered(rows.rows, table, name, refers)
                rows.add(
                    table, {**self._worlds.other(table, own, 7), name: below, refers: own[name]}
                )
                rows.add(
                    table, {**self._worlds.other(table, own, 8), name: below + 1, refers: below}
                )
                for of, row in one:
                    for other in of.foreign_keys if of is not table else ():
                        if other.parent == table.oid and row.get(other.columns[0]) == own[name]:
                            for target in (above, below):
                                copy = {**self._worlds.other(of, row, 6), other.columns[0]: target}
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
                    if (
                        key.parent == table.oid
                        and child not in self._worlds.tables
                        and None not in known
                    ):
                        given = dict(zip(key.columns, known, strict=True))
                        about = f"if a row of {child.name} refers to it"
                        scenario = f"with_{child.table}"
                        yield RowSet(scenario, about, self._completed([*one, (child, given)]))

    def _duplicates(self, one: list[tuple[Table, Values]]) -> Iterator[RowSet]:
        """Yield a row that has the unique key already that is stored."""
        stored = self._reading.stored
        for table in self._worlds.tables:
            own = {c.name: v for c, v in stored.items() if c.table == table.oid}
            for names in table.uniques.values():
                taken = {name: own[name] for name in names if own.get(name) is not None}
                if not taken or (
                    len(taken) < len(names) and table.oid not in self._reading.inserted
                ):
                    continue
                # What an upsert overwrites is another value before.
                old = {
                    name: self._worlds.values.another(table, table.column(name), value)
                    for name, value in own.items()
                    if table.oid in self._reading.changed and not self._worlds.refers(table, name)
                }
                values = {name: v for name, v in old.items() if v is not None} | taken
                for name in names:
                    if not table.column(name).not_null and name not in values:
                        values[name] = None
                other = self._worlds.other(table, values, MISSING) | values
                fitted = self._checks.fitted(table, other, (), taken).row
                if fitted is None:
                    continue
                rows = UniqueRows(one)
                if not rows.add(table, fitted, is_first=True):
                    rows = UniqueRows([(table, fitted)])
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

    # Parents --------------------------------------------------------------------------------------

    def _completed(self, rows: Sequence[tuple[Table, Values]]) -> list[tuple[Table, Values]]:
        """Return rows with those that they, and the stored values, refer to."""
        found = UniqueRows([])
        known = UniqueRows(rows)
        stored: dict[int, Values] = {}
        for column, value in self._reading.stored.items():
            stored.setdefault(column.table, {})[column.name] = value
        tables = self._schema.tables
        for oid, values in stored.items():
            for key in tables[oid].foreign_keys:
                self._add_parent(found, known, tables[oid], key, values)
        for table, wanted in rows:
            fitted = self._fitted(table, wanted)
            if fitted is not None:
                for key in table.foreign_keys:
                    self._add_parent(found, known, table, key, fitted)
                found.add(table, fitted, is_checked=False)
        # A row that refers to none may come first, and then others of its table that do.
        used = {table.oid: table for table, _ in found.rows}
        order = [table.oid for table in parents_first([*used.values()])]
        return sorted(found.rows, key=lambda row: order.index(row[0].oid))

    def _add_parent(
        self, found: UniqueRows, known: UniqueRows, table: Table, key: ForeignKey, values: Values
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
        # It is inserted before the others, which must not have its unique values either.
        others = UniqueRows([*found.rows, *known.rows])
        for number in range(len(found.rows) % 10, 20):
            values = {**self._named(parent, number), **wanted}
            if others.add(parent, values):
                found.add(parent, self._fitted(parent, values, [*values]) or values)
                return

    def _named(self, table: Table, number: int) -> Values:
        """Return values of the columns that a row requires and that the statements name.

        What it refers to itself, `insert` finds.
        """
        found = {
            column.name: column_values.value(self._schema, table, column, number)
            for column in table.columns
            if column.required and ColumnId(table.oid, column.name) in self._reading.named
            if not self._worlds.refers(table, column.name)
        }
        return {name: value for name, value in found.items() if value is not None}


def _self_ordered(
    rows: list[tuple[Table, Values]], table: Table, name: str, refers: str
) -> list[tuple[Table, Values]]:
    """Return rows, those of a table that refers to itself after the ones that they refer to."""
    own = [(of, row) for of, row in rows if of is table]
    own.sort(key=lambda row: row[1].get(refers) is not None)
    order = iter(own)
    return [next(order) if of is table else (of, row) for of, row in rows]
