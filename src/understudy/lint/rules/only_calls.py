"""UND211: a test that only calls something."""

from __future__ import annotations

from collections.abc import Iterator

from understudy.lint.rule import Found, Rule
from understudy.lint.unasserted import unasserted
from understudy.project.sources import Module


def check(module: Module) -> Iterator[Found]:
    """Yield the tests without an assertion that UND007 leaves out."""
    for test, is_seen in unasserted(module):
        if not is_seen:
            yield Found(test.node, f"{test.name} only calls: it fails only if something raises")


RULE = Rule(
    code="UND211",
    name="only-calls",
    group="design",
    why=(
        "The test shows that the call is possible. It passes no matter what the code returns or"
        " writes."
    ),
    instead=(
        "Assert on the result or on the statements sent to the database. If the test checks that"
        " nothing is raised, say so in its name or a comment: test_..._does_not_raise."
    ),
    wrong="""
import pytest


@pytest.mark.asyncio
async def test_rename(conn):  # UND211
    await rename(conn, 7, "Bia")
""",
    right="""
import pytest


@pytest.mark.asyncio
async def test_rename(conn):
    await rename(conn, 7, "Bia")

    conn.assert_called("UPDATE users SET name = $2 WHERE id = $1", 7, "Bia")


@pytest.mark.asyncio
async def test_rename_of_nobody_does_not_raise(conn):
    await rename(conn, 0, "Bia")
""",
    check=check,
)
