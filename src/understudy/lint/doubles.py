"""Mocks and fakes in tests, those that stand for a database connection first of all."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from understudy.project.call_resolution import root_of
from understudy.project.scopes import Function
from understudy.project.sources import Module, home_of

_ASKED = re.compile(r"execute|fetch|scalar|query|cursor|acquire|transaction|prepare|copy_")
_NAMES = ("conn", "connection", "cursor", "pool", "session", "db")
# The attributes of mocks and of FakeConnection that show the statements they got.
_LOGS = frozenset(
    {
        *("execute_calls", "fetch_calls", "fetch_val_calls", "calls", "transactions"),
        *("call_args", "call_args_list", "await_args", "await_args_list", "mock_calls"),
        *("method_calls", "call_count", "await_count", "called", "awaited"),
    }
)


_MOCK_MODULES = ("unittest.mock", "mock", "asyncmock", "asynctest")
_MOCKS = frozenset({"Mock", "MagicMock", "AsyncMock", "NonCallableMock", "NonCallableMagicMock"})


def mock_class(module: Module, node: ast.AST | None) -> str | None:
    """Return the class of the mock that an expression makes, such as AsyncMock, or None."""
    if not isinstance(node, ast.Call):
        return None
    dotted = module.qualified(node.func) or ""
    home, _, name = dotted.rpartition(".")
    if name in _MOCKS and (home in _MOCK_MODULES or home == "mocker"):
        return name
    # The fixture of pytest-mock: a parameter, so it has no name in the file.
    func = node.func
    if (
        isinstance(func, ast.Attribute)
        and func.attr in _MOCKS
        and isinstance(func.value, ast.Name)
        and func.value.id.endswith("mocker")
    ):
        return func.attr
    return None


@dataclass(frozen=True)
class Double:
    """A variable of a test that holds a fake connection."""

    name: str
    node: ast.Assign | ast.AnnAssign


def doubles(module: Module, test: Function) -> Iterator[Double]:
    """Yield the connections that a test makes itself and passes to the code under test."""
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
    # There are other kinds of connections: one to a database executes something.
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
    """Whether a test reads the statements that a connection got, or has rules for them."""
    for node in test.all(ast.Attribute):
        root = root_of(node)
        looks = node.attr in _LOGS or node.attr.startswith("assert_") or node.attr == "on"
        if looks and root is not None and root.id == name:
            return True
    parents = home_of(test).parents
    for asserted in test.all(ast.Assert):
        for used in ast.walk(asserted.test):
            # Passed to the call whose result is asserted on, it is not looked at.
            given = isinstance(parents.get(used), ast.Call | ast.keyword | ast.Attribute)
            if isinstance(used, ast.Name) and used.id == name and not given:
                return True
    # A function of the test that replaces a method may look at its arguments.
    return any(
        isinstance(target, ast.Attribute)
        and isinstance(target.value, ast.Name)
        and target.value.id == name
        and isinstance(node.value, ast.Name | ast.Lambda)
        for node in test.own(ast.Assign)
        for target in node.targets
    )
