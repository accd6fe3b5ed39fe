"""PostgreSQL's own words for the errors that applications handle.

The codes and condition names are those of the manual's appendix A; the texts are those that
PostgreSQL 18 sends (`errmsg` in its sources). A text names in braces what the error is about.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class State(NamedTuple):
    """An SQLSTATE.

    Attributes:
        name: its condition name.
        text: PostgreSQL's text.
        fatal: whether the connection ends.
        default: what `{name}` in the text is if nothing else is given.
        detail: the DETAIL that PostgreSQL always sends, if it does not depend on the statement.
        hint: the HINT that it always sends.
        routine: the function in PostgreSQL's sources by which drivers tell the error from others.
    """

    name: str
    text: str
    fatal: bool = False
    default: str | None = None
    detail: str | None = None
    hint: str | None = None
    routine: str | None = None


STATES = {
    "08001": State(
        "sqlclient_unable_to_establish_sqlconnection",
        'could not connect to server "{name}"',
        default="shop",
    ),
    "08003": State(
        "connection_does_not_exist", 'connection "{name}" not available', default="shop"
    ),
    "08006": State("connection_failure", "connection to server was lost", fatal=True),
    "08P01": State(
        "protocol_violation",
        'bind message supplies 1 parameters, but prepared statement "{name}" requires 2',
        default="",
    ),
    "0A000": State(
        "feature_not_supported",
        "cached plan must not change result type",
        routine="RevalidateCachedQuery",
    ),
    "21000": State(
        "cardinality_violation", "more than one row returned by a subquery used as an expression"
    ),
    "22001": State("string_data_right_truncation", "value too long for type {datatype}"),
    "22003": State("numeric_value_out_of_range", "{datatype} out of range"),
    "22007": State(
        "invalid_datetime_format", 'invalid input syntax for type {datatype}: "{name}"', default="x"
    ),
    "22008": State(
        "datetime_field_overflow",
        'date/time field value out of range: "{name}"',
        default="2026-02-30",
    ),
    "22012": State("division_by_zero", "division by zero"),
    "22021": State(
        "character_not_in_repertoire", 'invalid byte sequence for encoding "UTF8": 0x00'
    ),
    "22P02": State(
        "invalid_text_representation",
        'invalid input syntax for type {datatype}: "{name}"',
        default="x",
    ),
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
        "exclusion_violation", 'conflicting key value violates exclusion constraint "{constraint}"'
    ),
    "25001": State(
        "active_sql_transaction", "{name} cannot run inside a transaction block", default="VACUUM"
    ),
    "25006": State(
        "read_only_sql_transaction",
        "cannot execute {name} in a read-only transaction",
        default="INSERT",
    ),
    "25P01": State(
        "no_active_sql_transaction",
        "{name} can only be used in transaction blocks",
        default="SAVEPOINT",
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
    "25P04": State(
        "transaction_timeout", "terminating connection due to transaction timeout", fatal=True
    ),
    # As asyncpg names its statements.
    "26000": State(
        "invalid_sql_statement_name",
        'prepared statement "{name}" does not exist',
        default="__asyncpg_stmt_1__",
    ),
    "28000": State(
        "invalid_authorization_specification",
        'role "{name}" does not exist',
        fatal=True,
        default="app",
    ),
    "28P01": State(
        "invalid_password",
        'password authentication failed for user "{name}"',
        fatal=True,
        default="app",
    ),
    "34000": State("invalid_cursor_name", 'cursor "{name}" does not exist', default="c"),
    "3B001": State(
        "invalid_savepoint_specification", 'savepoint "{name}" does not exist', default="s"
    ),
    "3D000": State(
        "invalid_catalog_name", 'database "{name}" does not exist', fatal=True, default="app"
    ),
    "3F000": State("invalid_schema_name", 'schema "{schema}" does not exist'),
    "40001": State("serialization_failure", "could not serialize access due to concurrent update"),
    "40P01": State(
        "deadlock_detected",
        "deadlock detected",
        detail="Process 41 waits for ShareLock on transaction 731; blocked by process 42.\n"
        "Process 42 waits for ShareLock on transaction 730; blocked by process 41.",
        hint="See server log for query details.",
    ),
    "42501": State("insufficient_privilege", "permission denied for table {table}"),
    "42601": State("syntax_error", "syntax error at end of input"),
    "42703": State("undefined_column", 'column "{column}" does not exist'),
    "42704": State("undefined_object", 'type "{datatype}" does not exist'),
    "42P01": State("undefined_table", 'relation "{table}" does not exist'),
    "42P04": State("duplicate_database", 'database "{name}" already exists', default="app"),
    "42P05": State(
        "duplicate_prepared_statement",
        'prepared statement "{name}" already exists',
        default="__asyncpg_stmt_1__",
    ),
    "42P06": State("duplicate_schema", 'schema "{schema}" already exists'),
    "42P07": State("duplicate_table", 'relation "{table}" already exists'),
    "53100": State("disk_full", "could not write to file: No space left on device"),
    "53200": State("out_of_memory", "out of memory"),
    "53300": State("too_many_connections", "sorry, too many clients already", fatal=True),
    "55006": State(
        "object_in_use",
        'database "{name}" is being accessed by other users',
        default="app",
        detail="There is 1 other session using the database.",
    ),
    "55P03": State("lock_not_available", "canceling statement due to lock timeout"),
    "57014": State("query_canceled", "canceling statement due to statement timeout"),
    "57P01": State(
        "admin_shutdown", "terminating connection due to administrator command", fatal=True
    ),
    "57P02": State(
        "crash_shutdown",
        "terminating connection because of crash of another server process",
        fatal=True,
    ),
    "57P03": State("cannot_connect_now", "the database system is starting up", fatal=True),
    "57P05": State(
        "idle_session_timeout", "terminating connection due to idle-session timeout", fatal=True
    ),
}

# Further conditions, whose texts depend on too much to be known here.
_OTHERS = {
    "08000": "connection_exception",
    "08004": "sqlserver_rejected_establishment_of_sqlconnection",
    "08007": "transaction_resolution_unknown",
    "22023": "invalid_parameter_value",
    "22P05": "untranslatable_character",
    "23001": "restrict_violation",
    "2BP01": "dependent_objects_still_exist",
    "40002": "transaction_integrity_constraint_violation",
    "40003": "statement_completion_unknown",
    "42602": "invalid_name",
    "42611": "invalid_column_definition",
    "42622": "name_too_long",
    "42701": "duplicate_column",
    "42702": "ambiguous_column",
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
    "42P12": "invalid_database_definition",
    "42P13": "invalid_function_definition",
    "42P17": "invalid_object_definition",
    "42P18": "indeterminate_datatype",
    "42P19": "invalid_recursion",
    "42P20": "windowing_error",
    "42P21": "collation_mismatch",
    "42P22": "indeterminate_collation",
    "53400": "configuration_limit_exceeded",
    "54000": "program_limit_exceeded",
    "54001": "statement_too_complex",
    "54011": "too_many_columns",
    "55000": "object_not_in_prerequisite_state",
    "57000": "operator_intervention",
    "57P04": "database_dropped",
    "58030": "io_error",
    "P0001": "raise_exception",
    "XX000": "internal_error",
}
CODES = {state.name: code for code, state in STATES.items()}
CODES |= {name: code for code, name in _OTHERS.items()}


def condition(sqlstate: str) -> str:
    """Return PostgreSQL's name for a condition, or the bare code if it is unknown.

    psycopg, if it is installed, knows those that are not listed here.
    """
    if state := STATES.get(sqlstate):
        return state.name
    if name := _OTHERS.get(sqlstate):
        return name
    try:
        from psycopg.errors import lookup

        # psycopg names its classes after the conditions.
        name = lookup(sqlstate).__name__.rstrip("_")
    except (ImportError, KeyError):
        return sqlstate
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
