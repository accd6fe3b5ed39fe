"""UND006: a coroutine that is created and never run."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from understudy.lint.assertions import is_only_asserted_on, operands
from understudy.lint.http_clients import ASYNC, requesting
from understudy.lint.rule import Found, Rule
from understudy.project.call_resolution import callee, is_plain, values_of
from understudy.project.sources import Module


def check(module: Module) -> Iterator[Found]:
    """Yield calls of async functions whose coroutine is dropped or asserted on."""
    for statement in module.scope.all(ast.Expr):
        call = statement.value
        if isinstance(call, ast.Call) and not _asserts(call) and _makes_a_coroutine(module, call):
            yield Found(call, f"{_name(call)} is async and not awaited: it never runs")
    for assertion in module.scope.all(ast.Assert):
        for operand in operands(assertion.test):
            made = operand if isinstance(operand, ast.Call) else _kept(module, operand)
            if made is not None and _makes_a_coroutine(module, made):
                yield Found(
                    operand,
                    f"{_name(made)} is async and not awaited: what is asserted on is a coroutine",
                )


def _asserts(call: ast.Call) -> bool:
    """Whether a call is an assertion of a mock or of a TestCase, which is most calls of a test."""
    return isinstance(call.func, ast.Attribute) and call.func.attr.startswith("assert")


def _kept(module: Module, operand: ast.expr) -> ast.Call | None:
    """Return the call whose result is in a variable that is only asserted on."""
    function = module.function_of(operand) if isinstance(operand, ast.Name) else None
    if function is None or not isinstance(operand, ast.Name):
        return None
    values = values_of(function, operand.id)
    call = values[0] if len(values) == 1 else None
    if not isinstance(call, ast.Call) or not is_only_asserted_on(module, function, operand.id):
        return None
    return call


def _makes_a_coroutine(module: Module, call: ast.Call) -> bool:
    function = callee(module, call)
    if function is not None:
        return function.is_async and not function.is_generator and is_plain(function)
    return requesting(module, call) in ASYNC


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
