"""Example tests for routers and DTOs, written from what the app and the models told the probe."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from understudy.init import examples
from understudy.init.database_kind import DatabaseKind
from understudy.init.examples import Candidate, LayerExamples
from understudy.init.layers import Part
from understudy.init.modules import Modules
from understudy.project import import_cycles
from understudy.script.formatting import python_literal

_NO_ROUTES = (
    "no route answers unless something is started, and the app's OpenAPI schema describes none of "
    "the routes that were found"
)
_MOST = 5
_MOST_REQUESTS = 12
# What a GET of an empty database may answer, the most telling first: how the test is named, the
# value of its parameter, if it has one, and what it asserts.
_ANSWERS = (
    ("is_empty_at_first", "", "Without rows there is nothing to list.", "200", "[]"),
    ("of_nobody_is_not_found", "1", "A row that does not exist is not found.", "404", ""),
    (
        "of_nobody_is_not_found",
        str(UUID(int=1)),
        "A row that does not exist is not found.",
        "404",
        "",
    ),
    ("needs_a_login", "", "Without credentials it is refused.", "401", ""),
    ("answers", "", "It answers from an empty database.", "200", ""),
)
_OVERRIDES = {"dependencies", "status_code", "response_class", "responses"}


def router_examples(
    parts: Sequence[Part],
    routes: Sequence[Mapping[str, Any]],
    modules: Modules,
    *,
    database: DatabaseKind | None,
) -> LayerExamples:
    """Return tests that call a route, and tests that find one in the OpenAPI.

    Args:
        parts: the functions of the router layer.
        routes: the routes as the app describes them, see `probe`.
        modules: the project's modules.
        database: the kind of the database that the app's requests reach; None if they may not
            be tried.
    """
    by_function = {(part.module.name, part.node.name): part for part in parts}
    called = []
    requested: list[tuple[int, Candidate]] = []
    described = []
    for route in routes:
        part = by_function.get((route["module"], route["function"]))
        if part is None:
            continue
        answer = _constant_answer(part)
        if answer is not None and not _has_startup(modules) and route["method"] == "get":
            called.append(_called(part, route, answer))
        if database is not None and route["method"] == "get":
            requested += _requested(part, route, database)
        if route["responses"]:
            described.append((not route["needs"], _described(part, route)))
    # A route with required parameters shows more than one without.
    described.sort(key=lambda pair: pair[0])
    requested.sort(key=lambda pair: pair[0])
    candidates = [test for _, test in requested[:_MOST_REQUESTS]]
    candidates += [*called[:_MOST], *(test for _, test in described[:_MOST])]
    return examples.examples_or_reason(candidates, _NO_ROUTES)


def _constant_answer(part: Part) -> str | None:
    """Return the literal that a route without parameters returns, or None if it does more."""
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
        return python_literal(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_literal(k)}: {_literal(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):  # JSON has no tuples
        return "[" + ", ".join(map(_literal, value)) + "]"
    return repr(value)


def _has_startup(modules: Modules) -> bool:
    """Whether the app does something when it starts, which a test would do as well."""
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.keyword) and node.arg in ("lifespan", "on_startup"):
                return True
            if isinstance(node, ast.Attribute) and node.attr in ("on_event", "add_event_handler"):
                return True
    return False


def _called(part: Part, route: Mapping[str, Any], answer: str) -> Candidate:
    test = examples.render_test(
        f"{examples.words_of(part.node.name)}_answers",
        f"GET {route['path']} answers without anything else.",
        f"response = await async_client.get({python_literal(route['path'])})\n\n"
        f"assert response.status_code == 200\nassert response.json() == {answer}",
        fixtures="async_client: AsyncClient",
    )
    return _router_test(part, ["import pytest", "from httpx import AsyncClient"], test)


def _requested(
    part: Part, route: Mapping[str, Any], database: DatabaseKind
) -> Iterator[tuple[int, Candidate]]:
    """Yield tests that request a route on a real database, each with its rank."""
    needed = route["needs"]
    if len(needed) > 1 or any(f"{{{name}}}" not in route["path"] for name in needed):
        return
    for rank, (name, value, docstring, status, body) in enumerate(_ANSWERS):
        if bool(value) != bool(needed):
            continue
        path = route["path"].replace(f"{{{needed[0]}}}", value) if needed else route["path"]
        steps = (
            f"response = await async_client.get({python_literal(path)})\n\n"
            f"assert response.status_code == {status}"
        )
        test = examples.render_test(
            f"{examples.words_of(part.node.name)}_{name}",
            docstring,
            f"{steps}\nassert response.json() == {body}" if body else steps,
            fixtures=f"async_client: AsyncClient, {database.real}: {database.real_class}",
        )
        imports = [
            "import pytest",
            "from httpx import AsyncClient",
            f"from understudy import {database.real_class}",
        ]
        yield rank, _router_test(part, imports, test)


def _described(part: Part, route: Mapping[str, Any]) -> Candidate:
    needs = (
        "{" + ", ".join(map(python_literal, route["needs"])) + "}" if route["needs"] else "set()"
    )
    path, method = python_literal(route["path"]), python_literal(route["method"])
    test = examples.render_test(
        f"{examples.words_of(part.node.name)}_is_served",
        f"{route['method'].upper()} {route['path']} has these required parameters and this "
        "response.",
        f'operation = app.openapi()["paths"][{path}][{method}]\n\n'
        'parameters = operation.get("parameters", [])\n'
        'required = {parameter["name"] for parameter in parameters if parameter["required"]}\n'
        f"assert required == {needs}\n"
        f'assert {python_literal(route["responses"][0])} in operation["responses"]',
        fixtures="app: FastAPI",
        is_async=False,
    )
    return _router_test(part, ["from fastapi import FastAPI"], test)


def _router_test(part: Part, imports: Sequence[str], test: str) -> Candidate:
    return examples.candidate(
        "router", part.module, imports, test, f"the routes of {part.module.name}"
    )


def dto_examples(parts: Sequence[Part], rejections: Sequence[Mapping[str, Any]]) -> LayerExamples:
    """Return tests that a model rejects invalid input.

    Args:
        parts: the classes of the DTO layer.
        rejections: how the models rejected invalid input, see `probe`.
    """
    by_name = {(part.module.name, part.name): part for part in parts}
    candidates = [
        _rejects(by_name[rejection["module"], rejection["name"]], rejection)
        for rejection in sorted(rejections, key=_plainness)
        if rejection["rejected"]
    ]
    return examples.examples_or_reason(
        candidates[:_MOST], "no model rejects any input: none has a required field or a constraint"
    )


def _plainness(rejection: Mapping[str, Any]) -> tuple[bool, bool, int]:
    """Sort what is easy to read first: a constraint on a value, then few fields."""
    return not rejection["constrained"], not rejection["bad"], len(rejection["rejected"])


def _rejects(part: Part, rejection: Mapping[str, Any]) -> Candidate:
    fields = [
        f"{python_literal(field)}: {python_literal(kind)}"
        for field, kind in rejection["rejected"].items()
    ]
    expected = "{" + ", ".join(fields) + "}"
    if len(expected) > 60:
        expected = "{\n" + "".join(f"    {field},\n" for field in fields) + "}"
    test = examples.render_test(
        f"{examples.words_of(part.name)}_rejects_invalid_input",
        "Missing and invalid values are rejected.",
        "with pytest.raises(ValidationError) as raised:\n"
        f"    {part.name}.{rejection['method']}({_literal(rejection['bad'])})\n\n"
        'rejected = {error["loc"][0]: error["type"] for error in raised.value.errors()}\n'
        f"assert rejected == {expected}",
        is_async=False,
    )
    imports = [
        "import pytest",
        "from pydantic import ValidationError",
        examples.import_line(part.module.name, part.name),
    ]
    if rejection["first"] is not None:
        imports.append(import_cycles.import_line(rejection["first"]))
    return examples.candidate("dto", part.module, imports, test, part.name)
