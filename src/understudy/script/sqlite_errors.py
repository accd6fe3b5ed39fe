"""Errors of SQLite, as Python's sqlite3 raises them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from understudy.script.failures import ScriptError
from understudy.script.formatting import suggestion

_UNIQUE = "UNIQUE constraint failed: {columns}"
# The texts of sqlite3_errstr, and those of the constraints.
_TEXTS = {
    "SQLITE_ABORT": "query aborted",
    "SQLITE_AUTH": "not authorized",
    "SQLITE_BUSY": "database is locked",
    "SQLITE_CANTOPEN": "unable to open database file",
    "SQLITE_CONSTRAINT_CHECK": "CHECK constraint failed: {constraint}",
    "SQLITE_CONSTRAINT_FOREIGNKEY": "FOREIGN KEY constraint failed",
    "SQLITE_CONSTRAINT_NOTNULL": "NOT NULL constraint failed: {columns}",
    "SQLITE_CONSTRAINT_PRIMARYKEY": _UNIQUE,
    "SQLITE_CONSTRAINT_ROWID": _UNIQUE,
    "SQLITE_CONSTRAINT_UNIQUE": _UNIQUE,
    "SQLITE_CORRUPT": "database disk image is malformed",
    "SQLITE_FULL": "database or disk is full",
    "SQLITE_INTERRUPT": "interrupted",
    "SQLITE_IOERR": "disk I/O error",
    "SQLITE_LOCKED": "database table is locked",
    "SQLITE_MISMATCH": "datatype mismatch",
    "SQLITE_NOMEM": "",
    "SQLITE_NOTADB": "file is not a database",
    "SQLITE_PERM": "access permission denied",
    "SQLITE_PROTOCOL": "locking protocol",
    "SQLITE_READONLY": "attempt to write a readonly database",
    "SQLITE_SCHEMA": "database schema has changed",
    "SQLITE_TOOBIG": "string or blob too big",
}
# As in CPython's Modules/_sqlite/util.c, by the primary code; all others are a DatabaseError.
_CLASSES: dict[str, type[Exception]] = {
    **dict.fromkeys(("INTERNAL", "NOTFOUND"), sqlite3.InternalError),
    **dict.fromkeys(("ERROR", "PERM", "ABORT", "BUSY", "LOCKED"), sqlite3.OperationalError),
    **dict.fromkeys(("READONLY", "INTERRUPT", "IOERR", "FULL"), sqlite3.OperationalError),
    **dict.fromkeys(("CANTOPEN", "PROTOCOL", "EMPTY", "SCHEMA"), sqlite3.OperationalError),
    "TOOBIG": sqlite3.DataError,
    **dict.fromkeys(("CONSTRAINT", "MISMATCH"), sqlite3.IntegrityError),
    **dict.fromkeys(("MISUSE", "RANGE"), sqlite3.InterfaceError),
    "NOMEM": MemoryError,
}


def sqlite_error(
    name: str,
    message: str | None = None,
    *,
    constraint: str | None = None,
    table: str | None = None,
    column: str | None = None,
    others: Iterable[str] = (),
) -> Exception:
    """Make the exception that sqlite3 raises for an error of SQLite.

    Args:
        name: the name of a result code, such as "SQLITE_BUSY" or "SQLITE_CONSTRAINT_UNIQUE".
        message: SQLite's text; by default the standard one.
        constraint: the name or the expression of a CHECK.
        table: the table of a constraint.
        column: its column; several with commas.
        others: the names of other arguments that were given.

    Raises:
        ScriptError: there is no such code, its text needs an argument that is missing, or an error
            of SQLite has nothing like an argument that was given.
    """
    kind = _CLASSES.get(name.split("_")[1] if "_" in name else "", sqlite3.DatabaseError)
    code = _code(name)
    for other in others:
        raise ScriptError(
            f"db_error({name!r}) was given {other}=..., and an error of SQLite has none; it takes "
            "message, constraint, table and column"
        )
    error = kind(*_text(name, message, constraint, table, column))
    if isinstance(error, sqlite3.Error):
        error.sqlite_errorcode, error.sqlite_errorname = code, name
    return error


def name_of(error: BaseException) -> str:
    """Return the name of the code of an exception; "" if it has none."""
    if isinstance(error, MemoryError):
        return "SQLITE_NOMEM"
    return getattr(error, "sqlite_errorname", "")


def is_sqlite(error: BaseException | type[BaseException]) -> bool:
    """Return whether sqlite3 raises such exceptions."""
    kind = error if isinstance(error, type) else type(error)
    return issubclass(kind, sqlite3.Error | sqlite3.Warning | MemoryError)


def _code(name: str) -> int:
    names = {*_TEXTS, *(f"SQLITE_{primary}" for primary in _CLASSES)}
    known = {
        other: value
        for other, value in vars(sqlite3).items()
        if any(other == primary or other.startswith(f"{primary}_") for primary in names)
        and isinstance(value, int)
    }
    if name not in known:
        raise ScriptError(
            f"db_error() takes the name of an error of SQLite such as 'SQLITE_BUSY' or "
            f"'SQLITE_CONSTRAINT_UNIQUE'; got {name!r}{suggestion(name, known)}"
        )
    return known[name]


def _text(
    name: str, message: str | None, constraint: str | None, table: str | None, column: str | None
) -> tuple[str, ...]:
    if message is not None:
        return (message,)
    text = _TEXTS.get(name)
    if text is None and not name.startswith("SQLITE_CONSTRAINT"):
        text = _TEXTS.get("_".join(name.split("_")[:2]))  # of the primary code
    if text is None:
        raise ScriptError(
            f"db_error({name!r}): this error has no standard text; give SQLite's own: "
            f"db_error({name!r}, message=...)"
        )
    if "{columns}" in text and (table is None or column is None):
        needed = "table=..., column=..."
    elif "{constraint}" in text and constraint is None:
        needed = "constraint=..., its name or its expression"
    else:
        named = (part.strip() for part in (column or "").split(","))
        columns = ", ".join(f"{table}.{part}" for part in named)
        shown = text.format(columns=columns, constraint=constraint)
        return (shown,) if shown else ()
    raise ScriptError(
        f"db_error({name!r}): SQLite's text reads '{text.replace('{columns}', 'table.column')}', "
        f"so it needs {needed}"
    )
