"""What a call is made on: connections, and objects of the project's classes that take them."""

from __future__ import annotations

import ast
import enum
import importlib
import inspect
import logging
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, get_args, get_origin

from understudy.init import connections
from understudy.init.connections import Opening
from understudy.init.layers import layer_by_name
from understudy.init.modules import Modules
from understudy.project.python_values import NoSource
from understudy.script.formatting import python_literal
from understudy.write import hints, own_databases
from understudy.write.collaborators import Collaborator
from understudy.write.rendering import with_names
from understudy.write.spelling import named
from understudy.write.trials import Expression

FIXTURE = "real_postgres"
_DEEPEST = 8  # objects inside objects
_PLAIN: Mapping[Any, Expression] = {
    int: Expression("1"),
    str: Expression('"a"'),
    float: Expression("1.5"),
    bool: Expression("True"),
    bytes: Expression('b"a"'),
    dict: Expression("{}"),
    list: Expression("[]"),
    logging.Logger: Expression("logging.getLogger()", ("import logging",)),
}
_ADDRESS = re.compile(r"(?i)(^|_)(dsn|conninfo)$|(database|db|postgres|pg)_?(url|uri)$")
_NONE = type(None)


class Unbuildable(Exception):
    """An argument for which no value is known; the text says which."""


@dataclass
class Surroundings:
    """What is opened and imported for one call.

    Attributes:
        openings: by the type that they open.
        dummies: the openings of dummies, by class.
        imports: the lines that the call needs.
    """

    openings: dict[str, Opening] = field(default_factory=dict)
    dummies: dict[type, Opening] = field(default_factory=dict)
    imports: list[str] = field(default_factory=list)

    def all(self) -> tuple[Opening, ...]:
        """Return the openings, in the order of the test."""
        return (*self.openings.values(), *self.dummies.values())


class Builder:
    """Finds how the arguments are made that no trial varies.

    Args:
        modules: the project's modules.
        driver: the project's database driver.
        is_remote: whether a class of the project reaches more than the database.
    """

    def __init__(
        self, modules: Modules, driver: str | None, is_remote: Callable[[type], bool]
    ) -> None:
        self._modules = modules
        self._driver = driver
        self._is_remote = is_remote
        tops = {name.partition(".")[0] for one in modules for name in one.imports.values()}
        self._uses_sqlalchemy = bool(tops & {"sqlalchemy", "sqlmodel"})
        self._options = _session_options(modules)
        self._derived: dict[type, list[type]] = {}

    def kind(self, name: str, hint: Any, is_async: bool) -> str | None:
        """Return the type of connection that an argument takes, or None if it takes none."""
        cls = hints.class_in(hint)
        if cls is not None:
            return connections.kind_of(cls) or self._kind_of_protocol(cls)
        if hint is not inspect.Parameter.empty and hint is not Any:
            return None
        return connections.kind_by_name(
            name, is_async=is_async, driver=self._driver, uses_sqlalchemy=self._uses_sqlalchemy
        )

    def opened(self, kind: str, around: Surroundings) -> str:
        """Open a connection, unless one of its type is open; return its variable."""
        if kind not in around.openings:
            found = connections.opening(kind, FIXTURE, self._driver)
            assert found is not None, "kind() returns the types that can be opened"
            found = connections.with_options(found, self._options)
            taken = {opening.name for opening in around.openings.values()}
            if found.name in taken:
                number = next(n for n in range(2, 9) if f"{found.name}{n}" not in taken)
                name = f"{found.name}{number}"
                found = replace(found, name=name, line=with_names(found.line, {found.name: name}))
            around.openings[kind] = found
        return around.openings[kind].name

    def is_collaborator(self, name: str, hint: Any, is_async: bool) -> bool:
        """Whether a parameter of a function takes a connection, a DAO or a service."""
        if self.kind(name, hint, is_async) is not None:
            return True
        cls = hints.class_in(hint)
        if cls is None or not self._is_own(cls):
            return False
        return (
            layer_by_name(cls.__name__) is not None
            or self._wraps_a_connection(cls, is_async)
            or self._own_database(cls, name) is not None
        )

    def _own_database(self, cls: type, name: str) -> Opening | None:
        """Return how an object of the project's own class for a database is opened, or None."""
        return own_databases.opening_of(cls, name, FIXTURE, self._address())

    def _wraps_a_connection(self, cls: type, is_async: bool) -> bool:
        """Whether a class is made of a connection, as a unit of work is; no model or record is."""
        if hasattr(cls, "model_fields") or hasattr(cls, "__table__"):
            return False
        try:
            known = constructor_hints(cls, self._modules).items()
        except Unbuildable:
            return False
        return any(self.kind(name, hint, is_async) is not None for name, hint in known)

    def value(
        self, name: str, hint: Any, around: Surroundings, *, is_async: bool, depth: int = 0
    ) -> str:
        """Return the source of an argument.

        Raises:
            Unbuildable: no value is known.
        """
        kind = self.kind(name, hint, is_async)
        if kind is not None:
            return self.opened(kind, around)
        if get_origin(hint) is type and isinstance(get_args(hint)[0], type):
            return self._named(get_args(hint)[0], around)
        cls = hints.class_in(hint)
        if cls is str and _ADDRESS.search(name):
            return self._address()
        if cls in _PLAIN:
            around.imports += _PLAIN[cls].imports
            return _PLAIN[cls].text
        if cls is None or depth == _DEEPEST:
            raise Unbuildable(f"nothing says what {name} takes")
        if issubclass(cls, enum.Enum) and len(cls):
            return f"{self._named(cls, around)}.{next(iter(cls)).name}"
        if cls.__module__.partition(".")[0] in sys.stdlib_module_names:
            raise Unbuildable(f"nothing says which {cls.__name__} {name} takes")
        if not self._is_own(cls) or self._is_remote(cls):
            return self._dummy(name, cls, around)
        if (opening := self._own_database(cls, name)) is not None:
            return around.openings.setdefault(cls.__qualname__, opening).name
        return self.instance(cls, around, hint=hint, is_async=is_async, depth=depth)

    def _address(self) -> str:
        """Return the source of the URL of the database, as the project's libraries take it."""
        if self._uses_sqlalchemy and self._driver:
            scheme = f"postgresql+{self._driver}"
            return f'{FIXTURE}.dsn.replace("postgresql", {python_literal(scheme)}, 1)'
        return f"{FIXTURE}.dsn"

    def instance(
        self,
        cls: type,
        around: Surroundings,
        *,
        is_async: bool,
        hint: Any = None,
        depth: int = 0,
        kept: list[Collaborator] | None = None,
    ) -> str:
        """Return the source of an object of one of the project's classes.

        Args:
            cls: the class.
            around: what is opened and imported around it.
            is_async: whether the call is async.
            hint: the type that asks for it, for the arguments of a generic one.
            depth: the number of objects that it is inside of.
            kept: gets its collaborators, which are then sourced by their names in double braces.

        Raises:
            Unbuildable: an argument of its constructor is not known, or it is abstract and the
                project has no class, or more than one, that is not.
        """
        if inspect.isabstract(cls) or getattr(cls, "_is_protocol", False):
            cls = self._concrete(cls, hint)
        given = []
        positional = True
        for parameter in constructor_parameters(cls):
            taken = constructor_hints(cls, self._modules).get(parameter.name)
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                continue
            required = parameter.default is parameter.empty
            helper = None if kept is None else self._helper(parameter, taken, is_async)
            is_given = required or helper or self._is_passed(parameter, taken, is_async)
            positional = positional and is_given and parameter.kind != parameter.KEYWORD_ONLY
            if is_given:
                if helper is not None and kept is not None:
                    source = self._kept(parameter, helper, taken, around, is_async, kept)
                else:
                    source = self.value(
                        parameter.name, taken, around, is_async=is_async, depth=depth + 1
                    )
                given.append(source if positional else f"{parameter.name}={source}")
        return f"{self._named(cls, around)}({', '.join(given)})"

    def _helper(self, parameter: inspect.Parameter, hint: Any, is_async: bool) -> type | None:
        """Return the class of an argument that a dummy can stand in for, or None."""
        cls = hints.class_in(hint)
        if cls is None or not self._is_own(cls) or self.kind(parameter.name, hint, is_async):
            return None
        layer = layer_by_name(cls.__name__)
        if layer == "dao" or self._is_remote(cls):
            return cls
        # A service that is made if none is given is a part of this one.
        is_needed = parameter.default is parameter.empty
        return cls if is_needed and (layer == "service" or inspect.isabstract(cls)) else None

    def _kept(
        self,
        parameter: inspect.Parameter,
        cls: type,
        hint: Any,
        around: Surroundings,
        is_async: bool,
        kept: list[Collaborator],
    ) -> str:
        name = parameter.name
        is_remote = self._is_remote(cls)
        if is_remote:
            real = name
        elif parameter.default is not parameter.empty and isinstance(parameter.default, type):
            real = self._named(parameter.default, around)
        else:
            real = self.value(name, hint, around, is_async=is_async)
        kept.append(Collaborator(name, cls, _dummy(name, cls), real, is_remote))
        return f"{{{{{name}}}}}"

    def _is_passed(self, parameter: inspect.Parameter, hint: Any, is_async: bool) -> bool:
        """Whether an argument is passed though it has a default: a connection, `Depends(...)`."""
        return (
            type(parameter.default).__name__ == "Depends"
            or self.kind(parameter.name, hint, is_async) is not None
        )

    def _named(self, cls: type, around: Surroundings) -> str:
        try:
            found = named(cls)
        except NoSource as error:
            raise Unbuildable(str(error)) from None
        around.imports += found.imports
        return found.text

    def _dummy(self, name: str, cls: type, around: Surroundings) -> str:
        if cls not in around.dummies:
            around.dummies[cls] = _dummy(name, cls)
        return around.dummies[cls].name

    def _is_own(self, cls: type) -> bool:
        return cls.__module__ in self._modules.by_name

    def _kind_of_protocol(self, cls: type) -> str | None:
        """Return the type of connection that has everything which a protocol asks for."""
        asked = {name for name in dir(cls) if not name.startswith("_")}
        is_protocol = getattr(cls, "_is_protocol", False) or inspect.isabstract(cls)
        if not (is_protocol and self._is_own(cls) and {"execute", "fetch", "fetchrow"} & asked):
            return None
        kinds = ("asyncpg.Connection", "psqlpy.Connection", "psycopg.AsyncConnection")
        for kind in sorted(kinds, key=lambda kind: not kind.startswith(self._driver or "?")):
            module, _, last = kind.rpartition(".")
            known = getattr(sys.modules.get(module), last, None)
            if known is not None and all(hasattr(known, name) for name in asked):
                return kind
        return None

    def _concrete(self, cls: type, hint: Any) -> type:
        found = self.subclasses(cls)
        if len(found) > 1:
            wanted = get_args(hint)
            found = [one for one in found if _arguments_for(one, cls) == wanted] or found
        if len(found) != 1:
            listed = ", ".join(one.__name__ for one in found)
            has = f"has {listed}" if found else "has none that is not"
            raise Unbuildable(f"{cls.__name__} is abstract, and the project {has}")
        return found[0]

    def subclasses(self, cls: type) -> Sequence[type]:
        """Return the project's classes that derive from one and are not abstract, without tests."""
        if cls not in self._derived:
            self._derived[cls] = list(self._find_derived(cls))
        return self._derived[cls]

    def _find_derived(self, cls: type) -> Iterator[type]:
        home = self._modules.by_name[cls.__module__]
        for module, scope in self._modules.derived(home, cls.__name__):
            if {"tests", "test"} & set(module.file.parts):
                continue
            found = getattr(imported(module.name), scope.name, None)
            if isinstance(found, type) and not inspect.isabstract(found):
                yield found


def imported(name: str) -> object:
    """Import a module of the project.

    Raises:
        Unbuildable: it raises an exception.
    """
    try:
        return importlib.import_module(name)
    except Exception as error:  # any module of the project may raise anything
        raise Unbuildable(f"{name} cannot be imported: {error}") from error


def _dummy(name: str, cls: type) -> Opening:
    found = named(cls)
    lines = ("from understudy import dummy", *found.imports)
    return Opening(name, f"{name} = dummy({found.text})", lines)


def constructor_parameters(cls: type) -> list[inspect.Parameter]:
    """Return the parameters of a class's constructor, without self."""
    if not any({"__init__", "__new__"} & set(vars(base)) for base in cls.__mro__[:-1]):
        return []
    try:
        return list(inspect.signature(cls).parameters.values())
    except (TypeError, ValueError):  # it is not written in Python
        raise Unbuildable(f"the signature of {cls.__name__} is not known") from None


def constructor_hints(cls: type, modules: Modules) -> dict[str, Any]:
    """Return the type of each parameter of a class's constructor."""
    variables = hints.variables_of(cls)
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        found |= (
            getattr(base, "__annotations__", {}) if hasattr(base, "__dataclass_fields__") else {}
        )
    init = inspect.unwrap(cls.__init__)  # type: ignore[misc] # only its signature is read
    if inspect.isfunction(init):
        known = hints.hints_of(init, modules, variables)
        found |= {
            name: hint
            for name, hint in known.items()
            if name not in found or not isinstance(hint, str)
        }
    return found


def _arguments_for(cls: type, base: type) -> tuple[Any, ...]:
    variables = hints.variables_of(cls)
    return tuple(variables.get(one) for one in getattr(base, "__parameters__", ()))


def _session_options(modules: Modules) -> tuple[str, ...]:
    """Return the options with which the project makes its sessions, as source."""
    for module in modules:
        if {"tests", "test", "migrations", "alembic"} & set(module.file.parts):
            continue
        for call in module.calls("sessionmaker", "async_sessionmaker", "AsyncSession", "Session"):
            found = tuple(
                ast.unparse(word)
                for word in call.keywords
                if word.arg in ("expire_on_commit", "autoflush")
                and isinstance(word.value, ast.Constant)
                and word.value.value is False
            )
            if found:
                return found
    return ()
