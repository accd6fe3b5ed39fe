"""UND110: a statement of which a test checks a single word."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from understudy.lint import pytest_items
from understudy.lint.rule import Found, Rule
from understudy.project.call_resolution import values_of
from understudy.project.scopes import Function
from understudy.project.sources import Module

_SENT = re.compile(
    r"\.(execute|executemany|fetch\w*|scalars?|query\w*|copy\w*)(\.(call|await)_arg|_calls)"
)
_WORDS = frozenset(
    {
        *("select", "insert", "update", "delete", "from", "where", "join", "order", "limit"),
        *("offset", "group", "having", "set", "values", "returning", "with", "union", "create"),
        *("begin", "commit", "rollback", "and", "or", "in", "count", "distinct", "into", "on"),
    }
)


def check(module: Module) -> Iterator[Found]:
    """Yield the only check of a statement if it is for one word of SQL."""
    for test in pytest_items.of(module).tests:
        checks: dict[str, list[tuple[ast.expr, str | None]]] = {}
        for asserted in test.own(ast.Assert):
            for condition in _conditions(asserted.test):
                for statement in _statements(test, condition):
                    checks.setdefault(statement, []).append((condition, _word_in(condition)))
        for found in checks.values():
            word = found[0][1]
            if len(found) == 1 and word is not None:
                yield Found(
                    found[0][0], f"{word} in the statement is all that {test.name} checks of it"
                )


def _conditions(node: ast.expr) -> list[ast.expr]:
    return node.values if isinstance(node, ast.BoolOp) else [node]


def _statements(test: Function, condition: ast.expr) -> Iterator[str]:
    """Yield the logs of sent statements that a condition reads, as text."""
    for node in ast.walk(condition):
        if isinstance(node, ast.Name):
            values = values_of(test, node.id)
            if len(values) == 1 and values[0] is not None and _SENT.search(ast.unparse(values[0])):
                yield node.id
        elif isinstance(node, ast.Attribute) and _SENT.search(text := ast.unparse(node)):
            yield text


def _word_in(condition: ast.expr) -> str | None:
    """Return the word of SQL in `"SELECT" in statement`."""
    if not isinstance(condition, ast.Compare) or not isinstance(condition.ops[0], ast.In):
        return None
    word = condition.left
    if isinstance(word, ast.Constant) and isinstance(word.value, str):
        return word.value if word.value.strip().lower() in _WORDS else None
    return None


RULE = Rule(
    code="UND110",
    name="one-word-of-sql",
    group="database",
    why="Nearly every statement has this word, so nearly every wrong statement passes.",
    instead=(
        "Compare the whole statement and its parameters, or script them on fake_postgres, where"
        " PostgreSQL checks the statement."
    ),
    wrong="""
from unittest.mock import AsyncMock

import pytest

from app.users import rename


@pytest.mark.asyncio
async def test_rename():
    conn = AsyncMock()

    await rename(conn, 7, "Ana")

    assert "UPDATE" in conn.execute.call_args[0][0]  # UND110
""",
    right="""
from unittest.mock import AsyncMock

import pytest

from app.users import rename


@pytest.mark.asyncio
async def test_rename():
    conn = AsyncMock()

    await rename(conn, 7, "Ana")

    conn.execute.assert_awaited_once_with("UPDATE users SET name = $1 WHERE id = $2", "Ana", 7)
""",
    check=check,
)
