"""Errors of the database, as the configured driver would raise them."""

from __future__ import annotations

import importlib.util
import re
import string
from collections.abc import Callable, Mapping
from typing import Literal, cast, get_args

from understudy.pg.errors import ErrorFields, ServerError
from understudy.pg.sqlstates import CODES, STATES, State
from understudy.script import import_errors
from understudy.script.failures import ScriptError
from understudy.script.formatting import shown, suggestion

Driver = Literal["psqlpy", "asyncpg", "psycopg"]
MysqlDriver = Literal["aiomysql", "asyncmy", "mysql-connector", "mysqlclient", "pymysql"]
DRIVERS: tuple[Driver, ...] = ("psqlpy", "asyncpg", "psycopg")

# Set by the plugin from the configuration; None is the first of DRIVERS that is installed.
configured: Driver | MysqlDriver | None = None

# The texts of a domain's constraints, which are of no table.
_DOMAIN_TEXTS = {
    "23502": "domain {datatype} does not allow null values",
    "23514": 'value for domain {datatype} violates check constraint "{constraint}"',
}
_NOT_OF_MYSQL = (
    *("hint", "severity", "position", "context", "internal_query", "internal_position", "file"),
    *("line", "routine"),
)
_FIELDS = "__understudy_fields__"  # the attribute in which an error made here keeps its fields


def db_error(
    sqlstate: str | int,
    message: str | None = None,
    *,
    constraint: str | None = None,
    table: str | None = None,
    column: str | None = None,
    schema: str | None = None,
    datatype: str | None = None,
    name: str | None = None,
    detail: str | None = None,
    hint: str | None = None,
    severity: str | None = None,
    position: int | None = None,
    context: str | None = None,
    internal_query: str | None = None,
    internal_position: int | None = None,
    file: str | None = None,
    line: int | None = None,
    routine: str | None = None,
    key: str | None = None,
    value: str | None = None,
    user: str | None = None,
    driver: Driver | MysqlDriver | None = None,
) -> Exception:
    """Make the exception that the driver raises when the database reports an error.

    Args:
        sqlstate: five characters such as "23505", or a condition name such as "unique_violation".
            The number of an error of MySQL such as 1062, or its name "ER_DUP_ENTRY", makes an
            exception of a driver of MySQL. The name of a code of SQLite, such as "SQLITE_BUSY",
            makes an exception of sqlite3.
        message: PostgreSQL's text; by default the standard one, filled in from the arguments below.
        constraint: the constraint that was violated. asyncpg and psycopg show it, and all others
            but `name`, as an attribute.
        table: the table concerned.
        column: the column concerned.
        schema: the schema concerned.
        datatype: the type concerned.
        name: what else the text is about: a prepared statement, a database, a user, a command.
        detail: the DETAIL line. For a violated constraint it is made from the call, as PostgreSQL
            words it, when the error is raised; "" for none.
        hint: the HINT line.
        severity: "ERROR", or "FATAL" if the connection ends; by default as PostgreSQL has it.
        position: the character of the statement, from 1, at which the error is.
        context: the CONTEXT lines.
        internal_query: the statement of a function in which the error is.
        internal_position: the character in that statement.
        file: the file of PostgreSQL's sources that raised the error.
        line: the line in it.
        routine: the function in it, by which asyncpg tells a stale plan from other errors.
        key: of MySQL, the unique key: "users.email"; MariaDB has it without the table.
        value: of MySQL, the value that was refused.
        user: of MySQL, the user who may not do this.
        driver: "psqlpy", "asyncpg" or "psycopg"; by default the configured one, and without
            configuration the first of these that is installed. For MySQL "aiomysql", "asyncmy",
            "mysql-connector", "mysqlclient" or "pymysql".

    Returns:
        An instance of the driver's own exception class, to be raised or scripted.

    Raises:
        ScriptError: the code or the driver is unknown, the driver is not installed, or the text
            needs an argument that is missing.
    """
    if isinstance(sqlstate, str) and sqlstate.startswith("SQLITE"):
        return _sqlite(sqlstate, message, locals())
    if isinstance(sqlstate, int) or (
        isinstance(sqlstate, str) and sqlstate.startswith(("ER_", "CR_", "WARN_"))
    ):
        return _mysql(sqlstate, message, driver, locals())
    _check_postgres(sqlstate, driver, {"key": key, "value": value, "user": user})
    code = CODES.get(sqlstate, sqlstate) if isinstance(sqlstate, str) else ""
    if not re.fullmatch(r"[0-9A-Z]{5}", code):
        raise ScriptError(
            "db_error() takes an SQLSTATE of five digits and capitals, or the name of a "
            f"condition such as 'unique_violation'; got {shown(sqlstate)}"
            f"{suggestion(str(sqlstate), [*STATES, *CODES])}"
        )
    state = STATES.get(code)
    named = {"constraint": constraint, "table": table, "column": column, "datatype": datatype}
    if state is not None:
        name = state.default if name is None else name
        routine = routine or state.routine
    named |= {"schema": schema, "name": name}
    more = {"P": position, "p": internal_position, "q": internal_query, "W": context}
    more |= {"F": file, "L": line, "R": routine}
    fields = ErrorFields(
        sqlstate=code,
        message=_text(code, state, named) if message is None else message,
        severity=severity or ("FATAL" if state and state.fatal else "ERROR"),
        detail=detail if detail is not None or state is None else state.detail,
        hint=hint if hint is not None or state is None else state.hint,
        schema=schema,
        table=table,
        column=column,
        datatype=datatype,
        constraint=constraint,
        more=tuple((letter, str(value)) for letter, value in more.items() if value is not None),
    )
    name = _installed(cast("Driver | None", driver or configured))  # checked above
    try:
        error = _MAKERS[name](fields)
    except ImportError as problem:
        why = import_errors.unusable(name, problem)
        raise ScriptError(f"db_error() makes the exceptions of {name}, {why}") from None
    setattr(error, _FIELDS, fields)
    return error


def _sqlite(name: str, message: str | None, given: Mapping[str, object]) -> Exception:
    from understudy.script.sqlite_errors import sqlite_error  # with the import of sqlite3

    named = {key: value for key, value in given.items() if value is not None}
    parts = {key: str(named.pop(key)) for key in ("constraint", "table", "column") if key in named}
    others = [key for key in named if key not in ("sqlstate", "message")]
    return sqlite_error(name, message, **parts, others=others)


def _check_postgres(sqlstate: str, driver: str | None, of_mysql: Mapping[str, str | None]) -> None:
    """Refuse what an error of PostgreSQL cannot have."""
    for argument, value in of_mysql.items():
        if value is not None:
            raise ScriptError(
                f"db_error({shown(sqlstate)}) was given {argument}=..., which only errors of MySQL "
                "have"
            )
    used = driver or configured
    if used in get_args(MysqlDriver):
        raise ScriptError(
            f"db_error({shown(sqlstate)}): {used} is a driver of MySQL, whose errors have numbers: "
            "db_error(1062), for example"
        )


def _mysql(
    code: int | str, message: str | None, driver: str | None, given: Mapping[str, object]
) -> Exception:
    from understudy.script import mysql_errors  # few projects need it

    if driver is None and configured in mysql_errors.DRIVERS:
        driver = configured
    named = {name: str(value) for name, value in given.items() if value is not None}
    others = [name for name in named if name in _NOT_OF_MYSQL]
    error, fields = mysql_errors.mysql_error(code, message, driver, named, others)
    setattr(error, _FIELDS, fields)
    return error


def fields_of(error: object) -> ErrorFields | None:
    """Return the fields of an error that `db_error` made, or of a server's; else None."""
    if isinstance(error, ServerError):
        return error.fields
    fields = getattr(error, _FIELDS, None)
    return fields if isinstance(fields, ErrorFields) else None


def complete_error(error: BaseException, fields: ErrorFields) -> None:
    """Let an error of a driver show these fields, which the call has completed.

    It is the test's own object, which the test may look for; `fields_of` stays as it was written.
    """
    driver = type(error).__module__.partition(".")[0]
    for known in DRIVERS:
        if driver == known and fields != fields_of(error):
            made = _MAKERS[known](fields)
            error.args = made.args
            vars(error).update(vars(made))


def has_standard_text(fields: ErrorFields) -> bool:
    """Return whether an error has PostgreSQL's standard text, and no text of the test's own."""
    state = STATES.get(fields.sqlstate)
    if state is None:
        return False
    named = {"constraint": fields.constraint, "table": fields.table, "column": fields.column}
    named |= {"datatype": fields.datatype, "schema": fields.schema, "name": state.default}
    return fields.message == state.text.format(**named)


def _text(code: str, state: State | None, named: dict[str, str | None]) -> str:
    if state is None:
        raise ScriptError(
            f"db_error({code!r}): no standard text is known for this SQLSTATE; "
            f"give PostgreSQL's own: db_error({code!r}, message=...)"
        )
    template = _DOMAIN_TEXTS.get(code, state.text)
    if named["datatype"] is None or named["table"] is not None:
        template = state.text
    needed = [name for _, name, _, _ in string.Formatter().parse(template) if name]
    missing = [name for name in needed if named[name] is None]
    if missing:
        arguments = ", ".join(f"{name}=..." for name in missing)
        raise ScriptError(
            f"db_error({code!r}): PostgreSQL's {state.name} reads '{state.text}', so it needs "
            f"{arguments} (or the whole text as message=...)"
        )
    return template.format(**named)


def _installed(driver: Driver | None) -> Driver:
    if driver is None:
        found = next((name for name in DRIVERS if importlib.util.find_spec(name)), None)
        if found is None:
            raise ScriptError(
                "db_error() makes a driver's own exceptions, but none is installed: "
                + ", ".join(DRIVERS)
            )
        return found
    if driver not in DRIVERS:
        raise ScriptError(
            f"unknown driver {driver!r}; known are {', '.join(DRIVERS)}"
            f"{suggestion(driver, DRIVERS)}"
        )
    if importlib.util.find_spec(driver) is None:
        raise ScriptError(
            f"db_error() makes the exceptions of {driver}, which is not installed: "
            f"pip install {driver}"
        )
    return driver


def _psqlpy(fields: ErrorFields) -> Exception:
    """psqlpy has no SQLSTATE: every server error is this class, with the text (0.11 to 0.13)."""
    from psqlpy import exceptions

    return exceptions.ConnectionExecuteError(
        f"Cannot execute query, error - db error: {fields.text}"
    )


def _letters(fields: ErrorFields) -> dict[str, str | None]:
    """Return the fields by the letters that the protocol has for them (manual, 53.8)."""
    return {
        "S": fields.severity,
        "V": fields.severity,
        "C": fields.sqlstate,
        "M": fields.message,
        "D": fields.detail,
        "H": fields.hint,
        "s": fields.schema,
        "t": fields.table,
        "c": fields.column,
        "d": fields.datatype,
        "n": fields.constraint,
        **dict(fields.more),
    }


def _asyncpg(fields: ErrorFields) -> Exception:
    import asyncpg

    given = {letter: value for letter, value in _letters(fields).items() if value is not None}
    error: Exception = asyncpg.PostgresError.new(given)
    return error


def _psycopg(fields: ErrorFields) -> Exception:
    from psycopg import errors

    # libpq's number of a field is its letter.
    info = {
        ord(letter): None if value is None else value.encode()
        for letter, value in _letters(fields).items()
    }
    # psycopg pickles its errors with such a mapping in place of libpq's result, and reads it back.
    text = fields.text.partition(": ")[2]
    try:
        kind = errors.lookup(fields.sqlstate)
    except KeyError:  # a code without a class of its own: psycopg then takes that of its group
        kind = errors.get_base_exception(fields.sqlstate)
    return kind(text, info=info)


_MAKERS: dict[Driver, Callable[[ErrorFields], Exception]] = {
    "psqlpy": _psqlpy,
    "asyncpg": _asyncpg,
    "psycopg": _psycopg,
}
