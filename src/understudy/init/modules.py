"""The modules of a project, and the folder that their imports start from."""

from __future__ import annotations

import ast
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from understudy.init.sources import Sources
from understudy.project import pytest_config
from understudy.project.scopes import Class, Function, FunctionNode
from understudy.project.sources import Module, Project, home_of

Definition = FunctionNode | ast.ClassDef


class Modules:
    """The modules below the folder that imports start from.

    Args:
        sources: the project's files.
        base: the folder, relative to the one that was looked through.

    Attributes:
        by_name: the modules that can be imported, by name.
    """

    def __init__(self, sources: Sources, base: Path) -> None:
        self._project = Project(sources.folder, [sources.folder / base])
        self.by_name: dict[str, Module] = {}
        for file in sources.trees:
            if file.is_relative_to(base):
                module = self._project.module_at(sources.folder / file)
                if module is not None and all(map(str.isidentifier, module.name.split("."))):
                    self.by_name[module.name] = module

    def __iter__(self) -> Iterator[Module]:
        return iter(self.by_name.values())

    def find(self, dotted: str | None) -> tuple[Module, Definition] | None:
        """Return the top-level function or class of a dotted name, through any imports, or None."""
        found = self._project.find(dotted)
        if isinstance(found, Function | Class) and found.outer is home_of(found).scope:
            return home_of(found), found.node
        return None

    def bases(self, module: Module, node: ast.ClassDef) -> list[str]:
        """Return the names of the classes outside the project that a class inherits from."""
        cls = module.scopes[node]
        assert isinstance(cls, Class)
        return self._project.lineage(module, cls)[1]

    def ancestors(self, module: Module, node: ast.ClassDef) -> list[tuple[Module, ast.ClassDef]]:
        """Return the classes of the project that a class inherits from, the nearest ones first."""
        cls = module.scopes[node]
        assert isinstance(cls, Class)
        bases = self._project.lineage(module, cls)[0][1:]
        return [(home_of(base), base.node) for base in bases]

    def derived(self, home: Module, name: str) -> Iterator[tuple[Module, Class]]:
        """Yield the classes that derive from a top-level class of a module, with their modules."""
        for module in self:
            for scope in module.scope.classes:
                lineage = self._project.lineage(module, scope)[0][1:] if scope.node.bases else ()
                if any(base.outer is home.scope and base.name == name for base in lineage):
                    yield module, scope


def statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements that run at import, including those inside if, try and with."""
    for node in body:
        if isinstance(node, ast.If) and _is_main_guard(node):
            continue
        yield node
        if not isinstance(node, Definition):
            for name in ("body", "orelse", "finalbody"):
                yield from statements(getattr(node, name, []))


# Packages that reach nothing outside the process but a database.
_LOCAL = {
    "MySQLdb", "aiomysql", "aiosql", "alembic", "annotated_types", "anyio", "argon2",
    "asgi_lifespan", "asyncmy", "asyncpg", "attr", "attrs", "bcrypt", "databases", "dateutil",
    "decouple", "dotenv", "email_validator", "environs", "fastapi", "fastapi_filter",
    "fastapi_pagination", "greenlet", "jinja2", "jose", "jwt", "loguru", "markdown", "markupsafe",
    "msgspec", "multipart", "orjson", "passlib", "phonenumbers", "psqlpy", "psycopg",
    "psycopg_pool", "pwdlib", "pydantic", "pydantic_core", "pydantic_extra_types",
    "pydantic_settings", "pymysql", "pytz", "slugify", "sqlalchemy", "sqlalchemy_utils", "sqlmodel",
    "starlette", "structlog", "tortoise", "typing_extensions", "ulid", "uvicorn", "uvloop", "yaml",
}  # fmt: skip
# Modules of the standard library that reach more.
_REMOTE = re.compile(
    r"(ftplib|http\.client|imaplib|poplib|smtplib|socket|subprocess|urllib\.request|xmlrpc)\b"
)


def stays_local(modules: Modules) -> bool:
    """Return whether the project's code certainly reaches nothing but its database."""
    own = {name.partition(".")[0] for name in modules.by_name}
    for module in modules:
        if {"tests", "test"} & set(module.file.parts):
            continue
        names = {alias.name for node in module.scope.all(ast.Import) for alias in node.names}
        names |= set(module.imports.values())
        tops = {name.partition(".")[0] for name in names} - own - sys.stdlib_module_names
        if tops - _LOCAL or any(map(_REMOTE.match, names)):
            return False
    return True


def own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a function, without those of functions and classes inside it."""
    for child in ast.iter_child_nodes(function):
        yield child
        if not isinstance(child, Definition | ast.Lambda):
            yield from own_nodes(child)


def parameters(node: FunctionNode) -> list[tuple[ast.arg, bool]]:
    """Return the parameters of a function, each with whether it is required."""
    positional = [*node.args.posonlyargs, *node.args.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(node.args.defaults))
    defaults += [*node.args.defaults, *node.args.kw_defaults]
    arguments = [*positional, *node.args.kwonlyargs]
    return [(arg, default is None) for arg, default in zip(arguments, defaults, strict=True)]


def _is_main_guard(node: ast.If) -> bool:
    return "__name__" in ast.dump(node.test)


class Bases:
    """Finds the folders that imports start from: by import statements, else by pytest's path."""

    def __init__(self, sources: Sources) -> None:
        self._files = set(sources.files)
        self._folders = {parent for file in sources.files for parent in file.parents}
        self._trees = sources.trees
        configured = pytest_config.read(sources.folder)
        named = () if configured is None else configured.pythonpath
        self._pythonpath = {Path(os.path.normpath(folder)) for folder in named}

    def of(self, file: Path) -> Path:
        """Return the folder that the import of a file starts from."""
        above = list(file.parents)
        votes = {folder: count for folder, count in self._votes.items() if folder in above}
        if votes:
            return max(votes, key=lambda folder: (votes[folder], -len(folder.parts)))
        if on_path := [folder for folder in above if folder in self._pythonpath]:
            return on_path[0]
        for folder in above:
            if folder / "__init__.py" not in self._files:
                return folder
        return Path()

    @cached_property
    def _votes(self) -> Counter[Path]:
        votes: Counter[Path] = Counter()
        for file, tree in self._trees.items():
            for name in _absolute_imports(tree):
                path = Path(*name.split("."))
                for folder in file.parents:
                    if self._is_module(folder / path):
                        votes[folder] += 1
                        break
        return votes

    def _is_module(self, path: Path) -> bool:
        return path.with_suffix(".py") in self._files or path in self._folders


def _absolute_imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
