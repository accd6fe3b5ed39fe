"""Errors of the database, as the configured driver would raise them."""

from __future__ import annotations

import importlib.util
import re
import string
from collections.abc import Callable
from typing import Literal

from understudy.pg.errors import ErrorFields
from understudy.pg.sqlstates import CODES, STATES, State
from understudy.script.failures import ScriptError
from understudy.script.formatting import shown, suggestion

Driver = Literal["psqlpy", "asyncpg", "psycopg"]
DRIVERS: tuple[Driver, ...] = ("psqlpy", "asyncpg", "psycopg")

# Set by the plugin from the configuration; None is the first of DRIVERS that is installed.
configured: Driver | None = None

_FIELDS = "__understudy_fields__"  # the attribute in which an error made here keeps its fields


def db_error(
    sqlstate: str,
    message: str | None = None,
    *,
    constraint: str | None = None,
    table: str | None = None,
    column: str | None = None,
    schema: str | None = None,
    datatype: str | None = None,
    detail: str | None = None,
    hint: str | None = None,
    driver: Driver | None = None,
) -> Exception:
    """Make the exception that the driver raises when PostgreSQL reports an error.

    Args:
        sqlstate: five characters such as "23505", or a condition name such as "unique_violation".
        message: PostgreSQL's text; by default the standard one, filled in from the arguments below.
        constraint: the constraint that was violated. asyncpg and psycopg show it, and the next
            four, as an attribute.
        table: the table concerned.
        column: the column concerned.
        schema: the schema concerned.
        datatype: the type concerned.
        detail: the DETAIL line.
        hint: the HINT line.
        driver: "psqlpy", "asyncpg" or "psycopg"; by default the configured one, and without
            configuration the first of these that is installed.

    Returns:
        An instance of the driver's own exception class, to be raised or scripted.

    Raises:
        ScriptError: the SQLSTATE or the driver is unknown, the driver is not installed, or the text
            needs an argument that is missing.
    """
    code = CODES.get(sqlstate, sqlstate) if isinstance(sqlstate, str) else ""
    if not re.fullmatch(r"[0-9A-Z]{5}", code):
        raise ScriptError(
            "db_error() takes an SQLSTATE of five digits and capitals, or the name of a "
            f"condition such as 'unique_violation'; got {shown(sqlstate)}"
            f"{suggestion(str(sqlstate), [*STATES, *CODES])}"
        )
    state = STATES.get(code)
    named = {"constraint": constraint, "table": table, "column": column, "datatype": datatype}
    fields = ErrorFields(
        sqlstate=code,
        message=_text(code, state, named) if message is None else message,
        severity="FATAL" if state and state.fatal else "ERROR",
        detail=detail,
        hint=hint,
        schema=schema,
        table=table,
        column=column,
        datatype=datatype,
        constraint=constraint,
    )
    error = _MAKERS[_installed(driver or configured)](fields)
    setattr(error, _FIELDS, fields)
    return error


def fields_of(error: object) -> ErrorFields | None:
    """Return the fields of an error that `db_error` made, else None."""
    fields = getattr(error, _FIELDS, None)
    return fields if isinstance(fields, ErrorFields) else None


def _text(code: str, state: State | None, named: dict[str, str | None]) -> str:
    if state is None:
        raise ScriptError(
            f"db_error({code!r}): no standard text is known for this SQLSTATE; "
            f"give PostgreSQL's own: db_error({code!r}, message=...)"
        )
    needed = [name for _, name, _, _ in string.Formatter().parse(state.text) if name]
    missing = [name for name in needed if named[name] is None]
    if missing:
        arguments = ", ".join(f"{name}=..." for name in missing)
        raise ScriptError(
            f"db_error({code!r}): PostgreSQL's {state.name} reads '{state.text}', so it needs "
            f"{arguments} (or the whole text as message=...)"
        )
    return state.text.format(**named)


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
    """Return the fields by the letters that the protocol has for them (manual, 54.8)."""
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
