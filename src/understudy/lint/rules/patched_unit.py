"""UND202: a patch of the very class or module that the test is about."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from understudy.lint.patches import original, patches
from understudy.lint.rule import Found, Rule
from understudy.project.call_resolution import callee
from understudy.project.scopes import Function
from understudy.project.sources import Module, home_of


def check(module: Module) -> Iterator[Found]:
    """Yield patches of functions beside the one that the same test calls."""
    for patch in patches(module):
        test = module.function_of(patch.call)
        function = original(module, patch)
        if test is None or not isinstance(function, Function):
            continue
        if any(part in patch.name.lower() for part in ("conn", "pool", "session")):
            continue  # a boundary
        for call in test.all(ast.Call):
            called = callee(module, call)
            if called is not None and called is not function and _is_beside(called, function):
                yield Found(
                    patch.call,
                    f"{patch.name} belongs to what the test is about: {called.path} calls a mock"
                    " of its own module",
                )
                break


def _is_beside(called: Function, replaced: Function) -> bool:
    return home_of(called).path == home_of(replaced).path and called.in_class is replaced.in_class


RULE = Rule(
    code="UND202",
    name="patched-unit",
    group="design",
    why="Part of the code under test is replaced. The test shows how the rest works with a mock.",
    instead="Run the whole unit and replace its dependencies.",
    wrong="""
from app import users


def test_greeting(monkeypatch):
    monkeypatch.setattr(users, "title", lambda user: "Dr.")  # UND202

    assert users.greeting("Ana") == "Dear Dr. Ana"
""",
    right="""
from app import users


def test_greeting():
    assert users.greeting("Ana") == "Dear Ms. Ana"
""",
    files={
        "app/users.py": """
def title(user):
    return "Ms."


def greeting(user):
    return f"Dear {title(user)} {user}"
"""
    },
    check=check,
)
