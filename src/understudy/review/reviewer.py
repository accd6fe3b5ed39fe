"""Review modules: run the tests, read their source, and check every item of the checklist."""

from __future__ import annotations

import importlib.util
import json
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from understudy.lint.discovery import discover
from understudy.lint.registry import all_rules
from understudy.lint.runner import run as lint
from understudy.project import ruff
from understudy.project.sources import Project
from understudy.review import suite, targets
from understudy.review.checklist import answers, opinions
from understudy.review.checklist_items import Review
from understudy.review.errors import ReviewError
from understudy.review.module_evidence import ModuleEvidence, Runs
from understudy.review.suite import TestFile
from understudy.review.suite_runs import Run, Runner, Test
from understudy.review.targets import Target

Say = Callable[[str], None]


def review(
    root: Path, wanted: Sequence[str], runner: Runner, say: Say, *, seed: int
) -> list[Review]:
    """Review modules, the worst first.

    Args:
        root: the project's folder.
        wanted: the modules as a user names them; none for all that a test file imports.
        runner: runs the tests.
        say: is called with a line about each step.
        seed: the seed of the run in a random order.

    Raises:
        ReviewError: A module cannot be found or read, or the tests cannot be run.
    """
    if importlib.util.find_spec("coverage") is None:
        raise ReviewError('A review needs coverage: python -m pip install "understudy[review]"')
    test_files = read_tests(root)
    chosen = _chosen(root, wanted, test_files)
    say("all tests, with coverage")
    covered = runner.run(measured=[target.path for target in chosen])
    tests = {target.name: _tests_of(target, covered) for target in chosen}
    runs = _runs(runner, covered, {test.name for own in tests.values() for test in own}, seed, say)
    say("reading the tests")
    files = {
        target.name: _files_of(target, root, tests[target.name], test_files) for target in chosen
    }
    paths = sorted({file.path for own in files.values() for file in own})
    checked, _ = lint(paths, tuple(all_rules()))
    findings = [finding for file in checked for finding in file.findings]
    commented = _commented_code(root, paths)
    reviews = []
    for target in chosen:
        own = {str(file.path) for file in files[target.name]}
        evidence = ModuleEvidence(
            target,
            root,
            tuple(files[target.name]),
            tuple(tests[target.name]),
            covered.files.get(str(target.path), {}),
            tuple(finding for finding in findings if finding.path in own),
            runs,
            None if commented is None else tuple(line for line in commented if line[0] in own),
        )
        summary = evidence.coverage.get("summary", {})
        reviews.append(
            Review(
                target.name,
                evidence.shown(target.path),
                len(evidence.tests),
                float(summary.get("percent_covered", 0.0)),
                answers(evidence),
                opinions(evidence),
            )
        )
    return sorted(reviews, key=lambda found: (-len(found.wrong), found.covered, found.module))


def bases_of(root: Path) -> list[Path]:
    """Return the folders that the project's modules are imported from, its own first."""
    return list(dict.fromkeys([root, *Project(root).bases]))


def read_tests(root: Path) -> list[TestFile]:
    """Read every test file of the project that can be parsed."""
    named = [root / path for path in Project(root).pytest.testpaths]
    found, _ = discover([path for path in named if path.exists()] or [root], (), root)
    files = map(suite.read, found)
    return [file for file in files if file is not None and file.tests]


def _chosen(root: Path, wanted: Sequence[str], test_files: Sequence[TestFile]) -> list[Target]:
    bases = bases_of(root)
    mentioned = {name for file in test_files for name in file.mentioned}
    if wanted:
        return [targets.find(name, root, bases, mentioned) for name in dict.fromkeys(wanted)]
    tests = {file.path for file in test_files}
    found: dict[Path, Target] = {}
    for name in sorted(mentioned):
        for base in bases:
            path = base.joinpath(*name.split(".")).with_suffix(".py")
            if path.is_file() and path.resolve() not in tests and not _is_test_code(path, root):
                found.setdefault(path.resolve(), targets.read(path.resolve(), name))
    if not found:
        raise ReviewError(
            "No test file imports a module of this project, so there is nothing to review. "
            "Name a module: understudy review src.domain.user"
        )
    return list(found.values())


def _is_test_code(path: Path, root: Path) -> bool:
    in_tests = {"tests", "test"}.intersection(path.relative_to(root).parts)
    return bool(in_tests) or path.name == "conftest.py"


def _tests_of(target: Target, covered: Run) -> list[Test]:
    """Return the tests that ran a line of a module."""
    contexts = covered.files.get(str(target.path), {}).get("contexts", {})
    names = {name for tests in contexts.values() for name in tests}
    return [test for name, test in covered.tests.items() if name in names]


def _files_of(
    target: Target, root: Path, tests: Sequence[Test], test_files: Sequence[TestFile]
) -> list[TestFile]:
    """Return the test files that name a module, or else those with a test that ran it."""
    named = suite.belonging(target, test_files)
    paths = {(root / test.path).resolve() for test in tests}
    return named or [file for file in test_files if file.path in paths]


def _runs(runner: Runner, covered: Run, names: set[str], seed: int, say: Say) -> Runs:
    """Run the modules' tests three more times, if there are any."""
    if not names:
        nothing = Run({})
        return Runs(covered, nothing, nothing, nothing, seed)
    only = [name for name in covered.tests if name in names]
    paths = sorted({name.partition("::")[0] for name in only})
    say("the modules' tests alone, twice in a row")
    twice = runner.run(paths, order="twice", only=only)
    say("in reverse order")
    reverse = runner.run(paths, order="reverse", only=only)
    say("in a random order")
    shuffled = runner.run(paths, order="random", seed=seed, only=only)
    return Runs(covered, twice, reverse, shuffled, seed)


def _commented_code(root: Path, paths: Sequence[Path]) -> list[tuple[str, int]] | None:
    """Return the lines that are code in a comment, or None if ruff cannot tell."""
    program = ruff.program()
    if program is None or not paths:
        return None if program is None else []
    command = [program, "check", "--isolated", "--no-cache", "--select", "ERA001"]
    ended = subprocess.run(
        [*command, "--output-format", "json", *map(str, paths)],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode not in (0, 1):
        return None
    found = json.loads(ended.stdout)
    return [(problem["filename"], problem["location"]["row"]) for problem in found]
