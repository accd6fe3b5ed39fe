"""Everything that the runs, the source and lint say about one module."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from understudy.lint.finding import Finding
from understudy.review.checklist_items import Evidence
from understudy.review.suite import TestFile, TestFunction
from understudy.review.suite_runs import Run, SentStatement, Test
from understudy.review.targets import LineRange, Target


@dataclass(frozen=True)
class Runs:
    """The runs of a review: all tests with coverage, then the modules' tests alone.

    Attributes:
        covered: all tests, with coverage.
        twice: the modules' tests, each of them twice in the process.
        reverse: the same in reverse order.
        shuffled: the same in the random order of `seed`.
        seed: the seed.
    """

    covered: Run
    twice: Run
    reverse: Run
    shuffled: Run
    seed: int


@dataclass(frozen=True)
class ModuleEvidence:
    """What is known about a module.

    Attributes:
        target: the module.
        root: the project's folder.
        files: the test files that belong to it.
        tests: the tests that ran some of its lines, from the run with coverage.
        coverage: coverage's report of it; empty if it was never imported.
        findings: what lint finds in those test files.
        runs: all runs.
        commented: the lines of those test files that are code in a comment, or None without ruff.
    """

    target: Target
    root: Path
    files: tuple[TestFile, ...]
    tests: tuple[Test, ...]
    coverage: Mapping[str, Any]
    findings: tuple[Finding, ...]
    runs: Runs
    commented: tuple[tuple[str, int], ...] | None

    def shown(self, path: Path | str) -> str:
        """Return a path relative to the project, if it is inside."""
        absolute = Path(path)
        inside = absolute.is_absolute() and absolute.is_relative_to(self.root)
        return absolute.relative_to(self.root).as_posix() if inside else str(path)

    def lint(self, *codes: str) -> list[Evidence]:
        """Return the findings of these lint rules."""
        return [
            Evidence(f"{finding.code} {finding.message}", self.shown(finding.path), finding.line)
            for finding in self.findings
            if finding.code in codes
        ]

    def statements(self) -> list[SentStatement]:
        """Return the statements that its tests sent to fakes."""
        names = {test.name for test in self.tests}
        return [sent for sent in self.runs.covered.statements if names.intersection(sent.tests)]

    def covered_sql(self) -> Sequence[Mapping[str, Any]]:
        """Return the coverage of the SQL that stands in it."""
        path = self.target.path.as_posix()
        files = self.runs.covered.sql.items()
        found = (statements for name, statements in files if path.endswith(f"/{name}"))
        return [statement for statement in next(found, ()) if statement["is_literal"]]

    def sources(self) -> Iterator[tuple[Test, TestFunction]]:
        """Yield the module's tests with their source, each function once."""
        by_path = {file.path: file for file in self.files}
        seen: set[tuple[str, str]] = set()
        for test in self.tests:
            file = by_path.get((self.root / test.path).resolve())
            source = None if file is None else file.tests.get(test.function)
            if source is not None and (test.path, test.function) not in seen:
                seen.add((test.path, test.function))
                yield test, source

    def tests_of(self, lines: LineRange) -> set[str]:
        """Return the tests that ran a line of a part of the module, by node id."""
        contexts: Mapping[str, list[str]] = self.coverage.get("contexts", {})
        return {
            name
            for line in range(lines.first, lines.last + 1)
            for name in contexts.get(str(line), ())
            if name
        }

    def ran(self, lines: LineRange) -> bool:
        """Whether a test ran the first line of a part of the module."""
        return bool(self.tests_of(LineRange(lines.name, lines.first, lines.first)))
