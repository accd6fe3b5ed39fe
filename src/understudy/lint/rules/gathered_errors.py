"""UND210: errors that asyncio.gather returns and nobody looks at."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from understudy.lint import pytest_items
from understudy.lint.rule import Found, Rule
from understudy.project.call_resolution import keywords_of, values_of
from understudy.project.parsing import last_name
from understudy.project.scopes import Function
from understudy.project.sources import Module


def check(module: Module) -> Iterator[Found]:
    """Yield `gather(..., return_exceptions=True)` of tests if no code sees the results."""
    if "return_exceptions" not in module.text:
        return
    for test in pytest_items.of(module).tests:
        # Tasks that are cancelled end with an error, which is what the test wants.
        if any(last_name(call) in ("cancel", "kill", "close") for call in test.all(ast.Call)):
            continue
        for call in test.own(ast.Call):
            if _returns_errors(module, call) and _nobody_looks(module, test, call):
                yield Found(call, f"{test.name} does not look at the errors that gather returns")


def _returns_errors(module: Module, call: ast.Call) -> bool:
    value = keywords_of(call).get("return_exceptions")
    return (
        isinstance(value, ast.Constant)
        and value.value is True
        and module.qualified(call.func) == "asyncio.gather"
    )


def _nobody_looks(module: Module, test: Function, call: ast.Call) -> bool:
    """Whether the results are dropped, or only counted, which errors are as well."""
    waited = module.parents.get(call)
    if not isinstance(waited, ast.Await):
        return False
    above = module.parents.get(waited)
    if isinstance(above, ast.Expr):
        # Of tasks that the test has made before, it may only want that they end.
        return all(_makes_a_coroutine(argument) for argument in call.args) and not any(
            isinstance(node, ast.Try) for node in module.above(above)
        )
    if not isinstance(above, ast.Assign) or not isinstance(above.targets[0], ast.Name):
        return False
    name = above.targets[0].id
    if values_of(test, name) != [waited]:
        return False
    uses = [module.parents.get(node) for node in test.reads(name)]
    return all(isinstance(use, ast.Call) and last_name(use) == "len" for use in uses)


def _makes_a_coroutine(argument: ast.expr) -> bool:
    value = argument.value if isinstance(argument, ast.Starred) else argument
    if isinstance(value, ast.GeneratorExp | ast.ListComp):
        value = value.elt
    return isinstance(value, ast.Call) and last_name(value) != "create_task"


RULE = Rule(
    code="UND210",
    name="gathered-errors",
    group="design",
    why="With return_exceptions=True an error is one of the results. Nobody looks at them here.",
    instead="Leave return_exceptions out, or assert that no result is an exception.",
    wrong="""
import asyncio


async def test_two_orders(shop):
    await asyncio.gather(shop.order(1), shop.order(2), return_exceptions=True)  # UND210

    assert await shop.is_open()


async def test_three_orders(shop):
    results = await asyncio.gather(  # UND210
        *(shop.order(number) for number in range(3)), return_exceptions=True
    )

    assert len(results) == 3
""",
    right="""
import asyncio


async def test_two_orders(shop):
    await asyncio.gather(shop.order(1), shop.order(2))

    assert await shop.is_open()


async def test_three_orders(shop):
    results = await asyncio.gather(
        *(shop.order(number) for number in range(3)), return_exceptions=True
    )

    assert not any(isinstance(result, Exception) for result in results)
""",
    check=check,
)
