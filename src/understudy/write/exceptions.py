"""The exceptions that code raises or catches, and the source of one."""

from __future__ import annotations

import ast
import builtins
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from understudy.project import parsing
from understudy.write.spelling import called, imports_of, spelled
from understudy.write.trials import Expression


def source_of(error: Exception) -> Expression:
    """Return the source of an exception that equals one: made of its attributes, or its args."""
    init = inspect.unwrap(type(error).__init__)
    values: Mapping[str, object] | None = None
    if inspect.isfunction(init):
        names = [parameter.name for parameter in parameters(init)]
        values = {name: getattr(error, name) for name in names if hasattr(error, name)}
        if len(values) < len(names):
            values = None
    given = list(values.values()) if values is not None else list(error.args)
    sources = [spelled(value) for value in given]
    return called(type(error), [one.text for one in sources], imports_of(sources))


def parameters(init: Callable[..., Any]) -> list[inspect.Parameter]:
    """Return the parameters of an exception's constructor, without self and starred ones."""
    if not inspect.isfunction(init):
        return []
    found = list(inspect.signature(init).parameters.values())[1:]
    return [one for one in found if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]


def told_apart(function: Callable[..., Any]) -> Iterator[type[BaseException]]:
    """Yield the classes that a function asks for, by `isinstance` or `except`."""
    for node in _nodes(function):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "isinstance" and node.args[1:]:
            names = [one for one in ast.walk(node.args[1]) if isinstance(one, ast.Name)]
            yield from filter(None, (_evaluated(function, name) for name in names))
    yield from caught(function)


def caught(function: Callable[..., Any]) -> Iterator[type[BaseException]]:
    """Yield the classes that a function catches."""
    for node in _nodes(function):
        if isinstance(node, ast.ExceptHandler) and node.type is not None:
            kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            yield from filter(None, (_evaluated(function, kind) for kind in kinds))


def raised(cls: type, function: Callable[..., Any]) -> Iterator[type[BaseException]]:
    """Yield the classes that a method raises, and then those of the other methods."""
    others = [one for _, one in inspect.getmembers(cls, inspect.isfunction)]
    for one in [function, *map(inspect.unwrap, others)]:
        for node in _nodes(one):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                found = _evaluated(one, node.exc.func)
                if found is not None:
                    yield found


def _nodes(function: Callable[..., Any]) -> Iterator[ast.AST]:
    tree = parsing.tree_of(function)
    yield from () if tree is None else ast.walk(tree)


def _evaluated(function: Callable[..., Any], node: ast.expr) -> type[BaseException] | None:
    """Return the exception class that a name in a function stands for, or None."""
    names = ast.unparse(node).split(".")
    module = sys.modules.get(function.__module__)
    value: Any = getattr(module, names[0], getattr(builtins, names[0], None))
    for name in names[1:]:
        value = getattr(value, name, None)
    is_error = isinstance(value, type) and issubclass(value, Exception)
    return value if is_error and value is not Exception else None
