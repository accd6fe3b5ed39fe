"""Example tests for services: a method passes on the answer of a dependency, which is a dummy."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from understudy.init import examples
from understudy.init.examples import Candidate, LayerExamples
from understudy.init.layers import Part
from understudy.init.modules import Modules, parameters
from understudy.project.scopes import FunctionNode
from understudy.project.sources import Module
from understudy.script.formatting import python_literal

_MOST = 6


@dataclass(frozen=True)
class _Dependency:
    """An argument of a service's __init__ for which a dummy can be made.

    Attributes:
        parameter: the argument's name.
        attribute: the attribute that keeps it.
        module: the module of its class.
        name: the name of its class.
        is_required: whether it has no default.
    """

    parameter: str
    attribute: str
    module: Module
    name: str
    is_required: bool


def service_examples(parts: Sequence[Part], modules: Modules, fakes: str) -> LayerExamples:
    """Return tests of methods that call one dependency and return its answer.

    Args:
        parts: the functions and classes of the service layer.
        modules: the project's modules.
        fakes: the module to import `dummy` from.
    """
    candidates = [test for part in parts for test in _candidates(part, modules, fakes)]
    reason = (
        "no method only returns the answer of a dependency of a known class, and the purpose of "
        "the others cannot be read from their code"
    )
    return examples.examples_or_reason(candidates[:_MOST], reason if parts else "")


def _candidates(part: Part, modules: Modules, fakes: str) -> Iterator[Candidate]:
    dependencies = _dependencies(part, modules)
    for method in examples.public_functions(part) if dependencies else ():
        call = _delegated(method)
        if call is None or method.decorator_list or not isinstance(method, ast.AsyncFunctionDef):
            continue
        for called in dependencies:
            if called.attribute == ast.unparse(call.func).split(".")[1]:
                given = [
                    dependency
                    for dependency in dependencies
                    if dependency == called or dependency.is_required
                ]
                yield _candidate(part, method, called, call, given, fakes)


def _dependencies(part: Part, modules: Modules) -> list[_Dependency]:
    """Return what __init__ takes and keeps, or nothing if it requires anything else."""
    init = examples.initializer(part.node) if isinstance(part.node, ast.ClassDef) else None
    if init is None:
        return []
    attributes = examples.kept_names(init)
    found = []
    for argument, is_required in parameters(init)[1:]:
        known = modules.find(part.module.qualified(_class_in(argument.annotation)))
        attribute = attributes.get(argument.arg)
        if attribute is not None and known is not None and isinstance(known[1], ast.ClassDef):
            module, node = known
            found.append(_Dependency(argument.arg, attribute, module, node.name, is_required))
        elif is_required:
            return []
    return found


def _class_in(annotation: ast.expr | None) -> ast.expr | None:
    """Return the class in an annotation: `UserDAO | None`, `type[UserDAO]`, `"UserDAO"`."""
    if isinstance(annotation, ast.BinOp):
        return _class_in(annotation.left)
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        try:
            return _class_in(ast.parse(annotation.value, mode="eval").body)
        except SyntaxError:
            return None
    if isinstance(annotation, ast.Subscript):
        inner = annotation.slice
        return _class_in(inner.elts[0] if isinstance(inner, ast.Tuple) else inner)
    return annotation


def _delegated(method: FunctionNode) -> ast.Call | None:
    """Return the call in a method that is only `return await self.<attribute>.<method>(...)`.

    None if the method does anything else, or passes anything but its own arguments.
    """
    body = method.body[1:] if ast.get_docstring(method) is not None else method.body
    if len(body) != 1 or not isinstance(body[0], ast.Return):
        return None
    awaited = body[0].value
    call = awaited.value if isinstance(awaited, ast.Await) else None
    if (
        not isinstance(call, ast.Call)
        or not isinstance(call.func, ast.Attribute)
        or not isinstance(call.func.value, ast.Attribute)
        or ast.unparse(call.func.value.value) != "self"
    ):
        return None
    own = {argument.arg for argument in (*method.args.args, *method.args.kwonlyargs)} - {"self"}
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    names = {value.id for value in given if isinstance(value, ast.Name)}
    if len(names) != len(given) or not names <= own or method.args.vararg or method.args.kwarg:
        return None
    return call


def _candidate(
    part: Part,
    method: ast.AsyncFunctionDef,
    called: _Dependency,
    call: ast.Call,
    given: Sequence[_Dependency],
    fakes: str,
) -> Candidate:
    delegate = ast.unparse(call.func).rpartition(".")[2]
    own = (*method.args.args[1:], *method.args.kwonlyargs)
    passed = ", ".join(f"{argument.arg}=sentinel.{argument.arg}" for argument in own)
    expected = [
        python_literal(delegate),
        *(f"sentinel.{ast.unparse(value)}" for value in call.args),
    ]
    expected += [f"{word.arg}=sentinel.{ast.unparse(word.value)}" for word in call.keywords]
    dummies = "".join(f"{argument.parameter} = dummy({argument.name})\n" for argument in given)
    by_name = ", ".join(f"{argument.parameter}={argument.parameter}" for argument in given)
    test = examples.render_test(
        f"{examples.words_of(method.name)}_returns_what_{examples.words_of(called.parameter)}_answers",
        f"{part.name}.{method.name} returns the answer of {called.name}.{delegate}.",
        f"{dummies}{called.parameter}.on({', '.join(expected)}).returns(sentinel.answer)\n"
        f"service = {part.name}({by_name})\n\n"
        f"answer = await service.{method.name}({passed})\n\n"
        "assert answer is sentinel.answer",
    )
    imports = [
        "import pytest",
        "from unittest.mock import sentinel",
        f"from {fakes} import dummy",
        examples.import_line(part.module.name, part.name),
        *(examples.import_line(argument.module.name, argument.name) for argument in given),
    ]
    return examples.candidate("service", part.module, imports, test, part.name)
