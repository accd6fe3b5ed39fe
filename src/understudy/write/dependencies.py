"""What a route of FastAPI depends on: functions, and the credentials that they read."""

from __future__ import annotations

import ast
import inspect
import re
import sys
import typing
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from understudy.project import parsing
from understudy.project.python_values import NoSource
from understudy.write import hints
from understudy.write.imported_names import NAMES
from understudy.write.spelling import named
from understudy.write.trials import Expression

_HEADER = re.compile(r"auth|token|api[-_]?key|session|cookie", re.IGNORECASE)


@dataclass
class Uses:
    """What a function reads of one of its parameters.

    Attributes:
        keys: the keys, each with those that are read of its value.
        attributes: the attributes, in order.
        is_read: whether it is read at all.
    """

    keys: dict[str, Any] = field(default_factory=dict)
    attributes: dict[str, None] = field(default_factory=dict)
    is_read: bool = False


@dataclass
class Dependency:
    """A function that FastAPI calls for a route, and what it depends on itself.

    Attributes:
        call: the function.
        name: its parameter in what depends on it; "" if it has none.
        parent: what depends on it.
        parts: what it depends on.
    """

    call: Any
    name: str
    parent: Any
    parts: list[Dependency]
    dependant: Any

    @property
    def is_scheme(self) -> bool:
        """Whether it only reads credentials, by a class of FastAPI."""
        return _is_scheme(self.call) and type(self.call).__module__.startswith("fastapi.")

    @property
    def reads_credentials(self) -> bool:
        """Whether it reads a header, a cookie or a security scheme itself."""
        if _is_scheme(self.call):
            return True
        parameters = [*self.dependant.header_params, *self.dependant.cookie_params]
        if any(_HEADER.search(parameter.alias) for parameter in parameters):
            return True
        takes_request = self.dependant.request_param_name
        return bool(takes_request) and bool(
            re.search(
                rf"\b{takes_request}\.(headers|cookies)\b", parsing.source_of(_function(self.call))
            )
        )

    @property
    def is_secured(self) -> bool:
        """Whether it, or what it depends on, reads credentials."""
        return self.reads_credentials or any(part.is_secured for part in self.parts)

    @property
    def returned(self) -> Any:
        """The type of what it returns, or of the parameter that takes that."""
        if inspect.isclass(self.call):
            return self.call
        hint = hints.known(_function(self.call)).get("return")
        if re.search(r"Iterator|Generator", str(typing.get_origin(hint))):
            hint = typing.get_args(hint)[0]
        taken = hints.known(self.parent).get(self.name) if self.name else None
        if hint in (None, Any, type(None)):
            return taken
        own, wanted = hints.class_in(hint), hints.class_in(taken)
        if own is None or wanted is None or issubclass(own, wanted):
            return hint
        return taken  # what takes it says what it works with

    @property
    def uses(self) -> Uses:
        """What the function that depends on it reads of what it returns."""
        return _uses(self.parent, self.name)


def dependencies(dependant: Any) -> list[Dependency]:
    """Return what a route depends on, as a tree."""
    return [
        Dependency(part.call, part.name or "", dependant.call, dependencies(part), part)
        for part in dependant.dependencies
    ]


def flat(found: Iterable[Dependency]) -> Iterator[Dependency]:
    """Yield dependencies, each after those that it depends on."""
    for dependency in found:
        yield from flat(dependency.parts)
        yield dependency


def is_secured(dependant: Any) -> bool:
    """Return whether a route reads credentials, as far as its dependencies tell."""
    return any(dependency.is_secured for dependency in dependencies(dependant))


def refusing(dependant: Any) -> str:
    """Return how a test names the dependency of a route that reads credentials, or ""."""
    secured = [one for one in dependencies(dependant) if one.is_secured]
    found = (reached(one.call) for one in reversed([*flat(secured)]) if one.is_secured)
    return next((place.text for place in found if place is not None), "")


def credentials(tree: Sequence[Dependency]) -> dict[str, str]:
    """Return the headers that carry the credentials of a route, with a token that is made up."""
    for dependency in flat(tree):
        if _is_scheme(dependency.call):
            return _of_scheme(dependency.call.model)
        for parameter in dependency.dependant.header_params:
            if _HEADER.search(parameter.alias):
                return {parameter.alias: "Bearer token"}
        for parameter in dependency.dependant.cookie_params:
            if _HEADER.search(parameter.alias):
                return {"Cookie": f"{parameter.alias}=token"}
    return {}


def _of_scheme(model: Any) -> dict[str, str]:
    kind, place = (
        str(getattr(value, "value", value)) for value in (model.type_, getattr(model, "in_", ""))
    )
    if kind != "apiKey":
        return {"Authorization": "Bearer token"}
    token = "Bearer token" if model.name == "Authorization" else "token"
    return {"header": {model.name: token}, "cookie": {"Cookie": f"{model.name}=token"}}.get(
        place, {}
    )


def reached(call: Any) -> Expression | None:
    """Return how a test names a dependency; None if no module has it under a name."""
    try:
        expression = named(call)
    except (NoSource, AttributeError):
        expression = None
    if expression is not None and expression.imports:
        home: Any = sys.modules.get(call.__module__)
        for part in call.__qualname__.split("."):
            home = getattr(home, part, None)
        if home is call:
            return expression
    places = []
    for module_name, module in sorted(sys.modules.items()):
        file = getattr(module, "__file__", None) or ""
        if "site-packages" in file or not file or "." not in module_name:
            continue
        for name, value in vars(module).items():
            if value is call and name.isidentifier():
                # The module that makes it comes before those that import it.
                source = parsing.source_of(module)
                is_made = re.search(rf"(?m)^{name}\b[^=\n]*=", source) is not None
                places.append((not is_made, module_name, name))
    if not places:
        return None
    _, module_name, name = min(places)
    return NAMES.of(module_name, name)


def _uses(function: Any, name: str) -> Uses:
    """Return what a function reads of one of its parameters."""
    found = Uses()
    tree = parsing.tree_of(_function(function))
    for node in () if tree is None else ast.walk(tree):
        if isinstance(node, ast.expr) and (path := _keys(node, name)):
            place = found.keys
            for key in path:
                place = place.setdefault(key, {})
        elif isinstance(node, ast.Attribute) and _is_name(node.value, name):
            found.attributes[node.attr] = None
        elif _is_name(node, name):
            found.is_read = found.is_read or isinstance(node.ctx, ast.Load)
    found.attributes.pop("get", None)
    return found


def _keys(node: ast.expr, name: str) -> tuple[str, ...] | None:
    """Return the keys in `name["user"].get("id")`; None if it does not read the parameter."""
    if _is_name(node, name):
        return ()
    match node:
        case ast.Subscript(value=inner, slice=ast.Constant(value=key)):
            before = _keys(inner, name)
        case ast.Call(
            func=ast.Attribute(value=inner, attr="get"), args=[ast.Constant(value=key), *_]
        ):
            before = _keys(inner, name)
        case _:
            return None
    return None if before is None else (*before, str(key))


def _is_name(node: ast.AST, name: str) -> TypeGuard[ast.Name]:
    return isinstance(node, ast.Name) and node.id == name


def _is_scheme(call: Any) -> bool:
    from fastapi.security.base import SecurityBase

    return isinstance(call, SecurityBase)


def _function(call: Any) -> Any:
    """Return the function that runs when a dependency is called."""
    return call if inspect.isroutine(call) or inspect.isclass(call) else type(call).__call__
