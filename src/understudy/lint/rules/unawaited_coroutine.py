"""UND006: a coroutine that is created and never run."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from understudy.lint.rule import Found, Rule
from understudy.project.call_resolution import callee, is_plain
from understudy.project.sources import Module

_CLIENTS = frozenset({"httpx.AsyncClient"})
_VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "request"})


def check(module: Module) -> Iterator[Found]:
    """Yield calls of async functions whose coroutine is dropped or asserted on."""
    for statement in module.scope.all(ast.Expr):
        call = statement.value
        if isinstance(call, ast.Call) and _makes_a_coroutine(module, call):
            yield Found(call, f"{_name(call)} is async and not awaited: it never runs")
    for assertion in module.scope.all(ast.Assert):
        for call in _looked_at(assertion.test):
            if _makes_a_coroutine(module, call):
                yield Found(
                    call,
                    f"{_name(call)} is async and not awaited: what is asserted on is a coroutine",
                )


def _looked_at(test: ast.expr) -> Iterator[ast.Call]:
    """Return the calls whose own result a test looks at."""
    if isinstance(test, ast.Call):
        yield test
    elif isinstance(test, ast.UnaryOp):
        yield from _looked_at(test.operand)
    elif isinstance(test, ast.BoolOp):
        for value in test.values:
            yield from _looked_at(value)
    elif isinstance(test, ast.Compare):
        yield from (
            comparator
            for comparator in (test.left, *test.comparators)
            if isinstance(comparator, ast.Call)
        )


def _makes_a_coroutine(module: Module, call: ast.Call) -> bool:
    function = callee(module, call)
    if function is not None:
        return function.is_async and not function.is_generator and is_plain(function)
    return _is_a_request(module, call)


def _is_a_request(module: Module, call: ast.Call) -> bool:
    """Whether a call is a request of httpx's asynchronous client, by its annotation."""
    func = call.func
    if not (isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name)):
        return False
    function = module.function_of(call)
    if func.attr not in _VERBS or function is None:
        return False
    return any(
        parameter.arg == func.value.id
        and parameter.annotation is not None
        and module.qualified(parameter.annotation) in _CLIENTS
        for parameter in function.parameters
    )


def _name(call: ast.Call) -> str:
    return f"{ast.unparse(call.func)}()"


RULE = Rule(
    code="UND006",
    name="unawaited-coroutine",
    group="bugs",
    why="Calling an async function only creates a coroutine. Without await, none of its code runs.",
    instead="Await it. A coroutine is always true, so an assertion on one always passes.",
    wrong="""
import pytest

from app.users import exists, remove


@pytest.mark.asyncio
async def test_remove(conn):
    remove(conn, 7)  # UND006
    assert not await exists(conn, 7)


@pytest.mark.asyncio
async def test_exists(conn):
    assert exists(conn, 8)  # UND006
""",
    right="""
import pytest

from app.users import exists, remove


@pytest.mark.asyncio
async def test_remove(conn):
    await remove(conn, 7)
    assert not await exists(conn, 7)
""",
    files={
        "app/users.py": """
async def remove(conn, user_id):
    await conn.execute("DELETE FROM users WHERE id = $1", [user_id])


async def exists(conn, user_id):
    return await conn.fetch_val("SELECT 1 FROM users WHERE id = $1", [user_id]) is not None
"""
    },
    check=check,
)
