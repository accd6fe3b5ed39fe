"""The types of parameters: those that only a type checker imports, and those of a generic base."""

from __future__ import annotations

import importlib
import inspect
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, get_args, get_origin

from understudy.init.modules import Modules
from understudy.write import type_hints

# What an annotation raises that cannot be evaluated: a name that does not exist, `list[int](1)`.
_UNKNOWN = (NameError, AttributeError, TypeError, SyntaxError, ImportError, ValueError)


class _OnlyChecked(dict[str, Any]):
    """Names that a module imports for the type checker alone, imported when they are read."""

    def __init__(self, imports: Mapping[str, str]) -> None:
        super().__init__()
        self._imports = imports

    def __missing__(self, name: str) -> Any:
        home, _, last = self._imports[name].rpartition(".")
        return (
            getattr(importlib.import_module(home), last) if home else importlib.import_module(last)
        )


def hints_of(
    function: Callable[..., Any], modules: Modules, variables: Mapping[Any, Any] | None = None
) -> dict[str, Any]:
    """Return the type of each parameter, `inspect.Parameter.empty` if it has none that is known.

    Args:
        function: the function, without decorators around it.
        modules: the project's modules, of which one may import a type for the checker alone.
        variables: the types that stand for type variables.
    """
    source = modules.by_name.get(function.__module__)
    names = _OnlyChecked(source.imports if source else {})
    hints = {}
    for parameter in inspect.signature(function, follow_wrapped=False).parameters.values():
        hint = parameter.annotation
        one = types.SimpleNamespace(__annotations__={"hint": hint})
        try:
            scope = getattr(function, "__globals__", {})
            hint = typing.get_type_hints(one, scope, _with_globals(names, scope), True)["hint"]
        except _UNKNOWN:
            hint = inspect.Parameter.empty
        hints[parameter.name] = substituted(hint, variables or {})
    return hints


def known(thing: Any, *, extras: bool = False) -> dict[str, Any]:
    """Return the hints of a function or of the fields of a class, resolved as far as they can be.

    Args:
        thing: the function or class.
        extras: whether Annotated stays.
    """
    try:
        return typing.get_type_hints(thing, include_extras=extras)
    except Exception:  # noqa: BLE001 # a hint may be any expression, and may raise anything
        found: dict[str, Any] = {}
        for base in reversed(getattr(thing, "__mro__", (thing,))):
            found |= inspect.get_annotations(base) if callable(base) else {}
        return found


def returned(function: Any) -> Any:
    """Return the type of what a function returns, `inspect.Parameter.empty` if it is not known."""
    return known(function).get("return", inspect.Parameter.empty)


def _with_globals(names: _OnlyChecked, scope: Mapping[str, Any]) -> _OnlyChecked:
    """Return the names without those that the module really has, which take precedence."""
    kept = {name: target for name, target in names._imports.items() if name not in scope}
    return _OnlyChecked(kept)


def variables_of(cls: type, given: Mapping[Any, Any] | None = None) -> dict[Any, Any]:
    """Return what a class puts for the type variables of its bases: `BaseRepository[User]`."""
    found = dict(given or {})
    for base in cls.__dict__.get("__orig_bases__", cls.__bases__):
        origin = get_origin(base) or base
        if isinstance(origin, type) and origin not in (object, typing.Generic):
            parameters = getattr(origin, "__parameters__", ())
            arguments = [substituted(argument, found) for argument in get_args(base)]
            found |= dict(zip(parameters, arguments, strict=False))
            found |= variables_of(origin, found)
    return found


def substituted(hint: Any, variables: Mapping[Any, Any]) -> Any:
    """Return a type with the type variables in it replaced; one that is not known, by its bound."""
    if isinstance(hint, TypeVar):
        known = variables.get(hint, hint.__bound__)
        return inspect.Parameter.empty if known is None else known
    parameters = () if isinstance(hint, type) else getattr(hint, "__parameters__", ())
    if parameters:
        try:
            return hint[
                tuple(variables.get(one, getattr(one, "__bound__", one)) for one in parameters)
            ]
        except TypeError:  # a ParamSpec takes no type
            return hint
    return hint


def class_in(hint: Any) -> type | None:
    """Return the class in a type such as `Annotated[Session, 1]`, `Session | None`, `Pool[T]`."""
    hint, _ = type_hints.unwrapped(hint, type_hints.Limits())
    members, _ = type_hints.members(hint)
    if members != [hint]:
        return next((found for one in members if (found := class_in(one)) is not None), None)
    origin = get_origin(hint)
    if isinstance(origin, type) and origin is not type:
        return origin
    return hint if isinstance(hint, type) and hint is not inspect.Parameter.empty else None
