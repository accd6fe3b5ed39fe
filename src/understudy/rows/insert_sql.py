"""The statements that insert a row and find the rows that it references."""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from understudy.pg import sql
from understudy.pg.sql_spelling import literal, quoted
from understudy.rows.row_plan import RowPlan
from understudy.rows.table_facts import Check, Column, ForeignKey, Table

_JSON = ("json", "jsonb")
_FIRST_OID_OF_A_SCHEMA = 16384
Connection = psycopg.Connection[Any]


def kept_usable(connection: Connection) -> AbstractContextManager[object]:
    """Return a block for one statement, after whose error the connection can be used.

    Outside a transaction it can be anyway, and a savepoint would cost three round trips.
    """
    is_idle = connection.info.transaction_status == TransactionStatus.IDLE
    return nullcontext() if connection.autocommit and is_idle else connection.transaction()


def insert(
    connection: Connection, table: Table, values: Mapping[str, object]
) -> dict[str, Any] | None:
    """Insert a row and return it, or None if a trigger or rule suppressed it.

    Raises:
        psycopg.Error: PostgreSQL or psycopg refuses it.
    """
    columns = [table.column(name) for name in values]
    names = ", ".join(quoted(name) for name in values)
    places = ", ".join(_place(column, n) for n, column in enumerate(columns, 1))
    always = any(column.identity == "a" for column in columns)
    how = f"({names}) {'OVERRIDING SYSTEM VALUE ' if always else ''}VALUES ({places})"
    rows = _ask(
        connection,
        f"INSERT INTO {table.sql_name} {how if values else 'DEFAULT VALUES'} "
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
    """Return columns of an existing row, or None if there is no such row.

    Args:
        connection: the database.
        table: the table.
        wanted: the columns to return, which must not be NULL.
        known: values that the row must have.
        preferred: a row to take if it has them.
    """
    columns = ", ".join(quoted(name) for name in wanted)
    conditions = [f"{quoted(name)} IS NOT NULL" for name in wanted if name not in known]
    conditions += [f"{quoted(name)} = ${n}" for n, name in enumerate(known, 1)]
    parameters = [*known.values()]
    first = ""
    if preferred is not None:
        places = ", ".join(f"${n}" for n in range(len(known) + 1, len(known) + len(wanted) + 1))
        first = f"(({columns}) = ({places})) DESC, "
        parameters += [preferred[name] for name in wanted]
    rows = _ask(
        connection,
        f"SELECT {columns} FROM {table.sql_name} WHERE {' AND '.join(conditions)} "
        f"ORDER BY {first}{columns} LIMIT 1",
        parameters,
    )
    return rows[0] if rows else None


def default_value(connection: Connection, table: Table, column: Column) -> object:
    """Return the value that the database would fill in, or None if it has no default."""
    if column.identity:
        query = "SELECT nextval(pg_get_serial_sequence($1, $2)) AS value"
        return _ask(connection, query, [table.sql_name, column.name])[0]["value"]
    if column.expression is not None:
        return _ask(connection, f"SELECT {column.expression} AS value", [])[0]["value"]
    return None


def passing(
    connection: Connection,
    plan: RowPlan,
    columns: Sequence[Column],
    checks: Sequence[Check],
    choices: Sequence[Sequence[str | None]],
) -> list[str | None] | None:
    """Return the first combination of valid values that passes the checks, or None.

    Args:
        connection: the database.
        plan: the row, with the values of the other columns.
        columns: the columns to choose values for.
        checks: the checks to pass.
        choices: the candidates for each column, as texts; None is NULL.

    Raises:
        psycopg.Error: a check cannot be evaluated.
    """
    parameters: list[object] = [list(choice) for choice in choices]
    fields, valid = [], []
    for n, column in enumerate(columns, 1):
        # The type has its length: a cast would truncate a value that an INSERT refuses.
        is_value = f"pg_input_is_valid(c{n}.v, {literal(column.sql_type)})"
        fields.append(f"c{n}.v::{column.sql_type} AS {quoted(column.name)}")
        valid.append(f"(c{n}.v IS NULL OR {is_value})")
    names = {name for check in checks for name in check.columns}
    for name in sorted(names.difference(column.name for column in columns)):
        column = plan.table.column(name)
        if name in plan.values:
            parameters.append(_parameter(column, plan.values[name]))
            value = f"${len(parameters)}"
        else:
            value = f"({column.expression or 'NULL'})"
        fields.append(f"{value}::{column.type.sql_name} AS {quoted(name)}")
    passes = [f"({check.expression}) IS NOT FALSE" for check in checks]
    numbers = range(1, len(columns) + 1)
    lists = (f"unnest(${n}::text[]) WITH ORDINALITY AS c{n} (v, n)" for n in numbers)
    # In the innermost SELECT, the names are those of the table's columns. CASE evaluates the checks
    # for valid values only.
    rows = _ask(
        connection,
        f"SELECT {', '.join(f'c{n}.v AS v{n}' for n in numbers)} FROM {' CROSS JOIN '.join(lists)} "
        f"WHERE CASE WHEN {' AND '.join(valid)} THEN (SELECT {' AND '.join(passes) or 'true'} "
        f"FROM (SELECT {', '.join(fields)}) AS {quoted(plan.table.table)}) END "
        f"ORDER BY {' + '.join(f'c{n}.n' for n in numbers)}, c1.n LIMIT 1",
        parameters,
    )
    return [*rows[0].values()] if rows else None


def set_constraint_mode(connection: Connection, table: Table, key: ForeignKey, mode: str) -> None:
    """Set a constraint to IMMEDIATE or DEFERRED."""
    name = f"{quoted(table.schema)}.{quoted(key.name)}"
    connection.execute(f"SET CONSTRAINTS {name} {mode}".encode())


def _ask(connection: Connection, query: str, parameters: Sequence[object]) -> list[dict[str, Any]]:
    # psycopg 3.1 has no raw cursor, which would take the query as it is.
    named = {str(number): value for number, value in enumerate(parameters, 1)}
    with connection.cursor() as cursor:
        cursor.execute(_with_named_placeholders(query).encode(), named)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _with_named_placeholders(query: str) -> str:
    """Write `$1` as `%(1)s`, and percent signs twice."""
    parts, end = [], 0
    for piece in sql.pieces(query):
        if (number := piece.text.removeprefix("$")) != piece.text and number.isdecimal():
            parts += [query[end : piece.start].replace("%", "%%"), f"%({number})s"]
            end = piece.start + len(piece.text)
    return "".join([*parts, query[end:].replace("%", "%%")])


def _returned(column: Column) -> str:
    # psycopg returns an array of an unknown type as a string.
    name = quoted(column.name)
    unknown = column.type.kind == "array" and column.type.oid >= _FIRST_OID_OF_A_SCHEMA
    return f"{name}::text[] AS {name}" if unknown else name


def _place(column: Column, number: int) -> str:
    # psycopg declares a list of str as text[], which cannot become an array of an enum.
    return f"${number}::{column.type.sql_name}" if column.type.kind == "array" else f"${number}"


def _parameter(column: Column, value: object) -> object:
    is_json = column.type.name in _JSON and value is not None and not isinstance(value, str)
    if is_json or isinstance(value, dict):
        try:
            return json.dumps(value)
        except TypeError as error:
            raise psycopg.DataError(str(error)) from error
    if isinstance(value, enum.Enum):
        # psycopg would send the name; applications usually keep the label in the value.
        return value.name if value.name in column.type.labels else value.value
    return value
