"""Engines and pools that keep connections, which belong to the event loop that opened them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from understudy.project.call_resolution import callee, keywords_of, results_of, root_of, values_of
from understudy.project.engines import url_of
from understudy.project.files import Place
from understudy.project.scopes import Class, Function
from understudy.project.sources import Module, home_of

_POOLS = {
    "asyncpg.create_pool": "asyncpg pool",
    "asyncpg.pool.create_pool": "asyncpg pool",
    "asyncpg.connect": "asyncpg connection",
    "aiomysql.create_pool": "aiomysql pool",
    "aiomysql.connect": "aiomysql connection",
    "asyncmy.create_pool": "asyncmy pool",
    "asyncmy.connect": "asyncmy connection",
    "psycopg_pool.AsyncConnectionPool": "psycopg pool",
    "databases.Database": "pool of databases",
}
_ENGINES = (
    "sqlalchemy.ext.asyncio.create_async_engine",
    "sqlalchemy.ext.asyncio.async_engine_from_config",
)
_SESSIONS = (
    "sqlalchemy.ext.asyncio.async_sessionmaker",
    "sqlalchemy.orm.sessionmaker",
    "sqlmodel.ext.asyncio.session.AsyncSession",
    "sqlalchemy.ext.asyncio.AsyncSession",
)
_BOUND_DRIVERS = ("asyncpg", "aiomysql", "asyncmy")
_DEPTH = 3  # calls that are followed


class LoopBound(NamedTuple):
    """An engine or a pool.

    Attributes:
        kind: what it is.
        name: its name, or what has made it.
        place: where it is made.
    """

    kind: str
    name: str
    place: Place


def made_by(module: Module, value: ast.expr | None, name: str) -> LoopBound | None:
    """Return the engine or pool that an expression makes or wraps, or None if it is not certain."""
    shown = f"`{name}`"
    if isinstance(value, ast.Await):
        value = value.value
    if not isinstance(value, ast.Call):
        return None
    maker = module.qualified(value.func) or ""
    options = keywords_of(value)
    if None in options or "poolclass" in options:
        return None  # a NullPool keeps no connection
    if maker in _SESSIONS:
        bind = options.get("bind", value.args[0] if value.args else None)
        found = bound_to(module, bind)
        return None if found is None else found._replace(name=shown)
    if maker in _ENGINES and _is_on_bound_driver(module, value):
        return LoopBound("SQLAlchemy engine", shown, module.place(value))
    if maker in _POOLS:
        return LoopBound(_POOLS[maker], shown, module.place(value))
    return None


def bound_to(module: Module, node: ast.AST | None) -> LoopBound | None:
    """Return the engine or pool of a module that a name stands for, or None."""
    dotted = module.qualified(node)
    if dotted is None:
        return None
    value = module.project.find(dotted, module)
    home = module.project.find(dotted.rpartition(".")[0], module)
    if dotted.startswith(f"{module.name}."):
        home = module
    if isinstance(value, ast.expr) and isinstance(home, Module):
        return made_by(home, value, dotted.rpartition(".")[2])
    return None


def kept_by(module: Module) -> Iterator[LoopBound]:
    """Yield the engines and pools that a module makes and keeps."""
    for name, value in module.defined.items():
        if isinstance(value, ast.expr):
            made = made_by(module, value, name)
            if made is not None:
                yield made
    for function in module.scope.functions:
        for statement in function.own(ast.Global):
            for name in statement.names:
                later = _made_later(module, function, name)
                if later is not None:
                    yield later[0]


def given_by(function: Function) -> LoopBound | None:
    """Return the engine or pool that a function makes and returns or yields, or None."""
    home = home_of(function)
    made: dict[ast.AST | None, LoopBound] = {}
    for call in function.own(ast.Call):
        bound = made_by(home, call, function.name)
        if bound is not None:
            made[call] = bound
    if not made:
        return None
    makers: list[ast.AST | None] = []
    for value in results_of(function):
        for node in [] if value is None else ast.walk(value):
            makers.append(node)
            if isinstance(node, ast.Name):
                makers += values_of(function, node.id, entered=True)
    awaited = [maker.value if isinstance(maker, ast.Await) else maker for maker in makers]
    return next((made[maker] for maker in awaited if maker in made), None)


def used_by(function: Function, depth: int = _DEPTH) -> list[tuple[LoopBound, ast.expr]]:
    """Return the engines and pools of modules that a function uses, each with the place."""
    memory = home_of(function).memory
    key = ("used_by", function, depth)
    if key not in memory:
        memory[key] = []  # for a function that calls itself
        memory[key] = list(_used_by(function, depth))
    found: list[tuple[LoopBound, ast.expr]] = memory[key]
    return found


def _used_by(function: Function, depth: int) -> Iterator[tuple[LoopBound, ast.expr]]:
    module = home_of(function)
    for node in function.own(ast.Name):
        if node.id not in module.imports and node.id not in module.defined:
            continue
        bound = bound_to(module, node)
        above = module.parents.get(node)
        if bound is None and isinstance(above, ast.Attribute):
            bound = bound_to(module, above)  # of an imported module
        if bound is not None:
            yield bound, node
    for statement in function.own(ast.Global):
        for name in statement.names:
            made = _made_later(module, function, name)
            if made is not None:
                yield made
    if depth:
        for call in function.own(ast.Call):
            root = root_of(call.func)
            if root is None or (root.id not in module.imports and root.id not in module.defined):
                continue
            called = callee(module, call)
            if called is not None and called is not function:
                for bound, _ in used_by(called, depth - 1):
                    yield bound, call


def _made_later(module: Module, function: Function, name: str) -> tuple[LoopBound, ast.expr] | None:
    """Return what a function assigns to a global name, which it keeps, and where."""
    for node in function.own(ast.Assign):
        if any(isinstance(target, ast.Name) and target.id == name for target in node.targets):
            made = made_by(module, node.value, name)
            if made is not None:
                return made, node.value
    return None


def _is_on_bound_driver(module: Module, call: ast.Call) -> bool:
    """Whether an engine is certainly on a driver of one event loop: others work in any."""
    url = url_of(call)
    parts = [] if url is None else [url, *_members(module, url)]
    text = " ".join(
        node.value
        for part in parts
        for node in ast.walk(part)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    if re.search(r"(postgresql|mysql|mariadb)\+|sqlite", text):
        return any(f"+{driver}" in text for driver in _BOUND_DRIVERS)
    about = module.project.runners.about
    is_bound = any(driver in about for driver in _BOUND_DRIVERS)
    return is_bound and not any(other in about for other in ("psycopg", "aiosqlite"))


def _members(module: Module, url: ast.expr) -> Iterator[ast.AST]:
    """Yield the fields and properties of the project's classes that a URL names: `settings.URL`."""
    for node in ast.walk(url):
        if not isinstance(node, ast.Attribute):
            continue
        dotted = module.qualified(node.value) or ""
        made = module.project.find(dotted, module)
        home = module.project.find(dotted.rpartition(".")[0], module)
        home = home if isinstance(home, Module) else module
        if not isinstance(made, ast.Call):
            continue
        cls = module.project.find(home.qualified(made.func), home)
        for member in cls.node.body if isinstance(cls, Class) else ():
            target = member.targets[0] if isinstance(member, ast.Assign) else member
            target = member.target if isinstance(member, ast.AnnAssign) else target
            if getattr(target, "name", getattr(target, "id", None)) == node.attr:
                yield member
