"""How a test signs a caller in: a header, overridden dependencies, stand-ins of what they call.

What works is found by trying; here are the ways, the plainest first.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import sys
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from textwrap import dedent
from typing import Any
from uuid import UUID

from understudy.project import parsing
from understudy.project.python_values import NoSource
from understudy.rows.table_facts import Schema
from understudy.write import hints, json_samples
from understudy.write.imported_names import NAMES
from understudy.write.shapes import ABSENT, Leaf, NoValue, complete, leaves, settled
from understudy.write.spelling import named, snake, source
from understudy.write.trials import Argument, Expression, Setup
from understudy.write.values import Values

CALLER = 100  # the id of the caller, which no row of a trial has
_HEADER = re.compile(r"auth|token|api[-_]?key|session|cookie", re.IGNORECASE)
_ALLOWS = re.compile(r"active|verified|enabled|superuser|admin|staff|confirmed", re.IGNORECASE)
_FORBIDS = re.compile(r"inactive|disabled|deleted|blocked|banned|locked|revoked", re.IGNORECASE)
_APP = (("app", "FastAPI"),)
_FASTAPI = "from fastapi import FastAPI"
_MOST_METHODS = 6
_IDS = ("id", "uid", "user_id", "pk")


@dataclass(frozen=True)
class SignIn:
    """A way to sign a caller in.

    Attributes:
        headers: the headers of the request.
        setups: the fixtures that override dependencies.
        refusals: changes after which the caller may be refused: each the name of a scenario, when
            it applies, and a line.
    """

    headers: Mapping[str, str] = field(default_factory=dict)
    setups: tuple[Setup, ...] = ()
    refusals: tuple[tuple[str, str, str], ...] = ()


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
            re.search(rf"\b{takes_request}\.(headers|cookies)\b", _source(self.call))
        )

    @property
    def is_secured(self) -> bool:
        """Whether it, or what it depends on, reads credentials."""
        return self.reads_credentials or any(part.is_secured for part in self.parts)


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


def credentials(document: Mapping[str, Any], tree: Sequence[Dependency]) -> dict[str, str]:
    """Return the headers that carry the credentials of a route, with a token that is made up."""
    for dependency in flat(tree):
        if _is_scheme(dependency.call):
            model = dependency.call.model
            if str(getattr(model.type_, "value", model.type_)) == "apiKey":
                place = str(getattr(model.in_, "value", model.in_))
                token = "Bearer token" if model.name == "Authorization" else "token"
                if place == "header":
                    return {model.name: token}
                if place == "cookie":
                    return {"Cookie": f"{model.name}=token"}
                return {}
            return {"Authorization": "Bearer token"}
        for parameter in dependency.dependant.header_params:
            if _HEADER.search(parameter.alias):
                return {parameter.alias: "Bearer token"}
        for parameter in dependency.dependant.cookie_params:
            if _HEADER.search(parameter.alias):
                return {"Cookie": f"{parameter.alias}=token"}
    return {}


def ways(dependant: Any, document: Mapping[str, Any], schema: Schema | None) -> Iterator[SignIn]:
    """Yield ways to sign a caller in, the plainest first."""
    tree = dependencies(dependant)
    headers = credentials(document, tree)
    overrides = _Overrides(schema)
    lowest = [overrides.setup(one) for one in _each_call(overrides.lowest(tree))]
    found = [setup for setup in lowest if setup is not None]
    if found and len(found) == len(lowest):
        yield SignIn({}, tuple(_distinct(found)), overrides.refusals(found))
        if headers:
            yield SignIn(headers, tuple(_distinct(found)), overrides.refusals(found))
    stand_ins = [*overrides.stand_ins([one for one in tree if one.is_secured])]
    if headers and stand_ins:
        setups = tuple(_distinct(setup for setup, _ in stand_ins))
        yield SignIn(headers, setups, tuple(line for _, lines in stand_ins for line in lines))
    if headers:
        yield SignIn(headers)
    secured = [one for one in tree if one.is_secured and not one.is_scheme]
    highest = [overrides.setup(one) for one in _each_call(secured)]
    found = [setup for setup in highest if setup is not None]
    if found:
        yield SignIn(headers, tuple(_distinct(found)), overrides.refusals(found))


def _each_call(found: Iterable[Dependency]) -> list[Dependency]:
    """Return dependencies, each function once: as the parameter that takes what it returns."""
    by_call: dict[Any, Dependency] = {}
    for dependency in found:
        if dependency.call not in by_call or dependency.name:
            by_call[dependency.call] = dependency
    return [*by_call.values()]


class _Overrides:
    """Fixtures that override dependencies."""

    def __init__(self, schema: Schema | None) -> None:
        self._schema = schema or Schema({}, {}, {})
        self._flags: dict[str, list[str]] = {}

    def lowest(self, tree: Sequence[Dependency]) -> Iterator[Dependency]:
        """Yield the dependencies nearest to the credentials that return a caller."""
        for dependency in tree:
            if not dependency.is_secured or dependency.is_scheme:
                continue
            below = [*self.lowest(dependency.parts)]
            if below and all(self.setup(part) is not None for part in below):
                yield from below
            elif not self._returns_text(dependency):
                yield dependency

    def _returns_text(self, dependency: Dependency) -> bool:
        return _returned(dependency) in (str, str | None)

    def setup(self, dependency: Dependency) -> Setup | None:
        """Return the fixture that overrides a dependency by what it returns, or None."""
        place = reached(dependency.call)
        hint = _returned(dependency)
        if place is None:
            return None
        made = self._value(hint) or _from_uses(dependency)
        if made is None:
            return None
        value, kind, flags = made
        name = (
            "caller"
            if dependency.name.lower() in _CALLERS or not dependency.name
            else (dependency.name.lstrip("_"))
        )
        if not name.isidentifier():
            return None
        self._flags[name] = flags
        return Setup(
            name,
            kind.text,
            (
                f"{name} = {value.text}",
                *(f"{name}.{field} = {source}" for field, source in _ids_not_passed(hint)),
                f"app.dependency_overrides[{place.text}] = lambda: {name}",
            ),
            "The caller, who is signed in.",
            _APP,
            tuple(dict.fromkeys((_FASTAPI, *place.imports, *value.imports, *kind.imports))),
        )

    def _value(self, hint: Any) -> tuple[Expression, Expression, list[str]] | None:
        """Return a caller as source, its type, and the flags that allow it something."""
        if hint in (None, Any, dict) or typing.get_origin(hint) is dict:
            return None
        try:
            shape = Values(self._schema).shape(Argument("caller", hint))
            least = settled(shape)
            chosen = complete(shape, least)
            flags = []
            for leaf in leaves(shape):
                if chosen.get(leaf.path, leaf.values[0]) is ABSENT:
                    continue
                value = _privileged(leaf)
                if value is not None:
                    if isinstance(value, bool) and value:
                        flags.append(leaf.path[-1])
                    try:
                        shape.build(chosen | {leaf.path: value})
                    except Exception:  # noqa: BLE001 - the class does not take it
                        continue
                    chosen[leaf.path] = value
            built = shape.build(chosen)
            return built.source, named(type(built.value)), flags
        except (NoValue, NoSource, NameError):
            return None

    def refusals(self, setups: Iterable[Setup]) -> tuple[tuple[str, str, str], ...]:
        """Return what takes a right from a caller."""
        return tuple(
            (
                f"without_{flag.removeprefix('is_')}",
                f"if the caller is not {flag.removeprefix('is_').replace('_', ' ')}",
                f"{setup.name}.{flag} = False",
            )
            for setup in setups
            for flag in self._flags.get(setup.name, ())
        )

    def stand_ins(
        self, tree: Sequence[Dependency]
    ) -> Iterator[tuple[Setup, list[tuple[str, str, str]]]]:
        """Yield fixtures with a dummy of what a route calls, and what refuses a caller."""
        seen = set()
        for dependency in flat(tree):
            hint = _returned(dependency)
            place = reached(dependency.call)
            if place is None or dependency.call in seen or not _is_collaborator(hint):
                continue
            seen.add(dependency.call)
            rules, refusals, imports = self._rules(hint)
            if not rules:
                continue
            name = f"{snake(hint.__name__)}_dummy"
            lines = [f"{name} = dummy({named(hint).text})"]
            lines += [f"{name}.{rule}.optional()" for rule in rules]
            lines.append(f"app.dependency_overrides[{place.text}] = lambda: {name}")
            setup = Setup(
                name,
                "Any",
                tuple(lines),
                f"A {hint.__name__} that knows the caller.",
                _APP,
                tuple(
                    dict.fromkeys(
                        (
                            _FASTAPI,
                            "from typing import Any",
                            "from understudy import dummy",
                            *named(hint).imports,
                            *place.imports,
                            *imports,
                        )
                    )
                ),
            )
            yield setup, [(scenario, about, f"{name}.{rule}") for scenario, about, rule in refusals]

    def _rules(self, cls: Any) -> tuple[list[str], list[tuple[str, str, str]], list[str]]:
        rules: list[str] = []
        refusals: list[tuple[str, str, str]] = []
        imports: list[str] = []
        for method, function in inspect.getmembers(cls, inspect.isfunction):
            if method.startswith("_") or len(rules) >= _MOST_METHODS:
                continue
            hint = hints.known(function).get("return")
            if hint is None:
                continue
            inner = typing.get_args(hint)[:1] if typing.get_origin(hint) is list else ()
            made = self._value(inner[0] if inner else hint)
            if made is None or made[0].text == "None":
                continue
            text = f"[{made[0].text}]" if inner else made[0].text
            rules.append(f'on("{method}").returns({text})')
            imports += made[0].imports
            if inner:
                words = method.removeprefix("get_").replace("_", " ")
                refusals.append(
                    (
                        f"without_{method.removeprefix('get_')}",
                        f"if there are no {words}",
                        f'on("{method}").returns([])',
                    )
                )
        return rules, refusals, imports


_CALLERS = {"user", "current_user", "caller", "me", "actor", "current", "_", "_user", "auth"}


def _distinct(setups: Iterable[Setup]) -> Iterator[Setup]:
    """Yield fixtures, each with a name of its own."""
    seen: dict[tuple[str, ...], Setup] = {}
    names: set[str] = set()
    for setup in setups:
        if setup.lines in seen:
            continue
        name = setup.name
        number = 2
        while name in names:
            name = f"{setup.name}_{number}"
            number += 1
        if name != setup.name:
            changed = tuple(re.sub(rf"\b{setup.name}\b", name, line) for line in setup.lines)
            setup = replace(setup, name=name, lines=changed)
        names.add(name)
        seen[setup.lines] = setup
        yield setup


def _ids_not_passed(hint: Any) -> Iterator[tuple[str, str]]:
    """Yield the ids that the constructor of a dataclass does not take, each with its source."""
    cls = hints.class_in(hint)
    for one in dataclasses.fields(cls) if cls and dataclasses.is_dataclass(cls) else ():
        is_unset = not one.init and one.default is one.default_factory is dataclasses.MISSING
        if is_unset and one.name in _IDS and one.type in (int, "int"):
            yield one.name, str(CALLER)


def _privileged(leaf: Leaf) -> Any:
    """Return the value of a caller's field that lets the caller do most; None for any."""
    name, value = leaf.path[-1], leaf.values[0]
    if isinstance(value, bool):
        if _FORBIDS.search(name):
            return False
        return True if _ALLOWS.search(name) else None
    if len(leaf.path) == 2 and name in _IDS:
        if isinstance(value, UUID):
            return UUID(int=CALLER)
        return CALLER if type(value) is int else None
    if name in ("role", "type", "level") and isinstance(value, str):
        best = [one for one in leaf.values if re.search("admin|owner|root", str(one))]
        return best[0] if best else None
    return None


def _from_uses(dependency: Dependency) -> tuple[Expression, Expression, list[str]] | None:
    """Return a caller that has what the functions read of it: its keys, or its attributes."""
    keys, attributes = _uses(dependency.parent, dependency.name)
    if keys:
        values = {key: _guess(key) for key in keys}
        return (
            Expression(source(values)),
            Expression("dict[str, Any]", ("from typing import Any",)),
            [],
        )
    if attributes:
        given = ", ".join(f"{name}={source(_guess(name))}" for name in attributes)
        lines = ("from types import SimpleNamespace",)
        return (
            Expression(f"SimpleNamespace({given})", lines),
            Expression("SimpleNamespace", lines),
            [],
        )
    if not dependency.name:  # nobody reads what it returns
        return Expression("None"), Expression("None"), []
    return None


def _uses(function: Any, name: str) -> tuple[list[str], list[str]]:
    """Return the keys and the attributes that a function reads of one of its parameters."""
    keys: dict[str, None] = {}
    attributes: dict[str, None] = {}
    try:
        tree = ast.parse(dedent(_source(function)))
    except SyntaxError:
        return [], []
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and _is_name(node.value, name):
            if isinstance(node.slice, ast.Constant):
                keys[str(node.slice.value)] = None
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            is_get = node.func.attr == "get" and _is_name(node.func.value, name)
            if is_get and node.args and isinstance(node.args[0], ast.Constant):
                keys[str(node.args[0].value)] = None
        elif isinstance(node, ast.Attribute) and _is_name(node.value, name):
            attributes[node.attr] = None
    attributes.pop("get", None)
    return [*keys], [*attributes]


def _is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _guess(name: str) -> Any:
    if name in ("user", "sub_user"):
        return {"id": CALLER, "email": "ana@example.com"}
    if re.search(r"(^|_)id$", name):
        return CALLER
    if _ALLOWS.search(name) and name.startswith(("is_", "has_")):
        return True
    if name == "role":
        return "admin"
    return json_samples.Samples({}).valid({"type": "string"}, name)[0]


def _returned(dependency: Dependency) -> Any:
    """Return the type of what a dependency returns, or of the parameter that takes it."""
    call = dependency.call
    function = call if inspect.isroutine(call) or inspect.isclass(call) else type(call).__call__
    if inspect.isclass(call):
        return call
    hint = hints.known(function).get("return")
    if re.search(r"Iterator|Generator", str(typing.get_origin(hint))):
        hint = typing.get_args(hint)[0]
    if hint in (None, Any, type(None)) and dependency.name:
        hint = hints.known(dependency.parent).get(dependency.name)
    return hint


def _is_collaborator(hint: Any) -> bool:
    """Return whether a type is a class of the project that does something: an adapter, a client."""
    if not inspect.isclass(hint) or not hint.__module__ or "." not in hint.__module__:
        return False
    file = getattr(sys.modules.get(hint.__module__), "__file__", None) or ""
    if "site-packages" in file or not file:
        return False
    if any(hasattr(hint, name) for name in ("model_fields", "__fields__", "__table__")):
        return False
    methods = [name for name, _ in inspect.getmembers(hint, inspect.isfunction) if name[0] != "_"]
    return bool(methods) and not hasattr(hint, "__dataclass_fields__")


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


def _is_scheme(call: Any) -> bool:
    from fastapi.security.base import SecurityBase

    return isinstance(call, SecurityBase)


def _source(function: Any) -> str:
    return parsing.source_of(function if inspect.isroutine(function) else type(function).__call__)
