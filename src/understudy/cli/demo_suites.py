"""The suites of the demo: each is a pytest in a child process, which reports its figures."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from understudy.project import pytest_process

# Settings for the caller's own pytest or coverage.
_FOREIGN = ("PYTEST_", "COVERAGE_", "COV_CORE_")


@dataclass(frozen=True, slots=True)
class Suite:
    """A part of the tests.

    Attributes:
        name: its name in JSON.
        title: its title in text.
        marks: the value of pytest's ``-m``.
        measures: whether the coverage of ``src`` is measured.
    """

    name: str
    title: str
    marks: str
    measures: bool = False


SUITES = (
    Suite("fake", "the unit tests, on fakes", "not integration", measures=True),
    Suite("real", "the integration tests, on a real PostgreSQL", "integration"),
)


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the tests of a suite ran of ``src``."""

    lines: int
    lines_covered: int
    branches: int
    branches_covered: int


@dataclass(frozen=True, slots=True)
class Server:
    """The PostgreSQL of a suite; ``embedded`` if it was started for the suite."""

    version: str
    embedded: bool


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a suite.

    Attributes:
        suite: the suite.
        exit_code: pytest's exit code.
        seconds: how long it took.
        tests: the number of tests by outcome; empty if pytest ended before it could report.
        calls_on_fakes: the number of calls on fakes.
        statements_on_fakes: the number of different statements in them.
        statements_checked: the number of these that PostgreSQL has checked.
        postgres: the server of the tests.
        coverage: the measured coverage.
    """

    suite: Suite
    exit_code: int
    seconds: float
    tests: Mapping[str, int]
    calls_on_fakes: int = 0
    statements_on_fakes: int = 0
    statements_checked: int = 0
    postgres: Server | None = None
    coverage: Coverage | None = None

    @property
    def ok(self) -> bool:
        """Whether tests ran, and none failed."""
        return self.exit_code == 0 and self.tests.get("passed", 0) > 0


def run(suite: Suite, folder: Path, output: IO[str], extra: Sequence[str] = ()) -> Result:
    """Run a suite, and show pytest's output meanwhile.

    Args:
        suite: the suite.
        folder: the project's folder.
        output: receives pytest's output; a file with a descriptor.
        extra: more arguments for pytest.

    Raises:
        KeyboardInterrupt: Ctrl-C or SIGTERM; the tests were stopped before.
    """
    with tempfile.TemporaryDirectory(prefix="understudy-demo-") as scratch:
        data = Path(scratch, "coverage")
        environment = {**pytest_process.environment_without(*_FOREIGN), "COVERAGE_FILE": str(data)}
        arguments = ["-q", "-m", suite.marks, *extra]
        if suite.measures:
            # The figure is shown; no minimum is demanded.
            arguments += ["--cov=src", "--cov-branch", "--cov-report=", "--cov-fail-under=0"]
        started = time.monotonic()
        ended = pytest_process.run(
            arguments,
            folder,
            plugin="understudy.cli.observer",
            request={"figures": True},
            environment=environment,
            output=output,
        )
        seconds = time.monotonic() - started
        coverage = _read_coverage(Path(scratch), folder, environment) if data.exists() else None
    figures = ended.answers[-1] if ended.answers else {"tests": {}}
    if figures.get("postgres") is not None:
        figures["postgres"] = Server(**figures["postgres"])
    return Result(suite, ended.exit_code, seconds, coverage=coverage, **figures)


def _read_coverage(scratch: Path, folder: Path, environment: Mapping[str, str]) -> Coverage:
    file = scratch / "coverage.json"
    # In a child process, because the settings in the folder's pyproject.toml must apply.
    subprocess.run(
        [sys.executable, "-m", "coverage", "json", "-q", "--fail-under=0", "-o", str(file)],
        cwd=folder,
        env=environment,
        check=True,
    )
    totals: dict[str, Any] = json.loads(file.read_bytes())["totals"]
    return Coverage(
        lines=totals["num_statements"],
        lines_covered=totals["covered_lines"],
        branches=totals["num_branches"],
        branches_covered=totals["covered_branches"],
    )
