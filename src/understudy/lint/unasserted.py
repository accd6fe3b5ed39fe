"""Tests that assert nothing, with and without a sign that something was to be looked at."""

from __future__ import annotations

import ast
import re
from itertools import takewhile
from typing import NamedTuple

from understudy.lint import pytest_items
from understudy.lint.assertions import can_fail
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
_LOGS = re.compile(r"p?print$|(logging|_?log(ger)?)\.(debug|info|warning|error)$", re.I)
# What is done with caplog before something is logged.
_BEFORE_LOGGING = frozenset({"at_level", "set_level", "clear", "disabled"})


class Unasserted(NamedTuple):
    """A test that only an exception can fail.

    Attributes:
        test: the test.
        is_seen: whether it gets something to look at: a result, a log, an exception.
    """

    test: Function
    is_seen: bool


def unasserted(module: Module) -> list[Unasserted]:
    """Return the tests of a file that only an exception can fail."""
    found: list[Unasserted] | None = module.memory.get("unasserted")
    if found is None:
        seen = pytest_items.of(module)
        tests = [] if seen.is_script else seen.tests
        found = module.memory["unasserted"] = [
            Unasserted(test, _gets_something(module, test))
            for test in tests
            if next(test.all(ast.Assert), None) is None and _is_meant_to_assert(seen, module, test)
        ]
    return found


def _gets_something(module: Module, test: Function) -> bool:
    return (
        _is_stub(module, test)
        or _keeps_a_result(test)
        or _prints(test)
        or _listens_to_the_log(module, test)
        or any(_passes_over(node) for node in test.all(ast.Try))
    )


def _is_stub(module: Module, test: Function) -> bool:
    """Whether a test is empty, and no other code uses it as an example of a function."""
    empty = all(
        isinstance(node, ast.Pass)
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        for node in test.node.body
    )
    names = {test.name, test.in_class.name if test.in_class else test.name}
    return empty and not any(
        isinstance(node, ast.Name) and node.id in names for node in ast.walk(module.tree)
    )


def _results(test: Function) -> set[str]:
    """Return the variables that hold what a call returned, other than a new object."""
    found = set()
    assigned: list[tuple[ast.expr, ast.expr | None]] = [
        (target, node.value) for node in test.all(ast.Assign) for target in node.targets
    ]
    assigned += [(node.target, node.value) for node in test.all(ast.AnnAssign)]
    for target, value in assigned:
        call = value.value if isinstance(value, ast.Await) else value
        # A new object is often only made to see that this is possible.
        is_result = isinstance(call, ast.Call) and not last_name(call)[:1].isupper()
        if is_result and isinstance(target, ast.Name):
            found.add(target.id)
    return {name for name in found if not name.startswith("_")}


def _keeps_a_result(test: Function) -> bool:
    read = {name.id for name in test.all(ast.Name) if isinstance(name.ctx, ast.Load)}
    return not _results(test) <= read


def _prints(test: Function) -> bool:
    """Whether a test prints or logs a result."""
    results = _results(test)
    for call in test.all(ast.Call):
        if _LOGS.match(ast.unparse(call.func)):
            for node in (inner for argument in call.args for inner in ast.walk(argument)):
                if isinstance(node, ast.Call | ast.Attribute):
                    return True
                if isinstance(node, ast.Name) and node.id in results:
                    return True
    return False


def _listens_to_the_log(module: Module, test: Function) -> bool:
    """Whether a test sets the level of caplog and never reads it."""
    uses = [name for name in test.all(ast.Name) if name.id == "caplog"]
    above = [module.parents.get(name) for name in uses]
    return bool(above) and all(
        isinstance(node, ast.Attribute) and node.attr in _BEFORE_LOGGING for node in above
    )


def _passes_over(node: ast.Try) -> bool:
    return bool(node.handlers) and all(
        all(isinstance(statement, ast.Pass) for statement in handler.body)
        for handler in node.handlers
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
