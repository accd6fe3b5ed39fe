"""A whole run of `understudy lint`: the files, what is found in them, and what is fixed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from understudy.lint.cache import FOLDER, Cache
from understudy.lint.discovery import default_paths, discover
from understudy.lint.finding import Finding, LintError, Problem
from understudy.lint.registry import all_rules
from understudy.lint.runner import run
from understudy.lint.settings import LintSettings

if TYPE_CHECKING:
    from understudy.lint.fixer import Fixed


@dataclass(frozen=True)
class Report:
    """The result of a run.

    Attributes:
        files: how many files were checked.
        findings: what was found and was not fixed, sorted.
        problems: the files that could not be checked or fixed.
        fixed: what was done to each file with fixable findings.
        cache_error: why the cache could not be written.
    """

    files: int
    findings: Sequence[Finding]
    problems: Sequence[Problem]
    fixed: Sequence[Fixed] = ()
    cache_error: OSError | None = None


def check(
    paths: Sequence[Path],
    settings: LintSettings,
    codes: Sequence[str],
    *,
    base: Path,
    caching: bool = True,
    jobs: int | None = None,
    fixing: bool = False,
    write: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Check files, and fix what can be fixed.

    Args:
        paths: files and folders; none for pytest's test paths.
        settings: the settings of the project.
        codes: the rules that are on.
        base: the folder of the settings, to which their patterns are relative.
        caching: whether to use and write the cache.
        jobs: the number of processes; None for one for each core.
        fixing: whether to find out what can be fixed.
        write: whether to write the fixed files; then they are checked again.
        progress: called with the number of files that are done and of all files.

    Raises:
        LintError: There is nothing to check, LibCST is missing, or a process died.
    """
    paths = paths or default_paths(Path.cwd())
    files, problems = discover(paths, settings.exclude, base)
    if not files and not problems and any(path.is_dir() for path in paths):
        below = ", ".join(map(str, paths))
        raise LintError(f"There is no Python file below {below}, so nothing was checked.")

    def counts(finding: Finding) -> bool:
        return not settings.ignored_in(Path(finding.path), finding.code, base)

    cache = Cache(base / FOLDER, codes) if caching else None
    checked, cache_error = run(files, codes, cache=cache, jobs=jobs, progress=progress)
    fixed: list[Fixed] = []
    if fixing:
        from understudy.lint.fixer import fix

        rules = all_rules()
        fixable = [
            Path(file.path)
            for file in checked
            if any(rules[finding.code].fixable and counts(finding) for finding in file.findings)
        ]
        fixed = fix(fixable, codes, counts, write=write)
        problems += [file.problem for file in fixed if file.problem is not None]
    if write:
        changed = {file.path for file in fixed if file.count}
        again, _ = run([Path(path) for path in sorted(changed)], codes, jobs=jobs)
        checked = [*again, *(file for file in checked if file.path not in changed)]
    problems += [file.problem for file in checked if file.problem is not None]
    findings = sorted(finding for file in checked for finding in file.findings if counts(finding))
    return Report(len(checked), findings, problems, fixed, cache_error)
