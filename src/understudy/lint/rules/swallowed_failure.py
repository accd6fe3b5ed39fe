"""UND005: a test that passes whether or not the exception is raised."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from understudy.lint import pytest_items
from understudy.lint.rule import Found, Rule
from understudy.project.parsing import last_name
from understudy.project.scopes import Function
from understudy.project.sources import Module

_BROAD = frozenset({"Exception", "BaseException", "AssertionError"})
_LOGGED = re.compile(r"(logging|_?log(ger)?)\.(debug|info|warning|warn|error|exception)$", re.I)


def check(module: Module) -> Iterator[Found]:
    """Yield the try statements of tests that hide a failure."""
    for test in pytest_items.of(module).tests:
        for node in test.own(ast.Try):
            if _swallows_assertions(module, test, node):
                yield Found(
                    node.handlers[0],
                    f"{test.name} catches the AssertionError of its own assertions",
                )
            elif not _raises_itself(test, node) and _asserts_only_when_raised(module, test, node):
                yield Found(
                    node, f"{test.name} also passes if the exception that it checks is never raised"
                )
        for block in test.own(ast.With):
            if _suppresses_assertions(module, test, block):
                yield Found(
                    block, f"{test.name} suppresses the AssertionError of its own assertions"
                )


def _swallows_assertions(module: Module, test: Function, node: ast.Try) -> bool:
    for handler in node.handlers:
        if _is_broad(handler.type):
            return all(_does_nothing(statement) for statement in handler.body) and _has_assertion(
                module, test, node.body
            )
    return False


def _does_nothing(node: ast.stmt) -> bool:
    """Whether a statement of a handler cannot fail the test, nor tell another one to."""
    if isinstance(node, ast.Pass | ast.Continue):
        return True
    if not isinstance(node, ast.Expr):
        return False
    call = node.value
    if isinstance(call, ast.Call):
        name = ast.unparse(call.func)
        return name == "print" or _LOGGED.match(name) is not None
    return isinstance(call, ast.Constant)


def _has_assertion(module: Module, test: Function, body: Sequence[ast.stmt]) -> bool:
    """Whether a block of a test asserts, outside of functions and other blocks that catch."""
    inside = set(body)
    for assertion in test.own(ast.Assert):
        for around in (assertion, *module.above(assertion)):
            if around in inside:
                return True
            if isinstance(around, ast.Try):
                break
    return False


def _suppresses_assertions(module: Module, test: Function, block: ast.With) -> bool:
    return any(
        isinstance(item.context_expr, ast.Call)
        and module.qualified(item.context_expr.func) == "contextlib.suppress"
        and any(_is_broad(caught) for caught in item.context_expr.args)
        for item in block.items
    ) and _has_assertion(module, test, block.body)


def _is_broad(caught: ast.expr | None) -> bool:
    if caught is None:
        return True
    names = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(isinstance(name, ast.Name) and name.id in _BROAD for name in names)


def _asserts_only_when_raised(module: Module, test: Function, node: ast.Try) -> bool:
    """Whether the handlers assert, and nothing notices that they were not reached."""
    if (
        node.orelse
        or not node.handlers
        or any(_ends_the_test(statement) for statement in node.body)
    ):
        return False
    # Of many inputs only some raise.
    decorators = {last_name(decorator) for decorator in test.node.decorator_list}
    if decorators & {"given", "parametrize"}:
        return False
    if any(
        "AssertionError" in ast.unparse(handler.type) for handler in node.handlers if handler.type
    ):
        return False  # either of two assertions will do
    if not all(_asserts(handler.body) for handler in node.handlers):
        return False
    if _only_denies(node):
        return False  # any other exception will do, and none at all
    above = next(module.above(node))
    if above is not test.node:
        return False  # in a loop or a branch: it may be counted there
    rest = test.node.body[test.node.body.index(node) + 1 :]
    inside = any(isinstance(inner, ast.Assert) for inner in ast.walk(ast.Module(node.body, [])))
    return not rest and not inside and not node.finalbody


def _only_denies(node: ast.Try) -> bool:
    """Whether the handlers only assert what the exception is not, or that there is none."""
    checks = [
        inner.test
        for handler in node.handlers
        for inner in ast.walk(handler)
        if isinstance(inner, ast.Assert)
    ]
    return bool(checks) and all(
        (isinstance(check, ast.Constant) and not check.value)
        or (
            isinstance(check, ast.Compare)
            and all(isinstance(op, ast.NotIn | ast.NotEq) for op in check.ops)
        )
        for check in checks
    )


def _raises_itself(test: Function, node: ast.Try) -> bool:
    """Whether the test itself raises, or only functions of the test are tried."""
    own = {function.name for function in test.functions}
    inside = [inner for statement in node.body for inner in ast.walk(statement)]
    calls = [inner.func for inner in inside if isinstance(inner, ast.Call)]
    return any(isinstance(inner, ast.Raise) for inner in inside) or (
        bool(calls) and all(isinstance(call, ast.Name) and call.id in own for call in calls)
    )


def _asserts(body: list[ast.stmt]) -> bool:
    return any(isinstance(statement, ast.Assert) for statement in body)


def _ends_the_test(node: ast.stmt) -> bool:
    """Whether a statement ends the test when it is reached."""
    if isinstance(node, ast.Raise | ast.Assert | ast.Return):
        return True
    text = ast.unparse(node) if isinstance(node, ast.Expr) else ""
    return "fail(" in text or "unreachable" in text or "raises(" in text


RULE = Rule(
    code="UND005",
    name="swallowed-failure",
    group="bugs",
    why="If the exception is not raised, nothing is asserted and the test passes.",
    instead="Use `with pytest.raises(...) as caught:` and assert on caught.value after it.",
    wrong="""
import pytest


@pytest.mark.asyncio
async def test_unknown_user():
    try:  # UND005
        await fetch(7)
    except LookupError as error:
        assert "7" in str(error)
""",
    right="""
import pytest


@pytest.mark.asyncio
async def test_unknown_user():
    with pytest.raises(LookupError) as caught:
        await fetch(7)
    assert "7" in str(caught.value)
""",
    check=check,
)
