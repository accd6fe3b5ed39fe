"""Mends files: what `--fix` and `--diff` do."""

from __future__ import annotations

import difflib
import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from understudy.atomic_write import write_files
from understudy.lint import messages
from understudy.lint.engine import Engine
from understudy.lint.finding import Finding, Problem
from understudy.lint.registry import all_rules
from understudy.project.parsing import Unreadable, decoded


class NoLibCST(Exception):
    """The library that rewrites files is not installed; the text is the whole message."""


@dataclass(frozen=True)
class Mended:
    """What was done to one file.

    Attributes:
        path: the file.
        fixed: how many findings were mended.
        diff: what changed, as a unified diff.
        problem: why it could not be mended, if so; then nothing was changed.
    """

    path: str
    fixed: int = 0
    diff: str = ""
    problem: Problem | None = None


def mend(
    paths: Sequence[Path],
    codes: Sequence[str],
    counts: Callable[[Finding], bool],
    *,
    write: bool,
    shown: Callable[[str], str],
) -> list[Mended]:
    """Mend files, or find out what that would change.

    Args:
        paths: files in which something was found.
        codes: the rules that are on.
        counts: whether a finding is to be mended.
        write: whether to change the files.
        shown: how a path is written in a diff.

    Raises:
        NoLibCST: LibCST is not installed.
    """
    if importlib.util.find_spec("libcst") is None:
        raise NoLibCST(messages.no_libcst())
    fixable = [code for code in codes if all_rules()[code].fixable]
    engine = Engine(fixable)
    return [_mend_one(path, engine, counts, write, shown) for path in paths]


def _mend_one(
    path: Path,
    engine: Engine,
    counts: Callable[[Finding], bool],
    write: bool,
    shown: Callable[[str], str],
) -> Mended:
    # LibCST takes longer to import than a whole check: only now it is needed.
    from understudy.lint.fixes.source_edits import CannotMend, mended

    try:
        source = path.read_bytes()
        findings = [finding for finding in engine.check(path).findings if counts(finding)]
        changed = mended(source, findings) if findings else source
        diff = _diff(shown(str(path)), decoded(source), decoded(changed))
        if write and changed != source:
            write_files({path: changed})
    except (CannotMend, Unreadable) as error:
        return Mended(str(path), problem=Problem(str(path), messages.cannot_mend(str(error))))
    except OSError as error:
        reason = messages.cannot_write(error.strerror or str(error))
        return Mended(str(path), problem=Problem(str(path), reason))
    return Mended(str(path), len(findings) if changed != source else 0, diff)


def _diff(name: str, before: str, after: str) -> str:
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), name, name
    )
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)
