"""UND101: a connection whose statements the test does not check."""

from __future__ import annotations

from collections.abc import Iterator

from understudy.lint import pytest_items
from understudy.lint.doubles import doubles, is_looked_at
from understudy.lint.rule import Found, Rule
from understudy.project.sources import Module


def check(module: Module) -> Iterator[Found]:
    """Yield connections that a test passes on and whose statements it does not check."""
    for test in pytest_items.of(module).tests:
        for double in doubles(module, test):
            if not is_looked_at(test, double.name):
                yield Found(
                    double.node,
                    f"{test.name} checks no statement of {double.name}: any SQL would pass",
                )


RULE = Rule(
    code="UND101",
    name="sql-not-checked",
    group="database",
    why="The double accepts any statement. A test that does not check the SQL passes for any SQL.",
    instead=(
        "Script the statement with conn.on(...), which rejects all others, or assert on"
        " conn.execute_calls."
    ),
    wrong="""
import pytest
from understudy import FakeConnection

from app.users import fetch


@pytest.mark.asyncio
async def test_fetch():
    conn = FakeConnection()  # UND101
    conn.fetch_row_return = {"name": "Ana"}

    assert await fetch(conn, 7) == "Ana"
""",
    right="""
import pytest
from understudy import FakeConnection

from app.users import fetch


@pytest.mark.asyncio
async def test_fetch():
    conn = FakeConnection()
    conn.on("SELECT name FROM users WHERE id = $1", 7).row(name="Ana")

    assert await fetch(conn, 7) == "Ana"
""",
    check=check,
)
