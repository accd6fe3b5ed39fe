"""What the rules on state left behind have in common."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from understudy.lint import pytest_items
from understudy.project.scopes import Function
from understudy.project.sources import Module, home_of

# What pytest and unittest run around a test.
_AROUND = re.compile(r"(async)?_?(set_?up|tear_?down)", re.I)


def per_test_functions(module: Module) -> Iterator[Function]:
    """The functions that run once for each test: tests, and fixtures of function scope."""
    seen = pytest_items.of(module)
    yield from seen.tests
    for fixture in seen.fixtures.values():
        if fixture.scope == "function":
            yield fixture.function


def is_restored(module: Module, pattern: str) -> bool:
    """Whether the file, or another that its fixtures are in, has code that matches a pattern."""
    looked_for = re.compile(pattern)
    return any(looked_for.search(home.text) for home in homes_of_fixtures(module))


def homes_of_fixtures(module: Module) -> Iterator[Module]:
    """The file itself, the conftest.py files that count for it, and the files of its fixtures."""
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
    """Whether a fixture of a test, or what runs around it, mentions a name.

    Such code sets the thing up anew for each test, most likely.
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
