"""UND012: a list, dict or set that several tests change and read."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from understudy.lint import pytest_items
from understudy.lint.leaked_state import changes, is_looked_after, is_mutable
from understudy.lint.rule import Found, Rule
from understudy.project.scopes import Class, Function
from understudy.project.sources import Module


def check(module: Module) -> Iterator[Found]:
    """Yield where a test changes a global or a class attribute that another one reads."""
    tests = pytest_items.of(module).tests
    for name, value in module.defined.items():
        if isinstance(value, ast.expr) and is_mutable(module, value):
            users = [test for test in tests if _mentions(test, name) and not test.binds(name)]
            if len(users) > 1 and not _is_reset(module, re.escape(name)):
                yield from _found(users, name, name)
    for cls in {test.in_class for test in tests if test.in_class is not None}:
        yield from _in_class(module, cls, [test for test in tests if test.in_class is cls])


def _in_class(module: Module, cls: Class, tests: list[Function]) -> Iterator[Found]:
    for node in cls.own(ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Name) and is_mutable(module, node.value):
                name = target.id
                users = [test for test in tests if _has_attribute(test, name)]
                text = rf"(?:self|cls|{cls.name})\.{name}"
                if len(users) > 1 and not _is_reset(module, text, assigned=1):
                    # A setUp that mentions it most likely resets it.
                    if any(is_looked_after(module, user, name) for user in users):
                        continue
                    for owner in ("self", "cls", cls.name):
                        yield from _found(users, f"{owner}.{name}", name)


def _found(users: list[Function], text: str, name: str) -> Iterator[Found]:
    for test in users:
        for node in changes(test, text):
            others = next(user.name for user in users if user is not test)
            yield Found(node, f"{test.name} changes {name}, which {others} reads too")


def _mentions(test: Function, name: str) -> bool:
    return any(used.id == name for used in test.own(ast.Name))


def _has_attribute(test: Function, name: str) -> bool:
    return any(
        attribute.attr == name and isinstance(attribute.value, ast.Name)
        for attribute in test.own(ast.Attribute)
    )


def _is_reset(module: Module, text: str, assigned: int = 2) -> bool:
    """Whether something empties it, resets it, or changes it for one test only.

    With ``assigned`` assignments or more, one of them resets it.
    """
    return bool(
        re.search(
            rf"{text}\.clear\(|{text}\[:\]|del {text}(?!\[)|global [^\n]*\b{text}\b", module.text
        )
        or len(re.findall(rf"(?<![\w.]){text}(: [^=\n]+)?\s*=(?!=)", module.text)) >= assigned
        or re.search(rf"(setitem|delitem|dict|setattr|object|copy)\([^)\n]*{text}", module.text)
    )


RULE = Rule(
    code="UND012",
    name="shared-state",
    group="bugs",
    why="Tests that share a list or a dict depend on the tests that ran before.",
    instead="Create it in the test, or in a function-scoped fixture that both tests use.",
    wrong="""
created = []


def test_create(client):
    created.append(client.post("/users", json={"name": "Ana"}).json()["id"])  # UND012
    assert created


def test_fetch(client):
    assert client.get(f"/users/{created[0]}").status_code == 200
""",
    right="""
import pytest


@pytest.fixture
def created(client):
    return [client.post("/users", json={"name": "Ana"}).json()["id"]]


def test_fetch(client, created):
    assert client.get(f"/users/{created[0]}").status_code == 200


def test_delete(client, created):
    assert client.delete(f"/users/{created[0]}").status_code == 204
""",
    check=check,
)
