"""UND205: an assertion that only some runs reach."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from understudy.lint import pytest_items
from understudy.lint.rule import Found, Rule
from understudy.project.sources import Module


def check(module: Module) -> Iterator[Found]:
    """Yield `if` statements of tests that assert in one branch and have no other."""
    for test in pytest_items.of(module).tests:
        for node in test.node.body:
            if (
                isinstance(node, ast.If)
                and not node.orelse
                and any(isinstance(statement, ast.Assert) for statement in node.body)
            ):
                yield Found(node, f"{test.name} asserts only if this condition holds")


RULE = Rule(
    code="UND205",
    name="conditional-assertion",
    group="design",
    why="If the condition is false, the test passes without an assertion.",
    instead="Assert the condition first, or split the test with parametrize.",
    wrong="""
def test_names(client):
    users = client.get("/users").json()

    if users:  # UND205
        assert users[0]["name"] == "Ana"
""",
    right="""
def test_names(client):
    users = client.get("/users").json()

    assert [user["name"] for user in users] == ["Ana"]
""",
    check=check,
)
