"""UND007: a test that gets something and asserts nothing."""

from __future__ import annotations

from collections.abc import Iterator

from understudy.lint.rule import Found, Rule
from understudy.lint.unasserted import unasserted
from understudy.project.sources import Module


def check(module: Module) -> Iterator[Found]:
    """Yield the tests that keep, print or catch something and assert nothing."""
    for test, is_seen in unasserted(module):
        if is_seen:
            yield Found(
                test.node, f"{test.name} asserts nothing: it fails only if something raises"
            )


RULE = Rule(
    code="UND007",
    name="no-assertion",
    group="bugs",
    why="A test without an assertion passes no matter what the code returns or writes.",
    instead=(
        "Assert on the result, on what is logged, or on the statements sent to the database. If the"
        " test checks that nothing is raised, do not keep the result, and say so in its name."
    ),
    wrong="""
import pytest


@pytest.mark.asyncio
async def test_names(conn):  # UND007
    found = await names(conn)

    print(found)
""",
    right="""
import pytest


@pytest.mark.asyncio
async def test_names(conn):
    found = await names(conn)

    assert found == ["Ana"]
""",
    check=check,
)
