"""Example tests for routers and DTOs, made of what the app and the models said of themselves."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any

from understudy.init import messages
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

_MOST = 5
_OVERRIDES = {"dependencies", "status_code", "response_class", "responses"}


def router_examples(
    parts: Sequence[Part], routes: Sequence[Mapping[str, Any]], modules: Modules
) -> Layer:
    """Return tests that call a route without parameters, or else find one in the OpenAPI.

    Args:
        parts: the functions of the router layer.
        routes: the app's own description of its routes, see `probe`.
        modules: the project's modules.
    """
    if not routes:
        return Layer((), messages.no_routes())
    by_function = {(part.module.name, part.node.name): part for part in parts}
    called = []
    described = []
    for route in routes:
        part = by_function.get((route["module"], route["function"]))
        if part is None:
            continue
        answer = _constant_answer(part)
        if answer is not None and not _has_startup(modules) and route["method"] == "get":
            called.append(_called(part, route, answer))
        if route["responses"]:
            described.append((not route["needs"], _described(part, route)))
    # A route that needs something says more than one that needs nothing.
    described.sort(key=lambda each: each[0])
    candidates = [*called[:_MOST], *(each for _, each in described[:_MOST])]
    return layer_of(candidates, messages.no_routes())


def _constant_answer(part: Part) -> str | None:
    """The literal that a route without arguments returns; None where it does anything else."""
    node = part.node
    if isinstance(node, ast.ClassDef) or node.args.args or node.args.kwonlyargs:
        return None
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    decorated = {
        keyword.arg
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call)
        for keyword in decorator.keywords
    }
    if len(body) != 1 or not isinstance(body[0], ast.Return) or decorated & _OVERRIDES:
        return None
    try:
        value = ast.literal_eval(body[0].value) if body[0].value is not None else None
    except ValueError:
        return None
    return _literal(value) if isinstance(value, dict) and value else None


def _literal(value: object) -> str:
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_literal(k)}: {_literal(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):  # JSON knows lists only
        return "[" + ", ".join(map(_literal, value)) + "]"
    return repr(value)


def _has_startup(modules: Modules) -> bool:
    """Whether the app does something when it starts: that would happen in the trial as well."""
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.keyword) and node.arg in ("lifespan", "on_startup"):
                return True
            if isinstance(node, ast.Attribute) and node.attr in ("on_event", "add_event_handler"):
                return True
    return False


def _called(part: Part, route: Mapping[str, Any], answer: str) -> Candidate:
    body = f'''
        @pytest.mark.asyncio
        async def test_{words_of(part.node.name)}_answers(async_client: AsyncClient) -> None:
            """GET {route["path"]} answers without anything else being there."""
            response = await async_client.get({quoted(route["path"])})

            assert response.status_code == 200
            assert response.json() == {answer}
    '''
    imports = ["import pytest", "from httpx import AsyncClient"]
    text = render(f"Tests for the routes of {part.module.name}.", imports, [body])
    return Candidate("router", file_name(part.module, "router"), text)


def _described(part: Part, route: Mapping[str, Any]) -> Candidate:
    verb = route["method"].upper()
    needs = "{" + ", ".join(map(quoted, route["needs"])) + "}" if route["needs"] else "set()"
    body = f'''
        def test_{words_of(part.node.name)}_is_served(app: FastAPI) -> None:
            """{verb} {route["path"]} is there, and needs and answers what is expected."""
            operation = app.openapi()["paths"][{quoted(route["path"])}][{quoted(route["method"])}]

            parameters = operation.get("parameters", [])
            assert {{each["name"] for each in parameters if each["required"]}} == {needs}
            assert {quoted(route["responses"][0])} in operation["responses"]
    '''
    imports = ["from fastapi import FastAPI"]
    text = render(f"Tests for the routes of {part.module.name}.", imports, [body])
    return Candidate("router", file_name(part.module, "router"), text)


def dto_examples(parts: Sequence[Part], refusals: Sequence[Mapping[str, Any]]) -> Layer:
    """Return tests that a model refuses invalid input.

    Args:
        parts: the classes of the DTO layer.
        refusals: the models' answers to invalid input, see `probe`.
    """
    by_name = {(part.module.name, part.name): part for part in parts}
    candidates = [
        _refuses(by_name[each["module"], each["name"]], each)
        for each in sorted(refusals, key=_plainness)
        if each["refused"]
    ]
    return layer_of(
        candidates[:_MOST],
        "no model refuses anything: none has a required field or a constraint",
    )


def _plainness(refusal: Mapping[str, Any]) -> tuple[bool, bool, int]:
    """What is easily read comes first: a constraint on a value, then few fields."""
    return not refusal["constrained"], not refusal["bad"], len(refusal["refused"])


def _refuses(part: Part, refusal: Mapping[str, Any]) -> Candidate:
    fields = [f"{quoted(field)}: {quoted(kind)}" for field, kind in refusal["refused"].items()]
    expected = "{" + ", ".join(fields) + "}"
    if len(expected) > 60:
        expected = (
            "{\n" + "".join(f"                {each},\n" for each in fields) + "            }"
        )
    class_name = part.name
    name = words_of(class_name)
    body = f'''
        def test_{name}_refuses_bad_input() -> None:
            """What is missing is refused, and so is a value that is none of its kind."""
            with pytest.raises(ValidationError) as raised:
                {class_name}.{refusal["method"]}({_literal(refusal["bad"])})

            refused = {{error["loc"][0]: error["type"] for error in raised.value.errors()}}
            assert refused == {expected}
    '''
    imports = [
        "import pytest",
        "from pydantic import ValidationError",
        import_line(part.module.name, part.name),
    ]
    text = render(f"Tests for {class_name}.", imports, [body])
    return Candidate("dto", file_name(part.module, "dto"), text)
