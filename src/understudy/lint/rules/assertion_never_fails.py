"""UND021: an assertion that is never reached, or that is always true."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from understudy.lint import pytest_items
from understudy.lint.assertions import is_only_asserted_on
from understudy.lint.http_clients import requesting
from understudy.lint.rule import Found, Rule
from understudy.project.call_resolution import values_of
from understudy.project.scopes import Function
from understudy.project.sources import Module


def check(module: Module) -> Iterator[Found]:
    """Yield functions that nobody calls, loops over nothing, and assertions on a response."""
    for test in pytest_items.of(module).tests:
        for function in test.functions:
            if _is_never_called(test, function):
                yield Found(
                    function.node,
                    f"{test.name} never calls {function.name}: its assertions do not run",
                )
        for loop in test.own(ast.For):
            if _loops_over_nothing(test, loop) and any(
                isinstance(node, ast.Assert) for node in ast.walk(loop)
            ):
                yield Found(loop, f"{test.name} asserts in a loop over nothing")
        for assertion in test.own(ast.Assert):
            name = _only_there(assertion.test)
            if name is not None and _is_a_response(module, test, name):
                yield Found(
                    assertion, f"{name} is a response, which is always true, whatever its status is"
                )


def _is_never_called(test: Function, function: Function) -> bool:
    if function.node.decorator_list or next(function.all(ast.Assert), None) is None:
        return False
    if any(name.id in (function.name, "locals") for name in test.all(ast.Name)):
        return False
    return not test.own(ast.Global) and not test.own(ast.Nonlocal)


def _loops_over_nothing(test: Function, loop: ast.For) -> bool:
    node = loop.iter
    if isinstance(node, ast.Name):
        values = values_of(test, node.id)
        if len(values) != 1 or values[0] is None or test.reads(node.id) != [node]:
            return False
        node = values[0]
    if isinstance(node, ast.Dict):
        return not node.keys
    return isinstance(node, ast.List | ast.Tuple) and not node.elts


def _only_there(test: ast.expr) -> str | None:
    """Return the variable of `assert it` and of `assert it is not None`."""
    if (
        isinstance(test, ast.Compare)
        and isinstance(test.ops[0], ast.IsNot)
        and isinstance(test.comparators[0], ast.Constant)
        and test.comparators[0].value is None
    ):
        test = test.left
    return test.id if isinstance(test, ast.Name) else None


def _is_a_response(module: Module, test: Function, name: str) -> bool:
    """Whether a variable has the response of an HTTP client, and nothing looks into it."""
    values = values_of(test, name)
    value = values[0] if len(values) == 1 else None
    if isinstance(value, ast.Await):
        value = value.value
    return (
        isinstance(value, ast.Call)
        and requesting(module, value) is not None
        and is_only_asserted_on(module, test, name)
    )


RULE = Rule(
    code="UND021",
    name="assertion-never-fails",
    group="bugs",
    why="The assertion is never reached, or always true: the test passes whatever the code does.",
    instead=(
        "Call the function, assert that there is something to loop over, and assert on the status"
        " and the content of a response."
    ),
    wrong="""
from httpx import AsyncClient


async def test_users(client: AsyncClient):
    response = await client.get("/users")
    assert response  # UND021


async def test_orders(client: AsyncClient):
    response = await client.get("/orders")

    def check_orders():  # UND021
        assert response.json() == []
""",
    right="""
from httpx import AsyncClient


async def test_users(client: AsyncClient):
    response = await client.get("/users")
    assert response.status_code == 200


async def test_orders(client: AsyncClient):
    response = await client.get("/orders")
    assert response.json() == []
""",
    check=check,
)
