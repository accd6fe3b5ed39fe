"""What the record of a run costs: the reference backend's integration tests with and without it.

The whole process counts, from its start to the files that it has written.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from time import perf_counter

from benchmarks.processes import seconds_of
from benchmarks.rounds import Round, interleaved
from understudy.cli import demo_backend

PLAIN = "without"
TRACE, HTML = "--understudy-trace", "--understudy-html"
_COMMON = ("-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:cov", "-p", "no:randomly")


def measure(rounds: int) -> tuple[list[Round], list[Round]]:
    """Return the processor seconds and the wall seconds of each round."""
    wall: dict[str, list[float]] = {PLAIN: [], TRACE: [], HTML: []}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "backend"
        demo_backend.copy_to(folder)

        def run(name: str, *arguments: str) -> float:
            start = perf_counter()
            used = seconds_of(folder, *_COMMON, "tests/integration", *arguments)
            wall[name].append(perf_counter() - start)
            return used

        seconds_of(folder, *_COMMON, "tests/integration")  # compiles, and fills the caches
        candidates = {
            PLAIN: lambda: run(PLAIN),
            TRACE: lambda: run(TRACE, f"{TRACE}=run.ndjson"),
            HTML: lambda: run(HTML, f"{HTML}=run.html"),
        }
        used = interleaved(rounds, candidates)
    walls = [dict(zip(wall, values, strict=True)) for values in zip(*wall.values(), strict=True)]
    return used, list(walls)
