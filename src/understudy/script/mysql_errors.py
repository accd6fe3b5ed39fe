"""Errors of MySQL and MariaDB, as their drivers raise them."""

from __future__ import annotations

import importlib
import importlib.util
import re
import string
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from understudy.mysql.error_fields import MysqlErrorFields
from understudy.mysql.errors import CODES, STATES, State, is_client
from understudy.mysql.shapes import PLACEHOLDER
from understudy.pg.sql import Tokens
from understudy.pg.sqlstates import STATES as POSTGRES_STATES
from understudy.script import import_errors
from understudy.script.failures import ScriptError
from understudy.script.formatting import shown, suggestion
from understudy.script.mysql_calls import MysqlCall

# The drivers, and the module of their exceptions: aiomysql raises PyMySQL's.
DRIVERS = {
    "aiomysql": "pymysql",
    "asyncmy": "asyncmy",
    "mysql-connector": "mysql.connector",
    "mysqlclient": "MySQLdb",
    "pymysql": "pymysql",
}
# As in PostgreSQL's details, a question mark is what only the call tells: see `with_value`.
_DEFAULTS = {1062: {"value": "?"}, 1290: {"name": "--read-only"}}
_DUPLICATE = re.compile(r"Duplicate entry '\?' for key '(?:[^'.]+\.)?([^']+)'")
_PARAMETERS = "message, key, value, table, column, schema, constraint, datatype, detail, name, user"


def mysql_error(
    code: int | str,
    message: str | None,
    driver: str | None,
    named: Mapping[str, str],
    others: Iterable[str],
) -> tuple[Exception, MysqlErrorFields]:
    """Make the exception that a driver raises for an error of MySQL, and its fields.

    Args:
        code: the number, or its name such as "ER_DUP_ENTRY".
        message: the server's text; by default the standard one.
        driver: one of DRIVERS; None is the first that is installed.
        named: what the text is about, by the names of `db_error`.
        others: the names of other arguments that were given.

    Raises:
        ScriptError: the code or the driver is unknown, the driver is not installed, the text needs
            an argument that is missing, or an error of MySQL has nothing like an argument.
    """
    for other in others:
        raise ScriptError(
            f"db_error({shown(code)}) was given {other}=..., and an error of MySQL has none; it "
            f"takes {_PARAMETERS}"
        )
    number = CODES.get(code, 0) if isinstance(code, str) else code
    if not 0 < number < 1 << 16:
        raise ScriptError(
            "db_error() takes the number of an error of MySQL such as 1062, or its name such as "
            f"'ER_DUP_ENTRY'; got {shown(code)}{suggestion(str(code), CODES)}"
        )
    state = STATES.get(number)
    fields = MysqlErrorFields(
        sqlstate="HY000" if state is None else state.sqlstate,
        message=_text(number, state, named) if message is None else message,
        severity="FATAL" if state and state.is_fatal else "ERROR",
        code=number,
    )
    name = _installed(driver)
    try:
        return _MAKERS[DRIVERS[name]](fields), fields
    except ImportError as problem:
        why = import_errors.unusable(name, problem)
        raise ScriptError(f"db_error() makes the exceptions of {name}, {why}") from None


def fields_of_driver(error: BaseException) -> MysqlErrorFields | None:
    """Return the fields of an exception that a driver of MySQL raises; None for another."""
    module = type(error).__module__
    if module.startswith("mysql.connector"):
        code, message = getattr(error, "errno", None), getattr(error, "msg", None)
    elif module.partition(".")[0] in ("pymysql", "asyncmy", "MySQLdb", "aiomysql"):
        code, message = (*error.args, None, None)[:2]
    else:
        return None
    if not isinstance(code, int) or code <= 0 or not isinstance(message, str):
        return None
    state = STATES.get(code)
    known = "HY000" if state is None else state.sqlstate
    return MysqlErrorFields(getattr(error, "sqlstate", None) or known, message, code=code)


def with_value(fields: MysqlErrorFields, call: MysqlCall) -> MysqlErrorFields:
    """Return a duplicate entry with the value that the call inserts, if it is certain which it is.

    That is the value of the column with the name of the key, as in "users.email".
    """
    found = _DUPLICATE.fullmatch(fields.message)
    if found is None:
        return fields
    literals = call.template.literals
    row = literals[0] if isinstance(literals, list) else literals
    value = _inserted(call.tokens, row).get(found[1].lower())
    if value is None:
        return fields
    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    return replace(fields, message=fields.message.replace("'?'", f"'{text}'", 1))


def _inserted(tokens: Tokens, literals: Sequence[Any]) -> dict[str, Any]:
    """Return the values that an INSERT of a row of literals has for its columns."""
    words = [token.strip("`").lower() for token in tokens]
    start = words.index("(") if "(" in words else 0
    if words[:1] not in (["insert"], ["replace"]) or ")" not in words[start:]:
        return {}
    end = words.index(")", start)
    names = words[start + 1 : end : 2]
    row = ["(", *[PLACEHOLDER, ","] * len(names)][:-1]
    if words[end + 1 : end + 2] != ["values"] or words[end + 2 : end + 2 + len(row)] != row:
        return {}
    return dict(zip(names, literals, strict=False))


def _text(code: int, state: State | None, named: Mapping[str, str]) -> str:
    if str(code) in POSTGRES_STATES:
        raise ScriptError(
            f"db_error({code}): an SQLSTATE of PostgreSQL is a string, db_error('{code}'), and an "
            "error of MySQL has another number, such as 1062"
        )
    if state is None or state.text == "{message}":
        raise ScriptError(
            f"db_error({code}): no standard text is known for this error; "
            f"give the server's own: db_error({code}, message=...)"
        )
    given = {**_DEFAULTS.get(code, {}), **named}
    needed = [name for _, name, _, _ in string.Formatter().parse(state.text) if name]
    missing = [name for name in needed if name not in given]
    if missing:
        arguments = ", ".join(f"{name}=..." for name in missing)
        raise ScriptError(
            f"db_error({code}): MySQL's {state.name} reads '{state.text}', so it needs "
            f"{arguments} (or the whole text as message=...)"
        )
    return state.text.format(**given)


def _installed(driver: str | None) -> str:
    if driver is None:
        found = next((name for name in DRIVERS if _is_installed(name)), None)
        if found is None:
            raise ScriptError(
                "db_error() makes a driver's own exceptions, but none of MySQL's is installed: "
                + ", ".join(DRIVERS)
            )
        return found
    if driver not in DRIVERS:
        raise ScriptError(
            f"{driver!r} is no driver of MySQL; known are {', '.join(DRIVERS)}"
            f"{suggestion(driver, DRIVERS)}"
        )
    if not _is_installed(driver):
        raise ScriptError(
            f"db_error() makes the exceptions of {driver}, which is not installed: "
            f"pip install {driver}{'-python' * (driver == 'mysql-connector')}"
        )
    return driver


def _is_installed(driver: str) -> bool:
    try:
        package = driver if driver == "aiomysql" else DRIVERS[driver]
        return importlib.util.find_spec(package) is not None
    except ModuleNotFoundError:  # the package around it
        return False


# The drivers make their exceptions from the packet of the server. --------------------------------


def _packet(fields: MysqlErrorFields) -> bytes:
    sqlstate = b"" if is_client(fields.code) else b"#" + fields.sqlstate.encode()
    return b"\xff" + fields.code.to_bytes(2, "little") + sqlstate + fields.message.encode()


def _raised(function: Callable[[bytes], object], fields: MysqlErrorFields) -> Exception:
    try:
        function(_packet(fields))
    except Exception as error:  # noqa: BLE001 # it is what the driver raises
        return error.with_traceback(None)
    raise AssertionError("the driver raises an exception for the packet of an error")


def _pymysql(fields: MysqlErrorFields) -> Exception:
    from pymysql.err import raise_mysql_exception

    return _raised(raise_mysql_exception, fields)


def _asyncmy(fields: MysqlErrorFields) -> Exception:
    from asyncmy.errors import raise_mysql_exception

    return _raised(raise_mysql_exception, fields)


def _connector(fields: MysqlErrorFields) -> Exception:
    from mysql.connector import errors

    if fields.code in (2003, 2013):  # what its connections raise themselves
        return errors.InterfaceError(fields.message, fields.code)
    if is_client(fields.code):
        return errors.OperationalError(fields.message, fields.code)
    made: Exception = errors.get_exception(b"\0\0\0\0" + _packet(fields))
    return made


# As in mysqlclient's _mysql.c; all others are an OperationalError.
_MYSQLCLIENT = {
    **dict.fromkeys((1007, 1064, 1102, 1103, 1110, 1111, 1112, 1113, 1146, 1149, 1179, 2014),
                    "ProgrammingError"),
    **dict.fromkeys((1171, 1230, 1263, 1264, 1265, 1406, 1441), "DataError"),
    **dict.fromkeys((1048, 1062, 1169, 1215, 1216, 1217, 1364, 1451, 1452), "IntegrityError"),
    **dict.fromkeys((1196, 1235, 1286, 1289), "NotSupportedError"),
}  # fmt: skip


def _mysqlclient(fields: MysqlErrorFields) -> Exception:
    module = importlib.import_module("MySQLdb")  # it has no annotations
    kind = getattr(module, _MYSQLCLIENT.get(fields.code, "OperationalError"))
    made: Exception = kind(fields.code, fields.message)
    return made


_MAKERS: dict[str, Callable[[MysqlErrorFields], Exception]] = {
    "pymysql": _pymysql,
    "asyncmy": _asyncmy,
    "mysql.connector": _connector,
    "MySQLdb": _mysqlclient,
}
