"""UND304: a long test in one block."""

from __future__ import annotations

from collections.abc import Iterator

from understudy.lint import pytest_items
from understudy.lint.rule import Found, Rule
from understudy.project.sources import Module

_LONG = 7  # statements


def check(module: Module) -> Iterator[Found]:
    """Yield long tests without an empty line or a comment between what they do."""
    for test in pytest_items.of(module).tests:
        body = test.node.body
        if len(body) < _LONG:
            continue
        lines = module.lines[body[0].lineno - 1 : body[-1].lineno]
        if not any(not line.strip() or line.strip().startswith("#") for line in lines):
            yield Found(test.node, f"{test.name} has {len(body)} statements and no sections")


RULE = Rule(
    code="UND304",
    name="no-sections",
    group="style",
    why="Without arrange, act and assert sections, it is hard to see what a test checks.",
    instead="Put an empty line between arranging, acting and asserting.",
    wrong="""
def test_rename(client):  # UND304
    ana = {"name": "Ana"}
    bia = {"name": "Bia"}
    user = client.post("/users", json=ana).json()
    path = f"/users/{user['id']}"
    response = client.patch(path, json=bia)
    assert response.status_code == 200
    assert client.get(path).json()["name"] == "Bia"
""",
    right="""
def test_rename(client):
    ana = {"name": "Ana"}
    bia = {"name": "Bia"}
    user = client.post("/users", json=ana).json()
    path = f"/users/{user['id']}"

    response = client.patch(path, json=bia)

    assert response.status_code == 200
    assert client.get(path).json()["name"] == "Bia"
""",
    check=check,
)
