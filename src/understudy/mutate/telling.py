"""The fewest rows on which a mutant differs from its original, as lines that insert them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from understudy.mutate.column_uses import ColumnId
from understudy.mutate.generated_data import Dataset, StoredRow
from understudy.rows.table_facts import Schema, Table
from understudy.script.formatting import python_literal

_MOST_SINGLE = 12  # rows that are tried alone
_MOST_TRIES = 90
_MOST_LINES = 6
_NUMBERS = frozenset({"int2", "int4", "int8"})

Differs = Callable[[Sequence[StoredRow]], bool]


def telling_rows(
    data: Dataset, tables: Sequence[Table], columns: set[ColumnId], differs: Differs
) -> list[StoredRow]:
    """Return the fewest rows, with the rows that they refer to, on which `differs` is true.

    Args:
        data: the rows on which it is.
        tables: those of the statement.
        columns: those whose values decide; rows with short ones come first.
        differs: tells whether the two statements differ on these rows alone.

    Returns:
        Nothing if they differ on no rows at all, or if no few rows were found.
    """
    search = _Search(data, tables, differs)
    if search.differs([]):
        return []
    rows = [row for table in tables for row in data.rows.get(table.oid, ())]
    rows.sort(key=lambda row: _size(row, columns))
    for row in rows[:_MOST_SINGLE]:
        if search.differs([row]):
            return search.with_parents([row])
    return search.with_parents(search.reduced(rows)) if search.differs(rows) else []


def _size(row: StoredRow, columns: set[ColumnId]) -> tuple[int, list[str]]:
    texts = [text or "" for name, text in row.values.items() if (row.table, name) in columns]
    return sum(9 if text[:1] in ("0", "-") else len(text) for text in texts), texts


class _Search:
    def __init__(self, data: Dataset, tables: Sequence[Table], differs: Differs) -> None:
        self._data = data
        self._tables = {table.oid: table for table in tables}
        self._differs = differs
        self._tries = 0

    def differs(self, rows: Sequence[StoredRow]) -> bool:
        self._tries += 1
        return self._differs(self.with_parents(rows))

    def reduced(self, rows: list[StoredRow]) -> list[StoredRow]:
        """Return some of the rows on which the statements still differ, by delta debugging."""
        parts = 2
        while len(rows) > 1 and self._tries < _MOST_TRIES:
            size = -(-len(rows) // parts)
            chunks = [rows[at : at + size] for at in range(0, len(rows), size)]
            rests = [[row for row in rows if row not in chunk] for chunk in chunks]
            # Two chunks are each other's rest.
            candidates = chunks if parts == 2 else chunks + rests
            smaller = next((some for some in candidates if some and self._try(some)), None)
            if smaller is not None:
                parts = 2 if smaller in chunks else max(parts - 1, 2)
                rows = smaller
            elif parts >= len(rows):
                break
            else:
                parts = min(parts * 2, len(rows))
        return rows

    def _try(self, rows: Sequence[StoredRow]) -> bool:
        return self._tries < _MOST_TRIES and self.differs(rows)

    def with_parents(self, rows: Iterable[StoredRow]) -> list[StoredRow]:
        """Return the rows after those of the statement's tables that they refer to."""
        return self._data.with_parents(rows, self._tables)


def insert_lines(rows: Sequence[StoredRow], schema: Schema, columns: set[ColumnId]) -> str:
    """Return the lines that insert the rows, with the values of these columns.

    The rows of other tables that they refer to come first, with their keys only.
    """
    lines: list[str] = []
    for row in rows:
        table = schema.tables[row.table]
        values = {
            column.name: row.values[column.name]
            for column in table.columns
            if ColumnId(table.oid, column.name) in columns and not column.generated
        }
        for key in table.foreign_keys:
            parent = schema.tables.get(key.parent)
            told = [values.get(name) for name in key.columns]
            is_there = any(
                one.table == key.parent
                and [one.values[name] for name in key.parent_columns] == told
                for one in rows
            )
            if parent is not None and None not in told and not is_there:
                lines.append(_line(parent, dict(zip(key.parent_columns, told, strict=True))))
        lines.append(_line(table, values))
    lines = list(dict.fromkeys(lines))
    return "\n".join(lines) if len(lines) <= _MOST_LINES else ""


def _line(table: Table, values: Mapping[str, str | None]) -> str:
    arguments = [python_literal(table.name)]
    for name, text in values.items():
        value = _python(text, table.column(name).type.name)
        is_plain = name.isidentifier()
        arguments.append(f"{name}={value}" if is_plain else f"**{{{name!r}: {value}}}")
    return f"real_postgres.insert({', '.join(arguments)})"


def _python(text: str | None, kind: str) -> str:
    if text is None:
        return "None"
    if kind in _NUMBERS:
        return text
    if kind == "bool":
        return str(text in ("t", "true"))
    return python_literal(text)
