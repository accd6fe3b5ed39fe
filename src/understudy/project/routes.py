"""Which function of a FastAPI app answers a request, and what it depends on, by the source."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from understudy.project.call_resolution import keywords_of
from understudy.project.scopes import Function
from understudy.project.sources import Module, home_of

METHODS = frozenset(("get", "post", "put", "patch", "delete", "head", "options"))
_APP = "fastapi.FastAPI"
_ROUTERS = ("fastapi.APIRouter", "fastapi.routing.APIRouter")
_DEPENDS = ("fastapi.Depends", "fastapi.params.Depends")
_ANNOTATED = ("typing.Annotated", "typing_extensions.Annotated")
_DEPTH = 4  # routers in routers
_ANY = ".*"  # for a prefix that the source does not show
_PARAMETER = re.compile(r"\{\w+(:path)?\}")


class _Router(NamedTuple):
    """An app or a router, and the names by which its file knows it."""

    home: Module
    name: str
    made: ast.Call


def answering(module: Module, app: ast.expr, method: str, path: str) -> Function | None:
    """Return the function that answers a request; None if that is not certain.

    Args:
        module: the file that sends the request.
        app: the expression for the app there.
        method: in lower case.
        path: without a query.
    """
    router = _app_at(module, app)
    found = [
        function
        for verb, pattern, function in (() if router is None else _routes(router, "", _DEPTH))
        if verb == method and re.fullmatch(pattern, path)
    ]
    return found[0] if len(found) == 1 else None


def dependencies(function: Function) -> list[Function]:
    """Return what FastAPI calls before a function, directly or not: `Depends(get_session)`."""
    found: list[Function] = []
    todo = [function]
    while todo:
        for dependency in _dependencies(todo.pop()):
            if dependency not in found:
                found.append(dependency)
                todo.append(dependency)
    return found


def _dependencies(function: Function) -> Iterator[Function]:
    home, arguments = home_of(function), function.node.args
    given = [*arguments.defaults, *arguments.kw_defaults]
    annotations = [(home, parameter.annotation) for parameter in function.parameters]
    for where, node in [*((home, default) for default in given), *annotations]:
        for owner, call in _depends_in(where, node):
            found = owner.project.find(owner.qualified(call.args[0]), owner)
            if isinstance(found, Function):
                yield found


def _depends_in(home: Module, node: ast.expr | None) -> Iterator[tuple[Module, ast.Call]]:
    """Yield `Depends(...)` in a default, or in `Annotated[...]` or a name for that."""
    if isinstance(node, ast.Call):
        if home.qualified(node.func) in _DEPENDS and node.args:
            yield home, node
    elif isinstance(node, ast.Subscript):
        if home.qualified(node.value) in _ANNOTATED and isinstance(node.slice, ast.Tuple):
            for part in node.slice.elts[1:]:
                yield from _depends_in(home, part)
    elif node is not None and (defined := _definition(home, node)) is not None:
        where, value = defined
        if isinstance(value, ast.Subscript):
            yield from _depends_in(where, value)


def _definition(module: Module, node: ast.expr) -> tuple[Module, ast.expr] | None:
    """Return the value of a name of a module, and that module."""
    dotted = module.qualified(node)
    if dotted is None:
        return None
    value = module.project.find(dotted, module)
    own = dotted.startswith(f"{module.name}.")
    home = module if own else module.project.find(dotted.rpartition(".")[0], module)
    return (home, value) if isinstance(value, ast.expr) and isinstance(home, Module) else None


def _app_at(module: Module, app: ast.expr) -> _Router | None:
    """Return the app of a module that an expression names, or that a function makes."""
    defined = _definition(module, app)
    if defined is None:
        return _made(module, app)
    home, value = defined
    if isinstance(value, ast.Call) and home.qualified(value.func) == _APP:
        return _Router(home, (module.qualified(app) or "").rpartition(".")[2], value)
    return _made(home, value)


def _made(module: Module, call: ast.expr) -> _Router | None:
    """Return the app that a call of a function of the project makes."""
    if not isinstance(call, ast.Call):
        return None
    maker = module.project.find(module.qualified(call.func), module)
    if not isinstance(maker, Function):
        return None
    home = home_of(maker)
    for made in maker.own(ast.Call):
        target = home.parents.get(made)
        names = target.targets if isinstance(target, ast.Assign) else []
        if home.qualified(made.func) == _APP and names and isinstance(names[0], ast.Name):
            return _Router(home, names[0].id, made)
    return None


def _routes(router: _Router, prefix: str, depth: int) -> Iterator[tuple[str, str, Function]]:
    """Yield method, pattern of the path and function of each route."""
    home, name, made = router
    prefix += _pattern_of(keywords_of(made).get("prefix", ast.Constant("")))
    for function in (item for item in home.scope.nested() if isinstance(item, Function)):
        for decorator in function.node.decorator_list:
            verb = method_of(decorator, name)
            if verb in METHODS and isinstance(decorator, ast.Call) and decorator.args:
                yield verb, prefix + _pattern_of(decorator.args[0]), function
    for call in home.calls("include_router") if depth else ():
        if method_of(call, name) == "include_router" and call.args:
            included = _definition(home, call.args[0])
            more = prefix + _pattern_of(keywords_of(call).get("prefix", ast.Constant("")))
            where, value = included or (home, None)
            if isinstance(value, ast.Call) and where.qualified(value.func) in _ROUTERS:
                known_as = (home.qualified(call.args[0]) or "").rpartition(".")[2]
                yield from _routes(_Router(where, known_as, value), more, depth - 1)


def method_of(node: ast.expr, owner: str) -> str:
    """Return the method that `owner.method(...)` calls, or ""."""
    function = node.func if isinstance(node, ast.Call) else None
    if not isinstance(function, ast.Attribute) or not isinstance(function.value, ast.Name):
        return ""
    return function.attr if function.value.id == owner else ""


def _pattern_of(path: ast.expr) -> str:
    """Return a regular expression for the paths of a route, or of a prefix."""
    if not isinstance(path, ast.Constant) or not isinstance(path.value, str):
        return _ANY
    parts, end = [], 0
    for parameter in _PARAMETER.finditer(path.value):
        parts += [re.escape(path.value[end : parameter.start()]), _ANY if parameter[1] else "[^/]+"]
        end = parameter.end()
    return "".join([*parts, re.escape(path.value[end:])])
