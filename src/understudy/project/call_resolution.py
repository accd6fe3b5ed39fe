"""Which function a call reaches, and other facts about calls that the source shows."""

from __future__ import annotations

import ast

from understudy.project.scopes import Class, Function
from understudy.project.sources import Module, home_of

# Decorators that do not change how a function is called and awaited.
_PLAIN = frozenset(
    {"staticmethod", "classmethod", "abc.abstractmethod", "typing.override", "typing.final"}
)

_ENVIRONMENT = frozenset({"os.getenv", "os.environ.get", "os.environ.setdefault"})


def callee(module: Module, call: ast.Call) -> Function | None:
    """Return the function or method of the project that a call reaches, or None if unknown."""
    found = module.project.find(module.qualified(call.func), module)
    if isinstance(found, Function):
        return found
    if isinstance(call.func, ast.Attribute):
        owner = class_of(module, call.func.value)
        if owner is not None:
            return module.project.member(home_of(owner), owner, call.func.attr)
    return None


def class_of(module: Module, node: ast.expr) -> Class | None:
    """Return the project's class that an expression is an instance of, or None if unknown."""
    if isinstance(node, ast.Call):
        found = module.project.find(module.qualified(node.func), module)
        return found if isinstance(found, Class) else None
    if not isinstance(node, ast.Name):
        return None
    function = module.function_of(node)
    if function is None:
        return None
    if node.id == "self" and function.in_class is not None:
        return function.in_class
    return _of_variable(module, function, node.id)


def _of_variable(module: Module, function: Function, name: str) -> Class | None:
    for parameter in function.parameters:
        if parameter.arg == name and parameter.annotation is not None:
            annotated = module.project.find(module.qualified(parameter.annotation), module)
            return annotated if isinstance(annotated, Class) else None
    values = values_of(function, name)
    if len(values) == 1 and isinstance(values[0], ast.Call):
        return class_of(module, values[0])
    return None


def values_of(function: Function, name: str, *, entered: bool = False) -> list[ast.expr | None]:
    """Return the values that a function assigns to a variable; None for one set by a loop or so.

    Args:
        function: the function.
        name: the variable.
        entered: whether `with value as variable` counts as an assignment of the value.
    """
    found: list[ast.expr | None] = []
    for node in function.own(ast.Name):
        if node.id == name and isinstance(node.ctx, ast.Store):
            parent = home_of(function).parents.get(node)
            if isinstance(parent, ast.Assign | ast.AnnAssign | ast.NamedExpr):
                found.append(parent.value)
            elif entered and isinstance(parent, ast.withitem):
                found.append(parent.context_expr)
            else:
                found.append(None)
    return found


def is_plain(function: Function) -> bool:
    """Whether a function has no decorator that may have replaced it."""
    home = home_of(function)
    return all(
        (home.qualified(decorator) or "?") in _PLAIN for decorator in function.node.decorator_list
    )


def root_of(node: ast.expr) -> ast.Name | None:
    """Return the name that a chain of attributes, calls and subscripts begins with, or None."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call | ast.Await):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node if isinstance(node, ast.Name) else None


def keywords_of(call: ast.Call) -> dict[str | None, ast.expr]:
    """Return the keyword arguments of a call; None is the key of a ``**`` argument."""
    return {keyword.arg: keyword.value for keyword in call.keywords}


def results_of(function: Function) -> list[ast.expr | None]:
    """Return the values that a function returns or yields."""
    nodes: list[ast.Return | ast.Yield] = [*function.own(ast.Return), *function.own(ast.Yield)]
    return [node.value for node in nodes]


def variable_read(module: Module, node: ast.AST) -> ast.expr | None:
    """Return the name of the environment variable that an expression reads, or None."""
    if isinstance(node, ast.Call):
        is_read = bool(node.args) and module.qualified(node.func) in _ENVIRONMENT
        return node.args[0] if is_read else None
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        return node.slice if module.qualified(node.value) == "os.environ" else None
    return None
