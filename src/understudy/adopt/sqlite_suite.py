"""What of a suite stands on SQLite: engines, settings, tables that the tests make themselves."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from understudy.adopt.sqlite_urls import sqlite_url
from understudy.lint import pytest_items
from understudy.project.engines import MAKERS, engine_maker
from understudy.project.parsing import last_name
from understudy.project.scopes import Class, Function
from understudy.project.sources import Module, home_of

_SCHEMA = ("create_all", "drop_all")
# Pools that exist for SQLite in memory.
_POOLS = ("StaticPool", "SingletonThreadPool")
# What pytest and unittest call before and after tests: they take no fixtures.
_XUNIT = ("setup", "teardown", "asyncSetUp", "asyncTearDown", "setUp", "tearDown")


@dataclass(frozen=True)
class Engine:
    """A call of `create_engine` or `create_async_engine` with a URL of SQLite.

    Attributes:
        module: the file.
        call: the call.
        argument: the argument with the URL, by position or by keyword.
        options: the arguments that are only for SQLite.
        function: the outermost function around it; None in a module.
        fixture: that function as a fixture, or None.
        is_async: whether it is an async engine.
        is_for_one_test: whether the function is a test or a fixture of function scope.
        takes_no_fixtures: whether the function is one that pytest gives no fixtures.
    """

    module: Module
    call: ast.Call
    argument: ast.expr | ast.keyword
    options: Sequence[ast.keyword]
    function: Function | None
    fixture: pytest_items.Fixture | None
    is_async: bool
    is_for_one_test: bool
    takes_no_fixtures: bool


@dataclass(frozen=True)
class Setting:
    """An environment variable that the tests set to a URL of SQLite.

    Attributes:
        module: the file.
        node: the statement that sets it; the key of a dict if there are others in it.
        value: the URL.
        name: the variable.
        url: the beginning of the URL.
        function: the outermost function around it; None in a module.
        is_for_one_test: whether the function is a test or a fixture of function scope.
    """

    module: Module
    node: ast.stmt | ast.Dict
    value: ast.expr
    name: str
    url: str
    function: Function | None
    is_for_one_test: bool


def engines(module: Module) -> Iterator[Engine]:
    """Yield the engines of a file that are on SQLite."""
    for call in module.calls(*MAKERS):
        maker = engine_maker(module, call)
        if maker is None and module.qualified(call.func) is None:
            maker = last_name(call)  # the file does not show where the name comes from
        if maker not in MAKERS:
            continue
        named = [keyword for keyword in call.keywords if keyword.arg == "url"]
        argument = call.args[0] if call.args else named[0] if named else None
        value = argument.value if isinstance(argument, ast.keyword) else argument
        if argument is None or sqlite_url(module, value) is None:
            continue
        function = outermost(module, call)
        yield Engine(
            module,
            call,
            argument,
            [keyword for keyword in call.keywords if _is_for_sqlite(module, keyword)],
            function,
            pytest_items.of(module).fixture(function) if function else None,
            maker == "create_async_engine",
            is_for_one_test(module, function),
            takes_no_fixtures(function),
        )


def _is_for_sqlite(module: Module, keyword: ast.keyword) -> bool:
    """Whether an option of an engine means nothing to PostgreSQL."""
    if keyword.arg == "connect_args":
        return True  # those of a driver of SQLite
    if keyword.arg in ("poolclass", "native_datetime"):
        dotted = module.qualified(keyword.value) or ""
        return keyword.arg == "native_datetime" or dotted.rpartition(".")[2] in _POOLS
    return False


def outermost(module: Module, node: ast.AST) -> Function | None:
    """Return the outermost function around a node, or None."""
    around = [scope for scope in module.scope_of(node).around() if isinstance(scope, Function)]
    return around[-1] if around else None


def is_for_one_test(module: Module, function: Function | None) -> bool:
    """Whether a function is a test or a fixture of function scope."""
    if function is None or takes_no_fixtures(function):
        return False
    collected = pytest_items.of(module)
    fixture = collected.fixture(function)
    return function in collected.tests if fixture is None else fixture.scope == "function"


def takes_no_fixtures(function: Function | None) -> bool:
    """Whether pytest calls a function without fixtures: in a TestCase, or because of its name."""
    if function is None:
        return False
    home = home_of(function)
    owner = next((scope for scope in function.around() if isinstance(scope, Class)), None)
    if owner is not None and pytest_items.of(home).is_unittest(owner):
        return True
    return function.name.startswith(_XUNIT) and pytest_items.of(home).fixture(function) is None


def settings(module: Module) -> Iterator[Setting]:
    """Yield the environment variables that a file sets to a URL of SQLite."""
    for statement in module.scope.all(ast.Assign):
        target = statement.targets[0]
        if (
            isinstance(target, ast.Subscript)
            and module.qualified(target.value) == "os.environ"
            and isinstance(target.slice, ast.Constant)
        ):
            yield from _setting(module, statement, target.slice, statement.value)
    for call in module.calls("setdefault", "setenv", "putenv"):
        is_environment = (module.qualified(call.func) or "").startswith("os.")
        is_patch = last_name(call) == "setenv"
        statement_ = module.parents.get(call)
        if (is_environment or is_patch) and isinstance(statement_, ast.Expr) and len(call.args) > 1:
            yield from _setting(module, statement_, call.args[0], call.args[1])
    for call in module.calls("update"):
        if module.qualified(call.func) == "os.environ.update" and call.args:
            given = call.args[0]
            if isinstance(given, ast.Dict):
                for key, value in zip(given.keys, given.values, strict=True):
                    yield from _setting(module, given, key, value)


def _setting(
    module: Module, node: ast.stmt | ast.Dict, key: ast.expr | None, value: ast.expr
) -> Iterator[Setting]:
    url = sqlite_url(module, value)
    if url is not None and isinstance(key, ast.Constant) and isinstance(key.value, str):
        function = outermost(module, node)
        yield Setting(
            module, node, value, key.value, url, function, is_for_one_test(module, function)
        )


def schema_calls(module: Module) -> Iterator[tuple[ast.Expr, ast.expr]]:
    """Yield the statements that make or drop all tables, each with the metadata it names."""
    for statement in module.scope.all(ast.Expr):
        value = statement.value.value if isinstance(statement.value, ast.Await) else statement.value
        if not isinstance(value, ast.Call):
            continue
        if last_name(value) in _SCHEMA and isinstance(value.func, ast.Attribute):
            yield statement, value.func.value
        elif last_name(value) == "run_sync" and value.args:
            given = value.args[0]
            if isinstance(given, ast.Lambda) and isinstance(given.body, ast.Call):
                given = given.body.func
            if isinstance(given, ast.Attribute) and given.attr in _SCHEMA:
                yield statement, given.value


def pragma_listeners(module: Module) -> Iterator[Function]:
    """Yield the functions that set options of SQLite on each new connection."""
    for function in module.functions:
        listens = any(
            isinstance(decorator, ast.Call) and last_name(decorator) == "listens_for"
            for decorator in function.node.decorator_list
        )
        if listens and any(
            isinstance(one.value, str) and one.value.lstrip().upper().startswith("PRAGMA")
            for one in function.all(ast.Constant)
        ):
            yield function
