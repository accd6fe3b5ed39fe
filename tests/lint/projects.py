"""A project in a folder, and what the rules find in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

from understudy.lint.engine import Engine
from understudy.lint.rule import Rule


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write files below a folder, with what they have in common as indentation taken away."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"), encoding="utf-8")


def found_in(folder: Path, code: str, path: str) -> list[int]:
    """The lines of a file where a rule finds something."""
    checked = Engine([code]).check(folder / path)
    assert checked.problem is None, checked.problem
    return [finding.line for finding in checked.findings]


def expected_in(folder: Path, code: str, path: str) -> list[int]:
    """The lines of a file that end with the code as a comment."""
    lines = (folder / path).read_text(encoding="utf-8").splitlines()
    return [number for number, line in enumerate(lines, 1) if re.search(rf"# {code}$", line)]


def write_example(folder: Path, rule: Rule, text: str) -> str:
    """Write one of a rule's examples, with the files that it needs; return its path."""
    path = rule.right_path or rule.path if text == rule.right else rule.path
    write(folder, {"pyproject.toml": "[tool.pytest.ini_options]\n", **rule.files, path: text})
    return path
