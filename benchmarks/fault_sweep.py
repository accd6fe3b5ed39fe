"""The time that `understudy sweep` takes for the reference backend, with its first run."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.rounds import Round, interleaved
from understudy.cli import demo_backend

PROCESSES = {"in one process": "0", "in two processes": "2"}
_QUICK = ("tests/integration/test_access_dao_integration.py",)


def measure(rounds: int, is_whole: int) -> tuple[dict[str, Any], list[Round]]:
    """Return what the sweep prints as JSON, and the seconds for each round.

    Args:
        rounds: the number of rounds.
        is_whole: 1 for the whole suite, 0 for a few tests.
    """
    document: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "backend"
        demo_backend.copy_to(folder)

        def run(workers: str) -> float:
            command = [sys.executable, "-m", "understudy", "sweep", "--format", "json", "--"]
            command += ["-n", workers, *(() if is_whole else _QUICK)]
            started = time.perf_counter()
            done = subprocess.run(command, cwd=folder, capture_output=True, check=True)
            seconds = time.perf_counter() - started
            document.update(json.loads(done.stdout))
            return seconds

        candidates = {
            name: lambda workers=workers: run(workers) for name, workers in PROCESSES.items()
        }
        return document, interleaved(rounds, candidates)
