"""Find the layers of the code: routes, services, DAOs and DTOs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from understudy.init.modules import Definition, Modules
from understudy.project.files import Place
from understudy.project.scopes import FunctionNode
from understudy.project.sources import Module
from understudy.project.sql_literals import has_statement

Layer = Literal["router", "service", "dao", "dto"]
LAYERS: tuple[Layer, ...] = get_args(Layer)
VERBS = ("get", "post", "put", "patch", "delete", "head", "options")
_MODELS = {"pydantic.BaseModel", "pydantic.main.BaseModel", "pydantic.RootModel"}
_SQLMODEL = {"sqlmodel.SQLModel", "sqlmodel.main.SQLModel"}
_NO_DTO = {"pydantic_settings.BaseSettings", "pydantic.BaseSettings"}
_SERVICE = re.compile(r"(Service|UseCase|Interactor)(s|Impl)?$")
_DAO = re.compile(r"(D[Aa][Oo]|D[Aa][Ll]|Repository|Repo|Gateway|CRUD)(s|Impl)?$|^CRUD")
_SERVICE_FOLDERS = {"service", "services", "usecase", "usecases", "use_cases", "interactors"}
_DAO_FOLDERS = {"dao", "daos", "dal", "repository", "repositories", "repo", "repos", "crud"}
_ABSTRACT = {"abc.ABC", "typing.Protocol", "typing_extensions.Protocol"}


@dataclass(frozen=True)
class Part:
    """One member of a layer.

    Attributes:
        layer: one of LAYERS.
        name: the class or function with the classes around it, such as "UserDTO.Create", or a
            route, such as "GET /users".
        node: its definition.
        module: its module.
    """

    layer: Layer
    name: str
    node: Definition
    module: Module

    @property
    def place(self) -> Place:
        """The place of its definition."""
        return self.module.place(self.node)


def find_layers(modules: Modules) -> dict[str, list[Part]]:
    """Return the parts of each layer, in the order of the files."""
    found: dict[str, list[Part]] = {layer: [] for layer in LAYERS}
    for module in sorted(modules, key=lambda module: module.file):
        if {"tests", "test", "migrations", "alembic"} & set(module.file.parts):
            continue
        for part in _parts(modules, module):
            found[part.layer].append(part)
    return found


def _parts(modules: Modules, module: Module) -> Iterator[Part]:
    for node in ast.walk(module.tree):
        if isinstance(node, FunctionNode):
            yield from _routes(module, node)
    for name, node in module.definitions.items():
        if isinstance(node, ast.ClassDef):
            yield from _classes(modules, module, node, node.name)
        elif not name.startswith("_"):
            layer = _layer_of_path(module)
            # One with a decorator is a command, a task or a route.
            if layer is None and not node.decorator_list and has_statement(module, node):
                layer = "dao"
            if layer is not None:
                yield Part(layer, name, node, module)


def _routes(module: Module, node: FunctionNode) -> Iterator[Part]:
    for decorator in node.decorator_list:
        if (
            isinstance(decorator, ast.Call)
            and isinstance(decorator.func, ast.Attribute)
            and decorator.func.attr in VERBS
        ):
            paths = [keyword.value for keyword in decorator.keywords if keyword.arg == "path"]
            for path in [*decorator.args[:1], *paths]:
                if isinstance(path, ast.Constant) and isinstance(path.value, str):
                    name = f"{decorator.func.attr.upper()} {path.value}"
                    yield Part("router", name, node, module)


def _classes(modules: Modules, module: Module, node: ast.ClassDef, name: str) -> Iterator[Part]:
    bases = set(modules.bases(module, node))
    is_table = any(keyword.arg == "table" for keyword in node.keywords)
    if bases & (_MODELS | _SQLMODEL):
        if not is_table and not bases & _NO_DTO:
            yield Part("dto", name, node, module)
    elif not {module.qualified(base) for base in node.bases} & _ABSTRACT:
        layer = _layer_of_class(modules, module, node)
        if layer is not None:
            yield Part(layer, name, node, module)
    for inner in node.body:
        if isinstance(inner, ast.ClassDef):
            yield from _classes(modules, module, inner, f"{name}.{inner.name}")


def layer_by_name(name: str) -> Layer | None:
    """Return the layer that the name of a class says: "dao", "service" or None."""
    if _DAO.search(name):
        return "dao"
    return "service" if _SERVICE.search(name) else None


def _layer_of_class(modules: Modules, module: Module, node: ast.ClassDef) -> Layer | None:
    classes = [node, *(base for _, base in modules.ancestors(module, node))]
    if not any(isinstance(statement, FunctionNode) for cls in classes for statement in cls.body):
        return None
    layer = layer_by_name(node.name)
    if layer is not None or re.search(r"(Error|Exception)$", node.name):
        return layer
    layer = _layer_of_path(module)
    return "dao" if layer is None and has_statement(module, node) else layer


def _layer_of_path(module: Module) -> Layer | None:
    names = {part.lower() for part in (*module.file.parts[:-1], module.file.stem)}
    words = names | {word for name in names for word in name.split("_")}
    if words & _DAO_FOLDERS:
        return "dao"
    return "service" if words & _SERVICE_FOLDERS else None
