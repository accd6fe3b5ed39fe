"""UND008: a test that calls and asserts on nothing but its own mock."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator

from understudy.lint import pytest_items
from understudy.lint.class_mocks import called
from understudy.lint.doubles import mock_class
from understudy.lint.patches import Patch, calls_under, original, patches
from understudy.lint.rule import Found, Rule
from understudy.project.call_resolution import keywords_of, root_of, values_of
from understudy.project.scopes import Function
from understudy.project.sources import Module

_BUILTINS = frozenset(dir(builtins))
_FRAMES = ("unittest.mock.", "mock.", "pytest.", "asyncio.", "datetime.", "uuid.", "decimal.")


def check(module: Module) -> Iterator[Found]:
    """Yield tests that mention no code but mocks of their own, and assertions on nothing else."""
    if "ock" not in module.text:
        return
    for test in pytest_items.of(module).tests:
        mocks = _mocks(module, test)
        if not mocks:
            continue
        if _calls_one(test, mocks) and _knows_nothing_else(module, test, mocks):
            yield Found(
                test.node, f"{test.name} calls its own mock and nothing else: it tests the mock"
            )
        elif test.own(ast.Assert):
            yield from _told(test, mocks)
    yield from _replaced(module)


def _told(test: Function, mocks: set[str]) -> Iterator[Found]:
    """Yield assertions that a mock's method returns what the test told it to."""
    told: dict[str, list[ast.expr]] = {}
    for node in test.own(ast.Assign):
        for target in node.targets:
            root = root_of(target)
            if isinstance(target, ast.Attribute) and root is not None and root.id in mocks:
                told.setdefault(ast.unparse(target), []).append(node.value)
    for assertion in test.own(ast.Assert):
        compared = assertion.test
        if not isinstance(compared, ast.Compare) or len(compared.comparators) != 1:
            continue
        call = compared.left.value if isinstance(compared.left, ast.Await) else compared.left
        if isinstance(call, ast.Call):
            method = ast.unparse(call.func)
            answers = told.get(f"{method}.return_value", [])
            if (
                len(answers) == 1
                and f"{method}.side_effect" not in told
                and isinstance(compared.ops[0], ast.Eq | ast.Is)
                and ast.unparse(answers[0]) == ast.unparse(compared.comparators[0])
            ):
                yield Found(
                    assertion,
                    f"{test.name} told {method} to return this: the assertion cannot fail",
                )


def _replaced(module: Module) -> Iterator[Found]:
    """Yield where a test calls the very function that it has replaced by a mock."""
    tests = pytest_items.of(module).tests
    for patch in patches(module):
        function = original(module, patch)
        place = calls_under(module, patch) if _is_mock(module, patch) else None
        if place is None or place[0] not in tests or not isinstance(function, Function):
            continue
        for call in place[1]:
            # An argument of another call only passes the mock's answer on to the code under test.
            if isinstance(module.parents.get(call), ast.Call | ast.keyword):
                continue
            if _reaches(module, patch, call) and called(module, call) is function:
                yield Found(
                    call, f"{place[0].name} calls {function.path}, which it has replaced by a mock"
                )
                break


def _is_mock(module: Module, patch: Patch) -> bool:
    """Whether a plain mock takes the place, which does not call the original."""
    options = keywords_of(patch.call)
    if {"wraps", "side_effect", None} & set(options) or "side_effect" in module.text:
        return False
    if patch.value is None:
        return patch.maker is None or not isinstance(patch.maker, ast.Lambda)
    return (
        isinstance(patch.value, ast.Call)
        and mock_class(module, patch.value) is not None
        and not {"wraps", "side_effect", None} & set(keywords_of(patch.value))
    )


def _reaches(module: Module, patch: Patch, call: ast.Call) -> bool:
    """Whether a call looks the function up where it is replaced."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr != patch.name:
        return False
    dotted = module.qualified(call.func)
    if dotted is not None:
        return dotted == patch.dotted
    owner = patch.call.args[0]
    if isinstance(owner, ast.Constant) or module.qualified(owner) is not None:
        return True
    return ast.unparse(owner) == ast.unparse(call.func.value)


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
