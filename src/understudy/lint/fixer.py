"""Fix files: what `--fix` and `--diff` do."""

from __future__ import annotations

import difflib
import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from understudy.atomic_write import write_files
from understudy.lint.engine import Engine
from understudy.lint.finding import Finding, LintError, Problem
from understudy.lint.output import shown
from understudy.lint.registry import all_rules
from understudy.project.parsing import Unreadable, decoded


@dataclass(frozen=True)
class Fixed:
    """What was done to one file.

    Attributes:
        path: the file.
        count: the number of findings that were fixed.
        diff: the change as a unified diff.
        problem: why the file could not be fixed; then it is unchanged.
    """

    path: str
    count: int = 0
    diff: str = ""
    problem: Problem | None = None


def fix(
    paths: Sequence[Path], codes: Sequence[str], counts: Callable[[Finding], bool], *, write: bool
) -> list[Fixed]:
    """Fix files, or find out what that would change.

    Args:
        paths: files with findings.
        codes: the rules that are on.
        counts: whether a finding is to be fixed.
        write: whether to change the files.

    Raises:
        LintError: LibCST is not installed.
    """
    if importlib.util.find_spec("libcst") is None:
        raise LintError(
            "--fix and --diff rewrite files with LibCST, which is not installed:\n"
            '  pip install "understudy[lint]"'
        )
    engine = Engine([code for code in codes if all_rules()[code].fixable])
    return [_fix_file(path, engine, counts, write) for path in paths]


def _fix_file(path: Path, engine: Engine, counts: Callable[[Finding], bool], write: bool) -> Fixed:
    from understudy.lint import rewrites

    try:
        source = path.read_bytes()
        findings = [finding for finding in engine.check(path).findings if counts(finding)]
        changed = rewrites.fixed_source(source, findings) if findings else source
        diff = _diff(shown(str(path)), decoded(source), decoded(changed))
        if write and changed != source:
            write_files({path: changed})
    except (rewrites.CannotFix, Unreadable) as error:
        reason = f"not fixed, nothing was changed: {error}"
    except OSError as error:
        reason = f"not fixed, the file cannot be written: {error.strerror or error}"
    else:
        return Fixed(str(path), len(findings) if changed != source else 0, diff)
    return Fixed(str(path), problem=Problem(str(path), reason))


def _diff(name: str, before: str, after: str) -> str:
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), name, name
    )
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)
