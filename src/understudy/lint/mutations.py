"""Where a list, a dict or a set is changed in place."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from understudy.project.scopes import Function
from understudy.project.sources import Module

_CHANGES = frozenset(
    {
        *("append", "extend", "insert", "remove", "pop", "popitem", "add", "discard", "update"),
        *("setdefault", "sort", "reverse", "appendleft", "popleft"),
    }
)
_MUTABLE_CALLS = frozenset(
    {"list", "dict", "set", "collections.defaultdict", "collections.deque", "collections.Counter"}
)


def is_mutable(module: Module, node: ast.AST | None) -> bool:
    """Whether an expression makes a list, a dict or a set."""
    if isinstance(node, ast.Call):
        return module.qualified(node.func) in _MUTABLE_CALLS
    return isinstance(node, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp)


def changes(function: Function, text: str) -> Iterator[ast.expr | ast.stmt]:
    """Where a function itself changes what an expression, written so, stands for."""
    for call in function.own(ast.Call):
        func = call.func
        if isinstance(func, ast.Attribute) and func.attr in _CHANGES and _is(func.value, text):
            yield call
    targets: list[tuple[ast.stmt, ast.expr]] = [
        *((node, node.target) for node in function.own(ast.AugAssign)),
        *((node, target) for node in function.own(ast.Assign) for target in node.targets),
        *((node, target) for node in function.own(ast.Delete) for target in node.targets),
    ]
    for node, target in targets:
        if isinstance(target, ast.Subscript) and _is(target.value, text):
            yield node


def _is(node: ast.expr, text: str) -> bool:
    if isinstance(node, ast.Name):
        return node.id == text
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}" == text
    return False
