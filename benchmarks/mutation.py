"""The time that `understudy mutate` takes for the reference backend, with its first run."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.rounds import Round, interleaved
from understudy.cli import demo_backend

PROCESSES = {"in one process": 1, "in two processes": 2}
_QUICK = ("--", "tests/integration/test_audit_dao_integration.py")
# What becomes of a mutant, as the JSON says it.
KILLED = ("Killed", "Timeout")
NOT_RUN = ("Ignored", "CompileError")


def measure(rounds: int, is_whole: int) -> tuple[Counter[str], list[Round]]:
    """Return how many mutants have each status, and the seconds for each round.

    Args:
        rounds: the number of rounds.
        is_whole: 1 for the whole suite, 0 for a few tests.
    """
    statuses: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "backend"
        demo_backend.copy_to(folder)

        def run(workers: int) -> float:
            command = [sys.executable, "-m", "understudy", "mutate", "--format", "json"]
            command += ["--workers", str(workers), *(() if is_whole else _QUICK)]
            started = time.perf_counter()
            done = subprocess.run(command, cwd=folder, capture_output=True, check=True)
            seconds = time.perf_counter() - started
            statuses.clear()
            for file in json.loads(done.stdout)["files"].values():
                statuses.update(mutant["status"] for mutant in file["mutants"])
            return seconds

        candidates = {
            name: lambda workers=workers: run(workers) for name, workers in PROCESSES.items()
        }
        return statuses, interleaved(rounds, candidates)
