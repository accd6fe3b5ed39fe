"""UND011: an attribute of an imported object that the next test finds changed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from understudy.lint import pytest_items
from understudy.lint.leaked_state import has_code, is_looked_after
from understudy.lint.rule import Found, Rule
from understudy.project.call_resolution import last_name, values_of
from understudy.project.scopes import Function
from understudy.project.sources import Module

_CLEANING = re.compile(r"reset|restor|invalidat|clean|undo|revert|tear_?down", re.I)
_KEPT = re.compile(r"orig|\bold|prev|saved|before|back_?up", re.I)


def check(module: Module) -> Iterator[Found]:
    """Yield attributes of what the file imports, set in a test and never set back."""
    for test in pytest_items.of(module).tests:
        for node in test.own(ast.Assign):
            for target in node.targets:
                if (
                    isinstance(target, ast.Attribute)
                    and not _sets_back(test, target, node.value)
                    and _stays(module, test, target)
                ):
                    yield Found(
                        node,
                        f"{test.name} leaves {ast.unparse(target)} changed for later tests",
                    )


def _sets_back(test: Function, target: ast.Attribute, value: ast.expr) -> bool:
    """Whether a value is the original one, or empties a private cache."""
    text = ast.unparse(value)
    if text in ("[]", "{}", "set()", "list()", "dict()") or _KEPT.search(text) is not None:
        return True
    if isinstance(value, ast.Name) and any(
        ast.unparse(target) in ast.unparse(old) for old in values_of(test, value.id) if old
    ):
        return True
    return target.attr.startswith("_") and isinstance(value, ast.Constant) and not value.value


def _imports(test: Function, name: str) -> bool:
    return any((alias.asname or alias.name) == name for alias in test.own(ast.alias))


def _stays(module: Module, test: Function, target: ast.Attribute) -> bool:
    owner = target.value
    # A longer chain may end in an object of this test alone.
    if not isinstance(owner, ast.Name) or owner.id not in module.imports:
        return False
    # A module that the test imports itself may be made for it.
    if _imports(test, owner.id):
        return False
    if module.qualified(owner) is None or target.attr == "dependency_overrides":
        return False
    if target.attr.startswith("__") or module.qualified(owner) == "pytest":
        return False
    # Only a mock has these: the name is patched.
    if target.attr in ("side_effect", "return_value"):
        return False
    text = re.escape(f"{owner.id}.{target.attr}")
    set_somewhere = len(re.findall(rf"(?<![\w.]){text}\s*=(?!=)", module.text))
    deleted = (
        rf"del {text}|(setattr|object)\(\s*{owner.id}\s*,\s*[\"']{target.attr}|\({owner.id}\)"
        rf"|patch\(\s*[\"'][\w.]*\b{text}[\"']"
    )
    if set_somewhere != 1 or has_code(module, deleted):
        return False
    return not is_looked_after(module, test, owner.id) and not any(
        _CLEANING.search(last_name(call)) for call in test.own(ast.Call)
    )


RULE = Rule(
    code="UND011",
    name="attribute-left",
    group="bugs",
    why="An imported object is the same in every test, so later tests see the change.",
    instead='Use monkeypatch.setattr(settings, "page_size", 2), which restores the old value.',
    wrong="""
from app.settings import settings


def test_pages(client):
    settings.page_size = 2  # UND011

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
