"""The time that the plugin adds to `pytest --collect-only` in an empty folder."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.processes import seconds_of
from benchmarks.rounds import Round, interleaved

WITH = "with the plugin"
WITHOUT = "without the plugin"

_NO_TESTS = 5  # pytest's exit status if it collects no tests


def _seconds(folder: Path, *arguments: str) -> float:
    return seconds_of(folder, "--collect-only", *arguments, status=_NO_TESTS)


def measure(rounds: int) -> list[Round]:
    """Return the processor time of a process with and without the plugin, for each round."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        _seconds(folder)  # compiles every module
        return interleaved(
            rounds,
            {
                WITH: lambda: _seconds(folder),
                WITHOUT: lambda: _seconds(folder, "-p", "no:understudy"),
            },
        )
