"""The functions and methods of an imported module, and the code below their decorators."""

from __future__ import annotations

import ast
import functools
import inspect
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from understudy.init.modules import Modules
from understudy.project import parsing

Kind = Literal["function", "static", "class", "instance"]


@dataclass(frozen=True)
class Member:
    """A function of a module or a method of a class.

    Attributes:
        name: its name.
        kind: how it is bound.
        outer: what a caller calls, with the decorators.
        inner: the function as it is written, below all decorators.
        owner: the class that it is a method of; None for a function.
        home: the class that defines it.
        called_on: the class that it is called on: the owner, or a subclass if that is only a base.
    """

    name: str
    kind: Kind
    outer: Callable[..., Any]
    inner: Callable[..., Any]
    owner: type | None = None
    home: type | None = None
    called_on: type | None = None

    @property
    def is_inherited(self) -> bool:
        """Whether another class defines it."""
        return self.home is not self.owner

    @property
    def qualified(self) -> str:
        """Its name with its class."""
        return f"{self.owner.__qualname__}.{self.name}" if self.owner else self.name

    @property
    def line(self) -> int:
        """The line of its code."""
        return self.inner.__code__.co_firstlineno

    @property
    def is_generator(self) -> bool:
        """Whether its call returns a generator, sync or async."""
        return not self.is_context and (
            inspect.isgeneratorfunction(self.inner) or inspect.isasyncgenfunction(self.inner)
        )

    @property
    def is_context(self) -> bool:
        """Whether its call returns a context manager."""
        return any(_is_context_manager(layer) for layer in layers(self.outer))

    @property
    def is_coroutine(self) -> bool:
        """Whether its call is awaited."""
        return any(map(inspect.iscoroutinefunction, layers(self.outer))) or (
            inspect.iscoroutinefunction(self.inner)
        )


def _is_context_manager(function: Callable[..., Any]) -> bool:
    code = getattr(function, "__code__", None)
    return code is not None and code.co_qualname in (
        "contextmanager.<locals>.helper",
        "asynccontextmanager.<locals>.helper",
    )


def members(module: types.ModuleType, modules: Modules) -> Iterator[Member]:
    """Yield the functions of a module and the methods of its classes, inherited ones included."""
    for name, value in vars(module).items():
        if isinstance(value, type):
            if value.__module__ == module.__name__ and value.__name__ == name:
                yield from _of_class(value, modules)
        elif _is_function(value):
            inner = innermost(value, name)
            if inner is not None and inner.__module__ == module.__name__:
                yield Member(name, "function", value, inner)


def _of_class(cls: type, modules: Modules) -> Iterator[Member]:
    seen: set[str] = set()
    for home in cls.__mro__:
        if home.__module__ not in modules.by_name:
            continue
        for name, static in vars(home).items():
            if name in seen:
                continue
            seen.add(name)
            if isinstance(static, type):
                if home is cls and static.__qualname__ == f"{cls.__qualname__}.{name}":
                    yield from _of_class(static, modules)
                continue
            member = _method(cls, home, name, static)
            if member is not None:
                yield member


def _method(cls: type, home: type, name: str, static: Any) -> Member | None:
    kind: Kind = "instance"
    if isinstance(static, staticmethod | classmethod):
        kind = "static" if isinstance(static, staticmethod) else "class"
        static = static.__func__
    if not _is_function(static):
        return None
    inner = innermost(static, name)
    return None if inner is None else Member(name, kind, static, inner, cls, home, cls)


def _is_function(value: object) -> bool:
    return inspect.isfunction(value) or (
        callable(value) and not isinstance(value, type) and hasattr(value, "__wrapped__")
    )


def layers(function: Callable[..., Any]) -> list[Callable[..., Any]]:
    """Return a function and those that its decorators wrap, from the outside."""
    found = [function]
    while (wrapped := getattr(found[-1], "__wrapped__", None)) is not None and len(found) < 20:
        found.append(wrapped)
    return found


def innermost(function: Callable[..., Any], name: str) -> types.FunctionType | None:
    """Return the function as it is written, below decorators, or None if it is not Python code.

    A decorator without `functools.wraps` keeps it in a closure.
    """
    waiting = [layers(function)[-1]]
    best: types.FunctionType | None = None
    for candidate in waiting:
        if isinstance(candidate, functools.partial):
            waiting.append(candidate.func)
        elif isinstance(candidate, types.FunctionType):
            best = best or candidate
            if candidate.__code__.co_name == name:
                return candidate
            cells = [cell.cell_contents for cell in candidate.__closure__ or () if _is_set(cell)]
            waiting += [layers(value)[-1] for value in cells if callable(value)][:5]
        if len(waiting) > 50:
            break
    return best


def _is_set(cell: types.CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018 - reading an empty cell raises
    except ValueError:
        return False
    return True


def injects(member: Member, parameter: str) -> bool:
    """Whether a decorator passes an argument in, so that callers of the decorated omit it.

    Either the decorated function shows a signature without it, or the decorator's source names it
    or passes more than it was given.
    """
    chain = layers(member.outer)
    if len(chain) == 1:
        return False
    if parameter not in inspect.signature(member.outer).parameters:
        return True
    return any(_passes_more(layer, parameter) for layer in chain[:-1])


def injector(member: Member, parameter: str) -> int:
    """Return how many decorators are left out for an argument to be passed to the function."""
    chain = layers(member.outer)
    passing = [number for number, layer in enumerate(chain[:-1]) if _passes_more(layer, parameter)]
    if passing:
        return passing[-1] + 1
    shown = (parameter in inspect.signature(layer).parameters for layer in chain)
    return next((number for number, is_shown in enumerate(shown) if is_shown), len(chain) - 1)


def _passes_more(layer: Callable[..., Any], parameter: str) -> bool:
    tree = parsing.tree_of(getattr(layer, "__code__", layer))
    if tree is None:
        return False  # it is not written in Python, or not on lines of its own
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == parameter:
            return True
        if isinstance(node, ast.Constant) and node.value == parameter:
            return True
        if isinstance(node, ast.Call) and any(isinstance(one, ast.Starred) for one in node.args):
            plain = [one for one in node.args if not isinstance(one, ast.Starred)]
            own = (
                {one.arg for one in tree.body[0].args.args}
                if isinstance(tree.body[0], ast.FunctionDef | ast.AsyncFunctionDef)
                else set()
            )
            if any(not isinstance(one, ast.Name) or one.id not in own for one in plain):
                return True
    return False
