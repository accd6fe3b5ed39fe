"""UND007: a test that asserts nothing."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import takewhile

from understudy.lint import pytest_items
from understudy.lint.assertions import can_fail
from understudy.lint.rule import Found, Rule
from understudy.project.parsing import last_name
from understudy.project.scopes import Function
from understudy.project.sources import Module

# Words which show that the author wants the test to fail only if something raises.
_ON_PURPOSE = re.compile(
    r"(not|n't|no|never|without)[ _](\w+[ _])?(rais|error|exception|crash|fail|throw|warn|complain"
    r"|hang|block|deadlock|break)|smoke|no[ _-]?op|idempoten|harmless|silent|\bok\b|_ok\b|safe"
    r"|import|compil|does[ _]?nothing|allow|accept|permit|tolera|succeed|success|valid|work"
    r"|pass(es)?(?![a-z])|can[ _]|ignor|graceful|caught|twice|swallow|clean|teardown"
    r"|exit|break|skip|short[ _]circuit|cancel|possibl|runs(?![a-z])|happy|properly|construct"
    r"|not[ _](required|unique|needed)|suppress|surviv|early|compatib|fail the test"
    r"|type[ _-]?(hint|check)|set_?up|placeholder|todo|timeout|inspect|issues/\d|regression",
    re.I,
)
_COMMENT = re.compile(r"\s+#")
_ORDINARY = frozenset({"parametrize", "asyncio", "anyio", "usefixtures", "integration", "slow"})


def check(module: Module) -> Iterator[Found]:
    """Yield the tests that only an exception can fail."""
    seen = pytest_items.of(module)
    for test in seen.tests:
        if next(test.all(ast.Assert), None) is None and _is_meant_to_assert(seen, module, test):
            yield Found(
                test.node, f"{test.name} asserts nothing: it fails only if something raises"
            )


def _is_meant_to_assert(seen: pytest_items.Collected, module: Module, test: Function) -> bool:
    # `def test_suite()` is how zope.testing finds tests.
    if test.is_generator or test.name == "test_suite" or _only_imports(test):
        return False
    if can_fail(module, test):
        return False
    if seen.has_unknown_base(test.in_class) or (test.in_class and test.in_class.node.bases):
        return False
    marks = seen.marks(test)
    if marks.unknown or not marks.names <= _ORDINARY:
        return False
    return not _makes_an_error(test) and _ON_PURPOSE.search(_words_about(module, test)) is None


def _only_imports(test: Function) -> bool:
    statements = [statement for statement in test.node.body if not isinstance(statement, ast.Expr)]
    return bool(statements) and all(
        isinstance(statement, ast.Import | ast.ImportFrom) for statement in statements
    )


def _makes_an_error(test: Function) -> bool:
    """Whether a test makes a mock raise: it tests that no exception comes out."""
    names = (last_name(call) for call in test.all(ast.Call))
    return any(name.endswith(("Error", "Exception")) for name in names)


def _words_about(module: Module, test: Function) -> str:
    """Return the name of a test, its docstring and its comments."""
    end = test.node.end_lineno or test.node.lineno
    # Such a comment often stands below the last statement.
    below = takewhile(lambda line: not line.strip() or _COMMENT.match(line), module.lines[end:])
    lines = [*module.lines[test.node.lineno - 1 : end], *below]
    comments = [line.partition("#")[2] for line in lines]
    return "\n".join([test.name, ast.get_docstring(test.node) or "", *comments])


RULE = Rule(
    code="UND007",
    name="no-assertion",
    group="bugs",
    why="A test without an assertion passes no matter what the code returns or writes.",
    instead=(
        "Assert on the result or on the statements sent to the database. If the test checks that"
        " nothing is raised, say so in its name or a comment: test_..._does_not_raise."
    ),
    wrong="""
import pytest


@pytest.mark.asyncio
async def test_rename(conn):  # UND007
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
