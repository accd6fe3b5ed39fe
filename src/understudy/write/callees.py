"""The functions of a project that a function calls, as far as names and types tell."""

from __future__ import annotations

import ast
import inspect
import types
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from understudy.project import parsing
from understudy.write import hints

_DEEPEST = 4  # calls inside calls
_MOST = 40


def called(functions: Iterable[Callable[..., Any]], root: Path) -> list[Callable[..., Any]]:
    """Return functions and those of the project that they call, the nearest first.

    Args:
        functions: the functions to begin with.
        root: the folder of the project.
    """
    found: dict[types.FunctionType, None] = {}
    waiting: list[tuple[Any, type | None, int]]
    waiting = [(inspect.unwrap(function), None, 0) for function in functions]
    while waiting and len(found) < _MOST:
        function, owner, depth = waiting.pop(0)
        if not isinstance(function, types.FunctionType) or function in found:
            continue
        if not Path(function.__code__.co_filename).is_relative_to(root):
            continue
        found[function] = None
        if depth < _DEEPEST:
            waiting += [(one, cls, depth + 1) for one, cls in _Names(function, owner).called()]
    return [*found]


class _Names:
    """What the names in a function stand for; an object is its class.

    Args:
        function: the function.
        owner: the class on which it is called, for `self`.
    """

    def __init__(self, function: types.FunctionType, owner: type | None) -> None:
        self._globals = function.__globals__
        self._tree = parsing.tree_of(function)
        self._known: dict[str, Any] = {**_hints(function)}
        if owner is not None:
            self._known |= {"self": owner, "cls": owner}

    def called(self) -> Iterator[tuple[Any, type | None]]:
        """Yield the functions that are called, with the classes that have them."""
        nodes = [] if self._tree is None else [*ast.walk(self._tree)]
        for node in nodes:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                self._known.setdefault(node.targets[0].id, self._value(node.value))
        for node in nodes:
            if isinstance(node, ast.Call):
                owner = None
                if isinstance(node.func, ast.Attribute):
                    owner = self._value(node.func.value)
                value = self._value(node.func)
                cls = owner if isinstance(owner, type) else None
                for one in _implementations(cls, value):
                    yield inspect.unwrap(getattr(one, "__func__", one)), cls

    def _value(self, node: ast.expr) -> Any:
        """Return a class for its objects too, a function or a module; None if it is not known."""
        if isinstance(node, ast.Await):
            return self._value(node.value)
        if isinstance(node, ast.Name):
            return self._known.get(node.id, self._globals.get(node.id))
        if isinstance(node, ast.Attribute):
            owner = self._value(node.value)
            if owner is None:
                return None
            found = getattr(owner, node.attr, None)
            if found is None and isinstance(owner, type):
                found = _hints(owner.__init__).get(node.attr.lstrip("_"))  # type: ignore[misc] # only its signature is read
            return found
        if isinstance(node, ast.Call):
            made = self._value(node.func)
            return made if isinstance(made, type) else _hints(made).get("return")
        return None


def _implementations(cls: type | None, method: Any) -> Iterator[Any]:
    """Yield a method, or if it is abstract those of the classes that have it."""
    if cls is None or not getattr(method, "__isabstractmethod__", False):
        yield method
        return
    derived: type
    for derived in cls.__subclasses__():
        yield from _implementations(derived, getattr(derived, method.__name__, None))


def _hints(function: Any) -> dict[str, Any]:
    """Return the class of each parameter and of what is returned, where it is one."""
    return {name: hint for name, hint in hints.known(function).items() if isinstance(hint, type)}
