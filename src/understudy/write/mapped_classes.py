"""The modules of ORM classes that other ORM classes name in strings.

SQLAlchemy refuses every query until all classes are known that relationships and foreign keys name.
An app imports them all. A test of one module has to import them, too.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator

from understudy.init.modules import Modules
from understudy.project import parsing
from understudy.project.sources import Module
from understudy.write.construction import imported

_RELATIONSHIPS = {"relationship", "Relationship", "backref"}


def import_missing(modules: Modules) -> list[str]:
    """Import the modules whose classes the imported ones name, and return their names.

    Args:
        modules: the project's modules.

    Raises:
        Unbuildable: one of them cannot be imported.
    """
    found: list[str] = []
    seen: set[str] = set()
    if "sqlalchemy" not in sys.modules:
        return found
    homes: dict[tuple[str, str], list[str]] = {}
    for module in modules:
        for defined in _defined(module):
            homes.setdefault(defined, []).append(module.name)
    while new := [one for one in modules if one.name in sys.modules and one.name not in seen]:
        for module in new:
            seen.add(module.name)
            for named in _named(module):
                known = homes.get(named, [])
                if known and not any(one in sys.modules for one in known):
                    imported(known[0])
                    found.append(known[0])
    return found


def _named(module: Module) -> Iterator[tuple[str, str]]:
    """Yield the classes and tables that a module names in strings: `("class", "User")`."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.AnnAssign) and _is_relationship(node.value):
            for name in re.findall(r"\w+", ast.unparse(node.annotation)):
                yield "class", name
        if not isinstance(node, ast.Call):
            continue
        texts = [_text(argument) for argument in node.args[:1]]
        if _is_relationship(node):
            texts += [_text(one.value) for one in node.keywords if one.arg == "argument"]
            for text in filter(None, texts):
                yield "class", text.rpartition(".")[2]
        tables = texts if parsing.last_name(node) == "ForeignKey" else []
        tables += [_text(one.value) for one in node.keywords if one.arg == "foreign_key"]
        for text in filter(None, tables):
            yield "table", text.rpartition(".")[0].rpartition(".")[2]


def _defined(module: Module) -> Iterator[tuple[str, str]]:
    """Yield the classes and tables of a module; of tests, none."""
    if {"tests", "test"} & set(module.file.parts):
        return
    for scope in module.scope.classes:
        if not scope.node.bases:
            continue
        yield "class", scope.name
        if any(keyword.arg == "table" for keyword in scope.node.keywords):
            yield "table", scope.name.lower()  # what SQLModel calls it
        for statement in scope.node.body:
            is_assigned = isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value
            if is_assigned and ast.unparse(statement).startswith("__tablename__"):
                yield "table", _text(is_assigned)


def _is_relationship(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Call) and parsing.last_name(node) in _RELATIONSHIPS


def _text(node: ast.expr) -> str:
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return ast.literal_eval(node) if is_text else ""
