"""UND102: a test that checks a statement and not its parameters."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from understudy.lint import pytest_items
from understudy.lint.rule import Found, Rule
from understudy.project.scopes import Function
from understudy.project.sources import Module

_LOGS = frozenset({"execute_calls", "fetch_calls", "fetch_val_calls"})


def check(module: Module) -> Iterator[Found]:
    """Yield where the statement is read from a call log and the parameters are dropped."""
    for test in pytest_items.of(module).tests:
        for node in test.own(ast.Assign):
            if _is_a_call(node.value) and any(_drops(test, target) for target in node.targets):
                yield Found(node, f"{test.name} checks the statement and not its parameters")
        taken = [node for node in test.own(ast.Subscript) if _is_a_call(node.value)]
        if taken and all(ast.unparse(subscript.slice) == "0" for subscript in taken):
            yield Found(taken[0], f"{test.name} checks the statement and not its parameters")


def _is_a_call(node: ast.expr) -> bool:
    """`conn.execute_calls[0]`."""
    return (
        isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Attribute)
        and node.value.attr in _LOGS
    )


def _drops(test: Function, target: ast.expr) -> bool:
    if not isinstance(target, ast.Tuple) or len(target.elts) != 2:
        return False
    second = target.elts[1]
    return isinstance(second, ast.Name) and not test.reads(second.id)


RULE = Rule(
    code="UND102",
    name="parameters-not-checked",
    group="database",
    why="Swapped, missing or wrongly typed parameters are not noticed.",
    instead=(
        "Assert on the statement and its parameters, or script both: conn.on(statement, 7, ...)."
    ),
    wrong="""
import pytest
from understudy import FakeConnection

from app.users import remove


@pytest.mark.asyncio
async def test_remove():
    conn = FakeConnection()

    await remove(conn, 7)

    statement, _ = conn.execute_calls[0]  # UND102
    assert statement == "DELETE FROM users WHERE id = $1"
""",
    right="""
import pytest
from understudy import FakeConnection

from app.users import remove


@pytest.mark.asyncio
async def test_remove():
    conn = FakeConnection()

    await remove(conn, 7)

    assert conn.execute_calls == [("DELETE FROM users WHERE id = $1", [7])]
""",
    check=check,
)
