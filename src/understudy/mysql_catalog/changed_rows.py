"""What a statement stores or deletes, by the schema and the values of the call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from understudy.catalog.changed_values import Change
from understudy.mysql.sql import Piece, pieces
from understudy.mysql_catalog.schema import Schema, is_strict
from understudy.mysql_catalog.scopes import Scope, outside_brackets, word_at
from understudy.mysql_catalog.stored_columns import Value, parameter_numbers, read_insert, set_list
from understudy.script.mysql_calls import MysqlCall

UNKNOWN = "?"


class ChangedRows(NamedTuple):
    """What a call does to the rows of one table.

    Attributes:
        change: the command (INSERT for REPLACE, too), the table, and the values by column: UNKNOWN
            for one that only the server knows, None if it is NULL in every row.
        required: the columns that cannot be NULL and that get a value of the call.
        spares_keys: whether a unique key that is taken is no error.
    """

    change: Change
    required: Sequence[str] = ()
    spares_keys: bool = False


def changed_rows(call: MysqlCall, schema: Schema) -> ChangedRows | None:
    """Return what a call changes; None if that is not certain.

    It is not with IGNORE, in a view, with a trigger, and if a statement names several tables.
    """
    statement = pieces(call.text)
    command = word_at(statement, 0)
    words = {piece.word for piece in statement if piece.kind == "word"}
    if "IGNORE" in words or command not in ("INSERT", "REPLACE", "UPDATE", "DELETE"):
        return None
    if command in ("INSERT", "REPLACE"):
        read = read_insert(statement, schema)
        if read is None:
            return None
        table, is_query = read.table, read.rows is None
        values: dict[str, str | None] = {column.name: UNKNOWN for column in read.given}
        rows = read.rows or []
        is_certain = is_strict(schema.sql_mode) or (len(rows) == 1 and not call.template.is_bulk)
    else:
        scope = Scope(statement, schema)
        found = schema.table(scope.tables[0]) if scope.count == 1 else None
        is_plain = scope.is_closed and not scope.derived
        if found is None or not is_plain or not found.is_base or command in found.triggers:
            return None
        table, is_query, values = found, False, {}
        rows = [list(_assigned(statement, scope))]
        is_certain = is_strict(schema.sql_mode)
    if command == "DELETE":
        return ChangedRows(Change(command, table.name))
    given = {} if is_query else _values(statement, rows, call)
    values |= given
    if not values:
        return None
    change = Change("UPDATE" if command == "UPDATE" else "INSERT", table.name, values)
    required = [
        name
        for name, value in given.items()
        if is_certain and value is not None and not table.columns[name.lower()].takes_null
        if all(_is_parameter(row, name) for row in rows)
    ]
    return ChangedRows(change, required, command == "REPLACE" or "DUPLICATE" in words)


def _assigned(statement: Sequence[Piece], scope: Scope) -> Iterator[Value]:
    for at in outside_brackets(statement):
        if word_at(statement, at) == "SET":
            yield from set_list(statement, at + 1, scope.column)
            return


def _values(
    statement: Sequence[Piece], rows: Sequence[Sequence[Value]], call: MysqlCall
) -> dict[str, str | None]:
    """Return the value of each column: of several rows the first that is not NULL."""
    numbers = parameter_numbers(statement)
    values = call.template.values
    found: dict[str, str | None] = {}
    for parameters in values if isinstance(values, list) else [values]:
        for column, given in (value for row in rows for value in row):
            if found.get(column.column.name) is None:
                found[column.column.name] = _shown(given, numbers, parameters)
    return found


def _shown(
    given: Sequence[Piece], numbers: Mapping[int, int], parameters: Sequence[Any]
) -> str | None:
    number = numbers.get(given[0].start) if len(given) == 1 else None
    value = UNKNOWN if number is None else parameters[number - 1]
    if value is None:
        return None
    if not isinstance(value, str | int):
        return UNKNOWN  # a date or a number with a point is shown as its column has it
    return str(int(value) if isinstance(value, bool) else value)


def _is_parameter(row: Sequence[Value], name: str) -> bool:
    return any(
        column.column.name == name and len(given) == 1 and given[0].kind == "parameter"
        for column, given in row
    )
