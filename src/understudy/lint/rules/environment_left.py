"""UND010: an environment variable that the next test finds."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from understudy.lint import pytest_items
from understudy.lint.leaked_state import has_code, per_test_functions
from understudy.lint.rule import Found, Rule
from understudy.project.sources import Module

_RESTORED = (
    r"del os\.environ|del environ|environ\.(pop|clear|copy|unsetenv)|dict\(\s*(os\.)?environ"
    r"|dict\(\s*[\"']os\.environ|unsetenv|environ\s*=|environ\[[^\]]+\]\s*=\s*\w*(orig|old|prev|sav|back)"
)


def check(module: Module) -> Iterator[Found]:
    """Yield assignments to os.environ if nothing in the file restores it."""
    # What every test gets configures the tests.
    for_all = [f.function for f in pytest_items.of(module).fixtures.values() if f.autouse]
    places = [
        (function, node)
        for function in per_test_functions(module)
        if function not in for_all
        for node in function.own(ast.Assign)
        if any(
            isinstance(target, ast.Subscript) and module.qualified(target.value) == "os.environ"
            for target in node.targets
        )
    ]
    if not places or has_code(module, _RESTORED):
        return
    for function, node in places:
        yield Found(node, f"{function.name} leaves its environment variable set for later tests")


RULE = Rule(
    code="UND010",
    name="environment-left",
    group="bugs",
    why="The variable stays set. Later tests see it and depend on the test order.",
    instead="Use monkeypatch.setenv(...), which restores the old value.",
    wrong="""
import os

from app.settings import load


def test_debug():
    os.environ["DEBUG"] = "1"  # UND010

    assert load().debug
""",
    right="""
from app.settings import load


def test_debug(monkeypatch):
    monkeypatch.setenv("DEBUG", "1")

    assert load().debug
""",
    check=check,
)
