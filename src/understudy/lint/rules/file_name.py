"""UND301: a test file whose name does not say module and layer."""

from __future__ import annotations

import re
from collections.abc import Iterator

from understudy.lint import pytest_items
from understudy.lint.rule import Found, Rule
from understudy.project.sources import Module

_LAYERS = (
    *("dao", "dal", "repository", "crud", "service", "router", "api", "endpoint", "dto", "schema"),
    *("model", "adapter", "client", "config", "integration", "middleware", "task", "cli"),
)
_NAME = re.compile(rf"test_\w+_({'|'.join(_LAYERS)})s?")


def check(module: Module) -> Iterator[Found]:
    """Yield the first test of a file that is not called test_<module>_<layer>.py."""
    tests = pytest_items.of(module).tests
    if tests and not _NAME.fullmatch(module.path.stem):
        yield Found(
            tests[0].node, f"{module.path.name} does not say which layer of which module it tests"
        )


RULE = Rule(
    code="UND301",
    name="file-name",
    group="style",
    why="The name of a test file should lead from the code to its tests and back.",
    instead="Name it test_<module>_<layer>.py: test_user_dao.py, test_user_router.py.",
    wrong="""
def test_names_are_unique():  # UND301
    assert names() == {"Ana", "Bia"}
""",
    right="""
def test_names_are_unique():
    assert names() == {"Ana", "Bia"}
""",
    right_path="tests/test_user_dao.py",
    check=check,
)
