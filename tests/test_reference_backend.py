"""The reference backend's own suite, run as a newcomer's `understudy demo` would find it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from understudy.cli import demo_backend, demo_suites

pytestmark = pytest.mark.slow

UNIT, INTEGRATION = demo_suites.SUITES
WORKERS = ("-n", "2")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reference") / "backend"
    demo_backend.copy_to(folder)
    return folder


def run(suite: demo_suites.Suite, folder: Path, *arguments: str) -> tuple[demo_suites.Result, str]:
    log = folder.with_name(f"{suite.name}.txt")
    with log.open("w", encoding="utf-8") as output:
        result = demo_suites.run(suite, folder, output, arguments)
    return result, log.read_text(encoding="utf-8")


def test_every_unit_test_passes_and_they_run_every_branch(copy: Path) -> None:
    # On two workers and in a random order: none leans on another.
    result, said = run(UNIT, copy, *WORKERS)

    assert {outcome for outcome, number in result.tests.items() if number} == {"passed"}, said
    assert result.exit_code == 0, said
    assert result.tests["passed"] >= 387
    assert result.coverage is not None
    assert result.coverage.lines_covered == result.coverage.lines
    assert result.coverage.branches_covered == result.coverage.branches


def test_every_integration_test_passes_on_the_embedded_postgresql(copy: Path) -> None:
    result, said = run(INTEGRATION, copy)

    assert {outcome for outcome, number in result.tests.items() if number} == {"passed"}, said
    assert result.exit_code == 0, said
    assert result.postgres is not None
    assert result.postgres.embedded


def test_every_fault_of_the_database_is_answered_as_accepted(copy: Path) -> None:
    command = [sys.executable, "-m", "understudy", "sweep", "--locked", "--format", "json"]
    ended = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)

    assert ended.returncode == 0, ended.stdout + ended.stderr
    document = json.loads(ended.stdout)
    assert (document["findings"], document["stale"]) == ([], [])
    assert not [answer for answer in document["answers"] if answer["answer"] == "500"]
