"""Parameters for a statement, chosen from rows so that some of them match and some do not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from random import Random

from understudy.mutate.column_uses import ColumnId, Uses
from understudy.mutate.generated_data import Dataset, StoredRow, Values
from understudy.pg.sample_values import GENERATORS
from understudy.pg.sample_values import quoted as element
from understudy.rows.table_facts import Table

_TEXT_TYPES = frozenset({"text", "character varying", "character", "citext", "name"})
_COUNTS = ("0", "1", "2", "3", "1000")
_NUMERIC_TYPES = frozenset({"smallint", "integer", "bigint", "numeric", "real", "double precision"})
# A set of parameters: the text of each, None for NULL.
Parameters = tuple[str | None, ...]


def parameter_sets(
    uses: Uses,
    types: Sequence[str],
    tables: Sequence[Table],
    data: Dataset,
    recorded: Sequence[Parameters],
    random: Random,
) -> Iterator[Parameters]:
    """Yield sets of parameters without end, those of recorded calls first.

    Args:
        uses: what the statement does with its parameters.
        types: the type of each parameter.
        tables: those of the statement.
        data: the rows.
        recorded: the parameters of calls that tests have made.
        random: the source of random choices.
    """
    yield from recorded
    chooser = _Chooser(uses, tables, data, random)
    while True:
        chooser.choose_rows()
        yield tuple(chooser.value(number, kind) for number, kind in enumerate(types, 1))


class _Chooser:
    def __init__(self, uses: Uses, tables: Sequence[Table], data: Dataset, random: Random) -> None:
        self._uses = uses
        self._tables = tables
        self._data = data
        self._random = random
        self._rows: dict[int, Values] = {}
        self._fresh: dict[int, Values] = {}
        self._keys = {
            ColumnId(table.oid, name)
            for table in tables
            for names in table.uniques.values()
            for name in names
        }
        self._types = {
            ColumnId(table.oid, column.name): column.type.sql_name
            for table in tables
            for column in table.columns
        }
        self._is_conflict = False

    def choose_rows(self) -> None:
        """Choose a row of each table, so that one refers to the other."""
        self._rows = {}
        self._is_conflict = self._random.random() < 0.4
        for table in self._random.sample(self._tables, k=len(self._tables)):
            rows = self._data.rows.get(table.oid)
            if rows and table.oid not in self._rows:
                self._choose(table, self._random.choice(rows).values)
            fresh = self._data.fresh.get(table.oid)
            if fresh:
                self._fresh[table.oid] = self._random.choice(fresh)

    def _choose(self, table: Table, row: Values) -> None:
        self._rows[table.oid] = row
        by_oid = {other.oid: other for other in self._tables}
        for key in table.foreign_keys:
            if key.parent not in by_oid or key.parent in self._rows:
                continue
            wanted = dict(zip(key.parent_columns, (row[name] for name in key.columns), strict=True))
            parent = _matching(self._data.rows.get(key.parent, ()), wanted)
            if parent is not None:
                self._choose(by_oid[key.parent], parent)

    def value(self, number: int, kind: str) -> str | None:
        """Return the text of a parameter, None for NULL."""
        if number in self._uses.counts:
            return self._random.choice(_COUNTS)
        stored, compared = (
            sorted(c for c in of.get(number, ()) if self._fits(c, kind))
            for of in (self._uses.stored, self._uses.compared)
        )
        is_key = self._is_conflict and not self._keys.isdisjoint(stored)
        if not is_key and self._random.random() < 0.12:
            return None
        if stored and (not compared or self._random.random() < 0.5):
            column = self._random.choice(stored)
            if self._is_conflict and column in self._keys:
                return self._rows.get(column.table, {}).get(column.name)
            source = self._fresh if self._random.random() < 0.75 else self._rows
            return self._text(source, column, kind)
        if compared:
            return self._text(self._rows, self._random.choice(compared), kind)
        return self._made_up(kind)

    def _fits(self, column: ColumnId, kind: str) -> bool:
        """Return whether a value of a column is one of a parameter's type."""
        own = self._types.get(column, "")
        alike = (own, kind), (own, kind.removesuffix("[]"))
        return (
            any(
                one == other or any({one, other} <= of for of in (_TEXT_TYPES, _NUMERIC_TYPES))
                for one, other in alike
            )
            or own.rpartition(".")[2] == kind
        )

    def _text(self, rows: Mapping[int, Values], column: ColumnId, kind: str) -> str | None:
        """Return the value of the chosen row, or of another row of the table."""
        others = self._data.rows.get(column.table, ())
        values = rows.get(column.table)
        if values is None or (others and self._random.random() < 0.15):
            values = self._random.choice(others).values if others else None
        if values is None:
            return self._made_up(kind)
        text = values.get(column.name)
        if kind.endswith("[]") and text is not None and not text.startswith("{"):
            more = [row.values.get(column.name) for row in self._random.choices(others, k=2)]
            return f"{{{','.join(element(one) for one in (text, *more) if one is not None)}}}"
        if kind.endswith("[]") and text is not None and self._random.random() < 0.5:
            other = self._random.choice(others).values.get(column.name) if others else None
            both = [part for part in (text[1:-1], (other or "{}")[1:-1]) if part]
            return self._random.choice(["{}", f"{{{','.join(both)}}}"])
        if kind in _TEXT_TYPES and text and self._random.random() < 0.3:
            middle = text[1:4]
            return self._random.choice([text.lower(), text.upper(), middle, f"%{middle}%"])
        return text

    def _made_up(self, kind: str) -> str | None:
        if kind in ("smallint", "integer", "bigint", "numeric", "double precision"):
            return str(self._random.randint(0, 5))
        if kind.endswith("[]"):
            inner = self._made_up(kind.removesuffix("[]"))
            return None if inner is None else f"{{{element(inner)}}}"
        if kind in _TEXT_TYPES:
            return self._random.choice(["a", "b", "A", ""])
        make = GENERATORS.get(kind)
        return None if make is None else str(make(self._random))


def _matching(rows: Sequence[StoredRow], wanted: Mapping[str, str | None]) -> Values | None:
    found = (row.values for row in rows if all(row.values[n] == t for n, t in wanted.items()))
    return next(found, None)
