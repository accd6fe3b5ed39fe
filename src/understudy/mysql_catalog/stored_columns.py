"""What a statement stores in which column, and which columns an INSERT leaves out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from understudy.catalog.description import Assignment, KnownValue, Refusal, RowCheck
from understudy.mysql.sql import Piece
from understudy.mysql_catalog.conditions import numeric_type, readable
from understudy.mysql_catalog.schema import GENERATED, Schema, Table, TableColumn
from understudy.mysql_catalog.scopes import (
    FoundColumn,
    Scope,
    closing,
    outside_brackets,
    qualified,
    word_at,
)

_ENDS_SET = frozenset(["WHERE", "ORDER", "LIMIT", "RETURNING", "ON", "AS"])


class Stored(NamedTuple):
    """What a statement stores.

    Attributes:
        assigned: the parameters, and NULL, that go into a column as they are.
        fails: the error with which it fails for any parameters, or None.
        rows: how many rows an INSERT of values has; None if it is another statement, or if it may
            have another effect than to insert them.
        checks: the constraints that depend on what is stored.
    """

    assigned: tuple[Assignment, ...] = ()
    fails: Refusal | None = None
    rows: int | None = None
    checks: tuple[RowCheck, ...] = ()


class Value(NamedTuple):
    """What a row has for a column."""

    column: FoundColumn
    pieces: Sequence[Piece]


class Insert(NamedTuple):
    """What an INSERT or REPLACE stores.

    Attributes:
        table: in which table.
        given: the columns that have a value.
        rows: the values; None if they come from a query.
    """

    table: Table
    given: Sequence[TableColumn]
    rows: list[list[Value]] | None


def stored(pieces: Sequence[Piece], schema: Schema, scope: Scope, *, strict: bool) -> Stored:
    """Return what an INSERT, REPLACE or UPDATE stores.

    Nothing is certain if a trigger may change it, with IGNORE, or in a view.

    Args:
        pieces: the statement.
        schema: the schema.
        scope: the statement's tables.
        strict: whether the sql_mode makes an error of an impossible value.
    """
    words = {piece.word for piece in pieces if piece.kind == "word"}
    if "IGNORE" in words:
        return Stored()
    command = word_at(pieces, 0)
    if command in ("INSERT", "REPLACE"):
        return _insert(pieces, schema, strict=strict)
    if command == "UPDATE":
        start = next((at for at in outside_brackets(pieces) if word_at(pieces, at) == "SET"), None)
        if start is not None:
            values = [
                value
                for value in set_list(pieces, start + 1, scope.column)
                if value.column.table.is_base and "UPDATE" not in value.column.table.triggers
            ]
            numbers = parameter_numbers(pieces)
            checks = tuple(_checks(values, numbers, schema))
            return Stored(_assigned(values, numbers, strict=strict), checks=checks)
    return Stored()


def _insert(pieces: Sequence[Piece], schema: Schema, *, strict: bool) -> Stored:
    read = read_insert(pieces, schema)
    if read is None or (read.rows is None and not strict):
        return Stored()
    table, given, rows = read
    if rows is None:
        return Stored(fails=_left_out(table, given))  # also if the query has no rows
    values = [value for row in rows for value in row]
    fails = (_default_missing(values) or _left_out(table, given)) if strict else None
    numbers = parameter_numbers(pieces)
    assigned = _assigned(values, numbers, strict=strict)
    checks = tuple(check for row in rows for check in _checks(row, numbers, schema))
    is_plain = word_at(pieces, 0) == "INSERT" and "DUPLICATE" not in {
        piece.word for piece in pieces
    }
    return Stored(assigned, fails, len(rows) if is_plain else None, checks)


def read_insert(pieces: Sequence[Piece], schema: Schema) -> Insert | None:
    """Return what an INSERT or REPLACE stores; None if that is not certain."""
    at = 1
    while word_at(pieces, at) in ("INTO", "LOW_PRIORITY", "HIGH_PRIORITY", "DELAYED"):
        at += 1
    names, at = qualified(pieces, at)
    table = schema.table(names[-1]) if names else None
    if table is None or not table.is_base or "INSERT" in table.triggers or len(names) > 1:
        return None
    if word_at(pieces, at) == "PARTITION":
        at = closing(pieces, at + 1) + 1
    columns = [column for column in table.columns.values() if column.is_visible]
    if word_at(pieces, at) == "(" and word_at(pieces, at + 1) not in ("SELECT", "WITH", "VALUES"):
        end = closing(pieces, at)
        listed = [qualified(pieces, start)[0][-1:] for start in _items(pieces, at + 1, end)]
        if not all(name and name[0].lower() in table.columns for name in listed):
            return None  # the server refuses it, or it is `()`
        columns = [table.columns[name[0].lower()] for name in listed]
        at = end + 1
    word = word_at(pieces, at)
    if word == "SET":
        row = list(set_list(pieces, at + 1, partial(_column_of, table)))
        return Insert(table, [value.column.column for value in row], [row])
    if word in ("VALUES", "VALUE"):
        return Insert(table, columns, _rows(pieces, at + 1, table, columns))
    is_query = "SELECT" in {piece.word for piece in pieces[at:]}
    return Insert(table, columns, None) if is_query else None


def _items(pieces: Sequence[Piece], start: int, end: int) -> list[int]:
    """Return where the items of a list begin; none if the list is empty."""
    if start >= end:
        return []
    commas = [at for at in outside_brackets(pieces[:end], start) if word_at(pieces, at) == ","]
    return [start, *(at + 1 for at in commas)]


def _rows(
    pieces: Sequence[Piece], at: int, table: Table, columns: Sequence[TableColumn]
) -> list[list[Value]]:
    rows: list[list[Value]] = []
    while word_at(pieces, at) == "(" or word_at(pieces, at) == "ROW":
        at += word_at(pieces, at) == "ROW"
        end = closing(pieces, at)
        starts = _items(pieces, at + 1, end)
        ends = [*(start - 1 for start in starts[1:]), end]
        rows.append(
            [
                Value(FoundColumn(table, column), _unwrapped(pieces[start:after]))
                for column, start, after in zip(columns, starts, ends, strict=False)
            ]
        )
        at = end + 1
        if word_at(pieces, at) != ",":
            break
        at += 1
    return rows


def _unwrapped(pieces: Sequence[Piece]) -> Sequence[Piece]:
    """Return an expression without brackets around it."""
    while len(pieces) > 2 and pieces[0].text == "(" and closing(pieces, 0) == len(pieces) - 1:
        pieces = pieces[1:-1]
    return pieces


def _column_of(table: Table, names: Sequence[str]) -> FoundColumn | None:
    column = table.columns.get(names[-1].lower())
    return None if column is None else FoundColumn(table, column)


def set_list(
    pieces: Sequence[Piece], start: int, column_of: Callable[[Sequence[str]], FoundColumn | None]
) -> Iterator[Value]:
    """Yield what is assigned after SET."""
    places = outside_brackets(pieces, start)
    end = next((at for at in places if word_at(pieces, at) in _ENDS_SET), len(pieces))
    starts = _items(pieces, start, end)
    for begin, after in zip(starts, [*(at - 1 for at in starts[1:]), end], strict=True):
        names, at = qualified(pieces, begin)
        column = column_of(names) if names else None
        if column is not None and word_at(pieces, at) in ("=", ":="):
            yield Value(column, _unwrapped(pieces[at + 1 : after]))


def parameter_numbers(pieces: Sequence[Piece]) -> dict[int, int]:
    """Return the number of each parameter, from 1, by its offset."""
    places = [piece.start for piece in pieces if piece.kind == "parameter"]
    return {start: number for number, start in enumerate(places, 1)}


def _assigned(
    values: Sequence[Value], numbers: dict[int, int], *, strict: bool
) -> tuple[Assignment, ...]:
    """Return what is stored as it is."""
    found: list[Assignment] = []
    for (table, column), given in values:
        if len(given) == 1 and (given[0].kind == "parameter" or given[0].word == "NULL"):
            number = numbers.get(given[0].start)
            kind = (GENERATED if column.is_generated else column.type) if strict else None
            path = f"{table.name}.{column.name}"
            found.append(Assignment(path, number, not column.takes_null, kind))
    return tuple(found)


def _checks(row: Sequence[Value], numbers: dict[int, int], schema: Schema) -> Iterator[RowCheck]:
    """Yield the constraints that depend on the parameters of a row."""
    given = {
        column.name.lower(): (table.name, column, numbers[pieces[0].start])
        for (table, column), pieces in row
        if len(pieces) == 1 and pieces[0].kind == "parameter"
    }
    for (table, name), clause in schema.checks.items():
        values = [
            KnownValue(column.name, kind, number)
            for owner, column, number in given.values()
            if owner == table and (kind := numeric_type(column.type)) is not None
        ]
        condition = readable(clause) if values else None
        if condition is not None:
            yield RowCheck(name, table, condition, tuple(values))


def _default_missing(values: Sequence[Value]) -> Refusal | None:
    """Return the error of DEFAULT for a column without one."""
    for (_, column), given in values:
        if [piece.word for piece in given] == ["DEFAULT"] and not column.has_value:
            return _no_default(column)
    return None


def _left_out(table: Table, given: Sequence[TableColumn]) -> Refusal | None:
    for column in table.columns.values():
        if not column.has_value and column not in given:
            return _no_default(column)
    return None


def _no_default(column: TableColumn) -> Refusal:
    return Refusal("HY000", f"Field '{column.name}' doesn't have a default value", code=1364)
