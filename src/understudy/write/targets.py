"""Which functions of an imported module are tested, and how each is called."""

from __future__ import annotations

import ast
import enum
import inspect
import types
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial

from understudy.init import connections, layers
from understudy.init.connections import Opening
from understudy.init.layers import Layer
from understudy.init.modules import Modules
from understudy.project.scopes import Function, FunctionNode
from understudy.project.sources import home_of
from understudy.write import ambient, callables, hints, reach
from understudy.write.callables import Member
from understudy.write.collaborators import Collaborator, ServiceTarget
from understudy.write.construction import Builder, Surroundings, Unbuildable
from understudy.write.imported_names import NAMES
from understudy.write.spelling import named
from understudy.write.table_columns import columns_of
from understudy.write.trials import Argument, LeftOut, Target

_SQL_NAMES = {"sql", "query", "statement", "stmt"}


def find(
    module: types.ModuleType, wanted: Collection[str], modules: Modules, driver: str | None
) -> tuple[list[Target], list[LeftOut]]:
    """Return the functions of a module that can be tested, and those that cannot.

    Routes and DTOs are not among them: they are found by what the app and pydantic say.

    Args:
        module: the module, imported.
        wanted: the layers to look for.
        modules: the project's modules.
        driver: the project's database driver.
    """
    finder = _Finder(module, modules, driver)
    targets: list[Target] = []
    left_out: list[LeftOut] = []
    for member in sorted(callables.members(module, modules), key=finder.order):
        layer = finder.layer(member)
        if layer is None or layer not in wanted:
            continue
        try:
            concrete = finder.on_a_concrete_class(member)
            if concrete is not None:
                targets.append(finder.target(concrete, layer))
        except Unbuildable as error:
            if not member.is_inherited:
                left_out.append(LeftOut(member.qualified, str(error), finder.line(member)))
        except _UntestedClass as error:
            line = inspect.getsourcelines(error.cls)[1]
            left_out.append(LeftOut(error.cls.__qualname__, str(error), line))
    return targets, list(dict.fromkeys(left_out))


class _UntestedClass(Exception):
    """A class of which no method can be tested; the text says why."""

    def __init__(self, cls: type, reason: str) -> None:
        super().__init__(reason)
        self.cls = cls


class _Finder:
    def __init__(self, module: types.ModuleType, modules: Modules, driver: str | None) -> None:
        self._module = module
        self._modules = modules
        self._builder = Builder(modules, driver, partial(reach.is_remote, modules))
        self._pool = ambient.find_pool(modules)
        found = layers.find_layers(modules)
        here = [
            part
            for parts in found.values()
            for part in parts
            if part.module.name == module.__name__
        ]
        self._routes = {part.node.name for part in here if part.layer == "router"}
        self._layers = {part.name: part.layer for part in here if part.layer != "router"}

    def order(self, member: Member) -> tuple[int, str, int]:
        """Return the key by which members are sorted: by class, its own methods first."""
        if member.owner is None:
            return member.line, "", 0
        try:
            _, first = inspect.getsourcelines(member.owner)
        except OSError:  # made by a call: namedtuple("Page", "items total")
            first = member.line
        return (first, member.owner.__qualname__, member.line + 10_000 * (member.is_inherited))

    def line(self, member: Member) -> int:
        """Return the line in the module: of an inherited method, that of the class."""
        if member.inner.__module__ == self._module.__name__:
            return member.line
        assert member.owner is not None, "a function of another module is not a member"
        return inspect.getsourcelines(member.owner)[1]

    def layer(self, member: Member) -> Layer | None:
        """Return the layer of a function, or None if it is none that is tested here."""
        name = member.name
        if name in self._routes or (name.startswith("_") and name != "__call__"):
            return None
        if member.owner is not None and _only_describes(member.owner):
            return None
        top = member.owner.__qualname__ if member.owner else name
        layer = self._layers.get(top)
        if layer == "dto":
            return None
        if layer in ("dao", "service"):
            return layer
        named = layers.layer_by_name(top.partition(".")[0])
        return "dao" if named == "dao" or self._takes_a_connection(member) else "service"

    def _takes_a_connection(self, member: Member) -> bool:
        functions = [member.inner]
        if member.kind == "instance" and member.owner is not None:
            functions.append(member.owner.__init__)  # type: ignore[misc] # only its signature is read
        return any(
            self._builder.kind(name, hint, member.is_coroutine) is not None
            for function in filter(inspect.isfunction, map(inspect.unwrap, functions))
            for name, hint in hints.hints_of(function, self._modules).items()
        )

    def target(self, member: Member, layer: Layer) -> Target:
        """Return how a function is called.

        Raises:
            Unbuildable: it cannot be tested; the text says why.
        """
        self._refuse(member)
        target = self._target(member, layer)
        if layer != "service" or member.kind != "instance":
            return target
        kept: list[Collaborator] = []
        other = self._target(member, layer, kept)
        if not kept:
            return target
        function = self._source(member)
        pool = self._ambient(function)
        plain = {name: getattr(target, name) for name in Target.__dataclass_fields__}
        return ServiceTarget(
            **plain,
            collaborators=tuple(kept),
            pattern=other.call,
            pattern_openings=tuple(one for one in other.openings if one not in pool),
            pattern_imports=other.imports,
            pool=pool,
        )

    def _target(
        self, member: Member, layer: Layer, kept: list[Collaborator] | None = None
    ) -> Target:
        function = self._source(member)
        around = Surroundings()
        is_async = member.is_coroutine or inspect.isasyncgenfunction(member.inner)
        signature, given, prefix = self._call(member, around, is_async, kept)
        arguments: list[Argument] = []
        known = hints.hints_of(
            member.inner,
            self._modules,
            hints.variables_of(member.called_on) if member.called_on else {},
        )
        by_name: list[str] = []
        for parameter in signature:
            hint = known.get(parameter.name, inspect.Parameter.empty)
            if parameter.kind == parameter.VAR_KEYWORD:
                is_insert = function is not None and not reach.selects(function)
                arguments += columns_of(member.called_on, is_insert=is_insert)
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                continue
            if self._builder.is_collaborator(parameter.name, hint, is_async):
                source = self._builder.value(parameter.name, hint, around, is_async=is_async)
                is_first = (
                    not arguments and not by_name and parameter.kind != parameter.KEYWORD_ONLY
                )
                (given if is_first else by_name).append(
                    source if is_first else f"{parameter.name}={source}"
                )
            elif _is_any_model(hint):
                raise Unbuildable(f"takes any BaseModel as {parameter.name}: nothing says which")
            else:
                arguments.append(_argument(parameter, hint))
        if by_name:
            arguments = [replace(one, is_keyword=True, is_positional=False) for one in arguments]
        shown = ["ARGUMENTS"] if arguments else []
        call = f"{prefix}({', '.join([*given, *by_name, *shown])})"
        lines, first = inspect.getsourcelines(member.inner)
        openings = around.all()
        if not around.openings:
            openings = (*self._ambient(function), *openings)
        after: tuple[str, ...] = ()
        if function is not None and reach.writes(function) and not reach.commits(function):
            after = tuple(filter(None, map(connections.commit, openings)))
        return Target(
            layer=layer,
            name=member.qualified,
            function=member.inner,
            file=inspect.getsourcefile(member.inner) or "",
            lines=(first, first + len(lines) - 1),
            is_async=is_async,
            call=_collected(member, call),
            arguments=tuple(arguments),
            openings=openings,
            after=after,
            imports=tuple(dict.fromkeys(around.imports)),
            enters=_enters(member),
        )

    def on_a_concrete_class(self, member: Member) -> Member | None:
        """Return a method as it is called: of a base class, on the first class derived from it.

        None if it has no code, or if every class has its own.

        Raises:
            _UntestedClass: no method of its class can be tested.
        """
        owner = member.owner
        if owner is None:
            return member
        if member.kind == "instance" and reach.is_remote(self._modules, owner):
            raise _UntestedClass(owner, "talks to another server, which no test may do")
        derived = self._builder.subclasses(owner)
        if not _is_base(owner, derived):
            return member
        if getattr(owner, "_is_protocol", False) or not derived:
            raise _UntestedClass(owner, "is abstract, and no class derives from it")
        if getattr(member.inner, "__isabstractmethod__", False):
            return None
        for cls in derived:
            if inspect.getattr_static(cls, member.name) is vars(member.home)[member.name]:
                return replace(member, called_on=cls)
        return None

    def _refuse(self, member: Member) -> None:
        function = self._source(member)
        reason = None if function is None else reach.hazard(function)
        if reason is not None:
            raise Unbuildable(reason)
        if member.is_generator and function is not None and _lends(function):
            raise Unbuildable("lends what it yields: it is tested by what depends on it")
        names = set(inspect.signature(member.inner).parameters)
        if member.owner is not None and names & _SQL_NAMES and "search" not in member.name:
            hint = hints.hints_of(member.inner, self._modules)
            if any(hints.class_in(hint[name]) in (str, None) for name in names & _SQL_NAMES):
                raise Unbuildable("takes SQL: it is tested by what sends a statement with it")

    def _ambient(self, function: Function | None) -> tuple[Opening, ...]:
        """Return the opening of the project's own pool, if a function uses it."""
        if self._pool is None or function is None or not self._pool.is_used_by(function):
            return ()
        return (self._pool.opening,)

    def _call(
        self, member: Member, around: Surroundings, is_async: bool, kept: list[Collaborator] | None
    ) -> tuple[list[inspect.Parameter], list[str], str]:
        """Return the parameters, the arguments that are known, and what is called."""
        depth = self._unwrapped(member, is_async)
        chain = callables.layers(member.outer)
        signature = list(inspect.signature(chain[min(depth, len(chain) - 1)]).parameters.values())
        signature = signature[member.kind in ("instance", "class") :]
        suffix = ".__wrapped__" * depth
        cls = member.called_on
        if cls is None:
            found = NAMES.of(self._module.__name__, member.name)
            around.imports += found.imports
            return signature, [], f"{found.text}{suffix}"
        found = named(cls)
        name = found.text
        around.imports += found.imports
        if member.kind != "instance":
            given = [name] if depth and member.kind == "class" else []
            return signature, given, f"{name}.{member.name}{suffix}"
        receiver = self._receiver(cls, around, is_async, kept)
        if depth:
            return signature, [receiver], f"{name}.{member.name}{suffix}"
        return signature, [], receiver if member.name == "__call__" else f"{receiver}.{member.name}"

    def _receiver(
        self, cls: type, around: Surroundings, is_async: bool, kept: list[Collaborator] | None
    ) -> str:
        try:
            return self._builder.instance(cls, around, is_async=is_async, kept=kept)
        except Unbuildable as error:
            for name, value in vars(self._module).items():
                if type(value) is cls and not name.startswith("_"):
                    found = NAMES.of(self._module.__name__, name)
                    around.imports += found.imports
                    return found.text
            raise Unbuildable(f"{cls.__name__} cannot be made: {error}") from None

    def _unwrapped(self, member: Member, is_async: bool) -> int:
        """Return the number of decorators to leave out: those that pass the connection in."""
        for name, hint in hints.hints_of(member.inner, self._modules).items():
            if self._builder.kind(name, hint, is_async) and callables.injects(member, name):
                return callables.injector(member, name)
        return 0

    def _source(self, member: Member) -> Function | None:
        """Return the function in its source, or None if the project's sources don't have it."""
        module = self._modules.by_name.get(member.inner.__module__)
        line = member.line
        for function in module.named(member.inner.__name__) if module else ():
            decorators: list[ast.expr] = function.node.decorator_list
            if line in (function.node.lineno, *(one.lineno for one in decorators)):
                return function
        return None


def _lends(function: Function) -> bool:
    """Whether a generator yields once and cleans up after it, as a dependency of FastAPI does."""
    yields = function.own(ast.Yield)
    around = home_of(function).above(yields[0]) if len(yields) == 1 else ()
    for node in around:
        if isinstance(node, ast.For | ast.AsyncFor | ast.While | FunctionNode):
            return False
        if isinstance(node, ast.Try | ast.With | ast.AsyncWith):
            return True
    return False


def _only_describes(cls: type) -> bool:
    """Whether a class holds data or describes something: a model, an enum, an exception."""
    return (
        issubclass(cls, enum.Enum | BaseException | tuple)
        or hasattr(cls, "model_fields")
        or hasattr(cls, "__table__")
        or hasattr(cls, "_sa_registry")
        # A mixin of models; a class that is made of something may use the name for its own SQL.
        or (hasattr(cls, "__tablename__") and not inspect.isfunction(cls.__init__))
    )


def _is_base(cls: type, derived: Sequence[type]) -> bool:
    """Whether a class is only a base: abstract, generic, or without what all others set."""
    if inspect.isabstract(cls) or getattr(cls, "_is_protocol", False):
        return True
    if not derived:
        return False
    missing = {name for name, value in vars(cls).items() if value is None}
    missing |= set(getattr(cls, "__annotations__", {})) - set(vars(cls))
    return bool(getattr(cls, "__parameters__", ())) or any(
        not name.startswith("__") and all(name in vars(one) for one in derived) for name in missing
    )


def _is_any_model(hint: object) -> bool:
    cls = hints.class_in(hint)
    return cls is not None and cls.__name__ == "BaseModel" and cls.__module__.startswith("pydantic")


def _argument(parameter: inspect.Parameter, hint: object) -> Argument:
    is_injected = type(parameter.default).__name__ in ("Depends", "Security")
    is_required = parameter.default is parameter.empty or is_injected
    return Argument(
        parameter.name,
        hint,
        is_required=is_required,
        is_keyword=parameter.kind == parameter.KEYWORD_ONLY,
        default=None if is_required else parameter.default,
        is_positional=parameter.kind == parameter.POSITIONAL_ONLY,
    )


def _enters(member: Member) -> str:
    """Return how a context manager is entered; "" if the function returns none."""
    if not member.is_context:
        return ""
    return "async with" if inspect.isasyncgenfunction(member.inner) else "with"


def _collected(member: Member, call: str) -> str:
    if member.is_generator:
        if inspect.isasyncgenfunction(member.inner):
            return f"[item async for item in {call}]"
        return f"list({call})"
    return f"await {call}" if member.is_coroutine else call
