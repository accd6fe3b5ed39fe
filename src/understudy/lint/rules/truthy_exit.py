"""UND004: an `__aexit__` that swallows every exception."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from understudy.lint.doubles import mock_class
from understudy.lint.rule import Found, Rule
from understudy.project.scopes import Function
from understudy.project.sources import Module

_EXITS = ("__aexit__", "__exit__")


def check(module: Module) -> Iterator[Found]:
    """Yield exits that always return something true."""
    for function in module.functions:
        if function.name in _EXITS and function.in_class is not None:
            yield from _of_a_class(function)
    if "__aexit__" not in module.text and "__exit__" not in module.text:
        return
    for node in module.scope.all(ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Attribute):
                yield from _of_a_double(module, node, target)


def _of_a_class(function: Function) -> Iterator[Found]:
    returns = function.own(ast.Return)
    # One that returns something else elsewhere decides by what happened.
    if len(returns) == 1 and _is_true(returns[0].value) and returns[0] in function.node.body:
        yield Found(returns[0], f"{function.name} returns True: no exception leaves this block")


def _of_a_double(module: Module, node: ast.Assign, target: ast.Attribute) -> Iterator[Found]:
    if target.attr in _EXITS:
        # This is the value that a block yields, not its exit.
        if "enter__.return_value." in ast.unparse(target):
            return
        made = node.value
        if not isinstance(made, ast.Call) or mock_class(module, made) is None:
            return
        # A spec may be a class whose own method decides; arguments may set the answer.
        if not made.args and not made.keywords:
            yield Found(
                node,
                f"this {target.attr} returns a mock, which is true: no exception leaves the block",
            )
    elif (
        target.attr == "return_value"
        and isinstance(target.value, ast.Attribute)
        and target.value.attr in _EXITS
        and _is_true(node.value)
    ):
        yield Found(node, f"{target.value.attr} returns True: no exception leaves the block")


def _is_true(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


RULE = Rule(
    code="UND004",
    name="truthy-exit",
    group="bugs",
    why="An __aexit__ that returns a true value swallows every exception in its block.",
    instead="Return False, or give the mock return_value=False. None works as well.",
    wrong="""
from unittest.mock import AsyncMock, MagicMock


class Transaction:
    async def __aenter__(self):
        return self

    async def __aexit__(self, kind, error, trace):
        return True  # UND004


def connection():
    conn = MagicMock()
    conn.transaction.return_value.__aexit__ = AsyncMock()  # UND004
    return conn
""",
    right="""
from unittest.mock import AsyncMock, MagicMock


class Transaction:
    async def __aenter__(self):
        return self

    async def __aexit__(self, kind, error, trace):
        return False


def connection():
    conn = MagicMock()
    conn.transaction.return_value.__aexit__ = AsyncMock(return_value=False)
    return conn
""",
    path="tests/fakes.py",
    check=check,
    fixable=True,
)
