"""Scripted exceptions as the errors that a server sends."""

from __future__ import annotations

from typing import Any

from understudy.pg.errors import ErrorFields
from understudy.pg.sqlstates import STATES, condition
from understudy.script.database_errors import fields_of

# The attributes in which asyncpg and psycopg (on `diag`) keep the fields of the protocol.
_ASYNCPG = {
    "detail": "detail",
    "hint": "hint",
    "schema": "schema_name",
    "table": "table_name",
    "column": "column_name",
    "datatype": "data_type_name",
    "constraint": "constraint_name",
}
# The same for the fields that few look at, by their letters.
_MORE_OF_ASYNCPG = {
    "P": "position",
    "p": "internal_position",
    "q": "internal_query",
    "W": "context",
    "F": "server_source_filename",
    "L": "server_source_line",
    "R": "server_source_function",
}
_MORE_OF_PSYCOPG = {
    "P": "statement_position",
    "p": "internal_position",
    "q": "internal_query",
    "W": "context",
    "F": "source_file",
    "L": "source_line",
    "R": "source_function",
}
_PSYCOPG = {
    "detail": "message_detail",
    "hint": "message_hint",
    "schema": "schema_name",
    "table": "table_name",
    "column": "column_name",
    "datatype": "datatype_name",
    "constraint": "constraint_name",
}


def error_fields(error: object) -> ErrorFields | None:
    """Return the error that a server sends for a scripted exception; None if no server sends it.

    Args:
        error: an exception of `db_error`, or of asyncpg or psycopg with an SQLSTATE; or such a
            class.
    """
    if (made := fields_of(error)) is not None:
        return made
    sqlstate = getattr(error, "sqlstate", None)
    if not isinstance(sqlstate, str) or len(sqlstate) != 5:
        return None
    state = STATES.get(sqlstate)
    severity = "FATAL" if state is not None and state.fatal else "ERROR"
    if isinstance(error, type):
        text = state.text if state is not None and "{" not in state.text else condition(sqlstate)
        return ErrorFields(sqlstate, text, severity)
    diagnostics = getattr(error, "diag", None)
    if diagnostics is None:
        given, more = _given(error, _ASYNCPG), _given(error, _MORE_OF_ASYNCPG)
    else:
        given, more = _given(diagnostics, _PSYCOPG), _given(diagnostics, _MORE_OF_PSYCOPG)
    # Of asyncpg's errors str() shows the detail too.
    named = getattr(error, "message", None) if diagnostics is None else diagnostics.message_primary
    text = named or str(error) or condition(sqlstate)
    return ErrorFields(sqlstate, text, severity, **given, more=tuple(more.items()))


def _given(source: Any, names: dict[str, str]) -> dict[str, str]:
    found = {field: getattr(source, name, None) for field, name in names.items()}
    return {field: value for field, value in found.items() if value is not None}
