"""HTTP clients in tests, and the requests that tests send with them."""

from __future__ import annotations

import ast

from understudy.lint import pytest_items
from understudy.project.call_resolution import results_of, values_of
from understudy.project.scopes import Function
from understudy.project.sources import Module, home_of

ASYNC = frozenset(
    {
        *("httpx.AsyncClient", "async_asgi_testclient.TestClient"),
        *("litestar.testing.AsyncTestClient", "litestar.testing.client.AsyncTestClient"),
    }
)
TEST_CLIENTS = frozenset(
    {
        *("fastapi.testclient.TestClient", "starlette.testclient.TestClient"),
        *("litestar.testing.TestClient", "litestar.testing.client.TestClient"),
    }
)
_CLIENTS = ASYNC | TEST_CLIENTS | {"httpx.Client"}
_VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "request"})


def requesting(module: Module, call: ast.Call) -> str | None:
    """Return the class of the client that a call sends a request with, or None if unknown."""
    func = call.func
    if not isinstance(func, ast.Attribute) or func.attr not in _VERBS:
        return None
    function = module.function_of(call)
    if function is None or not isinstance(func.value, ast.Name):
        return None
    return _class_of(module, function, func.value.id)


def _class_of(module: Module, function: Function, name: str) -> str | None:
    """Return the class of a client in a variable or a parameter of a function."""
    made = {_made_by(module, value) for value in values_of(function, name, entered=True)}
    if made:
        return made.pop() if len(made) == 1 else None
    for parameter in function.parameters:
        if parameter.arg == name:
            annotated = _known(module.qualified(parameter.annotation))
            return annotated or _of_fixture(module, name)
    return None


def _of_fixture(module: Module, name: str) -> str | None:
    fixture = pytest_items.of(module).find_fixture(name)
    if fixture is None:
        return None
    function, home = fixture.function, home_of(fixture.function)
    found = {
        _class_of(home, function, value.id)
        if isinstance(value, ast.Name) and value.id != name
        else _made_by(home, value)
        for value in results_of(function)
    }
    return found.pop() if len(found) == 1 else None


def _made_by(module: Module, value: ast.expr | None) -> str | None:
    return _known(module.qualified(value.func)) if isinstance(value, ast.Call) else None


def _known(dotted: str | None) -> str | None:
    return dotted if dotted in _CLIENTS else None
