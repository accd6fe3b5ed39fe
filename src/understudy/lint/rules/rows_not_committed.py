"""UND040: rows that a test writes on a connection of its own, and never commits."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from understudy.lint.rule import Found, Rule
from understudy.project.call_resolution import keywords_of, values_of
from understudy.project.parsing import last_name
from understudy.project.scopes import Function
from understudy.project.sources import Module

# Their connections begin a transaction by themselves, and `async with` only closes them.
_CONNECTS = {
    "aiomysql.connect": "aiomysql",
    "asyncmy.connect": "asyncmy",
    "pymysql.connect": "PyMySQL",
    "MySQLdb.connect": "mysqlclient",
    "mysql.connector.connect": "mysql-connector",
    "mysql.connector.aio.connect": "mysql-connector",
    "aiosqlite.connect": "aiosqlite",
}
# Each may make the connection commit by itself.
_OPTIONS = {None, "autocommit", "init_command", "isolation_level", "option_files"}
_UNCERTAIN = {"fake_mysql", "fake_mysql_server"}  # what is written there is lost in any case
_HARMLESS = {"close", "ensure_closed", "begin"}
_EXECUTES = {"execute", "executemany"}
_WRITE = re.compile(r"\s*(INSERT|UPDATE|DELETE|REPLACE)\b", re.I)


class _Write(NamedTuple):
    call: ast.Call
    kind: str


def check(module: Module) -> Iterator[Found]:
    """Yield the first write on each connection that a function opens for writes alone."""
    for function in module.functions:
        if not _UNCERTAIN.isdisjoint(argument.arg for argument in function.parameters):
            continue
        for name in dict.fromkeys(
            node.id for node in function.own(ast.Name) if isinstance(node.ctx, ast.Store)
        ):
            driver = _opened(module, function, name)
            writes = _writes(module, function, name) if driver else None
            if writes:
                yield Found(
                    writes[0].call,
                    f"{function.name} closes its connection without a commit: {driver} undoes the "
                    f"{writes[0].kind}",
                )


def _opened(module: Module, function: Function, name: str) -> str | None:
    """Return the driver whose connection a variable is, or None if it is not certain."""
    values = values_of(function, name, entered=True)
    if len(values) != 1:
        return None
    call = _awaited(values[0])
    if not isinstance(call, ast.Call) or not _OPTIONS.isdisjoint(keywords_of(call)):
        return None
    return _CONNECTS.get(module.qualified(call.func) or "")


def _awaited(node: ast.AST | None) -> ast.AST | None:
    return node.value if isinstance(node, ast.Await) else node


def _writes(module: Module, function: Function, name: str) -> list[_Write] | None:
    """Return the writes on a connection or a cursor; None if it does anything else."""
    found: list[_Write] = []
    for read in function.reads(name):
        call = _method_call(module, read)
        if call is None:
            return None
        method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        inner: list[_Write] | None = []
        if method == "cursor":
            inner = _of_cursor(module, function, call)
        elif method in _EXECUTES:
            write = _write(module, call)
            inner = None if write is None else [write]
        elif method not in _HARMLESS:
            return None
        if inner is None:
            return None
        found += inner
    return sorted(found, key=lambda write: write.call.lineno)


def _method_call(module: Module, read: ast.Name) -> ast.Call | None:
    """Return the call of a method of what a variable is, or None for any other use."""
    attribute = module.parents.get(read)
    call = module.parents.get(attribute) if isinstance(attribute, ast.Attribute) else None
    return call if isinstance(call, ast.Call) and call.func is attribute else None


def _of_cursor(module: Module, function: Function, call: ast.Call) -> list[_Write] | None:
    holder = module.parents.get(call)
    if isinstance(holder, ast.Await):
        holder = module.parents.get(holder)
    target: ast.AST | None = None
    if isinstance(holder, ast.withitem):
        target = holder.optional_vars
    elif isinstance(holder, ast.Assign) and len(holder.targets) == 1:
        target = holder.targets[0]
    if not isinstance(target, ast.Name) or len(values_of(function, target.id, entered=True)) != 1:
        return None
    return _writes(module, function, target.id)


def _write(module: Module, call: ast.Call) -> _Write | None:
    """Return the write that a call executes, or None if it is not certain to be one."""
    for node in module.above(call):
        items = node.items if isinstance(node, ast.With | ast.AsyncWith) else ()
        if any(last_name(item.context_expr) == "raises" for item in items):
            return None  # it is expected to fail
    statement = call.args[0] if call.args else None
    if not isinstance(statement, ast.Constant) or not isinstance(statement.value, str):
        return None
    match = _WRITE.match(statement.value)
    return None if match is None else _Write(call, match[1].upper())


RULE = Rule(
    code="UND040",
    name="rows-not-committed",
    group="bugs",
    why=(
        "A connection of aiomysql, asyncmy, PyMySQL or aiosqlite begins a transaction by itself."
        " Without a commit, closing it undoes what it wrote: the code under test never sees it."
    ),
    instead=(
        "Call `commit()` before it is closed, or connect with `autocommit=True`. Rows for one test:"
        " `real_mysql.insert(...)`."
    ),
    wrong="""
import aiomysql
import pytest


@pytest.fixture
async def user(settings):
    async with aiomysql.connect(host=settings.host, db="shop") as connection:
        async with connection.cursor() as cursor:
            await cursor.execute("INSERT INTO users (name) VALUES ('Ana')")  # UND040
""",
    right="""
import aiomysql
import pytest


@pytest.fixture
async def user(settings):
    async with aiomysql.connect(host=settings.host, db="shop") as connection:
        async with connection.cursor() as cursor:
            await cursor.execute("INSERT INTO users (name) VALUES ('Ana')")
        await connection.commit()
""",
    path="tests/conftest.py",
    check=check,
)
