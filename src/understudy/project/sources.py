"""A project's Python files: what they define and import, and what a name in one stands for.

Nothing is imported or executed.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from understudy.project import parsing, pytest_config
from understudy.project.async_runners import Runners
from understudy.project.files import Place
from understudy.project.memory import Memory
from understudy.project.scopes import Class, Function, Scope
from understudy.project.source_file import SourceFile

# A chain of imports or base classes longer than this is circular.
_LONGEST_CHAIN = 12


class ModuleScope(Scope):
    """The outermost scope of a file."""

    def __init__(self, tree: ast.Module, module: Module) -> None:
        super().__init__(tree, None)
        self.module = module


def home_of(scope: Scope) -> Module:
    """Return the file that a scope is in."""
    while scope.outer is not None:
        scope = scope.outer
    assert isinstance(scope, ModuleScope)
    return scope.module


class Module(SourceFile):
    """A file of a project.

    Attributes:
        project: the project it belongs to.
        memory: answers about this file, forgotten together with it.
    """

    def __init__(self, path: Path, name: str, source: bytes, project: Project) -> None:
        super().__init__(path, name, source)
        self.project = project
        self.memory: dict[object, Any] = {}

    def _outermost(self) -> Scope:
        return ModuleScope(self.tree, self)

    def forget(self) -> None:
        """Free the tree and the answers at once."""
        super().forget()
        self.memory.clear()

    @property
    def file(self) -> Path:
        """The path, relative to the project's root."""
        return self.path.relative_to(self.project.root)

    def place(self, node: ast.AST) -> Place:
        """Return the line that a node is on."""
        return Place(self.file, getattr(node, "lineno", 1))


class Project(Memory):
    """A folder with one pytest configuration, and everything below it.

    Other modules of the project are looked up on demand.

    Args:
        root: the folder.
        bases: the folders that imports start from, if they are known; otherwise they are taken
            from pytest's configuration.
    """

    def __init__(self, root: Path, bases: Sequence[Path] = ()) -> None:
        super().__init__()
        self.root = root
        self._given_bases = tuple(bases)
        self._modules: dict[Path, Module | None] = {}

    @cached_property
    def pytest(self) -> pytest_config.PytestConfig:
        """Pytest's configuration."""
        return pytest_config.read(self.root) or pytest_config.PytestConfig()

    @cached_property
    def runners(self) -> Runners:
        """The plugins that run async tests."""
        return Runners(self.root, self.pytest, self.consult)

    def module_at(self, path: Path) -> Module | None:
        """Return the module in a file, or None if there is no such file or it cannot be parsed."""
        if self.consult(path) is None:
            return None
        if path not in self._modules:
            self._modules[path] = self._load(path)
        return self._modules[path]

    def load(self, path: Path) -> Module:
        """Read and parse a file.

        Raises:
            Unreadable: It is too large, not text, or not valid Python.
            OSError: It cannot be read.
        """
        return Module(path, self.name_of(path), parsing.read(path), self)

    def _load(self, path: Path) -> Module | None:
        try:
            return self.load(path)
        except (OSError, parsing.Unreadable):
            return None  # reported when the file itself is checked

    def mentions(self, path: Path, word: str) -> bool:
        """Whether the text of a file has a word in it; False if it cannot be read."""

        def look() -> bool:
            if self.consult(path) is None:
                return False
            try:
                return word.encode() in path.read_bytes()
            except OSError:  # reported when the file itself is checked
                return False

        return self.remembered("mentions", (path, word), look)

    def name_of(self, path: Path) -> str:
        """Return the dotted name by which a file of the project is imported."""
        parts = list(path.with_suffix("").parts)
        bases = [base.parts for base in self.bases if path.is_relative_to(base)]
        longest = max(bases, key=len, default=path.parent.parts)
        own = parts[len(longest) :]
        return ".".join(own[:-1] if own and own[-1] == "__init__" else own)

    @cached_property
    def bases(self) -> tuple[Path, ...]:
        """The folders that imports start from."""
        if self._given_bases:
            return self._given_bases
        named = [self.root / name for name in self.pytest.pythonpath]
        folders = [*named, self.root / "src", self.root]
        # A src that is itself a package is imported as such.
        return tuple(
            dict.fromkeys(
                Path(os.path.normpath(folder))
                for folder in folders
                if folder.is_dir() and not (folder / "__init__.py").is_file()
            )
        ) or (self.root,)

    def find(self, dotted: str | None, seen_from: Module | None = None) -> Definition | None:
        """Return the definition of a dotted name, or None if the project does not define it.

        Args:
            dotted: the name.
            seen_from: the module that uses it. For a test file, imports also start from the folder
                that pytest adds to ``sys.path``.
        """
        if not dotted or not all(dotted.split(".")):
            return None
        if seen_from and dotted.startswith(f"{seen_from.name}."):
            rest = dotted[len(seen_from.name) + 1 :].split(".")
            if rest[0] in seen_from.defined or rest[0] in seen_from.imports:
                own = self._own_base(seen_from.path.parent)
                return self._inside(seen_from, rest, own, _LONGEST_CHAIN)
        own = self._own_base(seen_from.path.parent) if seen_from else None
        return self.remembered(
            "find", (dotted, own), lambda: self._find(dotted, own, _LONGEST_CHAIN)
        )

    def _own_base(self, start: Path) -> Path | None:
        def look() -> Path | None:
            folder = start
            while folder != self.root and self.consult(folder / "__init__.py") is not None:
                folder = folder.parent
            return None if folder in self.bases else folder

        return self.remembered("base", start, look)

    def _find(self, dotted: str, own: Path | None, depth: int) -> Definition | None:
        if depth == 0:
            return None
        parts = dotted.split(".")
        # The longest beginning that is a module; the rest is looked up inside it.
        for length in range(len(parts), 0, -1):
            module = self.module_called(tuple(parts[:length]), own)
            if module is not None:
                return self._inside(module, parts[length:], own, depth)
        return None

    def module_called(self, parts: tuple[str, ...], own: Path | None = None) -> Module | None:
        """Return the module of this name, or None if the project has none."""
        return self.remembered("module", (parts, own), lambda: self._module_called(parts, own))

    def _module_called(self, parts: tuple[str, ...], own: Path | None) -> Module | None:
        for base in (own, *self.bases) if own else self.bases:
            # Most names are a library's: one look at the folder settles that.
            top = base / parts[0]
            if self.consult(top) is None and self.consult(top.with_suffix(".py")) is None:
                continue
            place = base.joinpath(*parts)
            found = self.module_at(place.with_suffix(".py"))
            found = found or self.module_at(place / "__init__.py")
            if found is not None:
                return found
        return None

    def _inside(
        self, module: Module, rest: list[str], own: Path | None, depth: int
    ) -> Definition | None:
        if not rest:
            return module
        name, *more = rest
        defined = module.defined.get(name)
        if defined is None:
            return self._through_imports(module, rest, own, depth)
        if isinstance(defined, Class) and more:
            return self.member(module, defined, more[0]) if len(more) == 1 else None
        if isinstance(defined, ast.expr):
            # `users = service.users`: another name for something else.
            other = module.qualified(defined)
            if other is not None and other != f"{module.name}.{name}":
                return self._find(".".join([other, *more]), own, depth - 1)
        return None if more else defined

    def _through_imports(
        self, module: Module, rest: list[str], own: Path | None, depth: int
    ) -> Definition | None:
        name, *more = rest
        target = module.imports.get(name)
        if target is not None and target != ".".join([module.name, name]):
            return self._find(".".join([target, *more]), own, depth - 1)
        for star in module.stars:
            found = self._find(".".join([star, *rest]), own, depth - 1)
            if found is not None:
                return found
        return None

    def member(self, module: Module, owner: Class, name: str) -> Function | None:
        """Return a method of a class, its own or one inherited from a class of the project."""
        for cls in self.lineage(module, owner)[0]:
            found = cls.method(name)
            if found is not None:
                return found
        return None

    def lineage(self, module: Module, owner: Class) -> tuple[list[Class], list[str]]:
        """Return a class and its bases in the project, and the names of the bases outside of it.

        A base that is not a name, such as a call, is outside and called ``?``.
        """
        return self.remembered(
            "lineage", owner, lambda: self._lineage(module, owner), module.memory
        )

    def _lineage(self, module: Module, owner: Class) -> tuple[list[Class], list[str]]:
        found, outside = [owner], []
        waiting = [(module, owner)]
        while waiting and len(found) < 5 * _LONGEST_CHAIN:
            where, cls = waiting.pop(0)
            for node in cls.node.bases:
                base = node.value if isinstance(node, ast.Subscript) else node
                dotted = where.qualified(base)
                resolved = self.find(dotted, where)
                if isinstance(resolved, Class):
                    if resolved not in found:
                        found.append(resolved)
                        waiting.append((home_of(resolved), resolved))
                elif dotted not in ("object", "abc.ABC", "typing.Generic", "typing.Protocol"):
                    outside.append(dotted or "?")
        return found, outside


Definition = Function | Class | ast.expr | Module
