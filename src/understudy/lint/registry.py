"""The rules: every module of `understudy.lint.rules` has one, called RULE."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from understudy.lint import rules
from understudy.lint.finding import UnknownRule
from understudy.lint.rule import GROUPS, Rule

_HEAD = re.compile(r'code="(\w+)",\s+name="([\w-]+)",\s+group="(\w+)"')


@cache
def all_rules() -> Mapping[str, Rule]:
    """Return every rule, by code, in the order of the codes."""
    found: dict[str, Rule] = {}
    for entry in pkgutil.iter_modules(rules.__path__):
        rule: Rule = importlib.import_module(f"{rules.__name__}.{entry.name}").RULE
        found[rule.code] = rule
    return dict(sorted(found.items()))


@cache
def _listed() -> Mapping[str, tuple[str, str]]:
    """Return the name and the group of every rule, by code, in the order of the codes.

    They are read from the source: importing the rules takes longer than a check with no changes.
    """
    found: dict[str, tuple[str, str]] = {}
    for folder in rules.__path__:
        for file in Path(folder).glob("[!_]*.py"):
            head = _HEAD.search(file.read_text(encoding="utf-8"))
            if head is not None:
                found[head[1]] = (head[2], head[3])
    return dict(sorted(found.items()))


def codes_of(selector: str) -> tuple[str, ...]:
    """Return the codes that a code, the beginning of one, a name, a group or ALL selects.

    Raises:
        UnknownRule: It selects nothing.
    """
    known = _listed()
    word = selector.strip()
    upper = word.upper()
    if upper == "ALL":
        return tuple(known)
    found = [
        code
        for code, named in known.items()
        if word.lower() in named or (upper.startswith("UND") and code.startswith(upper))
    ]
    if not found:
        names = [*known, *(name for name, _ in known.values()), *GROUPS, "ALL"]
        near = difflib.get_close_matches(word.lower(), [name.lower() for name in names], n=1)
        nearest = [name for name in names if name.lower() in near]
        meant = f" Did you mean {nearest[0]}?" if nearest else ""
        raise UnknownRule(
            f"There is no rule or group called {word!r}.{meant}\n`understudy explain` lists them."
        )
    return tuple(found)
