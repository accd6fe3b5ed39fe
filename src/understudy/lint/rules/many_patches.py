"""UND208: a test that replaces three things or more."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator

from understudy.lint import pytest_items
from understudy.lint.patches import patches
from understudy.lint.rule import Found, Rule
from understudy.project.sources import Module

_MANY = 3


def check(module: Module) -> Iterator[Found]:
    """Yield tests with three patches or more, in their body and above them."""
    counted: dict[ast.AST, int] = defaultdict(int)
    for patch in patches(module):
        for node in module.above(patch.call):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                counted[node] += 1
                break
    for test in pytest_items.of(module).tests:
        if counted[test.node] >= _MANY:
            yield Found(
                test.node, f"{test.name} replaces {counted[test.node]} things and so tests little"
            )


RULE = Rule(
    code="UND208",
    name="many-patches",
    group="design",
    why="The more is replaced, the less is tested, and the more tests break when code moves.",
    instead="Replace one thing at the boundary, or pass the dependencies as arguments.",
    wrong="""
def test_signup(monkeypatch, client):  # UND208
    monkeypatch.setattr("app.users.hashed", lambda text: text)
    monkeypatch.setattr("app.users.mail", lambda user: None)
    monkeypatch.setattr("app.users.insert", lambda user: 7)

    assert client.post("/users").json() == {"id": 7}
""",
    right="""
def test_signup(monkeypatch, client, conn):
    monkeypatch.setattr("app.users.mail", lambda user: None)

    assert client.post("/users").json() == {"id": 7}
""",
    check=check,
)
