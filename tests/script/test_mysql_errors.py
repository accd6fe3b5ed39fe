"""`db_error` makes the exceptions of MySQL's drivers."""

from __future__ import annotations

import importlib.machinery
import re
import sys
import types
from collections.abc import Callable
from typing import Any

import asyncmy.errors
import mysql.connector.errors
import pymysql
import pytest

from understudy import ScriptError, db_error
from understudy.mysql.error_fields import MysqlErrorFields
from understudy.mysql.errors import CODES, STATES
from understudy.pg.errors import ErrorFields
from understudy.script import database_errors
from understudy.script.mysql_calls import MysqlCall
from understudy.script.mysql_errors import fields_of_driver, with_value

DUPLICATE = "Duplicate entry 'a@b.c' for key 'users.email'"
GONE = "MySQL server has gone away"
LOST = "Lost connection to MySQL server during query"


@pytest.mark.parametrize(
    ("error", "kind", "args"),
    [
        (
            db_error(1062, key="users.email", value="a@b.c", driver="aiomysql"),
            pymysql.err.IntegrityError,
            (1062, DUPLICATE),
        ),
        (
            db_error("ER_DUP_ENTRY", key="users.email", value="a@b.c", driver="asyncmy"),
            asyncmy.errors.IntegrityError,
            (1062, DUPLICATE),
        ),
        (
            db_error(1062, message=DUPLICATE, driver="mysql-connector"),
            mysql.connector.errors.IntegrityError,
            (1062, f"1062 (23000): {DUPLICATE}", "23000"),
        ),
        (db_error(2006, driver="pymysql"), pymysql.err.OperationalError, (2006, GONE)),
        (db_error(2013, driver="asyncmy"), asyncmy.errors.OperationalError, (2013, LOST)),
        (
            db_error(2013, driver="mysql-connector"),
            mysql.connector.errors.InterfaceError,
            (2013, f"2013: {LOST}", None),
        ),
        (
            db_error(2006, driver="mysql-connector"),
            mysql.connector.errors.OperationalError,
            (2006, f"2006: {GONE}", None),
        ),
    ],
)
def test_the_exception_is_the_drivers_own(
    error: Exception, kind: type[Exception], args: tuple[Any, ...]
) -> None:
    assert (type(error), error.args) == (kind, args)


@pytest.mark.parametrize("driver", ["pymysql", "asyncmy", "mysql-connector"])
def test_fields_of_an_exception(driver: Any) -> None:
    for code, state in STATES.items():
        error = db_error(code, message=state.text, driver=driver)
        for fields in (database_errors.fields_of(error), fields_of_driver(error)):
            assert isinstance(fields, MysqlErrorFields)
            found = (fields.code, fields.sqlstate, fields.message)
            assert found == (code, state.sqlstate, state.text)


@pytest.mark.parametrize(
    "error", [ValueError(1062, "x"), pymysql.err.InterfaceError("(0, '')"), KeyError("asyncmy")]
)
def test_an_exception_without_a_code_has_no_fields(error: Exception) -> None:
    assert fields_of_driver(error) is None


def test_every_text_takes_arguments_of_db_error() -> None:
    for state in STATES.values():
        names = set(re.findall(r"\{(\w+)\}", state.text)) - {"message"}
        given: dict[str, Any] = dict.fromkeys(names, "x")
        if state.text != "{message}":
            error = db_error(state.name, driver="pymysql", **given)
            assert error.args == (state.code, re.sub(r"\{\w+\}", "x", state.text))
    assert [STATES[code].name for code in CODES.values()] == list(CODES)


def test_after_some_errors_the_connection_ends() -> None:
    errors = [db_error(code, driver="pymysql") for code in (1053, 1205)]
    fields = [database_errors.fields_of(error) or ErrorFields("", "") for error in errors]
    assert [each.severity for each in fields] == ["FATAL", "ERROR"]


def test_the_configured_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_errors, "configured", "asyncmy")
    assert type(db_error(1213)) is asyncmy.errors.OperationalError
    with pytest.raises(ScriptError) as raised:
        db_error("40001")
    assert str(raised.value) == (
        "db_error('40001'): asyncmy is a driver of MySQL, whose errors have numbers: "
        "db_error(1062), for example"
    )
    assert type(db_error("40001", driver="psycopg")).__name__ == "SerializationFailure"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: db_error("ER_DUP"),
            "db_error() takes the number of an error of MySQL such as 1062, or its name such as "
            "'ER_DUP_ENTRY'; got 'ER_DUP'; did you mean 'ER_DUP_KEY'?",
        ),
        (
            lambda: db_error(1062, value="ana@example.com"),
            "db_error(1062): MySQL's ER_DUP_ENTRY reads 'Duplicate entry '{value}' for key "
            "'{key}'', so it needs key=... (or the whole text as message=...)",
        ),
        (
            lambda: db_error(9999),
            "db_error(9999): no standard text is known for this error; give the server's own: "
            "db_error(9999, message=...)",
        ),
        (
            lambda: db_error(1213, hint="again"),
            "db_error(1213) was given hint=..., and an error of MySQL has none; it takes message, "
            "key, value, table, column, schema, constraint, datatype, detail, name, user",
        ),
        (
            lambda: db_error("23505", key="users.email"),
            "db_error('23505') was given key=..., which only errors of MySQL have",
        ),
        (
            lambda: db_error(1213, driver="psycopg"),
            "'psycopg' is no driver of MySQL; known are aiomysql, asyncmy, mysql-connector, "
            "mysqlclient, pymysql",
        ),
    ],
)
def test_what_cannot_be_made_is_refused(make: Callable[[], Exception], message: str) -> None:
    with pytest.raises(ScriptError) as raised:
        make()
    assert str(raised.value) == message


def test_a_driver_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ScriptError) as raised:
        db_error(1213)
    assert str(raised.value) == (
        "db_error() makes a driver's own exceptions, but none of MySQL's is installed: aiomysql, "
        "asyncmy, mysql-connector, mysqlclient, pymysql"
    )
    with pytest.raises(ScriptError) as raised:
        db_error(1213, driver="mysql-connector")
    assert str(raised.value) == (
        "db_error() makes the exceptions of mysql-connector, which is not installed: "
        "pip install mysql-connector-python"
    )


def test_mysqlclients_classes_are_those_of_its_c_code(monkeypatch: pytest.MonkeyPatch) -> None:
    # It needs MySQL's client library, which few machines have.
    module = types.ModuleType("MySQLdb")
    module.__spec__ = importlib.machinery.ModuleSpec("MySQLdb", None)
    for name in ("ProgrammingError", "DataError", "IntegrityError", "OperationalError"):
        setattr(module, name, type(name, (Exception,), {}))
    monkeypatch.setitem(sys.modules, "MySQLdb", module)
    codes = {1146: "ProgrammingError", 1406: "DataError", 1364: "IntegrityError"}
    codes[1213] = "OperationalError"
    for code, name in codes.items():
        error = db_error(code, message="x", driver="mysqlclient")
        assert (type(error).__name__, error.args) == (name, (code, "x"))


@pytest.mark.parametrize(
    ("statement", "value"),
    [
        ("INSERT INTO users (name, `email`) VALUES ('Ana', 'a@b.c')", "a@b.c"),
        ("INSERT INTO users (email, name) VALUES (7, 'Ana'), (8, 'Rui')", "7"),
        ("REPLACE INTO users (email) VALUES (_binary'a') RETURNING id", "a"),
        ("INSERT INTO users VALUES (1, 'a@b.c')", "?"),
        ("INSERT INTO users (id, email) VALUES (1, LOWER('a@b.c'))", "?"),
        ("INSERT INTO users (id, mail) VALUES (1, 'a@b.c')", "?"),
        ("UPDATE users SET email = 'a@b.c'", "?"),
    ],
)
def test_a_duplicate_entry_gets_its_value_from_the_call(statement: str, value: str) -> None:
    for key in ("users.email", "email"):
        fields = database_errors.fields_of(db_error(1062, key=key))
        assert isinstance(fields, MysqlErrorFields)
        completed = with_value(fields, MysqlCall(statement)).message
        assert completed == f"Duplicate entry '{value}' for key '{key}'"
