"""Generate the page of each rule (docs/rules/UND001.md and so on) from the rule itself.

`python -m tests.lint.pages` writes the pages and prints the table of docs/lint.md. A test compares
both with the rules.
"""

from __future__ import annotations

from pathlib import Path

from tests.backend_copy import ROOT
from understudy.lint.registry import all_rules
from understudy.lint.rule import DEFAULT_GROUPS, Rule

FOLDER = ROOT / "docs" / "rules"


def page(rule: Rule) -> str:
    """Return the page of one rule."""
    on = (
        "On by default."
        if rule.group in DEFAULT_GROUPS
        else f"Off until `{rule.group}` is selected."
    )
    fix = " `understudy lint --fix` fixes it." if rule.fixable else ""
    files = "".join(_block(f"With `{path}`:", text) for path, text in rule.files.items())
    return (
        f"# {rule.code}: {rule.name}\n\n"
        f"Group `{rule.group}`. {on}{fix}\n\n"
        f"## Why\n\n{rule.why}\n\n"
        f"## What to do\n\n{rule.instead}\n\n"
        f"## Example\n\n"
        f"{_block(f'Wrong, in `{rule.path}`:', rule.wrong)}"
        f"{_block(f'Right, in `{rule.right_path or rule.path}`:', rule.right)}"
        f"{files}"
        f"`# noqa: {rule.code}` ignores it on one line. [All rules](../lint.md)\n"
    )


def _block(title: str, text: str) -> str:
    return f"{title}\n\n```python\n{text.strip()}\n```\n\n"


def pages() -> dict[Path, str]:
    """Return every page by its file."""
    return {FOLDER / f"{code}.md": page(rule) for code, rule in all_rules().items()}


def table() -> str:
    """Return the table of docs/lint.md."""
    lines = [
        f"| [{rule.code}](rules/{rule.code}.md) | {rule.name} | {rule.group}"
        f"{', fixable' if rule.fixable else ''} | {rule.why} |"
        for rule in all_rules().values()
    ]
    return "\n".join(["| code | name | group | why |", "|---|---|---|---|", *lines])


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.md"):
        old.unlink()
    for file, text in pages().items():
        file.write_text(text, encoding="utf-8")
    print(table())  # noqa: T201 - what is printed is what it is for
