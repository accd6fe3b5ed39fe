"""Measure what `understudy write` writes for modules of a project, or its own tests of them.

    python -m benchmarks.written_tests FOLDER MODULE... [--seconds N] [--by-hand] [--runs 100]
        [--understudy COMMAND]

FOLDER has the project's pyproject.toml, and COMMAND is the `understudy` of its environment. All
runs are in copies: each module is written for in a copy that has the project's conftest.py, but
none of its tests. There `understudy review` counts the tests and the lines and branches that they
cover, and the checks of a project run on them: ruff, mypy --strict and `understudy lint`.

--by-hand measures the project's own tests of the modules instead. --runs N runs the written tests
N times more, shuffled each time.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from understudy.project import pytest_process, suite_run
from understudy.write import proof

_HEAD = ("module", "tests", "xfail", "left out", "covered", "mutants", "CPU", "seconds", "checks")
_BY_HAND = ("module", "tests by hand", "covered", "mutants")
_LONGEST = 900.0  # seconds of one command
_NO_TESTS = ("test_*.py", "*_test.py", "understudy-*")
_NEVER = (".git", ".venv", "venv", "__pycache__", ".*_cache", ".coverage*")
_CHECKS = {
    "ruff": ("ruff", "check", "--quiet"),
    "ruff format": ("ruff", "format", "--quiet", "--check"),
    "mypy": ("mypy", "--strict", "--no-error-summary"),
    "lint": ("understudy", "lint"),
}


@dataclass
class Figures:
    """What is measured of one module.

    Attributes:
        document: what `understudy write` says; its "end" is the reason if nothing was written.
        review: what `understudy review` says of the written tests; empty without any.
        unclean: the checks that find something.
        failed: the failures of the tests that were shuffled; None if they were not.
        cpu: the seconds of CPU time of `understudy write` and all that it started, PostgreSQL too;
            0 on Windows.
    """

    document: Mapping[str, Any]
    review: Mapping[str, Any] = field(default_factory=dict)
    unclean: Sequence[str] = ()
    failed: Sequence[str] | None = None
    cpu: float = 0.0


class Project:
    """A project that is measured.

    Args:
        folder: the folder with its pyproject.toml.
        command: the `understudy` of its environment.
    """

    def __init__(self, folder: Path, command: str) -> None:
        self._folder = folder.resolve()
        self._bin = Path(shutil.which(command) or command).parent

    def measured(self, module: str, seconds: float | None, runs: int) -> Figures:
        """Write tests for a module, and measure them.

        Args:
            module: the module.
            seconds: the time for trying it; None for the default.
            runs: how often the tests run afterwards.
        """
        limit = [] if seconds is None else ["--seconds", str(seconds)]
        with _copy(self._folder, *_NO_TESTS) as copy:
            before = _cpu()
            ended = self._run(copy, "understudy", "write", module, "--format", "json", *limit)
            if not ended.stdout:
                last = ended.stderr.strip().splitlines()[-1:]
                return Figures({"path": module, "files": [], "end": "".join(last)})
            found = Figures(json.loads(ended.stdout), cpu=_cpu() - before)
            files = [file["path"] for file in found.document["files"]]
            if files:
                found.review = self._reviewed(copy, [module]).get(found.document["path"], {})
                found.unclean = [
                    name
                    for name, check in _CHECKS.items()
                    if self._run(copy, *check, *files).returncode
                ]
            if files and runs:
                found.failed = shuffled(copy, files, runs)
            return found

    def by_hand(self, modules: Sequence[str]) -> list[tuple[str, ...]]:
        """Return a row for each module: the figures of the project's own tests."""
        with _copy(self._folder) as copy:
            reviews = self._reviewed(copy, modules)
            ended = self._run(copy, "understudy", "mutate", *modules, "--format", "json")
        files = json.loads(ended.stdout or "{}").get("files", {})
        return [
            (path, _tests(review), _covered(review), _of(_killed(files.get(path, {}))))
            for path, review in reviews.items()
        ]

    def _reviewed(self, copy: Path, modules: Sequence[str]) -> dict[str, Any]:
        """Return what `understudy review` says of each module, by its path."""
        ended = self._run(copy, "understudy", "review", *modules, "--format", "json")
        found = json.loads(ended.stdout or '{"modules": []}')["modules"]
        return {one["path"]: one for one in found}

    def _run(self, copy: Path, name: str, *given: str) -> subprocess.CompletedProcess[str]:
        own = self._bin / name
        command = [str(own) if own.exists() else shutil.which(name) or name, *given]
        try:
            return subprocess.run(
                command, cwd=copy, capture_output=True, text=True, timeout=_LONGEST, check=False
            )
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(command, 124, "", f"no end in {_LONGEST:g} s")


@contextmanager
def _copy(folder: Path, *without: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="understudy-") as place:
        copy = Path(place).resolve() / folder.name
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns(*_NEVER, *without))
        yield copy


def shuffled(copy: Path, files: Sequence[str], runs: int) -> list[str]:
    """Run tests several times, each time in another order; return what failed and why."""
    ended = pytest_process.run(
        [*suite_run.arguments(copy, copy.parent, None), *files],
        copy,
        plugin=proof.PLUGIN,
        request={"runs": runs, "seconds": _LONGEST},
        timeout=_LONGEST,
    )
    failed = [f"{one['test']}: {one['why']}" for one in ended.answers if "test" in one]
    if ended.timed_out or ended.exit_code not in (0, 1):
        failed.append(suite_run.ending(ended.exit_code, ended.output))
    return failed


def _killed(file: Mapping[str, Any]) -> tuple[int, int] | None:
    """Return how many mutants of a file are killed, and how many can be; None without any."""
    states = [mutant["status"] for mutant in file.get("mutants", ())]
    killed = states.count("Killed") + states.count("Timeout")
    alive = states.count("Survived") + states.count("NoCoverage")
    return (killed, killed + alive) if states else None


def table(rows: Sequence[tuple[str, ...]], head: tuple[str, ...] = _HEAD) -> str:
    """Return rows of figures as a Markdown table."""
    lines = [head, ("---", *["--:"] * (len(head) - 1)), *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in lines)


def row(figures: Figures) -> tuple[str, ...]:
    """Return the figures of a module as texts."""
    document = figures.document
    if "seconds" not in document:
        return (document["path"], document["end"], *[""] * (len(_HEAD) - 2))
    tests = [test for file in document["files"] for test in file["tests"]]
    mutants = document["mutants"]
    wrong = [one["item"] for one in figures.review.get("items", ()) if one["state"] == "not ok"]
    return (
        document["path"],
        _tests(figures.review) or str(len(tests)),
        str(sum(bool(test["suspicion"]) for test in tests)),
        str(len(document["left_out"])),
        _covered(figures.review),
        _of((mutants["killed"], mutants["killable"]) if mutants else None),
        str(round(figures.cpu)),
        str(round(document["seconds"])),
        ", ".join([*figures.unclean, *(f"review: {item}" for item in wrong)]) or "clean",
    )


def _cpu() -> float:
    """Return the CPU seconds of all child processes that have ended."""
    times = os.times()
    return times.children_user + times.children_system


def _tests(review: Mapping[str, Any]) -> str:
    return str(review["tests"]) if review else ""


def _covered(review: Mapping[str, Any]) -> str:
    return f"{review['covered']:.0f}%" if review else ""


def _of(killed: tuple[int, int] | None) -> str:
    return f"{killed[0]} of {killed[1]}" if killed else ""


def flakes(found: Sequence[Figures], runs: int) -> Iterator[str]:
    """Yield a line for each module whose tests were shuffled, and one for each failure."""
    for figures in found:
        if figures.failed is not None:
            number = figures.review.get("tests", 0)
            count = f"{len(figures.failed)} failed"
            yield f"{figures.document['path']}: {number} tests, {runs} times, shuffled: {count}"
            yield from (f"  {one}" for one in figures.failed)


def main(arguments: Sequence[str] | None = None, show: Callable[[str], object] = print) -> None:
    """Read the command line and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.written_tests")
    parser.add_argument("folder", type=Path)
    parser.add_argument("modules", nargs="+")
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--by-hand", action="store_true")
    parser.add_argument("--runs", type=int, default=0)
    parser.add_argument("--understudy", default=str(Path(sys.executable).parent / "understudy"))
    options = parser.parse_args(arguments)
    project = Project(options.folder, options.understudy)
    if options.by_hand:
        show(table(project.by_hand(options.modules), _BY_HAND))
        return
    found = []
    for module in options.modules:
        found.append(project.measured(module, options.seconds, options.runs))
        lines = [" | ".join(row(found[-1])), *flakes(found[-1:], options.runs)]
        print(*lines, sep="\n", file=sys.stderr)
    show(table([*map(row, found)]))
    for line in flakes(found, options.runs):
        show(line)


if __name__ == "__main__":
    main()
