"""The scopes of a file, and one walk over its syntax tree that files every node under its scope."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from typing import TypeVar, cast

Node = TypeVar("Node", bound=ast.AST)
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
Filed = dict[type[ast.AST], list[ast.AST]]

# Contexts and operators, which no rule looks for.
_MARKS = (ast.expr_context, ast.boolop, ast.operator, ast.unaryop, ast.cmpop)


def _node_fields() -> dict[type[ast.AST], tuple[str, ...]]:
    """Return, for each kind of node, the fields that may hold nodes, in source order."""
    plain = {
        *("ctx", "op", "ops", "kind", "type_comment", "id", "attr", "lineno", "type_ignores"),
        *("arg", "asname", "conversion", "is_async", "kwd_attrs", "level", "module", "rest"),
    }
    texts = {ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.alias, ast.ExceptHandler}
    found: dict[type[ast.AST], tuple[str, ...]] = {}
    for kind in vars(ast).values():
        if isinstance(kind, type) and issubclass(kind, ast.AST) and not issubclass(kind, _MARKS):
            without = {*plain, "name"} if kind in texts else plain
            fields = tuple(name for name in kind._fields if name not in without)
            found[kind] = () if issubclass(kind, ast.Constant | ast.Global) else fields
    return found


_FIELDS = _node_fields()
_NONE: list[ast.AST] = []  # of a kind that a scope has none of; nobody changes it


class Scope:
    """A module, a class or a function, with the nodes that are in it but in no scope inside it.

    Attributes:
        node: the definition; the whole tree for a module.
        outer: the scope around this one; None for a module.
        functions: the functions defined directly in it, in order.
        classes: the classes defined directly in it, in order.
    """

    def __init__(self, node: ast.Module | ast.ClassDef | FunctionNode, outer: Scope | None) -> None:
        self.node = node
        self.outer = outer
        self.functions: list[Function] = []
        self.classes: list[Class] = []
        self._filed: Filed = defaultdict(list)

    @property
    def name(self) -> str:
        """The name in its definition; empty for a module."""
        return "" if isinstance(self.node, ast.Module) else self.node.name

    @property
    def path(self) -> str:
        """The names of the scopes around it and its own, with dots."""
        before = self.outer.path if self.outer else ""
        return f"{before}.{self.name}" if before else self.name

    def own(self, kind: type[Node]) -> list[Node]:
        """Return the nodes of a kind in this scope alone, in the order of the source."""
        return self._filed.get(kind, _NONE)  # type: ignore[return-value] # filed by their kind

    def all(self, kind: type[Node]) -> Iterator[Node]:
        """Yield the nodes of a kind in this scope and in those inside it."""
        for scope in self._within:
            yield from scope._filed.get(kind, _NONE)  # type: ignore[misc] # filed by their kind

    def reads(self, name: str) -> list[ast.Name]:
        """Return where a name is read in this scope and in those inside it."""
        return [n for n in self.all(ast.Name) if n.id == name and isinstance(n.ctx, ast.Load)]

    @cached_property
    def _within(self) -> tuple[Scope, ...]:
        return (self, *self.nested())

    def nested(self) -> Iterator[Function | Class]:
        """Yield every function and class inside, at any depth."""
        inside: list[Function | Class] = [*self.functions, *self.classes]
        for inner in inside:
            yield inner
            yield from inner.nested()

    def forget(self) -> None:
        """Drop the references to everything inside, which refers back, so it is freed at once."""
        for inner in (*self.functions, *self.classes):
            inner.forget()
        self.functions.clear()
        self.classes.clear()
        self._filed.clear()
        self.__dict__.pop("_within", None)

    def around(self) -> Iterator[Scope]:
        """Yield this scope and those around it, from the inside."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.outer


class Class(Scope):
    """A class; ``node`` is its definition."""

    node: ast.ClassDef

    def method(self, name: str) -> Function | None:
        """Return its own method of a name, the last one defined, or None."""
        return next((method for method in reversed(self.functions) if method.name == name), None)


class Function(Scope):
    """A function or method; ``node`` is its definition."""

    node: FunctionNode

    @property
    def is_async(self) -> bool:
        """Whether it is written with ``async def``."""
        return isinstance(self.node, ast.AsyncFunctionDef)

    @property
    def in_class(self) -> Class | None:
        """The class that it is a method of."""
        return self.outer if isinstance(self.outer, Class) else None

    @property
    def parameters(self) -> list[ast.arg]:
        """All of its parameters, including ``self`` and starred ones."""
        given = self.node.args
        starred = [star for star in (given.vararg, given.kwarg) if star is not None]
        return [*given.posonlyargs, *given.args, *given.kwonlyargs, *starred]

    @property
    def is_generator(self) -> bool:
        """Whether it yields."""
        return bool(self.own(ast.Yield) or self.own(ast.YieldFrom))

    def binds(self, name: str) -> bool:
        """Whether it has a parameter or a local variable of this name."""
        return name in self._bound

    @cached_property
    def _bound(self) -> frozenset[str]:
        stored = {node.id for node in self.own(ast.Name) if not isinstance(node.ctx, ast.Load)}
        given = {parameter.arg for parameter in self.parameters}
        return frozenset(given | stored | {function.name for function in self.functions})


def walk(module: Scope) -> tuple[dict[ast.AST, ast.AST], dict[ast.AST, Scope]]:
    """File every node of a module's tree under its scope.

    Returns:
        The node around each node, and the scope of each name.
    """
    tree = cast("ast.Module", module.node)
    parents: dict[ast.AST, ast.AST] = dict.fromkeys(tree.body, tree)
    scopes: dict[ast.AST, Scope] = {}
    # An explicit stack: an expression may be nested deeper than Python recurses.
    waiting: list[tuple[ast.AST, Scope]] = [(node, module) for node in reversed(tree.body)]
    name, constant = ast.Name, ast.Constant  # half of all nodes
    while waiting:
        node, scope = waiting.pop()
        kind = type(node)
        scope._filed[kind].append(node)
        inside = scope
        if kind is ast.FunctionDef or kind is ast.AsyncFunctionDef:
            inside = Function(cast("FunctionNode", node), scope)
            scope.functions.append(inside)
        elif kind is ast.ClassDef:
            inside = Class(cast("ast.ClassDef", node), scope)
            scope.classes.append(inside)
        children: list[tuple[ast.AST, Scope]] = []
        for field in _FIELDS[kind]:
            value = getattr(node, field)
            if value is None:
                continue
            # A decorator is outside of the function that it decorates.
            owner = scope if field == "decorator_list" else inside
            for child in value if type(value) is list else (value,):
                its_kind = type(child)
                if its_kind is name:
                    parents[child] = node
                    owner._filed[name].append(child)
                    scopes[child] = owner
                elif its_kind is constant:
                    parents[child] = node
                    owner._filed[constant].append(child)
                elif its_kind in _FIELDS:
                    parents[child] = node
                    children.append((child, owner))
        if children:
            children.reverse()
            waiting += children
    return parents, scopes
