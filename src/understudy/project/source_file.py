"""A Python file: what it defines and imports, and the scopes in it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from understudy.project import parsing
from understudy.project.scopes import Class, Function, FunctionNode, Scope, walk

_WORD = re.compile(r"\w+")


class SourceFile:
    """A parsed file: what it defines, and what its names stand for.

    Attributes:
        path: the file.
        name: its dotted name, as other files import it.
        text: its source.
        scope: everything that is defined in it.
        parents: the node around each node.
    """

    def __init__(self, path: Path, name: str, source: bytes) -> None:
        self.path = path
        self.name = name
        self.text = parsing.decoded(source)
        self.tree = parsing.parsed(self.text)
        self.scope = self._outermost()
        self.parents, self._name_scopes = walk(self.scope)
        self._qualified: dict[ast.AST | None, str | None] = {}

    def _outermost(self) -> Scope:
        return Scope(self.tree, None)

    def forget(self) -> None:
        """Free the tree at once; its nodes refer to each other."""
        self.scope.forget()
        self.parents.clear()
        self._name_scopes.clear()
        self._qualified.clear()

    @cached_property
    def lines(self) -> list[str]:
        """The lines of the source, as Python counts them."""
        return re.split(r"\r\n|\r|\n", self.text)

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word in the source: names, and the words of strings and comments."""
        return frozenset(_WORD.findall(self.text))

    @cached_property
    def imports(self) -> dict[str, str]:
        """The dotted name that each imported name stands for; for star imports see ``stars``."""
        found: dict[str, str] = {}
        for node in self.scope.all(ast.Import):
            for alias in node.names:
                if alias.asname:
                    found[alias.asname] = alias.name
                else:
                    top = alias.name.partition(".")[0]
                    found[top] = top
        for statement in self.scope.all(ast.ImportFrom):
            base = self._from(statement)
            for alias in statement.names:
                if alias.name != "*":
                    found[alias.asname or alias.name] = f"{base}.{alias.name}"
        return found

    @cached_property
    def stars(self) -> list[str]:
        """The modules of the star imports."""
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
        """The functions, classes and values of variables at the top level, by name."""
        found: dict[str, Function | Class | ast.expr] = {}
        for node in self.scope.own(ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    found[target.id] = node.value
        for annotated in self.scope.own(ast.AnnAssign):
            if isinstance(annotated.target, ast.Name) and annotated.value is not None:
                found[annotated.target.id] = annotated.value
        for function in self.scope.functions:
            found[function.name] = function
        for cls in self.scope.classes:
            found[cls.name] = cls
        return found

    @cached_property
    def definitions(self) -> dict[str, FunctionNode | ast.ClassDef]:
        """The functions and classes at the top level, by name, in the order of the source."""
        scopes: list[Function | Class] = [*self.scope.functions, *self.scope.classes]
        scopes.sort(key=lambda scope: scope.node.lineno)
        return {scope.name: scope.node for scope in scopes}

    @cached_property
    def _calls(self) -> dict[str, list[ast.Call]]:
        found: dict[str, list[ast.Call]] = {}
        for call in self.scope.all(ast.Call):
            found.setdefault(parsing.last_name(call), []).append(call)
        return found

    def calls(self, *names: str) -> list[ast.Call]:
        """Return the calls of functions whose last name is one of ``names``.

        If one of them is imported under another name, all calls of the file are returned.
        """
        if any(
            target.rpartition(".")[2] in names and local not in names
            for local, target in self.imports.items()
        ):
            return list(self.scope.all(ast.Call))
        return [call for name in names for call in self._calls.get(name, [])]

    @cached_property
    def functions(self) -> list[Function]:
        """Every function of the file, including nested ones and methods."""
        found = [scope for scope in self.scope.nested() if isinstance(scope, Function)]
        return sorted(found, key=lambda function: function.node.lineno)

    @cached_property
    def _functions_by_name(self) -> dict[str, list[Function]]:
        found: dict[str, list[Function]] = {}
        for function in self.functions:
            found.setdefault(function.name, []).append(function)
        return found

    def named(self, name: str) -> list[Function]:
        """Return the functions of this name, including nested ones and methods."""
        return self._functions_by_name.get(name, [])

    @cached_property
    def classes(self) -> list[Class]:
        """Every class of the file, including nested ones."""
        found = [scope for scope in self.scope.nested() if isinstance(scope, Class)]
        return sorted(found, key=lambda cls: cls.node.lineno)

    @cached_property
    def scopes(self) -> dict[ast.AST, Function | Class]:
        """The functions and classes of the file, by their nodes."""
        return {scope.node: scope for scope in self.scope.nested()}

    def scope_of(self, node: ast.AST) -> Scope:
        """Return the scope that a node is in."""
        known = self._name_scopes.get(node)
        if known is not None:
            return known
        above = self.parents.get(node)
        while above is not None and not isinstance(above, ast.Module):
            if isinstance(above, FunctionNode | ast.ClassDef):
                return self.scopes[above]
            above = self.parents.get(above)
        return self.scope

    def function_of(self, node: ast.AST) -> Function | None:
        """Return the innermost function that a node is in, or None outside of functions."""
        around = self.scope_of(node).around()
        return next((scope for scope in around if isinstance(scope, Function)), None)

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield the nodes around a node, from the inside."""
        parent = self.parents.get(node)
        while parent is not None:
            yield parent
            parent = self.parents.get(parent)

    def qualified(self, node: ast.AST | None) -> str | None:
        """Return the dotted name that an expression stands for, or None if it is not a name.

        For a parameter or a local variable it is None as well. Names that the file itself defines
        begin with the file's own name.
        """
        if node not in self._qualified:
            self._qualified[node] = self._find_qualified(node)
        return self._qualified[node]

    def _find_qualified(self, node: ast.AST | None) -> str | None:
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
