"""The functions and attributes that tests replace."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from understudy.project.call_resolution import class_of, keywords_of
from understudy.project.scopes import Function
from understudy.project.sources import Definition, Module, home_of


@dataclass(frozen=True)
class Patch:
    """One replacement.

    Attributes:
        call: the call that makes it.
        name: the attribute that is replaced.
        dotted: the whole name of the replaced attribute, or None if unknown.
        value: the replacement; None for the mock that `patch` makes.
        maker: the value of `new_callable`.
    """

    call: ast.Call
    name: str
    dotted: str | None
    value: ast.expr | None
    maker: ast.expr | None


def patches(module: Module) -> list[Patch]:
    """Return every replacement in a file, by unittest.mock, pytest-mock or monkeypatch."""
    found: list[Patch] | None = module.memory.get("patches")
    if found is None:
        found = module.memory["patches"] = list(_patches(module))
    return found


def _patches(module: Module) -> Iterator[Patch]:
    for call in module.calls("patch", "object", "setattr"):
        kind = _kind(module, call.func)
        if kind == "setattr":
            by_text = call.args and isinstance(call.args[0], ast.Constant)
            kind = "patch" if by_text else "object"
        if kind == "patch":
            yield from _by_text(call, call.args[1:2])
        elif kind == "object":
            yield from _by_object(module, call, call.args[2:3])


def _kind(module: Module, func: ast.expr) -> str | None:
    dotted = module.qualified(func)
    if dotted in ("unittest.mock.patch", "mock.patch"):
        return "patch"
    if dotted in ("unittest.mock.patch.object", "mock.patch.object"):
        return "object"
    if not isinstance(func, ast.Attribute):
        return None
    if func.attr == "setattr":
        return "setattr" if isinstance(func.value, ast.Name) else None
    text = ast.unparse(func)
    if text in ("mocker.patch", "class_mocker.patch", "session_mocker.patch"):
        return "patch"
    return "object" if text == "mocker.patch.object" else None


def _by_text(call: ast.Call, value: list[ast.expr]) -> Iterator[Patch]:
    first = call.args[0] if call.args else None
    if isinstance(first, ast.Constant) and isinstance(first.value, str) and "." in first.value:
        name = first.value.rpartition(".")[2]
        yield Patch(call, name, first.value, *_replacement(call, value))


def _by_object(module: Module, call: ast.Call, value: list[ast.expr]) -> Iterator[Patch]:
    if len(call.args) < 2:
        return
    owner, name = call.args[0], call.args[1]
    if isinstance(name, ast.Constant) and isinstance(name.value, str):
        dotted = module.qualified(owner)
        if dotted is None:
            cls = class_of(module, owner)
            dotted = f"{home_of(cls).name}.{cls.path}" if cls else None
        whole = f"{dotted}.{name.value}" if dotted else None
        yield Patch(call, name.value, whole, *_replacement(call, value))


def _replacement(call: ast.Call, value: list[ast.expr]) -> tuple[ast.expr | None, ast.expr | None]:
    options = keywords_of(call)
    return (value[0] if value else options.get("new")), options.get("new_callable")


def original(module: Module, patch: Patch) -> Definition | None:
    """Return the definition that a patch replaces, or None if it is not the project's."""
    return module.project.find(patch.dotted, module)


def calls_under(module: Module, patch: Patch) -> tuple[Function, list[ast.Call]] | None:
    """Return the function that a patch is for, and the calls in it that run while it is in place.

    None if the patch is in place elsewhere: in a class, in a fixture, or until it is stopped.
    """
    above = module.parents.get(patch.call)
    decorated = module.scopes.get(above) if above is not None else None
    if isinstance(decorated, Function):
        return decorated, list(decorated.all(ast.Call))
    if decorated is not None:
        return None
    function = module.function_of(patch.call)
    if function is None:
        return None
    if isinstance(above, ast.withitem):
        block = module.parents[above]
        return function, [call for call in function.own(ast.Call) if block in module.above(call)]
    if ast.unparse(patch.call.func).split(".")[0] in ("mocker", "monkeypatch"):
        line = patch.call.end_lineno or 0
        return function, [call for call in function.own(ast.Call) if call.lineno > line]
    return None
