"""UND302: a test whose name does not say what it shows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from understudy.lint import pytest_items
from understudy.lint.rule import Found, Rule
from understudy.project.sources import Module

_VAGUE = re.compile(
    r"test(_?(\d+|it|this|that|foo|bar|baz|thing|stuff|something|ok|good|bad|works?|basic|simple"
    r"|case|example|sample|misc|general|happy|path|main|new|tmp|temp|success|fail|failure|error"
    r"|function|method|class|code|test))*_?\d*"
)


def check(module: Module) -> Iterator[Found]:
    """Yield tests whose name has no word that tells one from another."""
    for test in pytest_items.of(module).tests:
        if _VAGUE.fullmatch(test.name.lower()):
            yield Found(test.node, f"{test.name} does not say what is tested, and when")


RULE = Rule(
    code="UND302",
    name="vague-name",
    group="style",
    why="The name of a failing test is the first thing you read, and often the only one.",
    instead="Name it test_<what>_<scenario>: test_fetch_by_id_error_maps_to_500.",
    wrong="""
def test_1():  # UND302
    assert names() == {"Ana", "Bia"}
""",
    right="""
def test_names_are_unique():
    assert names() == {"Ana", "Bia"}
""",
    check=check,
)
