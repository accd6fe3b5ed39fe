"""One file, parsed and filed: what the rules look at."""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from understudy.lint import messages
from understudy.lint.tree import Class, Function, FunctionNode, Scope, walk

if TYPE_CHECKING:
    from understudy.lint.project import Project

# Parsing takes some hundred times the size of a file in memory, and a second for each megabyte.
LARGEST = 2_000_000
_NOQA = re.compile(r"#\s*noqa(?::\s*(?P<codes>[A-Z]+\d+(?:[\s,]+[A-Z]+\d+)*))?", re.I)


class Unreadable(Exception):
    """A file cannot be checked; the text says why."""


class Module:
    """A file's tree, what it defines and what its names stand for.

    Attributes:
        path: the file.
        folder: where it lies.
        name: how it would be imported, as far as its folder tells.
        text: its source.
        scope: everything that is defined in it.
        parents: the node around each node.
        project: what is known beyond this file.
    """

    def __init__(self, path: Path, name: str, source: bytes, project: Project) -> None:
        self.path = path
        self.folder = path.parent
        self.name = name
        self.project = project
        self.text = decoded(source)
        self.tree = _parsed(self.text)
        self.kept: dict[object, Any] = {}  # what others have found out about it
        self.scope, self.parents, self._name_scopes = walk(self.tree)
        self.scope.module = self
        self._qualified: dict[ast.AST, str | None] = {}

    def forget(self) -> None:
        """Let go of the tree, once the file is checked."""
        self.scope.forget()
        self.parents.clear()
        self._name_scopes.clear()
        self._qualified.clear()
        self.kept.clear()

    @cached_property
    def lines(self) -> list[str]:
        """The source, line by line, as Python counts lines."""
        return re.split(r"\r\n|\r|\n", self.text)

    @cached_property
    def imports(self) -> dict[str, str]:
        """What each imported name stands for, dotted; star imports are in ``stars``."""
        found: dict[str, str] = {}
        for node in self.scope.all(ast.Import):
            for alias in node.names:
                if alias.asname:
                    found[alias.asname] = alias.name
                else:
                    top = alias.name.partition(".")[0]
                    found[top] = top
        for each in self.scope.all(ast.ImportFrom):
            base = self._from(each)
            for alias in each.names:
                if alias.name != "*":
                    found[alias.asname or alias.name] = f"{base}.{alias.name}"
        return found

    @cached_property
    def stars(self) -> list[str]:
        """The modules whose every name is imported."""
        return [
            self._from(node)
            for node in self.scope.all(ast.ImportFrom)
            if any(alias.name == "*" for alias in node.names)
        ]

    def _from(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = self.name.split(".")
        # In a package's own file one dot is the package itself.
        keep = len(parts) - node.level + (self.path.name == "__init__.py")
        base = ".".join(parts[:keep])
        return ".".join(part for part in (base, node.module) if part)

    @cached_property
    def defined(self) -> dict[str, Function | Class | ast.expr]:
        """What is defined at the top: functions, classes and the values of variables."""
        found: dict[str, Function | Class | ast.expr] = {}
        for node in self.scope.own(ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    found[target.id] = node.value
        for each in self.scope.own(ast.AnnAssign):
            if isinstance(each.target, ast.Name) and each.value is not None:
                found[each.target.id] = each.value
        for function in self.scope.functions:
            found[function.name] = function
        for cls in self.scope.classes:
            found[cls.name] = cls
        return found

    @cached_property
    def _calls(self) -> dict[str, list[ast.Call]]:
        found: dict[str, list[ast.Call]] = {}
        for call in self.scope.all(ast.Call):
            func = call.func
            name = func.attr if isinstance(func, ast.Attribute) else ""
            found.setdefault(func.id if isinstance(func, ast.Name) else name, []).append(call)
        return found

    def calls(self, *names: str) -> list[ast.Call]:
        """The calls whose function's last name is one of some names, wherever they stand."""
        if self._renamed(names):
            return list(self.scope.all(ast.Call))
        return [call for name in names for call in self._calls.get(name, [])]

    def _renamed(self, names: tuple[str, ...]) -> set[str]:
        """What `import ... as` calls one of some names."""
        return {
            local
            for local, target in self.imports.items()
            if target.rpartition(".")[2] in names and local not in names
        }

    @cached_property
    def functions(self) -> list[Function]:
        """Every function of the file, those inside others too."""
        found: list[Function] = []
        waiting: list[Scope] = [self.scope]
        while waiting:
            scope = waiting.pop()
            found += scope.functions
            waiting += [*scope.functions, *scope.classes]
        return sorted(found, key=lambda function: function.node.lineno)

    @cached_property
    def classes(self) -> list[Class]:
        """Every class of the file, those inside others too."""
        found: list[Class] = []
        waiting: list[Scope] = [self.scope]
        while waiting:
            scope = waiting.pop()
            found += scope.classes
            waiting += [*scope.functions, *scope.classes]
        return sorted(found, key=lambda each: each.node.lineno)

    @cached_property
    def _scopes(self) -> dict[ast.AST, Scope]:
        return {each.node: each for each in (*self.functions, *self.classes)}

    def scope_of(self, node: ast.AST) -> Scope:
        """The scope that a node stands in."""
        known = self._name_scopes.get(node)
        if known is not None:
            return known
        above = self.parents.get(node)
        while above is not None and not isinstance(above, ast.Module):
            if isinstance(above, FunctionNode | ast.ClassDef):
                return self._scopes[above]
            above = self.parents.get(above)
        return self.scope

    def function_of(self, node: ast.AST) -> Function | None:
        """The innermost function that a node stands in."""
        return next(
            (each for each in self.scope_of(node).around() if isinstance(each, Function)), None
        )

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes around a node, from the inside."""
        parent = self.parents.get(node)
        while parent is not None:
            yield parent
            parent = self.parents.get(parent)

    def qualified(self, node: ast.AST) -> str | None:
        """Return the dotted name that an expression stands for; None for one that is no name.

        A parameter or a local variable stands for nothing that is known. What the file defines
        itself begins with the file's own name.
        """
        if node not in self._qualified:
            self._qualified[node] = self._find_qualified(node)
        return self._qualified[node]

    def _find_qualified(self, node: ast.AST) -> str | None:
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return None
        for scope in self.scope_of(node).around():
            if isinstance(scope, Function) and scope.binds(node.id):
                return None
        root = self.imports.get(node.id)
        if root is None:
            root = f"{self.name}.{node.id}" if node.id in self.defined else node.id
        return ".".join([root, *reversed(parts)])

    def silenced(self, line: int, code: str) -> bool:
        """Whether a comment ``# noqa`` on a line stands for a code."""
        if line > len(self.lines):
            return False
        found = _NOQA.search(self.lines[line - 1])
        if found is None:
            return False
        codes = found["codes"]
        return codes is None or code in re.split(r"[\s,]+", codes.upper())


def decoded(source: bytes) -> str:
    """Return a file's text, as Python reads it.

    Raises:
        Unreadable: it is too large, or not text in the encoding that it declares.
    """
    if len(source) > LARGEST:
        raise Unreadable(messages.too_large(len(source), LARGEST))
    if b"\0" in source:
        raise Unreadable(messages.nul_byte(source.index(b"\0"), source))
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
        return source.decode(encoding)
    except (SyntaxError, UnicodeDecodeError, LookupError) as error:
        raise Unreadable(messages.wrong_encoding(error)) from error


def _parsed(text: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            # A doubtful escape in the file is for its owner's own tools to report.
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as error:
        raise Unreadable(messages.not_python(error)) from error
    except (RecursionError, MemoryError) as error:
        raise Unreadable(messages.too_deep()) from error
