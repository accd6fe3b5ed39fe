"""The text of the files without tests: conftest.py, fakes.py, schema.py, the CI workflow."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from understudy.init.schema import Metadata

FAKES = '''\
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
_CONFTEST = '''\
"""Fixtures for several test files.

Understudy provides app, client, async_client, faker, event_loop, fake_postgres and real_postgres. A
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


def conftest(driver: str | None, fakes: str) -> str:
    """Return conftest.py, with a `conn` fixture if the driver is psqlpy."""
    return _CONFTEST + (_CONN.format(fakes=fakes) if driver == "psqlpy" else "")


def schema_module(metadata: Metadata) -> str:
    """Return the module that creates the tables of SQLAlchemy's metadata."""
    module, _, expression = metadata.source.partition(":")
    owner = expression.partition(".")[0]
    imports = sorted({*metadata.modules} - {module})
    lines = [f"import {name}  # noqa: F401 - its tables register themselves" for name in imports]
    own = "\n".join([*lines, f"from {module} import {owner}"])
    return f'''\
"""The schema, for Understudy: `schema = "tests.schema:create"` in [tool.understudy]."""

from sqlalchemy import create_engine

{own}


def create(dsn: str) -> None:
    """Make every table in the empty database that `dsn` names."""
    url = dsn.replace("postgresql://", "postgresql+psycopg://", 1)
    engine = create_engine(url)
    {expression}.create_all(engine)
    engine.dispose()
'''


def extras(driver: str | None) -> str:
    """Return the requirement for Understudy with the extras that the scaffold uses."""
    names = ["fastapi", "faker", "postgres"]
    names += [driver] if driver in ("psqlpy", "asyncpg") else []
    return f"understudy[{','.join(names)}]"


def commands(package: str) -> tuple[str, str]:
    """Return two commands: one for the unit tests only, one for all tests with coverage."""
    return (
        'pytest tests/ -m "not integration"',
        f"pytest --cov={package} --cov-report=html --cov-report=term",
    )


def workflow(
    names: Sequence[str],
    document: Mapping[str, Any],
    inside: str,
    runs: Sequence[str],
    driver: str | None,
) -> str:
    """Return a workflow for GitHub Actions.

    Args:
        names: the files in the project's folder.
        document: its pyproject.toml.
        inside: that folder, relative to the repository's; "" if they are the same.
        runs: the commands to run.
        driver: the database driver, if known.
    """
    prefix, install = _installing(names, document)
    packages = f'"{extras(driver)}" pytest-asyncio pytest-cov'
    add = {"uv run --no-sync ": "uv pip install"}.get(prefix, f"{prefix}pip install")
    steps = "".join(f"      - run: {line}\n" for line in [*install, f"{add} {packages}"])
    tests = "".join(f"      - run: {prefix}{line}\n" for line in runs)
    defaults = f"    defaults:\n      run:\n        working-directory: {inside}\n" if inside else ""
    coverage = f"{inside}/htmlcov" if inside else "htmlcov"
    return f"""\
name: tests

on:
  push:
  pull_request:

jobs:
  tests:
    runs-on: ubuntu-latest
{defaults}    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "{_python(document)}"
{steps}{tests}      - uses: actions/upload-artifact@v4
        if: always()
        with:
          name: coverage
          path: {coverage}
"""


def _installing(names: Sequence[str], document: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Return the prefix of commands, and the commands that install the project."""
    tool = document.get("tool", {})
    if "uv.lock" in names or "uv" in tool:
        return "uv run --no-sync ", ["pip install uv", "uv sync --all-groups --all-extras"]
    if "poetry.lock" in names or "poetry" in tool:
        return "poetry run ", ["pip install poetry", "poetry install"]
    if "Pipfile" in names:
        return "pipenv run ", ["pip install pipenv", "pipenv install --dev"]
    files = [name for name in names if re.fullmatch(r"[\w.-]*requirements[\w.-]*\.txt", name)]
    if files:
        return "", [f"pip install {' '.join(f'-r {name}' for name in sorted(files))}"]
    if "project" not in document:
        return "", []
    wanted = ("dev", "test", "tests", "testing")
    extras_ = [
        item for item in document["project"].get("optional-dependencies", {}) if item in wanted
    ]
    groups = [item for item in document.get("dependency-groups", {}) if item in wanted]
    lines = [f'pip install -e ".[{",".join(extras_)}]"' if extras_ else "pip install -e ."]
    lines += [f"pip install --group {group}" for group in groups]
    return "", lines


def _python(document: Mapping[str, Any]) -> str:
    """Return the oldest Python version of the project that Understudy supports, or 3.12."""
    wanted = re.search(r"3\.(\d+)", str(document.get("project", {}).get("requires-python", "")))
    return f"3.{wanted[1]}" if wanted is not None and int(wanted[1]) >= 11 else "3.12"
