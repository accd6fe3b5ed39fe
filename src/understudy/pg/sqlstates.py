"""PostgreSQL's own words for the errors that applications handle.

The codes and condition names are those of the manual's appendix A; the texts are those that
PostgreSQL 18 sends (`errmsg` in its sources). A text names in braces what the error is about.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class State(NamedTuple):
    """An SQLSTATE: its condition name, PostgreSQL's text, and whether the connection ends."""

    name: str
    text: str
    fatal: bool = False


STATES = {
    "08006": State("connection_failure", "connection to server was lost", fatal=True),
    "22001": State("string_data_right_truncation", "value too long for type {datatype}"),
    "22003": State("numeric_value_out_of_range", "{datatype} out of range"),
    "22012": State("division_by_zero", "division by zero"),
    "23502": State(
        "not_null_violation",
        'null value in column "{column}" of relation "{table}" violates not-null constraint',
    ),
    "23503": State(
        "foreign_key_violation",
        'insert or update on table "{table}" violates foreign key constraint "{constraint}"',
    ),
    "23505": State(
        "unique_violation", 'duplicate key value violates unique constraint "{constraint}"'
    ),
    "23514": State(
        "check_violation", 'new row for relation "{table}" violates check constraint "{constraint}"'
    ),
    "23P01": State(
        "exclusion_violation",
        'conflicting key value violates exclusion constraint "{constraint}"',
    ),
    "25P02": State(
        "in_failed_sql_transaction",
        "current transaction is aborted, commands ignored until end of transaction block",
    ),
    "25P03": State(
        "idle_in_transaction_session_timeout",
        "terminating connection due to idle-in-transaction timeout",
        fatal=True,
    ),
    "40001": State("serialization_failure", "could not serialize access due to concurrent update"),
    "40P01": State("deadlock_detected", "deadlock detected"),
    "42501": State("insufficient_privilege", "permission denied for table {table}"),
    "42703": State("undefined_column", 'column "{column}" does not exist'),
    "42P01": State("undefined_table", 'relation "{table}" does not exist'),
    "53100": State("disk_full", "could not write to file: No space left on device"),
    "53200": State("out_of_memory", "out of memory"),
    "53300": State("too_many_connections", "sorry, too many clients already", fatal=True),
    "55P03": State("lock_not_available", "canceling statement due to lock timeout"),
    "57014": State("query_canceled", "canceling statement due to statement timeout"),
    "57P01": State(
        "admin_shutdown", "terminating connection due to administrator command", fatal=True
    ),
    "57P03": State("cannot_connect_now", "the database system is starting up", fatal=True),
}
CODES = {state.name: code for code, state in STATES.items()}

# Conditions that PostgreSQL finds while it reads a statement, besides those above.
_IN_PARSE = {
    "0A000": "feature_not_supported",
    "22007": "invalid_datetime_format",
    "22008": "datetime_field_overflow",
    "22021": "character_not_in_repertoire",
    "22023": "invalid_parameter_value",
    "22P02": "invalid_text_representation",
    "26000": "invalid_sql_statement_name",
    "34000": "invalid_cursor_name",
    "3B001": "invalid_savepoint_specification",
    "3D000": "invalid_catalog_name",
    "3F000": "invalid_schema_name",
    "42601": "syntax_error",
    "42602": "invalid_name",
    "42611": "invalid_column_definition",
    "42622": "name_too_long",
    "42701": "duplicate_column",
    "42702": "ambiguous_column",
    "42704": "undefined_object",
    "42710": "duplicate_object",
    "42712": "duplicate_alias",
    "42725": "ambiguous_function",
    "42803": "grouping_error",
    "42804": "datatype_mismatch",
    "42809": "wrong_object_type",
    "42830": "invalid_foreign_key",
    "42846": "cannot_coerce",
    "42883": "undefined_function",
    "428C9": "generated_always",
    "42939": "reserved_name",
    "42P02": "undefined_parameter",
    "42P03": "duplicate_cursor",
    "42P08": "ambiguous_parameter",
    "42P09": "ambiguous_alias",
    "42P10": "invalid_column_reference",
    "42P13": "invalid_function_definition",
    "42P17": "invalid_object_definition",
    "42P18": "indeterminate_datatype",
    "42P19": "invalid_recursion",
    "42P20": "windowing_error",
    "42P21": "collation_mismatch",
    "42P22": "indeterminate_collation",
    "54001": "statement_too_complex",
    "54011": "too_many_columns",
}


def condition(sqlstate: str) -> str:
    """Return PostgreSQL's name for a condition, or the bare code if it is unknown.

    psycopg, if it is installed, knows those that are not listed here.
    """
    if state := STATES.get(sqlstate):
        return state.name
    if name := _IN_PARSE.get(sqlstate):
        return name
    try:
        from psycopg.errors import lookup

        # psycopg names its classes after the conditions.
        name = lookup(sqlstate).__name__.rstrip("_")
    except (ImportError, KeyError):
        return sqlstate
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
