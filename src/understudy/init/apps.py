"""The FastAPI app, or the function that makes it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from understudy.init.modules import Modules, own_nodes, statements
from understudy.init.sources import Sources
from understudy.project.files import Place
from understudy.project.sources import Module

_FASTAPI = {"fastapi.FastAPI", "fastapi.applications.FastAPI"}
_USUAL = ("main", "app", "application", "asgi", "server", "factory")
_ELSEWHERE = {"test", "tests", "examples", "docs"}
# Who starts the app names it there.
_STARTERS = re.compile(
    r"(?i)^(dockerfile|procfile|makefile|justfile|readme).*|.*\.(sh|ya?ml|toml)$"
)
_COMMAND = re.compile(
    r"(?:uvicorn|gunicorn|hypercorn|granian|fastapi|entrypoint)\b[^\n]*?([A-Za-z_][\w.]*:[A-Za-z_]\w*)"
)


@dataclass(frozen=True)
class App:
    """A FastAPI app that was found.

    Attributes:
        target: "module:attribute".
        kind: "object" or "factory".
        needs: parameters that a factory cannot do without.
        is_async: the factory is a coroutine function.
        score: how much speaks for its being the one that is served.
        named: where a command starts it.
    """

    target: str
    place: Place
    kind: str
    needs: tuple[str, ...] = ()
    is_async: bool = False
    score: int = 0
    named: Place | None = None

    @property
    def usable(self) -> bool:
        """Whether Understudy can make it without being told more."""
        return not self.needs and not self.is_async

    @property
    def module(self) -> str:
        """The module that it is in."""
        return self.target.partition(":")[0]


def speaks_of_fastapi(tree: ast.Module) -> bool:
    """Whether a file imports FastAPI, the class or the package."""
    return any(
        isinstance(node, ast.alias) and node.name.rpartition(".")[2] in ("FastAPI", "fastapi")
        for node in ast.walk(tree)
    )


def find_apps(modules: Modules, sources: Sources) -> list[App]:
    """Every app and every factory, the likeliest first."""
    named = _named(sources)
    factories = {f"{m.name}.{f.name}" for m in modules for f in _factories(modules, m)}
    found = []
    for module in modules:
        if _ELSEWHERE & set(module.file.parts):
            continue
        mounted = _mounted(module)
        for name, node in _objects(modules, module, factories):
            extra = 10 if _is_used(module, name) else 0
            extra -= 30 if name in mounted else 0
            found.append(_app(module, name, node, "object", 5 + extra, named))
        for factory in _factories(modules, module):
            found.append(_app(module, factory.name, factory, "factory", 8, named))
    return sorted(found, key=lambda app: (-app.score, not app.usable, app.target))


def _app(
    module: Module, name: str, node: ast.AST, kind: str, score: int, named: dict[str, Place]
) -> App:
    target = f"{module.name}:{name}"
    if target in named:
        score += 50
    if module.name.rpartition(".")[2] in _USUAL:
        score += 4
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        needs, is_async = _needs(node), isinstance(node, ast.AsyncFunctionDef)
        # One that cannot be called as it is comes after whatever can.
        score -= 10 if needs or is_async else 0
        return App(target, module.place(node), kind, needs, is_async, score, named.get(target))
    return App(target, module.place(node), kind, score=score, named=named.get(target))


def _is_class(modules: Modules, module: Module, node: ast.AST | None) -> bool:
    """Whether an expression is FastAPI, or a class of the project that inherits from it."""
    dotted = module.qualified(node)
    if dotted in _FASTAPI:
        return True
    known = modules.find(dotted)
    if known is None or not isinstance(known[1], ast.ClassDef):
        return False
    return bool(_FASTAPI & set(modules.bases(known[0], known[1])))


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


def _factories(
    modules: Modules, module: Module
) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
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
        # A function that makes an app and returns something else, like a client, is none.
        if annotated or (makes and node.returns is None):
            yield node


def _needs(node: ast.FunctionDef | ast.AsyncFunctionDef) -> tuple[str, ...]:
    arguments = node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    required = positional[: len(positional) - len(arguments.defaults)]
    keywords = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    required += [keyword for keyword, default in keywords if default is None]
    return tuple(item.arg for item in required)


def _is_used(module: Module, name: str) -> bool:
    """Whether the module goes on to add something to the object."""
    return any(
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == name
        for node in ast.walk(module.tree)
    )


def _mounted(module: Module) -> set[str]:
    """Apps that the module mounts in another: it is that one which is served."""
    return {
        argument.id
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "mount"
        for argument in [*node.args, *(keyword.value for keyword in node.keywords)]
        if isinstance(argument, ast.Name)
    }


def _named(sources: Sources) -> dict[str, Place]:
    """The "module:attribute" of every command that starts an app, and where it stands."""
    found: dict[str, Place] = {}
    for file in sources.files:
        if _STARTERS.match(file.name):
            for number, line in enumerate(sources.text(file).splitlines(), 1):
                for target in _COMMAND.findall(line):
                    found.setdefault(target, Place(file, number))
    return found
