"""UND037: an async test in a unittest.TestCase, which only creates the coroutine."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from understudy.lint import pytest_items
from understudy.lint.rule import Found, Rule
from understudy.project.scopes import Class
from understudy.project.sources import Module, home_of

_PLAIN = frozenset({"unittest.TestCase", "unittest.case.TestCase"})
_RUN_TESTS = (
    "run",
    "__call__",
    "debug",
    "_callTestMethod",
    "__init_subclass__",
    "__getattribute__",
)
# Decorators that leave an async function async.
_HARMLESS = ("unittest.mock.patch", "unittest.skip", "unittest.expectedFailure", "pytest.mark.")


def check(module: Module) -> Iterator[Found]:
    """Yield the async tests of classes that derive from nothing but unittest.TestCase."""
    seen = pytest_items.of(module)
    for test in seen.tests:
        cls = test.in_class
        if (
            test.is_async
            and not test.is_generator
            and cls is not None
            and _runs_coroutines_not(module, cls)
            and not seen.hooked
            and all(_is_harmless(module, node) for node in test.node.decorator_list)
        ):
            yield Found(
                test.node, f"{test.name} does not run: unittest.TestCase only creates its coroutine"
            )


def _runs_coroutines_not(module: Module, cls: Class) -> bool:
    classes, outside = module.project.lineage(module, cls)
    if not outside or not _PLAIN.issuperset(outside):
        return False
    return not any(
        owner.node.keywords
        or any(owner.method(name) is not None for name in _RUN_TESTS)
        or not all(_is_harmless(home_of(owner), node) for node in owner.node.decorator_list)
        for owner in classes
    )


def _is_harmless(module: Module, decorator: ast.expr) -> bool:
    node = decorator.func if isinstance(decorator, ast.Call) else decorator
    return (module.qualified(node) or "?").startswith(_HARMLESS)


RULE = Rule(
    code="UND037",
    name="async-test-case",
    group="bugs",
    why=(
        "unittest.TestCase calls an async test and does not await it. No line of it runs, and it"
        " passes."
    ),
    instead="Derive the class from unittest.IsolatedAsyncioTestCase.",
    wrong="""
from unittest import TestCase

from app.users import fetch


class UsersTest(TestCase):
    async def test_fetch(self):  # UND037
        self.assertEqual(await fetch(7), "Ana")
""",
    right="""
from unittest import IsolatedAsyncioTestCase

from app.users import fetch


class UsersTest(IsolatedAsyncioTestCase):
    async def test_fetch(self):
        self.assertEqual(await fetch(7), "Ana")
""",
    check=check,
)
