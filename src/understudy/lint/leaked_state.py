"""State that outlives a test: code that changes it, and code that restores it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from understudy.lint import pytest_items
from understudy.project.scopes import Function
from understudy.project.sources import Module, home_of

_CHANGES = frozenset(
    {
        *("append", "extend", "insert", "remove", "pop", "popitem", "add", "discard", "update"),
        *("setdefault", "sort", "reverse", "appendleft", "popleft"),
    }
)
_MUTABLE_CALLS = frozenset(
    {"list", "dict", "set", "collections.defaultdict", "collections.deque", "collections.Counter"}
)
# The functions that pytest and unittest run around a test.
_AROUND = re.compile(r"(async)?_?(set_?up|tear_?down)", re.I)


def per_test_functions(module: Module) -> Iterator[Function]:
    """Yield the functions that run once for each test: tests, and fixtures of function scope."""
    seen = pytest_items.of(module)
    yield from seen.tests
    for fixture in seen.fixtures.values():
        if fixture.scope == "function":
            yield fixture.function


def has_code(module: Module, pattern: str) -> bool:
    """Whether the file, or one that its fixtures are in, has code that matches a pattern."""
    looked_for = re.compile(pattern)
    return any(looked_for.search(home.text) for home in _homes_of_fixtures(module))


def _homes_of_fixtures(module: Module) -> Iterator[Module]:
    """Yield the file, the conftest.py files that apply to it, and the files of its fixtures."""
    seen = pytest_items.of(module)
    yield module
    yield from seen.conftests
    # A conftest.py may take its fixtures from elsewhere.
    users = [*seen.tests, *(fixture.function for fixture in seen.fixtures.values())]
    for name in {name for user in users for name in seen.requested(user)}:
        fixture = seen.find_fixture(name)
        if fixture is not None:
            yield home_of(fixture.function)


def is_looked_after(module: Module, test: Function, name: str) -> bool:
    """Whether a fixture of a test, or code that runs around it, mentions a name.

    Such code most likely resets the state for each test.
    """
    seen = pytest_items.of(module)
    around = [
        function
        for scope in (module.scope, test.in_class)
        if scope is not None
        for function in scope.functions
        if _AROUND.match(function.name)
    ]
    for requested in seen.requested(test):
        fixture = seen.find_fixture(requested)
        if fixture is not None:
            around.append(fixture.function)
    return any(_mentions(function, name) for function in around)


def _mentions(function: Function, name: str) -> bool:
    return any(used.id == name for used in function.all(ast.Name)) or any(
        attribute.attr == name for attribute in function.all(ast.Attribute)
    )


def restores(module: Module, node: ast.AST) -> bool:
    """Whether a statement is in a ``finally``, which sets back what the test has changed."""
    for around in (node, *module.above(node)):
        above = module.parents.get(around)
        if isinstance(above, ast.Try) and around in above.finalbody:
            return True
    return False


def is_mutable(module: Module, node: ast.AST | None) -> bool:
    """Whether an expression makes a list, a dict or a set."""
    if isinstance(node, ast.Call):
        return module.qualified(node.func) in _MUTABLE_CALLS
    return isinstance(node, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp)


def changes(function: Function, text: str) -> Iterator[ast.expr | ast.stmt]:
    """Yield where a function itself changes the object that an expression stands for."""
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
