"""UND020: a patcher that is started and never stopped."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from understudy.lint.leaked_state import has_code, per_test_functions
from understudy.lint.rule import Found, Rule
from understudy.project.scopes import Class, Function
from understudy.project.sources import Module, home_of

_PATCHES = re.compile(r"(unittest\.)?mock\.patch(\.object|\.dict|\.multiple)?$")
_SET_UP = ("setUp", "asyncSetUp", "setup_method", "setUpClass", "setup_class")
_STOPPED = r"stopall|ExitStack|\.stop\b[^(]"


def check(module: Module) -> Iterator[Found]:
    """Yield the starts of patchers that nothing can stop, or that nothing stops."""
    if ".start()" not in module.text or "patch" not in module.text:
        return
    for function in _around_tests(module):
        for call in function.own(ast.Call):
            if isinstance(call.func, ast.Attribute) and call.func.attr == "start" and not call.args:
                patcher = call.func.value
                if _is_left(module, function, patcher) and not _all_stop(module, function):
                    yield Found(call, f"{function.name} starts this patch and nothing stops it")


def _around_tests(module: Module) -> Iterator[Function]:
    yield from per_test_functions(module)
    for cls in module.classes:
        yield from (function for function in cls.functions if function.name in _SET_UP)


def _is_left(module: Module, function: Function, patcher: ast.expr) -> bool:
    """Whether a started object is a patcher, and no code stops it."""
    if isinstance(patcher, ast.Call):
        return _is_patch(module, patcher)  # there is no reference to stop it by
    text = ast.unparse(patcher)
    if isinstance(patcher, ast.Name):
        within: Function | Class | None = function
    else:
        within = function.in_class if text.startswith("self.") else None
    if within is None:
        return False
    made = [
        node.value
        for node in within.all(ast.Assign)
        if any(ast.unparse(target) == text for target in node.targets)
    ]
    uses: list[ast.expr] = [*within.all(ast.Name), *within.all(ast.Attribute)]
    mentions = [
        module.parents.get(node)
        for node in uses
        if ast.unparse(node) == text and isinstance(node.ctx, ast.Load)  # type: ignore[attr-defined] # both have it
    ]
    return (
        len(made) == 1
        and isinstance(made[0], ast.Call)
        and _is_patch(module, made[0])
        and all(isinstance(above, ast.Attribute) and above.attr != "stop" for above in mentions)
    )


def _is_patch(module: Module, call: ast.Call) -> bool:
    return _PATCHES.match(module.qualified(call.func) or "") is not None


def _all_stop(module: Module, function: Function) -> bool:
    """Whether code around the function may stop every patcher, or its base class may."""
    if has_code(module, _STOPPED):
        return True
    cls = function.in_class
    if cls is None:
        return False
    own, outside = module.project.lineage(module, cls)
    return any(re.search(_STOPPED, home_of(base).text) for base in own) or any(
        not base.endswith("TestCase") for base in outside
    )


RULE = Rule(
    code="UND020",
    name="patcher-running",
    group="bugs",
    why="The patch stays for the rest of the run: later tests get the mock instead of the code.",
    instead=(
        "Use `with patch(...)`, the decorator, or pytest-mock's `mocker`. In a TestCase call"
        " `self.addCleanup(patcher.stop)` before `patcher.start()`."
    ),
    wrong="""
from unittest.mock import patch

from app.users import greet


def test_greeting():
    clock = patch("app.users.hour").start()  # UND020
    clock.return_value = 9

    assert greet("Ana") == "Good morning, Ana"
""",
    right="""
from unittest.mock import patch

from app.users import greet


def test_greeting():
    with patch("app.users.hour") as clock:
        clock.return_value = 9

        assert greet("Ana") == "Good morning, Ana"
""",
    check=check,
)
