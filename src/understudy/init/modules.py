"""What the project's files are called when they are imported, and what a name in one means."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from understudy.init.sources import Place, Sources

_DEEPEST = 8  # how often a name is followed from module to module
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True, eq=False)
class Module:
    """A Python file that can be imported.

    Attributes:
        file: relative to the folder that was looked through.
        name: what it is imported as.
        names: what each imported name stands for, as a dotted path.
        definitions: the functions and classes of its top level.
    """

    file: Path
    name: str
    tree: ast.Module
    names: Mapping[str, str]
    definitions: Mapping[str, Definition] = field(repr=False)

    def place(self, node: ast.AST) -> Place:
        """Where a node stands."""
        return Place(self.file, getattr(node, "lineno", 1))

    def dotted(self, node: ast.AST | None) -> str | None:
        """What a name, or an attribute of one, stands for; None where that is not known."""
        if isinstance(node, ast.Attribute):
            value = self.dotted(node.value)
            return None if value is None else f"{value}.{node.attr}"
        if isinstance(node, ast.Name):
            if node.id in self.definitions:
                return f"{self.name}.{node.id}"
            return self.names.get(node.id)
        return None


@dataclass(frozen=True)
class Modules:
    """The modules of a project, by their names.

    Attributes:
        base: the folder that imports start from, relative to the folder looked through.
    """

    by_name: Mapping[str, Module]
    base: Path

    def __iter__(self) -> Iterator[Module]:
        return iter(self.by_name.values())

    def find(self, dotted: str | None) -> tuple[Module, Definition] | None:
        """The function or class that a dotted path names, through any imports on the way."""
        for _ in range(_DEEPEST):
            if dotted is None:
                return None
            owner, _, name = dotted.rpartition(".")
            module = self.by_name.get(owner)
            if module is None:
                return None
            if name in module.definitions:
                return module, module.definitions[name]
            dotted = module.names.get(name)
        return None

    def bases(self, module: Module, node: ast.ClassDef) -> list[str]:
        """The dotted names of all classes that a class inherits from, its project's and others."""
        found: list[str] = []
        waiting = [(module, node)]
        while waiting:
            owner, cls = waiting.pop()
            for base in cls.bases:
                # Generic[T]: the class is what stands before the bracket
                dotted = owner.dotted(base.value if isinstance(base, ast.Subscript) else base)
                if dotted is None or dotted in found:
                    continue
                found.append(dotted)
                known = self.find(dotted)
                if known is not None and isinstance(known[1], ast.ClassDef):
                    waiting.append((known[0], known[1]))
        return found


def read_modules(sources: Sources, base: Path) -> Modules:
    """Name the files below `base`, and list what they define and import."""
    found = {}
    for file, tree in sources.trees.items():
        if file.is_relative_to(base):
            name = module_name(file.relative_to(base))
            if name is not None:
                definitions = {each.name: each for each in _definitions(tree.body)}
                is_package = file.name == "__init__.py"
                found[name] = Module(file, name, tree, _names(tree, name, is_package), definitions)
    return Modules(found, base)


def module_name(file: Path) -> str | None:
    """The dotted name of a file; None where a part of its path is no identifier."""
    parts = file.with_suffix("").parts
    if parts[-1] == "__init__":
        parts = parts[:-1]
    return ".".join(parts) if parts and all(part.isidentifier() for part in parts) else None


def statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that run at import, those inside if, try and with included."""
    for node in body:
        if isinstance(node, ast.If) and _is_main_guard(node):
            continue
        yield node
        if not isinstance(node, Definition):
            for name in ("body", "orelse", "finalbody"):
                yield from statements(getattr(node, name, []))


def own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """What a function consists of, without the functions and classes inside it."""
    for child in ast.iter_child_nodes(function):
        yield child
        if not isinstance(child, Definition | ast.Lambda):
            yield from own_nodes(child)


def _is_main_guard(node: ast.If) -> bool:
    return "__name__" in ast.dump(node.test)


def _definitions(body: list[ast.stmt]) -> Iterator[Definition]:
    return (node for node in statements(body) if isinstance(node, Definition))


def _names(tree: ast.Module, name: str, is_package: bool) -> dict[str, str]:
    """What imported names stand for; those imported inside functions count as well."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                short = alias.asname or alias.name.partition(".")[0]
                names[short] = alias.name if alias.asname else short
        elif isinstance(node, ast.ImportFrom):
            source = _source(node, name, is_package)
            for alias in node.names:
                names[alias.asname or alias.name] = f"{source}.{alias.name}"
    return names


def _source(node: ast.ImportFrom, name: str, is_package: bool) -> str:
    if not node.level:
        return node.module or ""
    parts = name.split(".")
    parts = parts[: len(parts) - node.level + is_package]
    return ".".join([*parts, *filter(None, [node.module])])


class Bases:
    """Which folders the project's imports start from: its own import statements say so."""

    def __init__(self, sources: Sources) -> None:
        self._files = set(sources.files)
        self._folders = {parent for file in sources.files for parent in file.parents}
        self._trees = sources.trees

    def of(self, file: Path) -> Path:
        """The folder that the import of a file starts from, relative to the one looked through."""
        above = list(file.parents)
        votes = {folder: count for folder, count in self._votes.items() if folder in above}
        if votes:
            return max(votes, key=lambda folder: (votes[folder], -len(folder.parts)))
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
