"""UND039: a class with tests that pytest does not collect."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from understudy.lint import pytest_items
from understudy.lint.rule import Found, Rule
from understudy.project.parsing import last_name
from understudy.project.scopes import Class
from understudy.project.sources import Module


def check(module: Module) -> Iterator[Found]:
    """Yield classes with tests that have an ``__init__``, or a name that is not looked for."""
    config = module.project.pytest
    if not config.is_test_file(module.path) or pytest_items.of(module).hooked:
        return
    for cls in module.scope.classes:
        tests = [method for method in cls.functions if config.is_test_function(method.name)]
        begin = cls.method("__init__")
        is_named = config.is_test_class(cls.name)
        if not tests or is_named is (begin is None) or _is_for_others(module, cls):
            continue
        if begin is not None:
            yield Found(
                begin.node, f"pytest does not collect {cls.name}, because it has an __init__"
            )
        else:
            yield Found(
                cls.node,
                f"pytest does not collect {cls.name}: its name fits no pattern of python_classes",
            )


def _is_for_others(module: Module, cls: Class) -> bool:
    """Whether a class may be a base of others, a helper, or collected by other means."""
    if cls.node.bases or cls.node.keywords or cls.node.decorator_list or cls.name.startswith("_"):
        return True
    if any(word in cls.name.lower() for word in ("base", "mixin", "abstract", "common", "suite")):
        return True
    if any(name.id in ("__test__", "pytestmark") for name in cls.own(ast.Name)):
        return True
    if any(last_name(node.exc) == "NotImplementedError" for node in cls.all(ast.Raise) if node.exc):
        return True
    return any(name.id == cls.name for name in module.scope.all(ast.Name))


RULE = Rule(
    code="UND039",
    name="test-not-collected",
    group="bugs",
    why="pytest does not run the tests of this class, and says so only in a warning or not at all.",
    instead=(
        "Let the name of the class begin with Test, and set it up in a fixture or in setup_method,"
        " not in __init__."
    ),
    wrong="""
from app.users import title


class UserTests:  # UND039
    def test_title(self):
        assert title("Ana") == "Ms."


class TestTitles:
    def __init__(self):  # UND039
        self.name = "Ana"

    def test_title(self):
        assert title(self.name) == "Ms."
""",
    right="""
from app.users import title


class TestTitles:
    def setup_method(self):
        self.name = "Ana"

    def test_title(self):
        assert title(self.name) == "Ms."
""",
    check=check,
)
