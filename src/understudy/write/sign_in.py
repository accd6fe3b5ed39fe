"""How a test signs a caller in: a header, overridden dependencies, stand-ins of what they call.

What works is found by trying; here are the ways, the plainest first.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from understudy.project.python_values import NoSource
from understudy.rows.table_facts import Schema
from understudy.write import hints, json_samples
from understudy.write.dependencies import Dependency, credentials, dependencies, flat, reached
from understudy.write.rendering import renamed, with_names
from understudy.write.shapes import ABSENT, Leaf, NoValue, builds, complete, leaves, settled
from understudy.write.spelling import collection, imports_of, named, snake, source, spelled
from understudy.write.trials import Argument, Expression, Setup
from understudy.write.values import Values

CALLER = 100  # the id of the caller, which no row of a trial has
_ALLOWS = re.compile(r"active|verified|enabled|superuser|admin|staff|confirmed", re.IGNORECASE)
_FORBIDS = re.compile(r"inactive|disabled|deleted|blocked|banned|locked|revoked", re.IGNORECASE)
_CALLERS = {"user", "current_user", "caller", "me", "actor", "current", "_", "_user", "auth"}
_ROLES = ("role", "type", "level")
_IS_BEST = re.compile("admin|owner|root")
_MOST_METHODS = 6
_IDS = ("id", "uid", "user_id", "pk")
_DUMMY = "from understudy import dummy"
_ANYTHING = Expression("Any", ("from typing import Any",))
_DICT = Expression("dict[str, Any]", _ANYTHING.imports)
_NAMESPACE = Expression("SimpleNamespace", ("from types import SimpleNamespace",))
# What takes a right from a caller: the name of a scenario, when it applies, and a line.
Refusal = tuple[str, str, str]


@dataclass(frozen=True)
class SignIn:
    """A way to sign a caller in.

    Attributes:
        headers: the headers of the request.
        setups: the fixtures that override dependencies.
        refusals: changes after which the caller may be refused.
        callers: what the overrides return, by the parameters that take it.
    """

    headers: Mapping[str, str] = field(default_factory=dict)
    setups: tuple[Setup, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    callers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Override:
    """A fixture that overrides a dependency, and what takes a right from its caller.

    Attributes:
        setup: the fixture.
        refusals: what takes a right from the caller.
        callers: what it returns, by the parameter that takes it.
    """

    setup: Setup
    refusals: tuple[Refusal, ...]
    callers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Made:
    """A caller: its source, its type, the object, and a line that takes each right from it.

    The lines are those of refusals, in which `{name}` is the caller's variable.
    """

    source: Expression
    kind: Expression
    value: Any
    refusals: tuple[Refusal, ...] = ()


def ways(dependant: Any, schema: Schema | None) -> Iterator[SignIn]:
    """Yield ways to sign a caller in, the plainest first."""
    tree = dependencies(dependant)
    headers = credentials(tree)
    overrides = _Overrides(schema)
    lowest = [overrides.of(one) for one in _each_call(overrides.lowest(tree))]
    if lowest and None not in lowest:
        yield _sign_in({}, lowest)
        if headers:
            yield _sign_in(headers, lowest)
    stand_ins = [*overrides.stand_ins([one for one in tree if one.is_secured])]
    if headers and stand_ins:
        yield _sign_in(headers, stand_ins)
    if headers:
        yield SignIn(headers)
    secured = [one for one in tree if one.is_secured and not one.is_scheme]
    highest = [overrides.of(one) for one in _each_call(secured)]
    if any(highest):
        yield _sign_in(headers, highest)


def _sign_in(headers: Mapping[str, str], overrides: Sequence[_Override | None]) -> SignIn:
    """Return a way to sign in by overrides, whose fixtures get different names."""
    setups: dict[tuple[str, ...], Setup] = {}
    refusals: list[Refusal] = []
    for one in filter(None, overrides):
        if one.setup.lines in setups:
            continue
        taken = {setup.name for setup in setups.values()}
        name, number = one.setup.name, 1
        while name in taken:
            number += 1
            name = f"{one.setup.name}_{number}"
        names = {one.setup.name: name}
        setups[one.setup.lines] = renamed(one.setup, names)
        refusals += [(what, when, with_names(line, names)) for what, when, line in one.refusals]
    callers = {name: value for one in overrides if one for name, value in one.callers.items()}
    return SignIn(headers, tuple(setups.values()), tuple(refusals), callers)


def _each_call(found: Iterable[Dependency]) -> list[Dependency]:
    """Return dependencies, each function once: as the parameter that takes what it returns."""
    by_call: dict[Any, Dependency] = {}
    for dependency in found:
        if dependency.call not in by_call or dependency.name:
            by_call[dependency.call] = dependency
    return [*by_call.values()]


class _Overrides:
    """Makes the fixtures that override dependencies."""

    def __init__(self, schema: Schema | None) -> None:
        self._schema = schema or Schema({}, {}, {})

    def lowest(self, tree: Sequence[Dependency]) -> Iterator[Dependency]:
        """Yield the dependencies nearest to the credentials that return a caller."""
        for dependency in tree:
            if not dependency.is_secured or dependency.is_scheme:
                continue
            below = [*self.lowest(dependency.parts)]
            if below and all(self.of(part) is not None for part in below):
                yield from below
            elif dependency.returned not in (str, str | None):
                yield dependency

    def of(self, dependency: Dependency) -> _Override | None:
        """Return the override of a dependency by what it returns, or None."""
        place = reached(dependency.call)
        made = None if place is None else self._value(dependency.returned) or _from_uses(dependency)
        given = dependency.name
        is_caller = not given or given.lower() in _CALLERS
        name = "caller" if is_caller else given.lstrip("_")
        if place is None or made is None or not name.isidentifier():
            return None
        about = "The caller, who is signed in."
        refusals = tuple(
            (what, when, line.replace("{name}", name)) for what, when, line in made.refusals
        )
        lines = [f"{name} = {made.source.text}"]
        for id_ in _ids_not_passed(dependency.returned):
            lines.append(f"{name}.{id_} = {CALLER}")
            object.__setattr__(made.value, id_, CALLER)
        setup = _setup(name, made.kind, lines, about, place, made.source)
        return _Override(setup, refusals, {given or name: made.value})

    def _value(self, hint: Any) -> _Made | None:
        """Return a caller with the rights that its type knows."""
        if hint in (None, Any, dict) or typing.get_origin(hint) is dict:
            return None
        try:
            shape = Values(self._schema).shape(Argument("caller", hint))
            chosen = complete(shape, settled(shape))
            refusals: list[Refusal] = []
            for leaf in leaves(shape):
                value = _privileged(leaf)
                if value is None or chosen.get(leaf.path, leaf.values[0]) is ABSENT:
                    continue
                refusals += _refusal(leaf, value)
                if builds(shape, chosen | {leaf.path: value}):
                    chosen[leaf.path] = value
            built = shape.build(chosen)
            kind = named(type(built.value))
            return _Made(built.source, kind, built.value, tuple(refusals))
        except (NoValue, NoSource, NameError):
            return None

    def stand_ins(self, tree: Sequence[Dependency]) -> Iterator[_Override]:
        """Yield overrides by a dummy of what a route calls."""
        seen = set()
        for dependency in flat(tree):
            hint = dependency.returned
            place = reached(dependency.call)
            if place is None or dependency.call in seen or not _is_collaborator(hint):
                continue
            seen.add(dependency.call)
            cls, name = named(hint), f"{snake(hint.__name__)}_dummy"
            rules = [*islice(self._rules(hint), _MOST_METHODS)]
            if not rules:
                continue
            lines = [f"{name} = dummy({cls.text})"]
            lines += [f"{name}.{rule.text}.optional()" for rule, _ in rules]
            about = f"A {hint.__name__} that knows the caller."
            needed = (*(rule for rule, _ in rules), cls, Expression("", (_DUMMY,)))
            setup = _setup(name, _ANYTHING, lines, about, place, *needed)
            refusals = (refusal for _, refusal in rules if refusal)
            yield _Override(
                setup, tuple((what, when, f"{name}.{rule}") for what, when, rule in refusals)
            )

    def _rules(self, cls: Any) -> Iterator[tuple[Expression, Refusal | None]]:
        """Yield the answers of the methods of a class, and what answer refuses a caller."""
        for method, function in inspect.getmembers(cls, inspect.isfunction):
            hint = None if method.startswith("_") else hints.known(function).get("return")
            inner = typing.get_args(hint)[:1] if typing.get_origin(hint) is list else ()
            made = None if hint is None else self._value(inner[0] if inner else hint)
            if made is None or made.source.text == "None":
                continue
            value = collection(list, [made.source]) if inner else made.source
            refusal = (
                f"when_{method}_finds_nothing",
                f"if {method} finds nothing",
                f'on("{method}").returns([])',
            )
            rule = Expression(f'on("{method}").returns({value.text})', value.imports)
            yield rule, refusal if inner else None


def _setup(
    name: str,
    kind: Expression,
    lines: Sequence[str],
    about: str,
    place: Expression,
    *needed: Expression,
) -> Setup:
    """Return a fixture that overrides the dependency at a place by its variable."""
    override = f"app.dependency_overrides[{place.text}] = lambda: {name}"
    imports = ("from fastapi import FastAPI", *imports_of((place, kind, *needed)))
    return Setup(name, kind.text, (*lines, override), about, (("app", "FastAPI"),), imports)


def _ids_not_passed(hint: Any) -> Iterator[str]:
    """Yield the ids that the constructor of a dataclass does not take."""
    cls = hints.class_in(hint)
    for one in dataclasses.fields(cls) if cls and dataclasses.is_dataclass(cls) else ():
        is_unset = not one.init and one.default is one.default_factory is dataclasses.MISSING
        if is_unset and one.name in _IDS and one.type in (int, "int"):
            yield one.name


def _privileged(leaf: Leaf) -> Any:
    """Return the value of a caller's field that lets the caller do most; None for any."""
    name, value = leaf.path[-1], leaf.values[0]
    if _FORBIDS.search(name) and not isinstance(value, bool) and not leaf.is_required:
        return ABSENT  # `deleted_at`
    if isinstance(value, bool):
        if _FORBIDS.search(name):
            return False
        return True if _ALLOWS.search(name) else None
    if len(leaf.path) == 2 and name in _IDS:
        if isinstance(value, UUID):
            return UUID(int=CALLER)
        return CALLER if type(value) is int else None
    if name in _ROLES and isinstance(value, str):
        best = [one for one in leaf.values if _IS_BEST.search(str(one))]
        return best[0] if best else None
    return None


def _refusal(leaf: Leaf, value: Any) -> Iterator[Refusal]:
    """Yield what takes the right from a caller that a value of a field gives."""
    name = leaf.path[-1]
    if value is True:
        words = name.removeprefix("is_")
        about = f"if the caller is not {words.replace('_', ' ')}"
        yield f"without_{words}", about, f"{{name}}.{name} = False"
    elif name in _ROLES and len(leaf.path) == 2:
        others = [one for one in leaf.values if one != value and not _IS_BEST.search(str(one))]
        for other in others[:1]:
            about = f"if the caller has another {name}"
            yield f"with_another_{name}", about, f"{{name}}.{name} = {spelled(other).text}"


def _from_uses(dependency: Dependency) -> _Made | None:
    """Return a caller that has what the functions read of it: its keys, or its attributes."""
    uses = dependency.uses
    if uses.keys:
        keys = _with_keys(uses.keys)
        return _Made(Expression(source(keys)), _DICT, keys)
    if uses.attributes:
        values = {name: _guess(name) for name in uses.attributes}
        given = ", ".join(f"{name}={source(value)}" for name, value in values.items())
        text = Expression(f"{_NAMESPACE.text}({given})", _NAMESPACE.imports)
        return _Made(text, _NAMESPACE, SimpleNamespace(**values))
    if dependency.name and uses.is_read:
        return None
    if hints.class_in(dependency.returned) is dict:
        return _Made(Expression("{}"), _DICT, {})
    return _Made(Expression("None"), Expression("None"), None)


def _with_keys(keys: Mapping[str, Any]) -> dict[str, Any]:
    """Return a dict with the keys that are read of it, and of the dicts in it."""
    return {key: _with_keys(inner) if inner else _guess(key) for key, inner in keys.items()}


def _guess(name: str) -> Any:
    if name in ("user", "sub_user"):
        return {"id": CALLER, "email": "ana@example.com"}
    if re.search(r"(^|_)id$", name):
        return CALLER
    if re.search(r"(^|_)uu?id$", name):
        return str(UUID(int=CALLER))
    if _ALLOWS.search(name) and name.startswith(("is_", "has_")):
        return True
    if name == "role":
        return "admin"
    return json_samples.Samples({}).valid({"type": "string"}, name)[0]


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
