"""UND008: a test that calls and asserts on nothing but its own mock."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator

from understudy.lint import pytest_items
from understudy.lint.doubles import mock_class
from understudy.lint.rule import Found, Rule
from understudy.project.call_resolution import root_of, values_of
from understudy.project.scopes import Function
from understudy.project.sources import Module

_BUILTINS = frozenset(dir(builtins))
_FRAMES = ("unittest.mock.", "mock.", "pytest.", "asyncio.", "datetime.", "uuid.", "decimal.")


def check(module: Module) -> Iterator[Found]:
    """Yield tests that mention no code but mocks of their own."""
    for test in pytest_items.of(module).tests:
        mocks = _mocks(module, test)
        if mocks and _calls_one(test, mocks) and _knows_nothing_else(module, test, mocks):
            yield Found(
                test.node, f"{test.name} calls its own mock and nothing else: it tests the mock"
            )


def _mocks(module: Module, test: Function) -> set[str]:
    return {
        target.id
        for node in test.own(ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name) and mock_class(module, node.value) is not None
    }


def _calls_one(test: Function, mocks: set[str]) -> bool:
    """Whether the test calls a mock, which only the code under test should do, and asserts."""
    called = False
    for call in test.own(ast.Call):
        root = root_of(call.func)
        name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        called |= root is not None and root.id in mocks and not name.startswith(_OWN_METHODS)
    asserts = bool(test.own(ast.Assert)) or any(
        isinstance(call.func, ast.Attribute) and call.func.attr.startswith("assert_")
        for call in test.own(ast.Call)
    )
    return called and asserts


_OWN_METHODS = ("assert_", "reset_mock", "configure_mock", "attach_mock", "mock_add_spec")


def _knows_nothing_else(module: Module, test: Function, mocks: set[str]) -> bool:
    if test.functions or test.classes or test.parameters:
        return False
    if len(test.own(ast.arguments)) > 1:  # it has a lambda
        return False
    if any(isinstance(statement, ast.Import | ast.ImportFrom) for statement in test.node.body):
        return False
    for name in test.own(ast.Name):
        if not isinstance(name.ctx, ast.Load) or name.id in mocks or name.id in _BUILTINS:
            continue
        if test.binds(name.id):
            if None in values_of(test, name.id):
                return False
            continue  # made of the others, which are looked at too
        if not f"{module.qualified(name)}.".startswith(_FRAMES):
            return False
    return not test.node.decorator_list or all(
        (
            module.qualified(decorator.func if isinstance(decorator, ast.Call) else decorator)
            or "?"
        ).startswith("pytest.mark.")
        for decorator in test.node.decorator_list
    )


RULE = Rule(
    code="UND008",
    name="tests-own-mock",
    group="bugs",
    why="No project code runs in this test. It only shows that unittest.mock works.",
    instead="Pass the mock to the code under test, call that code, and assert on the result.",
    wrong="""
from unittest.mock import AsyncMock

import pytest


@pytest.mark.asyncio
async def test_names():  # UND008
    dao = AsyncMock()
    dao.fetch_all.return_value = ["Ana"]

    assert await dao.fetch_all() == ["Ana"]
""",
    right="""
from unittest.mock import AsyncMock

import pytest

from app.users import UserService


@pytest.mark.asyncio
async def test_names():
    dao = AsyncMock()
    dao.fetch_all.return_value = ["Ana"]

    assert await UserService(dao).names() == ["Ana"]
""",
    check=check,
)
