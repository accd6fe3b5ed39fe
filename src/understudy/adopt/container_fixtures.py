"""A fixture that runs a container: what starts and stops it, and what gives it to the tests."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from understudy.adopt.targets import CONTAINERS
from understudy.project.call_resolution import results_of, root_of
from understudy.project.parsing import last_name
from understudy.project.scopes import Function
from understudy.project.sources import Module

# Methods of a container that start, stop or configure it.
LIFE = re.compile(r"start|stop|with_\w+|get_wrapped_container|reload")
_WAITS = frozenset({"sleep", "wait_for_logs"})


def holder_of(module: Module, call: ast.AST) -> str | None:
    """Return the name of the container that a call makes, its `.with_...()` calls included."""
    for above in module.above(call):
        if isinstance(above, ast.withitem):
            variable = above.optional_vars
            return variable.id if isinstance(variable, ast.Name) else None
        if isinstance(above, ast.Assign):
            target = above.targets[0]
            name = target.id if isinstance(target, ast.Name) else None
            return _name_in_block(module, call, name) or name
        if isinstance(above, ast.stmt):
            return None
    return None


def _name_in_block(module: Module, call: ast.AST, name: str | None) -> str | None:
    """Return the other name of a container in `with container as name:`, or None."""
    function = module.function_of(call)
    for opened in function.own(ast.With) if function and name else ():
        variable = opened.items[0].optional_vars
        if is_name(opened.items[0].context_expr, str(name)) and isinstance(variable, ast.Name):
            return variable.id
    return None


def only_hands_on(module: Module, function: Function, holder: str) -> bool:
    """Whether a fixture does nothing but start a container, give it to the tests and stop it."""
    results = results_of(function)
    if len(results) != 1 or not is_name(results[0], holder):
        return False
    life = set(life_of(module, function, holder))
    made = _targets(life)
    plain = ast.Expr | ast.With | ast.Try | ast.Import | ast.ImportFrom | ast.Return | ast.If
    for node in ast.walk(function.node):
        if not isinstance(node, ast.stmt) or node is function.node or node in life:
            continue
        inside = any(above in life for above in module.above(node))
        if isinstance(node, ast.With) and not _holds_container(node, made):
            return False
        if not inside and not isinstance(node, plain):
            return False
        if isinstance(node, ast.Expr) and not inside:
            value = node.value
            if not isinstance(value, ast.Yield) and not isinstance(value, ast.Constant):
                return False
    return True


def _holds_container(opened: ast.With, made: set[str]) -> bool:
    """Whether a block runs a container that is made in it, or has one of these names."""
    return any(
        _makes_container(item.context_expr) or getattr(item.context_expr, "id", None) in made
        for item in opened.items
    )


def _makes_container(value: ast.expr) -> bool:
    return any(
        isinstance(node, ast.Call) and last_name(node) in CONTAINERS for node in ast.walk(value)
    )


def _targets(nodes: Iterable[ast.AST]) -> set[str]:
    """Return the variables that assignments set."""
    return {
        target.id
        for assign in nodes
        if isinstance(assign, ast.Assign)
        for target in assign.targets
        if isinstance(target, ast.Name)
    }


def opened_by(module: Module, function: Function, call: ast.AST) -> list[ast.With]:
    """Return the `with` blocks that run a container as long as what is in them."""
    around = set(module.above(call))
    names = _targets(around)
    return [
        opened
        for opened in function.own(ast.With)
        if (opened in around and _holds_container(opened, set()))
        or getattr(opened.items[0].context_expr, "id", None) in names
    ]


def life_of(module: Module, function: Function, holder: str) -> list[ast.stmt]:
    """Return the statements that make, configure, start and stop a container."""
    found: list[ast.stmt] = []
    for assign in function.own(ast.Assign):
        target = assign.targets[0]
        makes = isinstance(assign.value, ast.Call) and _makes_container(assign.value)
        sets = isinstance(target, ast.Attribute) and is_name(target.value, holder)
        if makes or sets:
            found.append(assign)
    for expression in function.own(ast.Expr):
        call = expression.value
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
            root = root_of(call)
            if root is not None and root.id == holder and LIFE.match(call.func.attr):
                found.append(expression)
        if isinstance(call, ast.Call) and last_name(call) in _WAITS:
            found.append(expression)
    for branch in function.own(ast.If):
        if not branch.orelse and set(branch.body) <= set(found):
            found = [one for one in found if one not in branch.body] + [branch]
    return found


def is_name(node: ast.AST | None, name: str) -> bool:
    """Whether a node is this name."""
    return isinstance(node, ast.Name) and node.id == name
