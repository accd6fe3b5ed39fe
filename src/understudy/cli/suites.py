"""A lane of the demo: a pytest in a process of its own, and the figures that it leaves."""

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

from understudy.project.pytest_process import environment_without
from understudy.project.pytest_process import run as run_pytest

# Settings of the caller's own pytest or coverage, which mean another suite than this one.
_FOREIGN = ("PYTEST_", "COVERAGE_", "COV_CORE_")
_COVERAGE_FILE = "COVERAGE_FILE"


@dataclass(frozen=True, slots=True)
class Lane:
    """A part of a suite.

    ``marks`` is pytest's ``-m``; with ``measure`` the coverage of ``src`` is taken.
    """

    name: str
    title: str
    marks: str
    measure: bool = False


LANES = (
    Lane("fake", "the unit tests, on fakes", "not integration", measure=True),
    Lane("real", "the integration tests, on a real PostgreSQL", "integration"),
)


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the tests of a lane have run of ``src``."""

    lines: int
    lines_covered: int
    branches: int
    branches_covered: int


@dataclass(frozen=True, slots=True)
class Server:
    """The PostgreSQL of a lane; ``embedded`` is one that was started for it."""

    version: str
    embedded: bool


@dataclass(frozen=True, slots=True)
class Result:
    """How a lane went. ``tests`` is empty where pytest ended before it could report.

    ``statements_checked`` are those of the fakes' whose meaning PostgreSQL has checked.
    """

    lane: Lane
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
        """Whether tests ran, and nothing went wrong."""
        return self.exit_code == 0 and self.tests.get("passed", 0) > 0


def run(lane: Lane, folder: Path, output: IO[str], extra: Sequence[str] = ()) -> Result:
    """Run a lane, showing pytest's own output while it runs.

    Args:
        lane: the tests to run.
        folder: the project's directory.
        output: receives pytest's output; a file with a descriptor.
        extra: more arguments for pytest.

    Raises:
        KeyboardInterrupt: Ctrl-C or SIGTERM; the tests have been stopped by then.
    """
    with tempfile.TemporaryDirectory(prefix="understudy-demo-") as scratch:
        data = Path(scratch, "coverage")
        environment = {**environment_without(*_FOREIGN), _COVERAGE_FILE: str(data)}
        arguments = ["-q", "-m", lane.marks, *extra]
        if lane.measure:
            # The figure is shown; no minimum is demanded.
            arguments += ["--cov=src", "--cov-branch", "--cov-report=", "--cov-fail-under=0"]
        started = time.monotonic()
        ended = run_pytest(
            arguments,
            folder,
            plugin="understudy.cli.observer",
            request={"figures": True},
            environment=environment,
            output=output,
        )
        seconds = time.monotonic() - started
        coverage = _read_coverage(Path(scratch), folder, environment) if data.exists() else None
    report = ended.answers[-1] if ended.answers else {"tests": {}}
    if report.get("postgres") is not None:
        report["postgres"] = Server(**report["postgres"])
    return Result(lane, ended.exit_code, seconds, coverage=coverage, **report)


def _read_coverage(scratch: Path, folder: Path, environment: Mapping[str, str]) -> Coverage:
    file = scratch / "coverage.json"
    # A process of its own, for the settings in the folder's pyproject.toml to count.
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
