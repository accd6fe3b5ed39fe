"""Checks files by the rules, one after the other, and remembers facts about their projects."""

from __future__ import annotations

import gc
import re
import signal
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path

from understudy.lint.finding import Checked, Finding, Problem
from understudy.lint.registry import all_rules
from understudy.lint.rule import Rule
from understudy.project import files, pytest_config
from understudy.project.memory import state_of
from understudy.project.parsing import TooLarge, Unreadable
from understudy.project.sources import Module, Project

_NOQA = re.compile(r"#\s*noqa(?::\s*(?P<codes>[A-Z]+\d+(?:[\s,]+[A-Z]+\d+)*))?", re.I)


class Engine:
    """Checks files by the rules of some codes."""

    def __init__(self, codes: Sequence[str]) -> None:
        known = all_rules()
        self._rules = [known[code] for code in codes]
        self._projects: dict[Path, Project] = {}
        self._roots: dict[Path, Path] = {}

    def check(self, path: Path) -> Checked:
        """Return the result for a file; if it cannot be checked, the result says why."""
        project = self.project_of(path)
        project.consulted.clear()
        for name in pytest_config.FILES:
            project.consult(project.root / name)
        if not files.is_test_code(path, project.root, project.pytest):
            return Checked(str(path))
        try:
            module = project.load(path)
        except Unreadable as error:
            reason = f"not checked: {error}"
            if isinstance(error, TooLarge):
                reason += "; leave it out with `exclude` in [tool.understudy.lint]"
            return Checked(str(path), problem=Problem(str(path), reason))
        except OSError as error:
            reason = f"not checked: {error.strerror or error}"
            return Checked(str(path), problem=Problem(str(path), reason))
        try:
            return self._checked(module)
        finally:
            module.forget()

    def _checked(self, module: Module) -> Checked:
        path, project = module.path, module.project
        findings: list[Finding] = []
        problem = None
        for rule in self._rules:
            try:
                findings += _findings_of(rule, module)
            except Exception as error:  # noqa: BLE001 - a bug in one rule; the others still count
                where = traceback.extract_tb(error.__traceback__)[-1]
                place = f"{Path(where.filename).name}:{where.lineno}"
                reason = (
                    f"not checked for {rule.code}: internal error at {place}:"
                    f" {type(error).__name__}: {error};"
                    " please report it, with the file if you can"
                )
                problem = Problem(str(path), reason)
        project.consulted.pop(str(path), None)
        return Checked(
            str(path), tuple(sorted(findings)), problem, tuple(sorted(project.consulted.items()))
        )

    def project_of(self, path: Path) -> Project:
        """Return the project that a file belongs to."""
        root = files.root_of(path.parent, self._roots)
        if root not in self._projects:
            self._projects[root] = Project(root)
        return self._projects[root]


def _findings_of(rule: Rule, module: Module) -> Iterator[Finding]:
    for found in rule.check(module):
        line = found.node.lineno
        # Columns in a tree count bytes of UTF-8; people and editors count characters.
        before = module.lines[line - 1].encode()[: found.node.col_offset]
        column = len(before.decode(errors="replace")) + 1
        finding = Finding(str(module.path), line, column, rule.code, found.message)
        if not _is_silenced(module, finding):
            yield finding


def _is_silenced(module: Module, finding: Finding) -> bool:
    """Whether a ``# noqa`` comment on its line covers a finding."""
    if finding.line > len(module.lines):
        return False
    comment = _NOQA.search(module.lines[finding.line - 1])
    if comment is None:
        return False
    codes = comment["codes"]
    return codes is None or finding.code in re.split(r"[\s,]+", codes.upper())


def check_files(paths: Sequence[str], engine: Engine) -> list[tuple[Checked, str | None]]:
    """Check files in this process.

    Returns:
        The result for each file, and the state of the file before it was read.
    """
    # Trees are many objects without cycles: collecting garbage takes longer than the check.
    was_on = gc.isenabled()
    gc.disable()
    try:
        return [(engine.check(Path(path)), state) for path in paths for state in (state_of(path),)]
    finally:
        if was_on:
            gc.enable()


_of_this_process: list[Engine] = []


def begin_worker(codes: Sequence[str]) -> None:
    """Create the engine of a worker process, which serves all files that the worker checks."""
    # Ctrl-C reaches every process of a terminal; the parent stops its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _of_this_process[:] = [Engine(codes)]


def check_in_worker(paths: Sequence[str]) -> list[tuple[Checked, str | None]]:
    """Check files in a worker process."""
    return check_files(paths, _of_this_process[0])
