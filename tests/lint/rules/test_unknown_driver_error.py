"""UND016: exceptions that the driver does not have."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import check, parametrized

CASES = {
    "psqlpy": """
from psqlpy.exceptions import RustPSQLDriverPyBaseError  # here
""",
    "asyncpg": """
import asyncpg
from asyncpg import exceptions
def test_a():
    assert asyncpg.exceptions.UniqueViolation  # here
    assert exceptions.NoSuchThingError  # here
""",
    "psycopg": """
from psycopg.errors import UniqueViolationError  # here
from psycopg import errors
def test_a():
    assert errors.DeadlockError  # here
""",
    "asyncmy and PyMySQL": """
from asyncmy.errors import DuplicateEntry  # here
from pymysql.err import DuplicateEntryError  # here
""",
    "those that exist": """
from asyncmy.errors import IntegrityError
from pymysql.err import OperationalError
from psqlpy.exceptions import ConnectionExecuteError, Error
from asyncpg.exceptions import PostgresError, UniqueViolationError
from asyncpg import exceptions
from psycopg.errors import UniqueViolation
import psycopg
def test_a():
    assert exceptions.ForeignKeyViolationError
    assert psycopg.errors.DeadlockDetected
""",
    "provided for": """
try:
    from psqlpy.exceptions import RustPSQLDriverPyBaseError
except ImportError:
    from psqlpy.exceptions import Error as RustPSQLDriverPyBaseError
""",
    "other modules": """
from app.exceptions import NoSuchThingError
import elsewhere
def test_a(exceptions):
    assert exceptions.NoSuchThingError
    assert elsewhere.exceptions.NoSuchThingError
""",
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND016", case, tmp_path)
