"""What `understudy init` says: functions, values in, text out."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import indent
from typing import TYPE_CHECKING

from understudy.init.messages import gist, unread

if TYPE_CHECKING:
    from understudy.init import Findings
    from understudy.init.plan import Example
    from understudy.init.questions import Question

_NOUNS = {"router": "route", "service": "service", "dao": "DAO", "dto": "DTO"}


def members(layer: str, count: int, modules: int) -> str:
    """How much of a layer there is."""
    files = "1 file" if modules == 1 else f"{modules} files"
    return f"{count} {_NOUNS[layer]}{'' if count == 1 else 's'} in {files}"


def found(findings: Findings, rows: Sequence[tuple[str, str, str]]) -> str:
    """The table of what was found."""
    root = findings.root.relative_to(findings.folder).as_posix()
    where = "" if root == "." else f" in {root}"
    count = len(findings.sources.trees)
    width = max(len(row[1]) for row in rows) + 2
    files = "1 Python file" if count == 1 else f"{count:,} Python files"
    lines = [f"Found{where} ({files} read):"]
    before = ""
    for key, what, place in rows:
        lines.append(f"  {'' if key == before else key:<9}{what:<{width}}{place}".rstrip())
        before = key
    if findings.unread:
        lines += ["Left out:", unread(findings.unread)]
    return "\n".join(lines)


def examples(found_: Sequence[Example]) -> str:
    """What became of each layer."""
    lines = ["Example tests:"]
    for each in found_:
        if each.file is not None:
            lines.append(f"  {each.layer:<9}passes: {each.file.as_posix()}")
        else:
            reason = indent(gist(each.reason), " " * 17).strip()
            lines.append(f"  {each.layer:<9}none: {reason}")
    return "\n".join(lines)


def kept(files: Sequence[tuple[str, str]]) -> str:
    """What is there already."""
    return "\n".join(["Left as it is:", *(f"  {path} {how}" for path, how in files)])


def questions(left: Sequence[Question]) -> str:
    """What is not decided."""
    lines = ["Not decided, left as a TODO in pyproject.toml:"]
    for each in left:
        lines.append(f"  {each.key}: {indent(each.reason, ' ' * 4).strip()}")
        lines += [f"    {option.value} ({option.place})" for option in each.options]
    return "\n".join(lines)


def choices(question: Question) -> str:
    """What a setting could be."""
    lines = [f"{question.key}: {question.reason}"]
    lines += [
        f"  {number}  {option.value} ({option.place})"
        for number, option in enumerate(question.options, 1)
    ]
    return "\n".join(lines)


def question(count: int) -> str:
    """Before anything is written."""
    return f"\nWrite {'this file' if count == 1 else f'these {count} files'}?"


def only_shown(count: int) -> str:
    """--diff."""
    files = "file" if count == 1 else f"{count} files"
    return f"\nNothing was written. To write the {files}: understudy init"


def written(files: Sequence[tuple[str, bool]], steps: Sequence[str]) -> str:
    """What was done, and what comes next."""
    lines = [f"  {path}{'' if is_new else ' (changed)'}" for path, is_new in files]
    return "\n".join(["", "Written:", *lines, "", "Next:", indent("\n".join(steps), "  ")])
