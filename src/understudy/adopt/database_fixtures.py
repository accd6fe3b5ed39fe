"""A fixture that creates a database: what of it the tests still need."""

from __future__ import annotations

import ast
import re

from understudy.adopt.database_urls import engine_url, is_url
from understudy.project.scopes import Function
from understudy.project.sources import Module


def urls_replaced(module: Module, value: ast.expr) -> tuple[set[str], list[ast.expr]]:
    """Return the names that a value needs, and the URLs of engines in it, which are replaced."""
    replaced = [
        url
        for call in ast.walk(value)
        if isinstance(call, ast.Call) and (url := engine_url(module, call)) is not None
    ]
    is_named = isinstance(value, ast.Name) and re.search(r"(?i)ur[il]|dsn", value.id)
    if is_named or is_url(module, value):
        replaced = [value]
    inside = {node for url in replaced for node in ast.walk(url)}
    names = [node for node in ast.walk(value) if isinstance(node, ast.Name)]
    return {node.id for node in names if node not in inside}, replaced


def needed_statements(
    module: Module, function: Function, value: ast.expr, needed: set[str]
) -> set[ast.stmt] | None:
    """Return the statements of a fixture that make, give and dispose of what it yields."""
    body = function.node.body
    given = statement_of(module, value)
    if given not in body:
        return None
    kept = {given}
    at = body.index(given)
    for statement in reversed(body[:at]):
        names = {node.id: node for node in ast.walk(statement) if isinstance(node, ast.Name)}
        stored = {name for name, node in names.items() if isinstance(node.ctx, ast.Store)}
        if stored & needed or isinstance(statement, ast.Import | ast.ImportFrom):
            kept.add(statement)
            needed |= names.keys()
    known = {name for name in needed if function.binds(name)}
    for statement in body[at + 1 :]:
        loaded = {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
        local = {name for name in loaded if function.binds(name)}
        if local and local <= known:
            kept.add(statement)
    return kept


def statement_of(module: Module, node: ast.AST) -> ast.stmt:
    """Return the innermost statement that an expression is in."""
    return next(above for above in module.above(node) if isinstance(above, ast.stmt))
