"""Which expressions of a suite are a URL of SQLite."""

from __future__ import annotations

import ast
import re

from understudy.lint import pytest_items
from understudy.project.call_resolution import results_of, values_of, variable_read
from understudy.project.scopes import Function
from understudy.project.sources import Module, home_of

_URL = re.compile(r"sqlite(\+\w+)?:")
_DEEPEST = 6  # steps from a name to its value


def sqlite_url(module: Module, node: ast.AST | None, depth: int = _DEEPEST) -> str | None:
    """Return the beginning of a URL of SQLite that an expression is, or None.

    Follows local and module variables, imports, the default of an environment variable, and a
    fixture that returns the URL.
    """
    if node is None or depth == 0:
        return None
    if isinstance(node, ast.Constant):
        text = node.value
        return text if isinstance(text, str) and _URL.match(text) else None
    if isinstance(node, ast.JoinedStr):
        return sqlite_url(module, node.values[0], depth - 1) if node.values else None
    if isinstance(node, ast.BinOp):
        return sqlite_url(module, node.left, depth - 1)
    if isinstance(node, ast.IfExp):
        return sqlite_url(module, node.body, depth - 1) or sqlite_url(
            module, node.orelse, depth - 1
        )
    if isinstance(node, ast.Call):
        if variable_read(module, node) is not None and len(node.args) > 1:
            return sqlite_url(module, node.args[1], depth - 1)
        if (module.qualified(node.func) or "").rpartition(".")[2] in (
            "make_url",
            "str",
        ) and node.args:
            return sqlite_url(module, node.args[0], depth - 1)
        return None
    if isinstance(node, ast.Name):
        return _named(module, node, depth)
    return None


def _named(module: Module, node: ast.Name, depth: int) -> str | None:
    for scope in module.scope_of(node).around():
        if isinstance(scope, Function) and scope.binds(node.id):
            values = values_of(scope, node.id)
            if values:
                return sqlite_url(module, values[0], depth - 1)
            return _from_fixture(module, node.id, depth)
    defined = module.defined.get(node.id)
    if isinstance(defined, ast.expr):
        return sqlite_url(module, defined, depth - 1)
    found = module.project.find(module.imports.get(node.id), module)
    if not isinstance(found, ast.expr):
        return None
    home = module.project.find(module.imports[node.id].rpartition(".")[0], module)
    return sqlite_url(home, found, depth - 1) if isinstance(home, Module) else None


def _from_fixture(module: Module, name: str, depth: int) -> str | None:
    """Return the URL that the fixture of a parameter returns."""
    fixture = pytest_items.of(module).find_fixture(name)
    if fixture is None:
        return None
    home = home_of(fixture.function)
    urls = (sqlite_url(home, result, depth - 1) for result in results_of(fixture.function))
    return next((url for url in urls if url is not None), None)
