"""Doubles of a database connection in tests: which there are, and what is looked at of them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from understudy.lint.test_doubles import mock_class
from understudy.project.call_resolution import root_of
from understudy.project.scopes import Function
from understudy.project.sources import Module, home_of

_ASKED = re.compile(r"execute|fetch|scalar|query|cursor|acquire|transaction|prepare|copy_")
_NAMES = ("conn", "connection", "cursor", "pool", "session", "db")
# What tells the statements that were asked, of mocks and of FakeConnection.
LOGS = frozenset(
    {
        *("execute_calls", "fetch_calls", "fetch_val_calls", "calls", "transactions"),
        *("call_args", "call_args_list", "await_args", "await_args_list", "mock_calls"),
        *("method_calls", "call_count", "await_count", "called", "awaited"),
    }
)


@dataclass(frozen=True)
class Double:
    """A variable of a test that stands for a connection."""

    name: str
    node: ast.Assign | ast.AnnAssign


def doubles(module: Module, test: Function) -> Iterator[Double]:
    """The connections that a test makes itself, and hands to what it tests."""
    assigned: list[tuple[ast.Assign | ast.AnnAssign, ast.expr]] = [
        *((node, target) for node in test.own(ast.Assign) for target in node.targets),
        *((node, node.target) for node in test.own(ast.AnnAssign)),
    ]
    for node, target in assigned:
        if (
            isinstance(target, ast.Name)
            and _is_a_connection(module, test, target.id, node.value)
            and _is_handed_on(test, target.id)
        ):
            yield Double(target.id, node)


def _is_a_connection(module: Module, test: Function, name: str, value: ast.expr | None) -> bool:
    if not isinstance(value, ast.Call):
        return False
    called = (module.qualified(value.func) or "").rpartition(".")[2]
    if called.endswith("Connection") and called.startswith(("Fake", "Mock", "Dummy", "Stub")):
        return True
    if mock_class(module, value) is None or not any(part in name.lower() for part in _NAMES):
        return False
    # There are connections of other kinds: one to a database is asked something.
    return any(
        _ASKED.match(attribute.attr) is not None and getattr(root_of(attribute), "id", None) == name
        for attribute in test.all(ast.Attribute)
    )


def _is_handed_on(test: Function, name: str) -> bool:
    return any(
        isinstance(given, ast.Name) and given.id == name
        for call in test.all(ast.Call)
        for given in (*call.args, *(keyword.value for keyword in call.keywords))
    )


def is_looked_at(test: Function, name: str) -> bool:
    """Whether a test reads what was asked of a connection, or scripted it."""
    for node in test.all(ast.Attribute):
        root = root_of(node)
        looks = node.attr in LOGS or node.attr.startswith("assert_") or node.attr == "on"
        if looks and root is not None and root.id == name:
            return True
    parents = home_of(test).parents
    for asserted in test.all(ast.Assert):
        for used in ast.walk(asserted.test):
            # Passed to the call whose result is asserted on, it is not looked at.
            given = isinstance(parents.get(used), ast.Call | ast.keyword | ast.Attribute)
            if isinstance(used, ast.Name) and used.id == name and not given:
                return True
    # A function of the test's own in the place of a method may look at what it is given.
    return any(
        isinstance(target, ast.Attribute)
        and isinstance(target.value, ast.Name)
        and target.value.id == name
        and isinstance(node.value, ast.Name | ast.Lambda)
        for node in test.own(ast.Assign)
        for target in node.targets
    )
