"""Mocks without a spec, and the classes that they stand for."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from understudy.lint import pytest_items
from understudy.lint.doubles import mock_class
from understudy.lint.patches import Patch, patches
from understudy.project.call_resolution import callee, class_of, keywords_of, results_of, values_of
from understudy.project.scopes import Class, Function
from understudy.project.sources import Module, home_of

# What every mock has itself: its settings, and what it recorded.
RECORDED = frozenset(
    {
        *("return_value", "side_effect", "called", "call_count", "call_args", "call_args_list"),
        *("await_count", "await_args", "await_args_list", "mock_calls", "method_calls"),
    }
)
_SPECS = frozenset({"spec", "spec_set", "autospec", "new", "new_callable", "wraps", "create", None})
_DEEPEST = 3


@dataclass(frozen=True)
class ClassMock:
    """A mock without a spec.

    Attributes:
        node: the call that makes it.
        kind: its class, such as AsyncMock.
        stands_for: the dotted name of the class that it stands for.
        asked: the attributes that the tests configure or check, each with its name.
    """

    node: ast.Call
    kind: str
    stands_for: str
    asked: tuple[tuple[ast.Attribute, str], ...]


def class_mocks(module: Module) -> list[ClassMock]:
    """Return the mocks of a file whose class is known, with what the tests ask of them."""
    found = module.memory.get("class mocks")
    if found is None:
        found = module.memory["class mocks"] = [*_passed(module), *_patched(module)]
    return list(found)


def is_asked(module: Module, node: ast.Attribute) -> bool:
    """Whether an attribute of a mock is configured or checked: `mock.x.return_value`."""
    above = module.parents.get(node)
    return isinstance(above, ast.Attribute) and (
        above.attr in RECORDED or above.attr.startswith("assert_")
    )


def _passed(module: Module) -> Iterator[ClassMock]:
    """Yield the mocks that get the place of a class by an annotation.

    Either they are passed to a parameter, or they are assigned to an attribute.
    """
    if not module.calls("Mock", "MagicMock", "AsyncMock"):
        return
    classes: dict[ast.Call, set[str | None]] = {}
    for function in module.functions:
        for call in function.own(ast.Call):
            for given, parameter, home in _arguments(module, call):
                made = _origin(module, function, given, _DEEPEST)
                if made is not None:
                    classes.setdefault(made, set()).add(annotated(home, parameter.annotation))
        for assign in function.own(ast.Assign):
            made, target = _unspecified(module, assign.value), assign.targets[0]
            if made is not None and isinstance(target, ast.Attribute):
                owner = class_of(module, target.value)
                if owner is not None and owner is not function.in_class:
                    classes.setdefault(made, set()).update(_of_attribute(owner, target.attr))
    asked: dict[ast.Call, list[tuple[ast.Attribute, str]]] = {}
    for function in module.functions if classes else ():
        for node in function.own(ast.Attribute):
            made = _origin(module, function, node.value, _DEEPEST)
            if made in classes:
                asked.setdefault(made, []).append((node, node.attr))
    for made, names in classes.items():
        stands_for = names.pop() if len(names) == 1 else None
        if stands_for is not None:
            kind = mock_class(module, made) or ""
            yield ClassMock(made, kind, stands_for, tuple(asked.get(made, ())))


def _of_attribute(owner: Class, name: str) -> Iterator[str | None]:
    """Yield the class of an instance's attribute, for each place that sets it."""
    for cls in home_of(owner).project.lineage(home_of(owner), owner)[0]:
        home = home_of(cls)
        for declared in cls.own(ast.AnnAssign):
            if isinstance(declared.target, ast.Name) and declared.target.id == name:
                yield annotated(home, declared.annotation)
        for method in cls.functions:
            types = {parameter.arg: parameter.annotation for parameter in method.parameters}
            for typed in method.own(ast.AnnAssign):
                if _text(typed.target) == f"self.{name}":
                    yield annotated(home, typed.annotation)
            for assign in method.own(ast.Assign):
                if any(_text(target) == f"self.{name}" for target in assign.targets):
                    value = assign.value
                    if isinstance(value, ast.Name) and value.id in types:
                        yield annotated(home, types[value.id])
                    elif isinstance(value, ast.Call):
                        yield home.qualified(value.func)
                    else:
                        yield None


def _text(node: ast.expr) -> str | None:
    """Return a variable or an attribute of one as text: `users`, `self.users`."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else None


def _arguments(module: Module, call: ast.Call) -> Iterator[tuple[ast.expr, ast.arg, Module]]:
    """Yield the variables that a call of the project passes, each with its parameter."""
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    function = called(module, call) if any(map(_text, given)) else None
    if function is None:
        return
    if function.in_class is not None and any(
        function.in_class.method(name) for name in ("__getattr__", "__getattribute__")
    ):
        return  # it passes any attribute on
    arguments = function.node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    if function.in_class is not None and not _is_static(function):
        positional = positional[1:]
    for node, parameter in zip(call.args, positional, strict=False):
        if isinstance(node, ast.Starred):
            break
        yield node, parameter, home_of(function)
    by_name = {parameter.arg: parameter for parameter in (*positional, *arguments.kwonlyargs)}
    for keyword in call.keywords:
        if keyword.arg in by_name:
            yield keyword.value, by_name[keyword.arg], home_of(function)


def called(module: Module, call: ast.Call) -> Function | None:
    """Return the function or the ``__init__`` that a call runs, or None if it is unknown."""
    found = module.project.find(module.qualified(call.func), module)
    if isinstance(found, Class):
        return module.project.member(home_of(found), found, "__init__")
    return callee(module, call)


def _is_static(function: Function) -> bool:
    return any(
        isinstance(decorator, ast.Name) and decorator.id == "staticmethod"
        for decorator in function.node.decorator_list
    )


def annotated(home: Module, node: ast.expr | None) -> str | None:
    """Return the dotted name of the one class that an annotation allows beside None."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            node = ast.parse(node.value, mode="eval").body
        except SyntaxError:
            return None
        if not isinstance(node, ast.Name):
            return None
        name = node.id
        return home.imports.get(name) or (f"{home.name}.{name}" if name in home.defined else None)
    if isinstance(node, ast.BinOp):
        sides = [node.left, node.right]
        others = [side for side in sides if not _is_none(side)]
        return annotated(home, others[0]) if len(others) == 1 else None
    if isinstance(node, ast.Subscript):
        maker = (home.qualified(node.value) or "").rpartition(".")[2]
        if maker == "Annotated" and isinstance(node.slice, ast.Tuple):
            return annotated(home, node.slice.elts[0])
        return annotated(home, node.slice) if maker == "Optional" else None
    return home.qualified(node) if isinstance(node, ast.Name | ast.Attribute) else None


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _origin(module: Module, function: Function, variable: ast.expr, depth: int) -> ast.Call | None:
    """Return the call that makes the mock of a variable: here, in setUp, or in a fixture."""
    name = _text(variable)
    if name is None:
        return None
    if isinstance(variable, ast.Attribute):
        in_class = function.in_class if name.startswith("self.") else None
        made = _attributes(module, in_class or function).get(name, [])
        return _unspecified(module, made[0]) if len(made) == 1 else None
    values = values_of(function, name)
    if values:
        return _unspecified(module, values[0]) if len(values) == 1 else None
    if depth and any(parameter.arg == name for parameter in function.parameters):
        fixture = pytest_items.of(module).fixtures.get(name)
        given = results_of(fixture.function) if fixture is not None else []
        if fixture is not None and len(given) == 1 and fixture.function is not function:
            result = given[0]
            if isinstance(result, ast.Name):
                return _origin(module, fixture.function, result, depth - 1)
            return _unspecified(module, result)
    return None


def _attributes(module: Module, scope: Class | Function) -> dict[str, list[ast.expr]]:
    """Return the values that a function, or the methods of a class, assign to attributes."""
    known: dict[str, list[ast.expr]] | None = module.memory.get(("attributes", scope))
    if known is None:
        known = module.memory["attributes", scope] = {}
        for function in scope.functions if isinstance(scope, Class) else [scope]:
            for assign in function.own(ast.Assign):
                for target in assign.targets:
                    if isinstance(target, ast.Attribute) and (name := _text(target)):
                        known.setdefault(name, []).append(assign.value)
    return known


def _unspecified(module: Module, node: ast.expr | None) -> ast.Call | None:
    if isinstance(node, ast.Call) and mock_class(module, node) is not None:
        return None if node.args or _SPECS & set(keywords_of(node)) else node
    return None


def _patched(module: Module) -> Iterator[ClassMock]:
    """Yield the mocks that `patch` puts in the place of a class of the project."""
    by_call = {patch.call: patch for patch in patches(module)}
    for patch in by_call.values():
        if patch.value is not None or _SPECS & set(keywords_of(patch.call)):
            continue
        cls = module.project.find(patch.dotted, module)
        where = bound(module, patch, by_call) if isinstance(cls, Class) else None
        if not isinstance(cls, Class) or where is None:
            continue
        function, name = where
        asked: list[tuple[ast.Attribute, str]] = []
        for node in function.all(ast.Attribute):
            value = node.value
            if isinstance(value, ast.Attribute) and value.attr == "return_value":
                value = value.value
            elif node.attr in RECORDED:
                continue
            if isinstance(value, ast.Name) and value.id == name:
                asked.append((node, node.attr))
        yield ClassMock(patch.call, "MagicMock", f"{home_of(cls).name}.{cls.path}", tuple(asked))


def bound(
    module: Module, patch: Patch, by_call: Mapping[ast.Call, Patch]
) -> tuple[Function, str] | None:
    """Return the function and the variable or parameter that get the mock of a patch."""
    above = module.parents.get(patch.call)
    function = module.function_of(patch.call)
    if isinstance(above, ast.withitem):
        name = above.optional_vars
        return (function, name.id) if function and isinstance(name, ast.Name) else None
    if isinstance(above, ast.Assign) and function is not None:
        target = above.targets[0]
        through_fixture = ast.unparse(patch.call.func).startswith("mocker.")
        if through_fixture and isinstance(target, ast.Name):
            return function, target.id
        return None
    decorated = module.scopes.get(above) if above is not None else None
    if isinstance(decorated, Function):
        parameter = injected(module, decorated, by_call).get(patch.call)
        return None if parameter is None else (decorated, parameter)
    return None


def injected(
    module: Module, function: Function, by_call: Mapping[ast.Call, Patch]
) -> dict[ast.Call, str]:
    """Return the parameters that the patches above a function fill, the lowest patch first.

    Nothing if a decorator may fill one as well, or if the numbers disagree.
    """
    fills: list[ast.Call] = []
    for decorator in reversed(function.node.decorator_list):
        if isinstance(decorator, ast.Call) and decorator in by_call:
            if by_call[decorator].value is None:
                fills.append(decorator)
            continue
        dotted = module.qualified(decorator.func if isinstance(decorator, ast.Call) else decorator)
        if not (dotted or "").startswith("pytest.mark."):
            return {}
    given = function.node.args
    names = [parameter.arg for parameter in (*given.posonlyargs, *given.args)]
    if function.in_class is not None:
        names = names[1:]
    return dict(zip(fills, names, strict=False)) if len(names) >= len(fills) else {}
