"""What the plugin adds to a pytest that has nothing to do: `--collect-only` in an empty folder."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.processes import seconds_of
from benchmarks.rounds import Round, interleaved

WITH = "with the plugin"
WITHOUT = "without"

_NO_TESTS = 5  # pytest's exit status where it collects none


def _seconds(folder: Path, *arguments: str) -> float:
    return seconds_of(folder, "--collect-only", *arguments, status=_NO_TESTS)


def measure(rounds: int) -> list[Round]:
    """Return the processor time of a process with and without the plugin, for each round."""
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        (here / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        _seconds(here)  # so that every module is compiled
        return interleaved(
            rounds,
            {
                WITH: lambda: _seconds(here),
                WITHOUT: lambda: _seconds(here, "-p", "no:understudy"),
            },
        )
