"""UND022: an assertion below the line that raises, in the same pytest.raises block."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from understudy.lint import pytest_items
from understudy.lint.rule import Found, Rule
from understudy.project.sources import Module

_BROAD = ("AssertionError", "Exception", "BaseException")


def check(module: Module) -> Iterator[Found]:
    """Yield assertions that run only if nothing was raised, and then the block fails anyway."""
    if "raises(" not in module.text:
        return
    for test in pytest_items.of(module).tests:
        for block in test.own(ast.With):
            raises = _raises(module, block)
            if raises is not None:
                found = _unreachable(block.body, raises)
                if found is not None:
                    yield Found(
                        found, f"{test.name} never reaches this assertion: a line above it raises"
                    )


def _raises(module: Module, block: ast.With) -> ast.withitem | None:
    """Return the pytest.raises of a block, if no failing assertion can satisfy it."""
    for item in block.items:
        call = item.context_expr
        if isinstance(call, ast.Call) and module.qualified(call.func) == "pytest.raises":
            caught = [ast.unparse(node) for node in call.args[:1]]
            if caught and not any(name in caught[0] for name in _BROAD):
                return item
    return None


def _unreachable(body: Sequence[ast.stmt], raises: ast.withitem) -> ast.stmt | None:
    name = raises.optional_vars
    for index, statement in enumerate(body[1:], 1):
        if isinstance(statement, ast.Assert) and not isinstance(statement.test, ast.Constant):
            if isinstance(name, ast.Name) and _mentions(statement.test, name.id):
                return statement
            only_there = _cannot_raise(statement.test)
        else:
            only_there = _is_assertion_of_a_mock(statement)
        # A line below an assertion may be the one that raises.
        if only_there and _calls(body[:index]) and all(map(_asserts, body[index:])):
            return statement
    return None


def _asserts(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Assert) or _is_assertion_of_a_mock(statement)


def _mentions(node: ast.expr, name: str) -> bool:
    return any(isinstance(inner, ast.Name) and inner.id == name for inner in ast.walk(node))


def _calls(body: Sequence[ast.stmt]) -> bool:
    return any(isinstance(node, ast.Call) for statement in body for node in ast.walk(statement))


def _cannot_raise(test: ast.expr) -> bool:
    """Whether an expression compares names and constants only."""
    return not any(
        isinstance(node, ast.Call | ast.Await | ast.Attribute | ast.Subscript | ast.BinOp)
        for node in ast.walk(test)
    )


def _is_assertion_of_a_mock(statement: ast.stmt) -> bool:
    node = statement.value if isinstance(statement, ast.Expr) else None
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr.startswith(("assert_called", "assert_not_called", "assert_awaited"))
    )


RULE = Rule(
    code="UND022",
    name="assertion-in-raises",
    group="bugs",
    why="The block ends with the line that raises. What stands below it in the block never runs.",
    instead="Move the assertion out of the block, to the level of the `with`.",
    wrong="""
import pytest


@pytest.mark.asyncio
async def test_unknown_user():
    with pytest.raises(LookupError) as caught:
        await fetch(7)
        assert "7" in str(caught.value)  # UND022
""",
    right="""
import pytest


@pytest.mark.asyncio
async def test_unknown_user():
    with pytest.raises(LookupError) as caught:
        await fetch(7)
    assert "7" in str(caught.value)
""",
    check=check,
)
