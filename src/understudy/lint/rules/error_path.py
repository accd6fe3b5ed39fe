"""UND103: a function whose error path no test of the file takes."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from understudy.lint import pytest_items
from understudy.lint.rule import Found, Rule
from understudy.project.call_resolution import callee
from understudy.project.scopes import Function
from understudy.project.sources import Module, home_of

_FAILING = frozenset({"raises", "side_effect", "db_error", "fail", "drops"})


def check(module: Module) -> Iterator[Found]:
    """Yield the first call of each function that handles an error which no test here provokes."""
    first: dict[tuple[str, str], tuple[ast.Call, Function]] = {}
    tested: set[tuple[str, str]] = set()
    for test in pytest_items.of(module).tests:
        provokes = _provokes_an_error(test)
        for call in test.all(ast.Call):
            function = _reached(module, call)
            if function is not None and function.own(ast.ExceptHandler):
                key = (str(home_of(function).path), function.path)
                first.setdefault(key, (call, function))
                if provokes:
                    tested.add(key)
    for key, (call, function) in first.items():
        if key not in tested:
            yield Found(
                call,
                f"no test here takes the error path of {function.path}"
                f" ({home_of(function).path.name}:{function.own(ast.ExceptHandler)[0].lineno})",
            )


def _reached(module: Module, call: ast.Call) -> Function | None:
    func = call.func
    if isinstance(func, ast.Attribute) and func.attr == "__wrapped__":
        found = module.project.find(module.qualified(func.value), module)
        return found if isinstance(found, Function) else None
    return callee(module, call)


def _provokes_an_error(test: Function) -> bool:
    names = {attribute.attr for attribute in test.all(ast.Attribute)} | {
        name.id for name in test.all(ast.Name)
    }
    options = {node.arg for node in test.all(ast.keyword)}
    return bool(
        _FAILING & (names | options)
        or next(test.all(ast.Raise), None)
        or any(
            isinstance(node.value, int) and 400 <= node.value < 600
            for node in test.all(ast.Constant)
        )
    )


RULE = Rule(
    code="UND103",
    name="error-path-not-tested",
    group="database",
    why="Error handling is code too, and this function's error handling is not tested.",
    instead=(
        "Make the fake fail with conn.on(statement).raises(db_error(...)) and assert on the result."
    ),
    wrong="""
import pytest

from app.users import fetch


@pytest.mark.asyncio
async def test_fetch(conn):
    assert await fetch(conn, 7) == "Ana"  # UND103
""",
    right="""
import pytest
from understudy import db_error

from app.users import Unavailable, fetch


@pytest.mark.asyncio
async def test_fetch(conn):
    assert await fetch(conn, 7) == "Ana"


@pytest.mark.asyncio
async def test_fetch_without_a_database(conn):
    conn.on("SELECT name FROM users WHERE id = $1", 7).raises(db_error("08006"))

    with pytest.raises(Unavailable):
        await fetch(conn, 7)
""",
    files={
        "app/users.py": """
class Unavailable(Exception):
    pass


async def fetch(conn, user_id):
    try:
        return await conn.fetch_val("SELECT name FROM users WHERE id = $1", [user_id])
    except OSError as error:
        raise Unavailable from error
"""
    },
    check=check,
)
