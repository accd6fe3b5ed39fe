"""UND207: a list, dict or set that every test of a session gets."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from understudy.lint import pytest_items
from understudy.lint.leaked_state import is_mutable
from understudy.lint.rule import Found, Rule
from understudy.project.sources import Module


def check(module: Module) -> Iterator[Found]:
    """Yield where a fixture of wider scope gives something that a test could change."""
    for fixture in pytest_items.of(module).fixtures.values():
        if fixture.scope in ("session", "package", "module"):
            for node in fixture.function.own(ast.Return):
                if is_mutable(module, node.value):
                    yield Found(
                        node,
                        f"{fixture.name} is the same object in every test, which may change it",
                    )


RULE = Rule(
    code="UND207",
    name="mutable-session-fixture",
    group="design",
    why="A test that changes the value changes it for all later tests.",
    instead="Use function scope, or return an immutable value.",
    wrong="""
import pytest


@pytest.fixture(scope="session")
def ana():
    return {"name": "Ana"}  # UND207
""",
    right="""
import pytest


@pytest.fixture
def ana():
    return {"name": "Ana"}
""",
    path="tests/conftest.py",
    check=check,
)
