"""The statements that put a row into a database."""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg

from understudy.rows.row_plan import Draft
from understudy.rows.table_facts import Check, Column, ForeignKey, Table

_JSON = ("json", "jsonb")
_FIRST_OID_OF_A_SCHEMA = 16384
Connection = psycopg.Connection[Any]


def insert(
    connection: Connection, table: Table, values: Mapping[str, object]
) -> dict[str, Any] | None:
    """Insert a row, and return it as the database has it; None where a trigger kept it away.

    Raises:
        psycopg.Error: PostgreSQL, or psycopg, refuses it.
    """
    columns = [table.column(name) for name in values]
    names = ", ".join(_quoted(name) for name in values)
    places = ", ".join(_place(column, n) for n, column in enumerate(columns, 1))
    always = any(column.identity == "a" for column in columns)
    how = f"({names}) {'OVERRIDING SYSTEM VALUE ' if always else ''}VALUES ({places})"
    rows = _ask(
        connection,
        f"INSERT INTO {_full(table)} {how if values else 'DEFAULT VALUES'} "
        f"RETURNING {', '.join(_returned(column) for column in table.columns)}",
        [_parameter(column, values[column.name]) for column in columns],
    )
    return rows[0] if rows else None


def find(
    connection: Connection,
    table: Table,
    wanted: Sequence[str],
    known: Mapping[str, object],
    preferred: Mapping[str, object] | None,
) -> dict[str, Any] | None:
    """The wanted columns of a row that has the known values: the preferred row if it is one."""
    columns = ", ".join(_quoted(name) for name in wanted)
    conditions = [f"{_quoted(name)} IS NOT NULL" for name in wanted if name not in known]
    conditions += [f"{_quoted(name)} = ${n}" for n, name in enumerate(known, 1)]
    parameters = [*known.values()]
    first = ""
    if preferred is not None:
        places = ", ".join(f"${n}" for n in range(len(known) + 1, len(known) + len(wanted) + 1))
        first = f"(({columns}) = ({places})) DESC, "
        parameters += [preferred[name] for name in wanted]
    rows = _ask(
        connection,
        f"SELECT {columns} FROM {_full(table)} WHERE {' AND '.join(conditions)} "
        f"ORDER BY {first}{columns} LIMIT 1",
        parameters,
    )
    return rows[0] if rows else None


def by_default(connection: Connection, table: Table, column: Column) -> object:
    """What the database would fill in; None where it would not."""
    if column.identity:
        query, parameters = (
            "SELECT nextval(pg_get_serial_sequence($1, $2)) AS value",
            [_full(table), column.name],
        )
    elif column.expression is not None:
        query, parameters = f"SELECT {column.expression} AS value", []
    else:
        return None
    return _ask(connection, query, parameters)[0]["value"]


def passing(
    connection: Connection,
    draft: Draft,
    columns: Sequence[Column],
    checks: Sequence[Check],
    choices: Sequence[Sequence[str | None]],
) -> list[str | None] | None:
    """The first combination of texts that are values of the columns and pass the checks, or None.

    Raises:
        psycopg.Error: A check cannot be worked out.
    """
    parameters: list[object] = [list(choice) for choice in choices]
    fields, valid = [], []
    for n, column in enumerate(columns, 1):
        # With its length, lest a cast cuts off what an INSERT would refuse.
        is_value = f"pg_input_is_valid(c{n}.v, {_literal(column.spelled)})"
        fields.append(f"c{n}.v::{column.spelled} AS {_quoted(column.name)}")
        valid.append(f"(c{n}.v IS NULL OR {is_value})")
    names = {name for check in checks for name in check.columns}
    for name in sorted(names.difference(column.name for column in columns)):
        column = draft.table.column(name)
        if name in draft.values:
            parameters.append(_parameter(column, draft.values[name]))
            value = f"${len(parameters)}"
        else:
            value = f"({column.expression or 'NULL'})"
        fields.append(f"{value}::{column.type.spelled} AS {_quoted(name)}")
    passes = [f"({check.expression}) IS NOT FALSE" for check in checks]
    numbers = range(1, len(columns) + 1)
    lists = (f"unnest(${n}::text[]) WITH ORDINALITY AS c{n} (v, n)" for n in numbers)
    # In the innermost SELECT, names are those of the table's columns before they are any of ours.
    # The checks are worked out for texts that are values, and for these alone.
    rows = _ask(
        connection,
        f"SELECT {', '.join(f'c{n}.v AS v{n}' for n in numbers)} FROM {' CROSS JOIN '.join(lists)} "
        f"WHERE CASE WHEN {' AND '.join(valid)} THEN (SELECT {' AND '.join(passes) or 'true'} "
        f"FROM (SELECT {', '.join(fields)}) AS {_quoted(draft.table.table)}) END "
        f"ORDER BY {' + '.join(f'c{n}.n' for n in numbers)}, c1.n LIMIT 1",
        parameters,
    )
    return [*rows[0].values()] if rows else None


def constraint_mode(connection: Connection, table: Table, key: ForeignKey, mode: str) -> None:
    """Have a constraint checked IMMEDIATE or DEFERRED."""
    name = f"{_quoted(table.schema)}.{_quoted(key.name)}"
    connection.execute(f"SET CONSTRAINTS {name} {mode}".encode())


def _ask(connection: Connection, query: str, parameters: Sequence[object]) -> list[dict[str, Any]]:
    # Names may hold a percent sign, which only a raw cursor leaves alone.
    with psycopg.RawCursor(connection) as cursor:
        cursor.execute(query.encode(), parameters)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _full(table: Table) -> str:
    return f"{_quoted(table.schema)}.{_quoted(table.table)}"


def _returned(column: Column) -> str:
    # psycopg makes no list of the array of a type that it does not know.
    name = _quoted(column.name)
    unknown = column.type.kind == "array" and column.type.oid >= _FIRST_OID_OF_A_SCHEMA
    return f"{name}::text[] AS {name}" if unknown else name


def _place(column: Column, number: int) -> str:
    # psycopg says of a list of str that it is a text[], of which no array of an enum is made.
    return f"${number}::{column.type.spelled}" if column.type.kind == "array" else f"${number}"


def _parameter(column: Column, value: object) -> object:
    is_json = column.type.name in _JSON and value is not None and not isinstance(value, str)
    if is_json or isinstance(value, dict):
        try:
            return json.dumps(value)
        except TypeError as error:
            raise psycopg.DataError(str(error)) from error
    if isinstance(value, enum.Enum):
        # psycopg sends the name; applications keep the database's label in the value.
        return value.name if value.name in column.type.labels else value.value
    return value
