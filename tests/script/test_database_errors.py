"""`db_error`: the driver's own exceptions, with everything that it knows of an error."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import asyncpg
import psqlpy
import psycopg
import pytest

from understudy import ScriptError, db_error
from understudy.pg.errors import ErrorFields
from understudy.pg.sqlstates import STATES, condition
from understudy.script import database_errors
from understudy.script.database_errors import fields_of

EVERYTHING: dict[str, Any] = {
    "constraint": "users_email_key",
    "table": "users",
    "column": "email",
    "schema": "app",
    "datatype": "citext",
    "detail": "Key (email)=(ann@x.io) already exists.",
    "hint": "Use another.",
}
TEXT = 'duplicate key value violates unique constraint "users_email_key"'


def test_psqlpy() -> None:
    error = db_error("23505", **EVERYTHING, driver="psqlpy")
    assert type(error) is psqlpy.exceptions.ConnectionExecuteError
    assert str(error) == (
        f"Cannot execute query, error - db error: ERROR: {TEXT}\n"
        "DETAIL: Key (email)=(ann@x.io) already exists.\nHINT: Use another."
    )


def test_asyncpg() -> None:
    error: Any = db_error("23505", **EVERYTHING, driver="asyncpg")
    assert type(error) is asyncpg.UniqueViolationError
    assert str(error) == (
        f"{TEXT}\nDETAIL:  Key (email)=(ann@x.io) already exists.\nHINT:  Use another."
    )
    assert (error.sqlstate, error.severity, error.message) == ("23505", "ERROR", TEXT)
    assert (error.constraint_name, error.table_name, error.column_name) == (
        "users_email_key",
        "users",
        "email",
    )
    assert (error.schema_name, error.data_type_name) == ("app", "citext")
    assert (error.detail, error.hint) == (EVERYTHING["detail"], EVERYTHING["hint"])


def test_psycopg() -> None:
    error: Any = db_error("23505", **EVERYTHING, driver="psycopg")
    assert type(error) is psycopg.errors.UniqueViolation
    assert str(error) == (
        f"{TEXT}\nDETAIL: Key (email)=(ann@x.io) already exists.\nHINT: Use another."
    )
    diag = error.diag
    assert (error.sqlstate, diag.sqlstate, diag.severity) == ("23505", "23505", "ERROR")
    assert (diag.message_primary, diag.message_detail) == (TEXT, EVERYTHING["detail"])
    assert (diag.message_hint, diag.constraint_name) == ("Use another.", "users_email_key")
    assert (diag.table_name, diag.column_name, diag.schema_name) == ("users", "email", "app")
    assert (diag.datatype_name, diag.source_line) == ("citext", None)


def test_by_the_name_of_the_condition() -> None:
    by_name = db_error("unique_violation", constraint="k", driver="psqlpy")
    by_code = db_error("23505", constraint="k", driver="psqlpy")
    assert (type(by_name), str(by_name)) == (type(by_code), str(by_code))


@pytest.mark.parametrize(
    ("driver", "kind"),
    [
        ("psqlpy", psqlpy.exceptions.ConnectionExecuteError),
        ("asyncpg", asyncpg.UnknownPostgresError),
        ("psycopg", psycopg.OperationalError),
    ],
)
def test_a_code_of_no_class_of_its_own(driver: Any, kind: type[Exception]) -> None:
    error = db_error("40ZZZ", "out of luck", driver=driver)
    assert type(error) is kind
    assert "out of luck" in str(error)
    assert fields_of(error) == ErrorFields("40ZZZ", "out of luck")


def test_a_fatal_error_says_so() -> None:
    text = "terminating connection due to administrator command"
    assert str(db_error("57P01", driver="psqlpy")).endswith(f"db error: FATAL: {text}")
    assert db_error("57P01", driver="asyncpg").severity == "FATAL"  # type: ignore[attr-defined]
    assert db_error("57P01", driver="psycopg").diag.severity == "FATAL"  # type: ignore[attr-defined]


@pytest.mark.parametrize("code", STATES)
@pytest.mark.parametrize("driver", database_errors.DRIVERS)
def test_every_known_error_has_a_text(code: str, driver: Any) -> None:
    kinds = ("constraint", "table", "column", "datatype", "schema")
    named: Any = {name: f"the_{name}" for name in kinds}
    fields = fields_of(db_error(code, **named, driver=driver))
    assert fields is not None
    assert (fields.sqlstate, "{" in fields.message) == (code, False)


def test_an_exception_of_another_kind_has_no_fields() -> None:
    assert fields_of(ValueError()) is None


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: db_error("unique_violaton"),
            "db_error() takes an SQLSTATE of five digits and capitals, or the name of a condition "
            "such as 'unique_violation'; got 'unique_violaton'; did you mean 'unique_violation'?",
        ),
        (
            lambda: db_error("xyz", "text"),
            "db_error() takes an SQLSTATE of five digits and capitals, or the name of a condition "
            "such as 'unique_violation'; got 'xyz'",
        ),
        (
            lambda: db_error(23505),
            "db_error(23505): an SQLSTATE of PostgreSQL is a string, db_error('23505'), and an "
            "error of MySQL has another number, such as 1062",
        ),
        (
            lambda: db_error(["23505"]),  # type: ignore[arg-type] # the mistake
            "db_error() takes an SQLSTATE of five digits and capitals, or the name of a condition "
            "such as 'unique_violation'; got ['23505']; did you mean '23505'?",
        ),
        (
            lambda: db_error("22ZZZ"),
            "db_error('22ZZZ'): no standard text is known for this SQLSTATE; "
            "give PostgreSQL's own: db_error('22ZZZ', message=...)",
        ),
        (
            lambda: db_error("foreign_key_violation", table="users"),
            "db_error('23503'): PostgreSQL's foreign_key_violation reads 'insert or update on "
            'table "{table}" violates foreign key constraint "{constraint}"\', so it needs '
            "constraint=... (or the whole text as message=...)",
        ),
        (
            lambda: db_error("23502"),
            "db_error('23502'): PostgreSQL's not_null_violation reads 'null value in column "
            '"{column}" of relation "{table}" violates not-null constraint\', so it needs '
            "column=..., table=... (or the whole text as message=...)",
        ),
        (
            lambda: db_error("40001", driver="psqlpi"),  # type: ignore[arg-type] # the mistake
            "unknown driver 'psqlpi'; known are psqlpy, asyncpg, psycopg; did you mean 'psqlpy'?",
        ),
    ],
)
def test_what_is_refused(make: Callable[[], Exception], message: str) -> None:
    with pytest.raises(ScriptError) as caught:
        make()
    assert str(caught.value) == message


def only(*installed: str) -> Callable[[str], object]:
    return lambda name: object() if name in installed else None


def test_the_driver_by_default_is_the_first_that_is_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(database_errors, "configured", None)
    for installed, expected in [
        (("psycopg", "asyncpg", "psqlpy"), "psqlpy"),
        (("psycopg", "asyncpg"), "asyncpg"),
        (("psycopg",), "psycopg"),
    ]:
        monkeypatch.setattr(importlib.util, "find_spec", only(*installed))
        assert type(db_error("40001")).__module__.partition(".")[0] == expected


def test_the_configured_driver_goes_before_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_errors, "configured", "asyncpg")
    assert type(db_error("40001")) is asyncpg.SerializationError
    assert type(db_error("40001", driver="psycopg")) is psycopg.errors.SerializationFailure


def test_a_driver_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", only("psqlpy"))
    with pytest.raises(ScriptError) as caught:
        db_error("40001", driver="asyncpg")
    assert str(caught.value) == (
        "db_error() makes the exceptions of asyncpg, which is not installed: pip install asyncpg"
    )


def test_no_driver_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_errors, "configured", None)
    monkeypatch.setattr(importlib.util, "find_spec", only())
    with pytest.raises(ScriptError) as caught:
        db_error("40001")
    assert str(caught.value) == (
        "db_error() makes a driver's own exceptions, but none is installed: "
        "psqlpy, asyncpg, psycopg"
    )


def test_the_script_imports_no_driver() -> None:
    code = (
        "import sys, understudy; understudy.db_error, understudy.FakeConnection; "
        "print(sorted({'psqlpy', 'asyncpg', 'psycopg'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_name_of_a_condition() -> None:
    assert [condition(code) for code in ("23505", "42601", "ZZZZZ")] == [
        "unique_violation",
        "syntax_error",
        "ZZZZZ",
    ]
