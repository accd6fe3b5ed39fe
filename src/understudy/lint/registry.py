"""The rules: every module of `understudy.lint.rules` has one, called RULE."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

from understudy.lint import rules
from understudy.lint.finding import UnknownRule
from understudy.lint.rule import GROUPS, Rule


@cache
def all_rules() -> Mapping[str, Rule]:
    """Return every rule, by code, in the order of the codes."""
    found: dict[str, Rule] = {}
    for entry in pkgutil.iter_modules(rules.__path__):
        rule: Rule = importlib.import_module(f"{rules.__name__}.{entry.name}").RULE
        found[rule.code] = rule
    return dict(sorted(found.items()))


def codes_of(selector: str) -> tuple[str, ...]:
    """Return the codes that a code, the beginning of one, a name, a group or ALL selects.

    Raises:
        UnknownRule: It selects nothing.
    """
    known = all_rules()
    word = selector.strip()
    upper = word.upper()
    if upper == "ALL":
        return tuple(known)
    found = [
        rule.code
        for rule in known.values()
        if word.lower() in (rule.group, rule.name)
        or (upper.startswith("UND") and rule.code.startswith(upper))
    ]
    if not found:
        names = [*known, *(rule.name for rule in known.values()), *GROUPS, "ALL"]
        near = difflib.get_close_matches(word.lower(), [name.lower() for name in names], n=1)
        nearest = [name for name in names if name.lower() in near]
        meant = f" Did you mean {nearest[0]}?" if nearest else ""
        raise UnknownRule(
            f"There is no rule or group called {word!r}.{meant}\n`understudy explain` lists them."
        )
    return tuple(found)
