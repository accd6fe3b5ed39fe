"""Everything that was found out about one module, for the judges of the checklist."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from understudy.lint.finding import Finding
from understudy.review.suite import TestFile, TestFunction
from understudy.review.suite_runs import Asked, Run, Test
from understudy.review.targets import Part, Subject


@dataclass(frozen=True)
class Runs:
    """The runs of a review: with coverage, and then of the modules' tests alone."""

    covered: Run
    twice: Run
    reverse: Run
    shuffled: Run
    seed: int


@dataclass(frozen=True)
class Material:
    """What is known of a module.

    Attributes:
        subject: the module.
        root: the project's folder.
        files: the test files that belong to it.
        tests: the tests that ran some of its lines, as the run with coverage saw them.
        report: coverage's report of it; empty where it was never imported.
        findings: what lint finds in those test files.
        runs: all runs.
        commented: the lines of those test files that are code in a comment; None where nothing
            can tell.
    """

    subject: Subject
    root: Path
    files: tuple[TestFile, ...]
    tests: tuple[Test, ...]
    report: Mapping[str, Any]
    findings: tuple[Finding, ...]
    runs: Runs
    commented: tuple[tuple[str, int], ...] | None

    def shown(self, path: Path | str) -> str:
        """Return a path as messages show it."""
        absolute = Path(path)
        inside = absolute.is_absolute() and absolute.is_relative_to(self.root)
        return absolute.relative_to(self.root).as_posix() if inside else str(path)

    def found(self, *codes: str) -> list[Finding]:
        """Return the findings of these rules."""
        return [finding for finding in self.findings if finding.code in codes]

    def asked(self) -> list[Asked]:
        """Return the statements that its tests asked of fakes."""
        own = {test.name for test in self.tests}
        return [each for each in self.runs.covered.asked if own.intersection(each.tests)]

    def sources(self) -> Iterator[tuple[Test, TestFunction]]:
        """Go through the module's tests, each function once, with what its source has."""
        by_path = {file.path: file for file in self.files}
        seen: set[tuple[str, str]] = set()
        for test in self.tests:
            file = by_path.get((self.root / test.path).resolve())
            source = None if file is None else file.tests.get(test.function)
            if source is not None and (test.path, test.function) not in seen:
                seen.add((test.path, test.function))
                yield test, source

    def through(self, part: Part) -> set[str]:
        """Return the tests that ran a line of a part of the module, by node id."""
        contexts: Mapping[str, list[str]] = self.report.get("contexts", {})
        return {
            name
            for line, names in contexts.items()
            if part.first <= int(line) <= part.last
            for name in names
            if name
        }

    def ran(self, part: Part) -> bool:
        """Say whether some test ran the first line of a part of the module."""
        return bool(self.through(Part(part.name, part.first, part.first)))
