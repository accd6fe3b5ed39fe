"""The routes of a module as targets: what a request of each needs, as the app describes it."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from understudy.asgi import AppError, load_app
from understudy.asgi.app_routes import routes_with_endpoint
from understudy.init.configuration import UNDERSTUDY, environment_lines
from understudy.init.database_kind import POSTGRES
from understudy.init.findings import Findings
from understudy.init.plan import Change
from understudy.init.toml_edits import checked, with_lines
from understudy.script.formatting import python_literal
from understudy.write.trials import Argument, LeftOut, Target

_VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_WITH_BODY = ("POST", "PUT", "PATCH")
_FORMS = {"application/x-www-form-urlencoded": "data", "application/json": "json"}


@dataclass(frozen=True)
class RouteTarget(Target):
    """A route.

    Attributes:
        method: its method, in upper case.
        path: its path, with `{name}` for each parameter.
        route: the route of FastAPI.
        operation: what OpenAPI says of it; empty if the schema leaves it out.
        document: the OpenAPI description of the app.
        shared: what is known of the app, for all its routes: "root" and "locale" of the project,
            the "headers" that each request needs, the "models" of bodies, the "ways" to sign in
            that worked, and "left_out": why parts of a route are not tested, by its name.
    """

    method: str = ""
    path: str = ""
    route: Any = field(default=None, compare=False)
    operation: Mapping[str, Any] = field(default_factory=dict, compare=False)
    document: Mapping[str, Any] = field(default_factory=dict, compare=False)
    shared: dict[str, Any] = field(default_factory=dict, compare=False)

    @property
    def parameters(self) -> Sequence[Mapping[str, Any]]:
        """The parameters of the operation, with `name`, `in`, `required` and `schema`."""
        found: Sequence[Mapping[str, Any]] = self.operation.get("parameters", ())
        return found

    def of_place(self, place: str) -> list[Mapping[str, Any]]:
        """Return the parameters in "path" or in "query"."""
        return [parameter for parameter in self.parameters if parameter["in"] == place]

    @property
    def body(self) -> tuple[str, Mapping[str, Any]] | None:
        """How a body is passed to the client, "json" or "data", and its schema."""
        content = self.operation.get("requestBody", {}).get("content", {})
        for kind, keyword in _FORMS.items():
            if kind in content:
                return keyword, content[kind].get("schema", {})
        return None


def targets(module: ModuleType, findings: Findings) -> tuple[list[Target], list[LeftOut]]:
    """Return the routes whose functions stand in a module, and those that are left out.

    Args:
        module: the module, imported.
        findings: what the project consists of.
    """
    own = [
        part
        for part in findings.layers["router"]
        if part.module.name == module.__name__ or part.module.path == _file(module)
    ]

    def all_left_out(reason: str) -> tuple[list[Target], list[LeftOut]]:
        return [], [LeftOut(part.name, reason, part.node.lineno) for part in own]

    name = (findings.configured.understudy or {}).get("app")
    name = name or next((app.target for app in findings.apps if app.usable), None)
    if name is None:
        return all_left_out(
            'no app is configured; add app = "module:attribute" to [tool.understudy]'
        )
    try:
        app = load_app(name, findings.root)
    except AppError as error:
        return all_left_out(str(error).splitlines()[0])
    if not hasattr(app, "openapi"):
        return all_left_out(
            "the app is not FastAPI's, so it has no OpenAPI description that says what its routes "
            "take; write their tests with `async_client` by hand"
        )
    document = app.openapi()
    settings = findings.configured.understudy or {}
    shared: dict[str, Any] = {
        "root": findings.root,
        "locale": settings.get("locale"),
        "headers": _host(app),
    }
    found: list[Target] = []
    left_out: list[LeftOut] = []
    seen: set[tuple[str, str]] = set()
    for route in routes_with_endpoint(app.routes):
        function = inspect.unwrap(route.endpoint)
        if getattr(function, "__module__", "") != module.__name__:
            continue
        for target in _targets(route, function, document, shared):
            if (target.method, target.path) in seen:
                continue  # the first one answers
            seen.add((target.method, target.path))
            reason = _unusable(target)
            if reason:
                left_out.append(LeftOut(target.name, reason, target.lines[0]))
            else:
                found.append(target)
    if not found and not left_out:
        return all_left_out(f"the app {name} does not include its router")
    return found, left_out


def missing_setting(findings: Findings) -> Change | None:
    """Return pyproject.toml with the setting that points the app at real_postgres.

    None if a setting of that kind is there, and if the app's variables are not known.
    """
    configured = findings.configured
    if configured.understudy is None or configured.pyproject is None:
        return None
    if findings.variables is None or POSTGRES.environments & set(configured.understudy):
        return None
    path = findings.root / "pyproject.toml"
    values = {**findings.variables.values, **findings.variables.required}
    lines = environment_lines("real_postgres_env", values)
    text = with_lines(path, configured.pyproject, UNDERSTUDY, lines)
    return Change(path, configured.pyproject, checked(path, text, lines))


def _targets(
    route: Any, function: Any, document: Mapping[str, Any], shared: dict[str, Any]
) -> Iterator[RouteTarget]:
    lines, first = inspect.getsourcelines(function)
    for method in _VERBS:
        if method not in route.methods:
            continue
        operation = document["paths"].get(route.path, {}).get(method.lower(), {})
        yield RouteTarget(
            layer="router",
            name=f"{method} {route.path}",
            function=function,
            file=inspect.getfile(function),
            lines=(first, first + len(lines) - 1),
            is_async=True,
            call=f"await async_client.{_call(method, operation)}",
            arguments=(
                Argument("path", str),
                *(
                    Argument(name, dict, is_required=False, is_keyword=True)
                    for name in ("params", "json", "data", "headers")
                ),
            ),
            fixtures=(("async_client", "AsyncClient"), ("real_postgres", "RealPostgres")),
            imports=("from httpx import AsyncClient", "from understudy import RealPostgres"),
            method=method,
            path=route.path,
            route=route,
            operation=operation,
            document=document,
            shared=shared,
        )


def _host(app: Any) -> dict[str, str]:
    """Return the header that an app needs which does not accept the host of `async_client`."""
    for middleware in getattr(app, "user_middleware", ()):
        options = getattr(middleware, "kwargs", None) or getattr(middleware, "options", {})
        allowed = [host for host in options.get("allowed_hosts") or () if isinstance(host, str)]
        if allowed and not {"*", "test"} & set(allowed):
            return {"Host": allowed[0].removeprefix("*.")}
    return {}


def _call(method: str, operation: Mapping[str, Any]) -> str:
    """Return the source of a request; httpx has no `delete` with a body."""
    if "requestBody" in operation and method not in _WITH_BODY:
        return f"request({python_literal(method)}, ARGUMENTS)"
    return f"{method.lower()}(ARGUMENTS)"


def _unusable(target: RouteTarget) -> str:
    content = target.operation.get("requestBody", {}).get("content", {})
    if content and target.body is None:
        keyword = "files" if "multipart/form-data" in content else "content"
        kinds = " or ".join(content)
        return f"it takes {kinds}; write its tests by hand, with `{keyword}=` of the client"
    if getattr(target.route, "dependant", None) is None:
        return "it is not a route of FastAPI, so nothing says what it takes"
    return ""


def _file(module: ModuleType) -> Path | None:
    file = getattr(module, "__file__", None)
    return None if file is None else Path(file)
