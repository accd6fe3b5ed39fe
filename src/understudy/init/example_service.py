"""Example tests for services: with a stand-in for what the service asks."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from textwrap import indent

from understudy.init.examples import (
    Candidate,
    Layer,
    file_name,
    import_line,
    layer_of,
    quoted,
    render,
    words_of,
)
from understudy.init.layers import Part
from understudy.init.modules import Modules
from understudy.project.sources import Module

_MOST = 6


@dataclass(frozen=True)
class _Dependency:
    """What a service is given: the parameter, where it keeps it, and the class of it."""

    parameter: str
    attribute: str
    module: Module
    name: str


def service_examples(parts: Sequence[Part], modules: Modules, fakes: str) -> Layer:
    """Tests of methods that ask one collaborator and return what it answers."""
    if not parts:
        return Layer((), "")
    candidates = [each for part in parts for each in _candidates(part, modules, fakes)]
    return layer_of(
        candidates[:_MOST],
        "no method only passes on what a collaborator of a known class answers, and what the "
        "others are for is not to be read off their code",
    )


def _candidates(part: Part, modules: Modules, fakes: str) -> Iterator[Candidate]:
    node = part.node
    if not isinstance(node, ast.ClassDef):
        return
    dependencies, required = _dependencies(part, modules)
    # Everything that it cannot do without has to be one that a stand-in can be made for.
    if not dependencies or set(required) - {each.parameter for each in dependencies}:
        return
    for method in node.body:
        if isinstance(method, ast.AsyncFunctionDef) and not method.name.startswith("_"):
            call = _passed_on(method)
            if call is not None and not method.decorator_list:
                for asked in dependencies:
                    if asked.attribute == ast.unparse(call.func).split(".")[1]:
                        given = [
                            each
                            for each in dependencies
                            if each == asked or each.parameter in required
                        ]
                        yield _candidate(part, method, asked, call, given, fakes)


def _dependencies(part: Part, modules: Modules) -> tuple[list[_Dependency], list[str]]:
    """What __init__ takes and keeps, and the names of the parameters that it needs."""
    assert isinstance(part.node, ast.ClassDef), "only classes have dependencies"
    for method in part.node.body:
        if isinstance(method, ast.FunctionDef) and method.name == "__init__":
            break
    else:
        return [], []
    kept = {
        node.value.id: node.targets[0].attr
        for node in ast.walk(method)
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Attribute)
        and isinstance(node.value, ast.Name)
    }
    arguments = [*method.args.args[1:], *method.args.kwonlyargs]
    defaults = len(method.args.defaults)
    required = method.args.args[1 : len(method.args.args) - defaults]
    required += [
        each
        for each, default in zip(method.args.kwonlyargs, method.args.kw_defaults, strict=True)
        if default is None
    ]
    found = []
    for argument in arguments:
        known = modules.find(part.module.qualified(_class_in(argument.annotation)))
        if argument.arg in kept and known is not None and isinstance(known[1], ast.ClassDef):
            found.append(_Dependency(argument.arg, kept[argument.arg], known[0], known[1].name))
    return found, [each.arg for each in required]


def _class_in(annotation: ast.expr | None) -> ast.expr | None:
    """The class that an annotation speaks of: in `UserDAO | None`, `type[UserDAO]`, `"UserDAO"`."""
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


def _passed_on(method: ast.AsyncFunctionDef) -> ast.Call | None:
    """The call in a method that is `return await self.<attribute>.<method>(...)` and no more.

    None where the method does anything else, or passes on something else than its own arguments.
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
        or not isinstance(call.func.value.value, ast.Name)
        or call.func.value.value.id != "self"
    ):
        return None
    own = {each.arg for each in (*method.args.args, *method.args.kwonlyargs)} - {"self"}
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    names = {each.id for each in given if isinstance(each, ast.Name)}
    if len(names) != len(given) or not names <= own or method.args.vararg or method.args.kwarg:
        return None
    return call


def _candidate(
    part: Part,
    method: ast.AsyncFunctionDef,
    asked: _Dependency,
    call: ast.Call,
    given: Sequence[_Dependency],
    fakes: str,
) -> Candidate:
    assert isinstance(call.func, ast.Attribute), "only such calls are passed on"
    asks = call.func.attr
    expected = "".join(f", {each}" for each in _sentinels(call))
    own = (*method.args.args[1:], *method.args.kwonlyargs)
    shown = ", ".join(f"{each.arg}=sentinel.{each.arg}" for each in own)
    made = "\n".join(f"{each.parameter} = dummy({each.name})" for each in given)
    by_name = ", ".join(f"{each.parameter}={each.parameter}" for each in given)
    body = f'''
@pytest.mark.asyncio
async def test_{words_of(method.name)}_returns_what_{words_of(asked.parameter)}_answers() -> None:
    """{part.name}.{method.name} asks {asked.name}.{asks} and passes the answer on."""
{indent(made, "    ")}
    {asked.parameter}.on({quoted(asks)}{expected}).returns(sentinel.answer)
    service = {part.name}({by_name})

    answer = await service.{method.name}({shown})

    assert answer is sentinel.answer
'''
    imports = [
        "import pytest",
        "from unittest.mock import sentinel",
        f"from {fakes} import dummy",
        import_line(part.module.name, part.name),
        *(import_line(each.module.name, each.name) for each in given),
    ]
    text = render(f"Tests for {part.name}.", imports, [body])
    return Candidate("service", file_name(part.module, "service"), text)


def _sentinels(call: ast.Call) -> Iterator[str]:
    """The arguments of a call, each of them a sentinel of the name that stands there."""
    for argument in call.args:
        yield f"sentinel.{ast.unparse(argument)}"
    for keyword in call.keywords:
        yield f"{keyword.arg}=sentinel.{ast.unparse(keyword.value)}"
