"""Explanations of one rule, of all rules, and of the rules that ruff has already."""

from __future__ import annotations

from textwrap import indent

from understudy.lint.registry import all_rules, codes_of
from understudy.lint.rule import DEFAULT_GROUPS, GROUPS, Rule
from understudy.project import ruff_rules


def explained(word: str) -> str:
    """Return the explanation of a rule, by its code or name, or of ``ruff``.

    Raises:
        UnknownRule: No rule is called this.
    """
    if word.lower() == "ruff":
        return ruff()
    return "\n\n\n".join(_whole(all_rules()[code]) for code in codes_of(word))


def _whole(rule: Rule) -> str:
    how = "on by default" if rule.group in DEFAULT_GROUPS else f"switch on: --select {rule.group}"
    fix = "; --fix fixes it" if rule.fixable else ""
    return (
        f"{rule.code} {rule.name} (group {rule.group}, {how}{fix})\n\n"
        f"{rule.why}\n{rule.instead}\n\n"
        f"Wrong ({rule.path}):\n\n{indent(rule.wrong.strip(), '    ')}\n\n"
        f"Right ({rule.right_path or rule.path}):\n\n{indent(rule.right.strip(), '    ')}\n\n"
        f"To silence one line: # noqa: {rule.code}"
    )


def listed() -> str:
    """Return all rules by group, in one line each."""
    parts = []
    for group, what in GROUPS.items():
        default = ", on by default" if group in DEFAULT_GROUPS else ""
        rules = [rule for rule in all_rules().values() if rule.group == group]
        lines = [f"  {rule.code}  {rule.name}\n          {rule.why}" for rule in rules]
        parts.append("\n".join([f"{group}{default}: {what}", *lines]))
    return "\n\n".join([*parts, "What ruff finds already is left to it: understudy explain ruff"])


def ruff() -> str:
    """Return the configuration of ruff for the pitfalls that it has rules for."""
    return (
        "These pitfalls have a rule in ruff, so understudy lint does not look for them.\n"
        "In pyproject.toml:\n\n"
        f"[tool.ruff.lint]\n{ruff_rules.lines(ruff_rules.RUFF)}"
    )
