"""UND016: an exception that the installed database driver does not have."""

from __future__ import annotations

import ast
import importlib.util
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from understudy.lint.rule import Found, Rule
from understudy.project.sources import Module

# Where each driver's exceptions are defined, below its package.
_SOURCES = {
    "psqlpy.exceptions": ("exceptions.py", "_internal/exceptions.pyi"),
    "asyncpg.exceptions": ("exceptions/__init__.py", "exceptions/_base.py"),
    "psycopg.errors": ("errors.py",),
    "pymysql.err": ("err.py",),
    "asyncmy.errors": ("errors.pyi",),
}


def check(module: Module) -> Iterator[Found]:
    """Yield imports and mentions of exceptions that the installed driver does not have."""
    for node in module.scope.all(ast.ImportFrom):
        is_guarded = any(isinstance(outer, ast.Try) for outer in module.above(node))
        if node.module in _SOURCES and not node.level and not is_guarded:
            for alias in node.names:
                if alias.name != "*" and _is_missing(node.module, alias.name):
                    yield Found(node, _message(node.module, alias.name))
    for attribute in module.scope.all(ast.Attribute):
        if not attribute.attr[:1].isupper():
            continue
        home = module.qualified(attribute.value)
        if home in _SOURCES and _is_missing(home, attribute.attr):
            yield Found(attribute, _message(home, attribute.attr))


def _is_missing(home: str, name: str) -> bool:
    text = _source(home)
    return text is not None and re.search(rf"\b{re.escape(name)}\b", text) is None


@cache
def _source(home: str) -> str | None:
    """Return the source of a driver's exceptions, or None if the driver is not installed."""
    # Only looked for: importing a driver takes longer than the whole check.
    spec = importlib.util.find_spec(home.partition(".")[0])
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(spec.submodule_search_locations[0])
    files = [folder / name for name in _SOURCES[home]]
    if not files[0].is_file():
        return None
    return "\n".join(file.read_text(encoding="utf-8") for file in files if file.is_file())


def _message(home: str, name: str) -> str:
    driver = home.partition(".")[0]
    return f"{name} does not exist in the {driver} that is installed: no code can raise it"


RULE = Rule(
    code="UND016",
    name="unknown-driver-error",
    group="bugs",
    why="The driver cannot raise this exception, so code that catches it never runs.",
    instead=(
        "Use an exception of the driver (the base class of psqlpy is psqlpy.exceptions.Error), or"
        ' understudy.db_error("23505"), which creates the exception that the driver raises for an'
        " SQLSTATE."
    ),
    wrong="""
from psqlpy.exceptions import RustPSQLDriverPyBaseError  # UND016


async def broken_fetch_row(statement, parameters=None):
    raise RustPSQLDriverPyBaseError("db fail")
""",
    right="""
from psqlpy.exceptions import Error


async def broken_fetch_row(statement, parameters=None):
    raise Error("db fail")
""",
    check=check,
)
