"""Reports about rows that cannot be inserted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import psycopg

from understudy.pg.sqlstates import condition
from understudy.rows.names import keyword
from understudy.rows.row_plan import RowPlan
from understudy.rows.table_facts import Check, Column, Schema, Table

_LONGEST_VALUE = 60  # characters of a value
_LOCK_NOT_AVAILABLE = "55P03"


def no_value_found(plan: RowPlan, columns: Sequence[Column], checks: Sequence[Check]) -> str:
    """Report that no value was found that passes the checks."""
    table = plan.table.name
    names = " and ".join(f"{table}.{column.name}" for column in columns)
    keywords = ", ".join(keyword(column.name) for column in columns)
    return _joined(
        f"No value was found for {names} that passes",
        *(f"  {check.definition}" for check in checks),
        _values("given", plan.given),
        f"Pass it: insert({table!r}, {keywords})",
    )


def insert_failed(
    schema: Schema, plan: RowPlan, error: psycopg.Error, needed_by: Sequence[str]
) -> str:
    """Report a row that could not be inserted.

    Args:
        schema: the schema of the database.
        plan: the row.
        error: the error of the INSERT.
        needed_by: the rows for which this one was generated, outermost first.
    """
    table = plan.table.name
    if error.sqlstate is None:
        return _joined(
            f"The row of {table} could not be sent: {_one_line(error)}",
            _values("given", plan.given),
        )
    name = error.diag.constraint_name or ""
    check = schema.check_definition(error.diag)
    tried = ", ".join(map(keyword, sorted(plan.tried.get(name, ()))))
    generated = {name: value for name, value in plan.values.items() if name not in plan.given}
    return _joined(
        f"PostgreSQL refuses the row of {table} ({_state(error)})",
        *_message(error),
        check and f"  {check}",
        _values("given", plan.given),
        _values("generated", generated),
        tried and f"Every value that was tried was refused. Pass it: insert({table!r}, {tried})",
        _lock_hint(error),
        needed_by and f"The row is needed by {', which is needed by '.join(reversed(needed_by))}.",
    )


def commit_failed(table: Table, error: psycopg.Error) -> str:
    """Report a row that was inserted, and refused when its transaction ended."""
    return _joined(
        f"PostgreSQL refuses the row of {table.name} at the end of its transaction "
        f"({_state(error)})",
        *_message(error),
    )


def schema_not_read(error: psycopg.Error) -> str:
    """Report that the tables and types of the database could not be read."""
    return _joined(
        f"Cannot read the tables from PostgreSQL ({_state(error)})",
        _message(error)[0],
        _lock_hint(error),
    )


def _state(error: psycopg.Error) -> str:
    """Return the SQLSTATE with the name of its condition, if it has one."""
    code = error.sqlstate or "no SQLSTATE"
    name = condition(code)
    return code if name == code else f"{code} {name}"


def _message(error: psycopg.Error) -> list[str]:
    detail = error.diag.message_detail
    lines = [f"  {error.diag.message_primary or _one_line(error)}"]
    return [*lines, f"  DETAIL: {detail}"] if detail else lines


def _lock_hint(error: psycopg.Error) -> str:
    if error.sqlstate != _LOCK_NOT_AVAILABLE:
        return ""
    return "Another connection of this test holds the lock: end its transaction before you insert."


def _values(title: str, row: Mapping[str, object]) -> str:
    values = ", ".join(f"{name}={_shown(value)}" for name, value in row.items())
    return f"  {title}: {values}" if values else ""


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= _LONGEST_VALUE else f"{shown[:_LONGEST_VALUE]}…"


def _one_line(error: psycopg.Error) -> str:
    return " ".join(str(error).split())


def _joined(*lines: object) -> str:
    return "\n".join(str(line) for line in lines if line)
