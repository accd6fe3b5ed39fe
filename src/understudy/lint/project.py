"""What is known beyond one file: other modules of the project, looked up when a rule asks."""

from __future__ import annotations

import ast
import os
import stat
from collections.abc import Callable, Hashable
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar, cast

from understudy.lint import messages, pytest_config
from understudy.lint.async_runners import Runners
from understudy.lint.module import LARGEST, Module, Unreadable
from understudy.lint.tree import Class, Function

Value = TypeVar("Value")
Definition = Function | Class | ast.expr | Module

# Where somebody's own code does not lie.
FOREIGN = frozenset({"site-packages", "node_modules", ".venv", "venv", ".tox", ".nox"})
# A chain of imports or base classes longer than this goes in a circle.
_LONGEST_CHAIN = 12


class Project:
    """A folder with one pytest configuration, and everything below it.

    What is found is kept. Each answer also tells which files it rests on, so that a finding can be
    kept as long as none of them changes: ``consulted`` collects them, until somebody empties it.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.consulted: dict[str, str | None] = {}
        self._modules: dict[Path, Module | None] = {}
        self._known: dict[object, Any] = {}
        self._states: dict[str, str | None] = {}

    @cached_property
    def pytest(self) -> pytest_config.PytestConfig:
        """The configuration of pytest."""
        return pytest_config.read(self.root) or pytest_config.PytestConfig()

    @cached_property
    def runners(self) -> Runners:
        """Which plugins run async tests here."""
        return Runners(self.root, self.pytest, self.consult)

    def consult(self, path: Path) -> str | None:
        """Return the state of a file, None where there is none; and remember that it was asked."""
        key = str(path)
        if key not in self._states:
            self._states[key] = state_of(key)
        self.consulted[key] = self._states[key]
        return self._states[key]

    def remembered(
        self,
        what: str,
        key: Hashable,
        find: Callable[[], Value],
        memory: dict[object, Any] | None = None,
    ) -> Value:
        """Return what ``find`` returns, from memory if it was asked before.

        ``memory`` is a module's own, for what shall be forgotten with it.
        """
        memory = self._known if memory is None else memory
        known = memory.get((what, key))
        if known is None:
            before, self.consulted = self.consulted, {}
            try:
                value = find()
            finally:
                mine, self.consulted = self.consulted, before
            known = memory[(what, key)] = (value, mine)
        self.consulted.update(known[1])
        return cast("Value", known[0])

    def module_at(self, path: Path) -> Module | None:
        """Return the module that a file is; None where it is not there or cannot be parsed."""
        if self.consult(path) is None:
            return None
        if path not in self._modules:
            self._modules[path] = self._load(path)
        return self._modules[path]

    def load(self, path: Path) -> Module:
        """Read and parse a file.

        Raises:
            Unreadable: it cannot be checked.
            OSError: it cannot be read.
        """
        if path.stat().st_size > LARGEST:
            raise Unreadable(messages.too_large(path.stat().st_size, LARGEST))
        return Module(path, self.name_of(path), path.read_bytes(), self)

    def _load(self, path: Path) -> Module | None:
        try:
            return self.load(path)
        except (OSError, Unreadable):
            # What cannot be read is reported where it is checked itself; here it says nothing.
            return None

    def mentions(self, path: Path, word: str) -> bool:
        """Whether a word stands anywhere in a file; not where it cannot be read."""

        def look() -> bool:
            if self.consult(path) is None:
                return False
            try:
                return word.encode() in path.read_bytes()
            except OSError:  # said where the file is checked itself
                return False

        return self.remembered("mentions", (path, word), look)

    def name_of(self, path: Path) -> str:
        """Return the dotted name that a file of the project is imported by."""
        parts = list(path.with_suffix("").parts)
        bases = [base.parts for base in self.bases if path.is_relative_to(base)]
        longest = max(bases, key=len, default=path.parent.parts)
        own = parts[len(longest) :]
        return ".".join(own[:-1] if own and own[-1] == "__init__" else own)

    @cached_property
    def bases(self) -> tuple[Path, ...]:
        """The folders that imports start from."""
        named = [self.root / each for each in self.pytest.pythonpath]
        found = [*named, self.root / "src", self.root]
        # A src that is itself a package is imported as such.
        return tuple(
            dict.fromkeys(
                Path(os.path.normpath(each))
                for each in found
                if each.is_dir() and not (each / "__init__.py").is_file()
            )
        ) or (self.root,)

    def find(self, dotted: str | None, seen_from: Module | None = None) -> Definition | None:
        """Return what a dotted name of the project stands for; None for one that is not found.

        ``seen_from`` is who imports it: the folder that pytest puts on the path for a test file
        counts too.
        """
        if not dotted or not all(dotted.split(".")):
            return None
        if seen_from and dotted.startswith(f"{seen_from.name}."):
            rest = dotted[len(seen_from.name) + 1 :].split(".")
            if rest[0] in seen_from.defined or rest[0] in seen_from.imports:
                own = self._own_base(seen_from.folder)
                return self._inside(seen_from, rest, own, _LONGEST_CHAIN)
        own = self._own_base(seen_from.folder) if seen_from else None
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
        """Return the module of the project that has this name; None where there is none."""
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
        """Return a method of a class, its own or one that it inherits inside the project."""
        for each in self.lineage(module, owner)[0]:
            found = each.method(name)
            if found is not None:
                return found
        return None

    def lineage(self, module: Module, owner: Class) -> tuple[list[Class], list[str]]:
        """Return a class with those that it derives from, and the bases outside the project.

        A base that cannot be told, such as a call, is outside and called ``?``.
        """
        return self.remembered("lineage", owner, lambda: self._lineage(module, owner), module.kept)

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
                        waiting.append((resolved.home, resolved))
                elif dotted not in ("object", "abc.ABC", "typing.Generic", "typing.Protocol"):
                    outside.append(dotted or "?")
        return found, outside


def state_of(path: str) -> str | None:
    """What tells one state of a file from another; None where there is no such file.

    Of a folder it is only that there is one.
    """
    try:
        found = os.stat(path)  # noqa: PTH116 - hundreds of times a run, and Path is slower
    except (OSError, ValueError):
        return None
    if stat.S_ISDIR(found.st_mode):
        return "folder"
    return f"{found.st_mtime_ns}:{found.st_size}"
