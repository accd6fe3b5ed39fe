"""The text of the files without tests: conftest.py, fakes.py, schema.py."""

from __future__ import annotations

from collections.abc import Sequence

from understudy.init.database_kind import MYSQL, DatabaseKind
from understudy.init.schema import Metadata
from understudy.project import ruff_rules

_FAKES = '''\
"""The fakes of this suite, from Understudy."""

from understudy import (
    ANY,
    FakeConnection,
    FakePool,
    FakeRecord,
    FakeTransaction,
    FakeTransactionContext,
    db_error,
    dummy,
)

__all__ = [
    "ANY",
    "FakeConnection",
    "FakePool",
    "FakeRecord",
    "FakeTransaction",
    "FakeTransactionContext",
    "db_error",
    "dummy",
]
'''
# Those fakes implement psqlpy's API. On MySQL, tests use a server.
_MYSQL_FAKES = '''\
"""The fakes of this suite, from Understudy."""

from understudy import ANY, db_error, dummy

__all__ = ["ANY", "db_error", "dummy"]
'''
_CONFTEST = '''\
"""Fixtures for several test files.

Understudy provides app, client, async_client, faker, event_loop, {fake} and {real}. A
fixture of the same name here replaces them.
"""
'''
_CONN = '''
import pytest

from {fakes} import FakeConnection


@pytest.fixture
def conn() -> FakeConnection:
    """A connection that gives the answers scripted by the test."""
    return FakeConnection()
'''


def fakes_module(database: DatabaseKind) -> str:
    """Return fakes.py, with the names that tests of a database use."""
    return _MYSQL_FAKES if database is MYSQL else _FAKES


def conftest(driver: str | None, fakes: str, database: DatabaseKind) -> str:
    """Return conftest.py, with a `conn` fixture if the driver is psqlpy."""
    text = _CONFTEST.format(fake=database.fake, real=database.real)
    return text + (_CONN.format(fakes=fakes) if driver == "psqlpy" else "")


def schema_module(metadata: Metadata, setting: str, database: DatabaseKind) -> str:
    """Return the module that creates the tables of SQLAlchemy's metadata.

    Args:
        metadata: the tables.
        setting: the name of its function, as `schema` names it.
        database: the kind of the database.
    """
    module, _, expression = metadata.source.partition(":")
    owner = expression.partition(".")[0]
    imports = sorted({*metadata.modules} - {module})
    lines = [f"import {name}  # noqa: F401 - its tables register themselves" for name in imports]
    own = "\n".join([*lines, f"from {module} import {owner}"])
    # The drivers that Understudy's extras bring.
    scheme, driver = ("mysql", "pymysql") if database is MYSQL else ("postgresql", "psycopg")
    return f'''\
"""The schema, for Understudy: `{database.schema} = "{setting}"` in [tool.understudy]."""

from sqlalchemy import create_engine

{own}


def create(dsn: str) -> None:
    """Make every table in the empty database that `dsn` names."""
    url = dsn.replace("{scheme}://", "{scheme}+{driver}://", 1)
    engine = create_engine(url)
    {expression}.create_all(engine)
    engine.dispose()
'''


def ruff_file(extended: str, codes: Sequence[str]) -> str:
    """Return the file that switches rules of ruff on for the tests.

    Args:
        extended: the path of the project's configuration of ruff, relative to the tests.
        codes: the rules.
    """
    return (
        "# Mistakes with which a test checks less than it seems to, for the tests alone.\n"
        f'extend = "{extended}"\n\n[lint]\n{ruff_rules.lines(codes)}\n'
    )


def extras(web: str | None, driver: str | None, database: DatabaseKind) -> str:
    """Return the requirement for Understudy with the extras that the scaffold uses.

    Args:
        web: the extra for the app's framework, if there is an app.
        driver: the database driver, if known.
        database: the kind of the database.
    """
    names = [*([web] if web else []), "faker", database.extra]
    names += [driver] if driver in ("psqlpy", "asyncpg") else []
    return f"understudy[{','.join(names)}]"


def commands(package: str) -> tuple[str, str]:
    """Return two commands: one for the unit tests only, one for all tests with coverage."""
    return (
        'pytest tests/ -m "not integration"',
        f"pytest --cov={package} --cov-report=html --cov-report=term",
    )
