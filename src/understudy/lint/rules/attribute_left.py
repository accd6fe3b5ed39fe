"""UND011: an attribute of an imported object that the next test finds changed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from understudy.lint import collected
from understudy.lint.leftovers import is_restored
from understudy.lint.module import Module
from understudy.lint.rule import Found, Rule


def check(module: Module) -> Iterator[Found]:
    """Yield attributes of what the file imports, set in a test and never set back."""
    for test in collected.of(module).tests:
        for node in test.own(ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Attribute) and _stays(module, target):
                    yield Found(
                        node,
                        f"{test.name} leaves {ast.unparse(target)} changed for later tests",
                    )


def _stays(module: Module, target: ast.Attribute) -> bool:
    owner = target.value
    # A longer chain may end in anything, an object of this test alone included.
    if not isinstance(owner, ast.Name) or owner.id not in module.imports:
        return False
    if module.qualified(owner) is None or target.attr == "dependency_overrides":
        return False
    if target.attr.startswith("__") or module.qualified(owner) == "pytest":
        return False
    text = re.escape(f"{owner.id}.{target.attr}")
    set_somewhere = len(re.findall(rf"(?<![\w.]){text}\s*=(?!=)", module.text))
    deleted = rf"del {text}|setattr\(\s*{owner.id}\s*,\s*[\"']{target.attr}|\({owner.id}\)"
    return set_somewhere == 1 and not is_restored(module, deleted)


RULE = Rule(
    code="UND011",
    name="attribute-left",
    group="bugs",
    why="What is imported is the same object in every test: a later one finds the change.",
    instead='Use monkeypatch.setattr(settings, "page_size", 2), which puts back what was there.',
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
