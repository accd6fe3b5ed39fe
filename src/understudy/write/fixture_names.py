"""The names of the fixtures of a written file: each stands for one fixture, and hides nothing."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import replace

from understudy.project.scopes import FunctionNode
from understudy.write.imported_names import bound_names
from understudy.write.rendering import renamed, with_names
from understudy.write.trials import Kept, Setup
from understudy.write.written_test import Style, source_of_fixture

_OVERRIDDEN = re.compile(r"dependency_overrides\[(.*?)\]")


class FixtureNames:
    """Names the fixtures of trials.

    Args:
        existing: the file to which they are added.
        imports: the lines that it gets besides.
        style: how the project writes its tests.
    """

    def __init__(self, existing: ast.Module, imports: Iterable[str], style: Style) -> None:
        self._style = style
        functions = [node for node in ast.walk(existing) if isinstance(node, FunctionNode)]
        # A parameter may be a fixture of a conftest.py.
        self._taken = {arg.arg for node in functions for arg in node.args.args}
        self._taken |= {name for name, _ in bound_names(existing)}
        self._taken |= {name for name, _ in bound_names(ast.parse("\n".join(imports)))}
        self._contents = {
            node.name: _content(node) for node in existing.body if isinstance(node, ast.FunctionDef)
        }
        self._existing = dict(self._contents)

    def named(self, kept: Kept) -> Kept:
        """Return a trial with the names that its fixtures have in the file."""
        names = {setup.name: self._name_of(setup) for setup in kept.trial.setups}
        if all(old == new for old, new in names.items()):
            return kept
        trial = kept.trial
        trial = replace(
            trial,
            setups=tuple(renamed(setup, names) for setup in trial.setups),
            script=tuple(with_names(line, names) for line in trial.script),
            arguments={
                name: replace(value, text=with_names(value.text, names))
                for name, value in trial.arguments.items()
            },
        )
        assertions = tuple(with_names(line, names) for line in kept.assertions)
        return replace(kept, trial=trial, assertions=assertions)

    def has(self, setup: Setup) -> bool:
        """Return whether the file has a fixture already."""
        return setup.name in self._existing

    def is_edited(self, setup: Setup) -> bool:
        """Return whether the file has the fixture, and a user has changed what it does."""
        known = self._existing.get(setup.name)
        new = _content(_parsed(setup, self._style))
        return known is not None and known != new and _places(known) == _places(new)

    def _name_of(self, setup: Setup) -> str:
        content = _content(_parsed(setup, self._style))
        name, number = setup.name, 1
        while self._contents.get(name) != content:
            if name not in self._taken:
                self._taken.add(name)
                self._contents[name] = content
                break
            number += 1
            name = f"{setup.name}_{number}"
        return name


def _parsed(setup: Setup, style: Style) -> ast.FunctionDef:
    node = ast.parse(source_of_fixture(setup, style)).body[0]
    assert isinstance(node, ast.FunctionDef), "a fixture is a function"
    return node


def _content(node: ast.FunctionDef) -> str:
    """Return what a fixture takes and does, whatever its name is."""
    body = node.body[1:] if ast.get_docstring(node) else node.body
    text = "\n".join([ast.unparse(node.args), *map(ast.unparse, body)])
    return re.sub(rf"\b{node.name}\b", "_", text)


def _places(content: str) -> list[str]:
    return _OVERRIDDEN.findall(content)
