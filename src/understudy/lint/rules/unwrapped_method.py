"""UND015: a connection passed to a method whose decorator passes its own."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from understudy.lint import pytest_items
from understudy.lint.rule import Found, Rule
from understudy.project.call_resolution import callee
from understudy.project.scopes import Function
from understudy.project.sources import Module, home_of

_CONNECTIONS = frozenset(
    {"conn", "connection", "cursor", "cur", "db", "session", "tx", "transaction", "db_conn"}
)


def check(module: Module) -> Iterator[Found]:
    """Yield calls that pass a connection which a decorator passes already."""
    for test in pytest_items.of(module).tests:
        for call in test.all(ast.Call):
            if call.args and _is_a_connection(call.args[0]):
                method = callee(module, call)
                if method is not None and _takes_one(method) and _is_given_one(method):
                    name = ast.unparse(call.func)
                    yield Found(
                        call,
                        f"{name} gets its connection from its decorator:"
                        f" call {name}.__wrapped__ to pass one",
                    )


def _is_a_connection(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and (
        node.id in _CONNECTIONS or node.id.endswith(("_conn", "_connection"))
    )


def _takes_one(method: Function) -> bool:
    """Whether the first parameter that callers see is a connection."""
    names = [argument.arg for argument in method.node.args.args]
    own = names[1:] if names[:1] in (["self"], ["cls"]) else names
    return own[:1] != [] and own[0] in _CONNECTIONS


def _is_given_one(method: Function) -> bool:
    home = home_of(method)
    for decorator in method.node.decorator_list:
        func = decorator.func if isinstance(decorator, ast.Call) else decorator
        found = home.project.find(home.qualified(func), home)
        if isinstance(found, Function) and any(_passes_more(inner) for inner in _inside(found)):
            return True
    return False


def _inside(function: Function) -> Iterator[Function]:
    for inner in function.functions:
        yield inner
        yield from _inside(inner)


def _passes_more(wrapper: Function) -> bool:
    """Whether a wrapper calls something with its own *args, and another argument before them."""
    starred = wrapper.node.args.vararg
    if starred is None:
        return False
    own = {parameter.arg for parameter in wrapper.parameters}
    for call in wrapper.all(ast.Call):
        before: list[ast.expr] = []
        for argument in call.args:
            if isinstance(argument, ast.Starred):
                passes_on = (
                    isinstance(argument.value, ast.Name) and argument.value.id == starred.arg
                )
                if passes_on and any(
                    isinstance(given, ast.Name) and given.id not in own for given in before
                ):
                    return True
                break
            before.append(argument)
    return False


RULE = Rule(
    code="UND015",
    name="unwrapped-method",
    group="bugs",
    why=(
        "The decorator acquires its own connection, and the test's connection becomes the next"
        " argument."
    ),
    instead="Call the undecorated method: UserDAO.create.__wrapped__(conn, dto).",
    wrong="""
import pytest
from understudy import FakeConnection

from app.users import UserDAO


@pytest.mark.asyncio
async def test_fetch():
    conn = FakeConnection()
    conn.fetch_return = [{"id": 7}]

    assert await UserDAO.fetch(conn, 7) == {"id": 7}  # UND015
""",
    right="""
import pytest
from understudy import FakeConnection

from app.users import UserDAO


@pytest.mark.asyncio
async def test_fetch():
    conn = FakeConnection()
    conn.fetch_return = [{"id": 7}]

    assert await UserDAO.fetch.__wrapped__(conn, 7) == {"id": 7}
""",
    files={
        "app/users.py": """
from functools import wraps


def connected(method):
    @wraps(method)
    async def wrapper(*args, **kwargs):
        async with pool.acquire() as conn:
            return await method(conn, *args, **kwargs)

    return wrapper


class UserDAO:
    @connected
    async def fetch(conn, user_id):
        rows = await conn.fetch("SELECT id FROM users WHERE id = $1", [user_id])
        return rows.result()[0]
"""
    },
    check=check,
)
