"""UND212: an attribute of an imported object that the next test finds changed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from understudy.lint import pytest_items
from understudy.lint.leaked_state import has_code, is_looked_after, restores
from understudy.lint.rule import Found, Rule
from understudy.project.call_resolution import root_of, values_of
from understudy.project.parsing import last_name
from understudy.project.scopes import Function
from understudy.project.sources import Module

_CLEANING = re.compile(r"reset|restor|invalidat|clean|undo|revert|tear_?down", re.I)
_KEPT = re.compile(r"orig|\bold|prev|saved|before|back_?up", re.I)


def check(module: Module) -> Iterator[Found]:
    """Yield attributes of what the file imports, set in a test and never set back."""
    for test in pytest_items.of(module).tests:
        for node, owner, name, value in _sets(test):
            text = f"{ast.unparse(owner)}.{name}"
            if (
                not _sets_back(test, text, value)
                and _stays(module, test, owner, name)
                and not _is_refused(module, node)
                and not restores(module, node)
                and node is not test.node.body[-1]
            ):
                yield Found(node, f"{test.name} leaves {text} changed for later tests")


def _sets(test: Function) -> Iterator[tuple[ast.stmt | ast.expr, ast.expr, str, ast.expr]]:
    """Yield where a test sets an attribute: the place, the owner, the name and the value."""
    for node in test.own(ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Attribute):
                yield node, target.value, target.attr, node.value
    for call in test.own(ast.Call):
        if isinstance(call.func, ast.Name) and call.func.id == "setattr" and len(call.args) == 3:
            owner, name, value = call.args
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                yield call, owner, name.value, value


def _sets_back(test: Function, target: str, value: ast.expr) -> bool:
    """Whether a value is the original one, or empties a private cache."""
    text = ast.unparse(value)
    if text in ("[]", "{}", "set()", "list()", "dict()") or _KEPT.search(text) is not None:
        return True
    if isinstance(value, ast.Name) and any(
        target in ast.unparse(old) for old in values_of(test, value.id) if old
    ):
        return True
    return "._" in target and isinstance(value, ast.Constant) and not value.value


def _is_refused(module: Module, node: ast.AST) -> bool:
    """Whether setting the attribute is expected to raise."""
    return any(
        isinstance(above, ast.With)
        and any(last_name(item.context_expr).lower().endswith("raises") for item in above.items)
        for above in module.above(node)
    )


def _imports(test: Function, name: str) -> bool:
    return any((alias.asname or alias.name) == name for alias in test.own(ast.alias))


def _stays(module: Module, test: Function, owner: ast.expr, name: str) -> bool:
    root = root_of(owner)
    if root is None or root.id not in module.imports or not _is_shared(module, owner):
        return False
    # A module that the test imports itself may be made for it.
    if _imports(test, root.id) or name == "dependency_overrides":
        return False
    if name.startswith("__") or module.qualified(owner) == "pytest":
        return False
    # Only a mock has these: the name is patched.
    if name in ("side_effect", "return_value"):
        return False
    shown = re.escape(ast.unparse(owner))
    text = rf"{shown}\.{name}"
    by_name = rf"\(\s*{shown}\s*,\s*[\"']{name}[\"']"
    set_somewhere = len(
        re.findall(rf"(?<![\w.]){text}\s*=(?!=)|(?<![\w.])setattr{by_name}", module.text)
    )
    # A conftest.py that sets it as well does so for its own tests.
    for conftest in pytest_items.of(module).conftests:
        if re.search(rf"(?<![\w.]){text}\s*=(?!=)", conftest.text):
            return False
    deleted = (
        rf"del {text}|(\.setattr|delattr|object){by_name}|\({shown}\)"
        rf"|patch\(\s*[\"'][\w.]*\b{text}[\"']"
    )
    if set_somewhere != 1 or has_code(module, deleted):
        return False
    return not is_looked_after(module, test, root.id) and not any(
        _CLEANING.search(last_name(call)) for call in test.own(ast.Call)
    )


def _is_shared(module: Module, owner: ast.expr) -> bool:
    """Whether an expression is certainly an object that all tests share."""
    dotted = module.qualified(owner)
    if dotted is None or isinstance(owner, ast.Name):
        return dotted is not None
    # A longer chain may end in an object of this test alone; a variable of a module does not.
    return isinstance(module.project.find(dotted, module), ast.expr)


RULE = Rule(
    code="UND212",
    name="attribute-left",
    group="design",
    why="An imported object is the same in every test, so later tests see the change.",
    instead='Use monkeypatch.setattr(settings, "page_size", 2), which restores the old value.',
    wrong="""
from app.settings import settings


def test_pages(client):
    settings.page_size = 2  # UND212

    assert len(client.get("/users").json()) == 2
""",
    right="""
from app.settings import settings


def test_pages(client, monkeypatch):
    monkeypatch.setattr(settings, "page_size", 2)

    assert len(client.get("/users").json()) == 2
""",
    check=check,
)
