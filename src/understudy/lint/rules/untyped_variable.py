"""UND303: a variable of a test without a type hint."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from understudy.lint import pytest_items
from understudy.lint.rule import Found, Rule
from understudy.project.sources import Module


def check(module: Module) -> Iterator[Found]:
    """Yield the first assignment of each variable of a test that has no hint."""
    for test in pytest_items.of(module).tests:
        seen = {
            node.target.id for node in test.own(ast.AnnAssign) if isinstance(node.target, ast.Name)
        }
        for node in test.own(ast.Assign):
            target = node.targets[0]
            if isinstance(target, ast.Name) and target.id not in seen:
                seen.add(target.id)
                yield Found(node, f"{target.id} has no type hint")


RULE = Rule(
    code="UND303",
    name="untyped-variable",
    group="style",
    why="With type hints, a type checker sees if a test and the code disagree about a value.",
    instead="Annotate it: user_id: int = faker.random_int(1, 100). ruff's ANN covers functions.",
    wrong="""
def test_fetch(client):
    user_id = 7  # UND303
    assert client.get(f"/users/{user_id}").status_code == 200
""",
    right="""
def test_fetch(client):
    user_id: int = 7
    assert client.get(f"/users/{user_id}").status_code == 200
""",
    check=check,
)
