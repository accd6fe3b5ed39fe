"""Pools that a project opens for all its code in a context manager: `async with DAL.pool(...)`."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from understudy.init.connections import Opening
from understudy.init.modules import Modules
from understudy.project.scopes import Function
from understudy.project.sources import Module, home_of
from understudy.write import hints, reach
from understudy.write.construction import FIXTURE
from understudy.write.guard import Refused, limited
from understudy.write.imported_names import NAMES
from understudy.write.own_databases import ADDRESS
from understudy.write.spelling import named

_MANAGERS = ("contextlib.asynccontextmanager", "contextlib.contextmanager")
_POOLS = (
    "asyncpg.create_pool",
    "psqlpy.ConnectionPool",
    "psqlpy.connect_pool",
    "psycopg_pool.AsyncConnectionPool",
    "psycopg_pool.ConnectionPool",
)
_SAMPLE = "postgresql://postgres@localhost:5432/postgres"


@dataclass(frozen=True)
class Pool:
    """A context manager of the project that opens a pool which its other code uses.

    Attributes:
        opening: how a test enters it.
        function: the context manager.
    """

    opening: Opening
    function: Function

    def is_used_by(self, function: Function) -> bool:
        """Whether a function calls what is defined beside the context manager, or is decorated."""
        beside = self.function.outer
        return any(
            used.outer is beside or any(one.outer is beside for one in _decorators(used))
            for used in reach.called(function)
        )


def _decorators(function: Function) -> Iterator[Function]:
    """Yield the decorators of a function that are the project's."""
    module = home_of(function)
    for decorator in function.node.decorator_list:
        found = module.project.find(module.qualified(decorator), module)
        if isinstance(found, Function):
            yield found


def find_pool(modules: Modules) -> Pool | None:
    """Return the pool that a project opens, or None if there is none or more than one."""
    found = [pool for module in modules for pool in _in_module(modules, module)]
    return found[0] if len(found) == 1 else None


def _in_module(modules: Modules, module: Module) -> Iterator[Pool]:
    if {"tests", "test"} & set(module.file.parts):
        return
    for function in module.functions:
        decorators = map(module.qualified, function.node.decorator_list)
        makers = [call for call in function.own(ast.Call) if module.qualified(call.func) in _POOLS]
        is_top = function.outer is module.scope or function.in_class in module.scope.classes
        if makers and is_top and any(one in _MANAGERS for one in decorators):
            opening = _opening(modules, module, function, makers[0])
            if opening is not None:
                yield Pool(opening, function)


def _opening(
    modules: Modules, module: Module, function: Function, maker: ast.Call
) -> Opening | None:
    imported: Any = importlib.import_module(module.name)
    owner = function.in_class
    target = getattr(imported, owner.name) if owner else imported
    manager = getattr(target, function.name)
    given = []
    first = NAMES.of(module.name, owner.name if owner else function.name)
    lines = [*first.imports]
    known = hints.hints_of(inspect.unwrap(getattr(manager, "__func__", manager)), modules)
    for parameter in inspect.signature(manager).parameters.values():
        if parameter.default is not parameter.empty:
            continue
        if ADDRESS.search(parameter.name):
            given.append(f"{FIXTURE}.dsn")
            continue
        cls = hints.class_in(known[parameter.name])
        field = _address_of(maker, parameter.name)
        if cls is None or field is None or not _is_made_of(cls, field):
            return None
        made = named(cls)
        lines += made.imports
        given.append(f"{made.text}({field}={FIXTURE}.dsn)")
    prefix = "async with" if function.is_async else "with"
    name = f"{first.text}.{function.name}" if owner else first.text
    return Opening("", f"{prefix} {name}({', '.join(given)}):", tuple(lines))


def _address_of(maker: ast.Call, settings: str) -> str | None:
    """Return the field of the settings that a pool is opened with: `settings.database_url`."""
    for node in ast.walk(maker):
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == settings
            and ADDRESS.search(node.attr)
        ):
            return node.attr
    return None


def _is_made_of(cls: type, field: str) -> bool:
    """Whether an object of settings can be made of the address alone, in this environment."""
    try:
        with limited():
            cls(**{field: _SAMPLE})
    except (Refused, TypeError, ValueError):
        return False
    return True
