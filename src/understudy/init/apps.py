"""The ASGI app, or the function that makes it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from understudy.init.modules import Modules, own_nodes, parameters, statements
from understudy.init.sources import Sources
from understudy.project.files import Place
from understudy.project.scopes import FunctionNode
from understudy.project.sources import Module

# Classes whose objects are ASGI apps.
_ASGI = {
    "fastapi.FastAPI",
    "fastapi.applications.FastAPI",
    "starlette.applications.Starlette",
    "litestar.Litestar",
    "litestar.app.Litestar",
    "quart.Quart",
    "quart.app.Quart",
    "blacksheep.Application",
    "falcon.asgi.App",
}
_CLASSES = {name.rpartition(".")[2] for name in _ASGI}
_PACKAGES = {name.partition(".")[0] for name in _ASGI}
_USUAL = ("main", "app", "application", "asgi", "server", "factory")
_ELSEWHERE = {"test", "tests", "examples", "docs"}
# Files with commands that start an app.
_STARTERS = re.compile(
    r"(?i)^(dockerfile|procfile|makefile|justfile|readme).*|.*\.(sh|ya?ml|toml)$"
)
_COMMAND = re.compile(
    r"(?:uvicorn|gunicorn|hypercorn|granian|fastapi|entrypoint)\b[^\n]*?([A-Za-z_][\w.]*:[A-Za-z_]\w*)"
)


@dataclass(frozen=True)
class App:
    """An ASGI app, or a function that creates one.

    Attributes:
        target: "module:attribute".
        place: where it is defined.
        needs: the required parameters of a factory.
        is_async: whether the factory is a coroutine function.
        score: the higher, the more likely this app is the one that is served.
    """

    target: str
    place: Place
    needs: tuple[str, ...] = ()
    is_async: bool = False
    score: int = 0

    @property
    def usable(self) -> bool:
        """Whether Understudy can create it without more information."""
        return not self.needs and not self.is_async

    @property
    def module(self) -> str:
        """The name of its module."""
        return self.target.partition(":")[0]


def speaks_of_apps(tree: ast.Module) -> bool:
    """Whether a file imports the class of an app, or its package."""
    return any(
        isinstance(node, ast.alias)
        and (node.name.rpartition(".")[2] in _CLASSES or node.name in _PACKAGES)
        for node in ast.walk(tree)
    )


def find_apps(modules: Modules, sources: Sources) -> list[App]:
    """Return every app and every factory, the likeliest first."""
    started = _started(sources)
    factories = {f"{m.name}.{f.name}" for m in modules for f in _factories(modules, m)}
    found = []
    for module in modules:
        if _ELSEWHERE & set(module.file.parts):
            continue
        mounted = _mounted(module)
        for name, node in _objects(modules, module, factories):
            extra = 10 if _is_used(module, name) else 0
            extra -= 30 if name in mounted else 0
            found.append(_app(module, name, node, 5 + extra, started))
        for factory in _factories(modules, module):
            # A private factory is how the module makes the app that others import.
            score = 4 if factory.name.startswith("_") else 8
            found.append(_app(module, factory.name, factory, score, started))
    return sorted(found, key=lambda app: (-app.score, not app.usable, app.target))


def _app(module: Module, name: str, node: ast.AST, score: int, started: set[str]) -> App:
    target = f"{module.name}:{name}"
    if target in started:
        score += 50
    if module.name.rpartition(".")[2] in _USUAL:
        score += 4
    if isinstance(node, FunctionNode):
        needs = tuple(argument.arg for argument, is_required in parameters(node) if is_required)
        is_async = isinstance(node, ast.AsyncFunctionDef)
        # A factory that cannot be called without arguments comes last.
        score -= 10 if needs or is_async else 0
        return App(target, module.place(node), needs, is_async, score)
    return App(target, module.place(node), score=score)


def _is_class(modules: Modules, module: Module, node: ast.AST | None) -> bool:
    """Whether an expression is the class of an app, or one of the project that inherits from it."""
    dotted = module.qualified(node)
    if dotted in _ASGI:
        return True
    known = modules.find(dotted)
    if known is None or not isinstance(known[1], ast.ClassDef):
        return False
    return not _ASGI.isdisjoint(modules.bases(known[0], known[1]))


def _objects(
    modules: Modules, module: Module, factories: set[str]
) -> Iterator[tuple[str, ast.stmt]]:
    for node in statements(module.tree.body):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name, value = node.targets[0].id, node.value
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            name, value = node.target.id, node.value
        else:
            continue
        annotation = node.annotation if isinstance(node, ast.AnnAssign) else None
        if isinstance(value, ast.Call) and (
            _is_class(modules, module, value.func)
            or _is_class(modules, module, annotation)
            or _definition_of(modules, module, value.func) in factories
        ):
            yield name, node


def _definition_of(modules: Modules, module: Module, node: ast.AST) -> str | None:
    known = modules.find(module.qualified(node))
    return None if known is None else f"{known[0].name}.{known[1].name}"


def _factories(modules: Modules, module: Module) -> Iterator[FunctionNode]:
    for node in module.definitions.values():
        if isinstance(node, ast.ClassDef):
            continue
        inside = list(own_nodes(node))
        returns = any(isinstance(item, ast.Return) and item.value for item in inside)
        if not returns or any(isinstance(item, ast.Yield | ast.YieldFrom) for item in inside):
            continue
        makes = any(
            isinstance(item, ast.Call) and _is_class(modules, module, item.func) for item in inside
        )
        annotated = node.returns is not None and _is_class(modules, module, node.returns)
        # A function that creates an app and returns something else, such as a client, is excluded.
        if annotated or (makes and node.returns is None):
            yield node


def _is_used(module: Module, name: str) -> bool:
    """Whether the module uses an attribute of the object."""
    return any(
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == name
        for node in ast.walk(module.tree)
    )


def _mounted(module: Module) -> set[str]:
    """Return the apps that a module mounts in another app, which is the one that is served."""
    return {
        argument.id
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "mount"
        for argument in [*node.args, *(keyword.value for keyword in node.keywords)]
        if isinstance(argument, ast.Name)
    }


def _started(sources: Sources) -> set[str]:
    """Return the "module:attribute" in every command that starts an app."""
    return {
        target
        for file in sources.files
        if _STARTERS.match(file.name)
        for target in _COMMAND.findall(sources.text(file))
    }
