"""A review from its beginning to its end: what belongs to a module, the runs, the answers."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from understudy.lint.discovery import discover
from understudy.lint.finding import Finding
from understudy.lint.registry import all_rules
from understudy.lint.runner import run as lint
from understudy.project.sources import Project
from understudy.review import suite, targets
from understudy.review.checklist import judged
from understudy.review.checklist_items import Review
from understudy.review.errors import ReviewError
from understudy.review.evidence import Material, Runs
from understudy.review.suite import TestFile
from understudy.review.suite_runs import Run, Runner
from understudy.review.targets import Subject

Tell = Callable[[str], None]


def review(
    root: Path, wanted: Sequence[str], runner: Runner, tell: Tell, *, seed: int
) -> list[Review]:
    """Review modules, the worst first.

    Args:
        root: the project's folder.
        wanted: the modules as a user names them; none for all that a test file imports.
        runner: runs the tests.
        tell: told what is being done, for someone who waits.
        seed: of the run in a random order.

    Raises:
        ReviewError: it cannot be done.
    """
    if importlib.util.find_spec("coverage") is None:
        raise ReviewError('A review needs coverage: python -m pip install "understudy[review]"')
    bases = bases_of(root)
    test_files = read_tests(root)
    chosen = _chosen(root, wanted, bases, test_files)
    tell("all tests, with coverage")
    covered = runner.run((), measured=[subject.path for subject in chosen])
    own = {subject.name: _tests_of(subject, covered) for subject in chosen}
    names = [name for name in covered.tests if any(name in each for each in own.values())]
    runs = _runs(runner, covered, names, seed, tell)
    tell("their source")
    by_file = {file.path: file for file in test_files}
    belonging = {
        subject.name: _files_of(subject, root, own[subject.name], covered, test_files, by_file)
        for subject in chosen
    }
    concerned = sorted({file.path for files in belonging.values() for file in files})
    findings = _findings(concerned)
    commented = _commented(root, concerned)
    found = []
    for subject in chosen:
        paths = {str(file.path) for file in belonging[subject.name]}
        material = Material(
            subject,
            root,
            tuple(belonging[subject.name]),
            tuple(covered.tests[name] for name in covered.tests if name in own[subject.name]),
            covered.files.get(str(subject.path), {}),
            tuple(each for each in findings if each.path in paths),
            runs,
            None if commented is None else tuple(each for each in commented if each[0] in paths),
        )
        found.append(_review(material))
    return sorted(found, key=lambda each: (-len(each.wrong), each.covered, each.module))


def bases_of(root: Path) -> list[Path]:
    """Return the folders that the project's modules are imported from, its own first."""
    return list(dict.fromkeys([root, *Project(root).bases]))


def read_tests(root: Path) -> list[TestFile]:
    """Read every test file of the project; those that do not parse are pytest's to tell."""
    named = [root / path for path in Project(root).pytest.testpaths]
    found, _ = discover([path for path in named if path.exists()] or [root], (), root)
    read = [suite.read(path) for path in found]
    return [each for each in read if each is not None and each.tests]


def _chosen(
    root: Path, wanted: Sequence[str], bases: Sequence[Path], test_files: Sequence[TestFile]
) -> list[Subject]:
    mentioned = {name for file in test_files for name in file.mentioned}
    if wanted:
        return [targets.find(each, root, bases, mentioned) for each in dict.fromkeys(wanted)]
    tests = {file.path for file in test_files}
    found: dict[Path, Subject] = {}
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
    return bool({"tests", "test"}.intersection(path.relative_to(root).parts)) or (
        path.name == "conftest.py"
    )


def _tests_of(subject: Subject, covered: Run) -> set[str]:
    """Return the tests that ran a line of a module, by node id."""
    report = covered.files.get(str(subject.path), {})
    contexts: dict[str, list[str]] = report.get("contexts", {})
    return {name for names in contexts.values() for name in names if name}


def _files_of(
    subject: Subject,
    root: Path,
    own: Iterable[str],
    covered: Run,
    test_files: Sequence[TestFile],
    by_file: dict[Path, TestFile],
) -> list[TestFile]:
    """Return the test files that belong to a module: by their text, else by what ran it."""
    named = suite.belonging(subject, test_files)
    if named:
        return named
    paths = {(root / covered.tests[name].path).resolve() for name in own}
    return [by_file[path] for path in sorted(paths) if path in by_file]


def _runs(runner: Runner, covered: Run, names: Sequence[str], seed: int, tell: Tell) -> Runs:
    """Run the modules' tests three times more; where there are none, there is nothing to run."""
    if not names:
        nothing = Run({})
        return Runs(covered, nothing, nothing, nothing, seed)
    paths = sorted({name.partition("::")[0] for name in names})
    tell("the modules' tests alone, twice over")
    twice = runner.run(paths, order="twice", only=names)
    tell("in reverse order")
    reverse = runner.run(paths, order="reverse", only=names)
    tell("in a random order")
    return Runs(
        covered, twice, reverse, runner.run(paths, order="random", seed=seed, only=names), seed
    )


def _findings(paths: Sequence[Path]) -> list[Finding]:
    checked, _ = lint(paths, tuple(all_rules()))
    return [finding for each in checked for finding in each.findings]


def _commented(root: Path, paths: Sequence[Path]) -> list[tuple[str, int]] | None:
    """Return the lines that are code in a comment, as ruff finds them; None where there is none."""
    ruff = shutil.which("ruff", path=str(Path(sys.executable).parent)) or shutil.which("ruff")
    if ruff is None or not paths:
        return None if ruff is None else []
    command = [ruff, "check", "--isolated", "--no-cache", "--select", "ERA001"]
    done = subprocess.run(
        [*command, "--output-format", "json", *map(str, paths)],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in (0, 1):
        return None
    return [(each["filename"], each["location"]["row"]) for each in json.loads(done.stdout)]


def _review(material: Material) -> Review:
    summary = material.report.get("summary", {})
    return Review(
        material.subject.name,
        material.shown(material.subject.path),
        len(material.tests),
        float(summary.get("percent_covered", 0.0)),
        judged(material),
    )
