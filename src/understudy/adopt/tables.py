"""What fixtures do to create, empty and drop tables, which the schema and the rollback replace."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from understudy.adopt.database_urls import DATABASES, engine_url
from understudy.adopt.source_edits import Edits
from understudy.adopt.sqlite_suite import schema_calls
from understudy.lint import pytest_items
from understudy.project.parsing import last_name
from understudy.project.scopes import Function
from understudy.project.sources import Module

_MIGRATIONS = frozenset({"alembic.command.upgrade", "alembic.command.downgrade"})
_STATEMENTS = re.compile(r"(?i)^\s*(?:TRUNCATE|DELETE\s+FROM\s+\S+\s*;?\s*$)")


def remove_tables(module: Module, edits: Edits) -> None:
    """Remove the statements, and the fixtures of every test in which nothing else is left."""
    for fixture in pytest_items.of(module).fixtures.values():
        gone = set(_statements(module, fixture.function))
        if not gone:
            continue
        if (
            fixture.autouse
            and _is_empty(module, fixture.function, gone)
            and not _is_named(module, fixture.name)
        ):
            edits.remove(fixture.function.node)
            continue
        for statement in gone:
            edits.remove(statement)


def _statements(module: Module, function: Function) -> Iterator[ast.stmt]:
    whole = {statement for statement, _ in schema_calls(module)}
    for node in ast.walk(function.node):
        loops = isinstance(node, ast.For) and "sorted_tables" in ast.dump(node.iter)
        is_other = isinstance(node, ast.Expr) and _is_about_tables(module, node.value)
        if loops or is_other or node in whole:
            assert isinstance(node, ast.stmt), "a loop or an expression"
            yield node


def _is_about_tables(module: Module, value: ast.expr) -> bool:
    if isinstance(value, ast.Await):
        value = value.value
    if not isinstance(value, ast.Call):
        return False
    if module.qualified(value.func) in _MIGRATIONS:
        return True
    if (module.qualified(value.func) or "").rpartition(".")[2] in DATABASES:
        return True
    texts = [node.value for node in ast.walk(value) if isinstance(node, ast.Constant)]
    return last_name(value) == "execute" and any(
        isinstance(text, str) and _STATEMENTS.match(text) is not None for text in texts
    )


def _is_empty(module: Module, function: Function, gone: set[ast.stmt]) -> bool:
    """Whether nothing is left of a fixture but a bare `yield` and what opened a connection."""

    def makes_engine(node: ast.stmt) -> bool:
        value = node.value if isinstance(node, ast.Assign) else None
        return isinstance(value, ast.Call) and engine_url(module, value) is not None

    def disposes(node: ast.stmt) -> bool:
        value = node.value if isinstance(node, ast.Expr) else None
        value = value.value if isinstance(value, ast.Await) else value
        return isinstance(value, ast.Call) and last_name(value) in ("dispose", "close")

    def left(block: list[ast.stmt]) -> bool:
        for node in block:
            if node in gone or _is_bare(node) or makes_engine(node) or disposes(node):
                continue
            if isinstance(node, ast.With | ast.AsyncWith) and not left(node.body):
                continue
            return True
        return False

    return not left(function.node.body)


def _is_bare(node: ast.stmt) -> bool:
    if not isinstance(node, ast.Expr):
        return isinstance(node, ast.Import | ast.ImportFrom)
    value = node.value
    return isinstance(value, ast.Constant) or (isinstance(value, ast.Yield) and value.value is None)


def _is_named(module: Module, name: str) -> bool:
    """Whether a test or fixture of the file requests a fixture by name."""
    return any(
        parameter.arg == name for function in module.functions for parameter in function.parameters
    )
