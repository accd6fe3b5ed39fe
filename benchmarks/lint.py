"""`understudy lint` over a large suite: everything new, and nothing changed."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path

from benchmarks.rounds import Round, interleaved

NEW = "everything new"
UNCHANGED = "nothing changed"
PARSE = "ast.parse of each file, one process"
START = "understudy --version"

_BACKEND = Path(__file__).parent.parent / "examples" / "backend"
_PARSE = (
    "import ast, pathlib\n"
    "for file in pathlib.Path('tests').rglob('*.py'): ast.parse(file.read_bytes())"
)


def measure(files: int, lines: int, rounds: int) -> tuple[int, list[Round]]:
    """Return how many lines the suite has, and the seconds by the clock of each candidate.

    The suite is the reference backend's own, its files again and again, several in one, until there
    are as many files of as many lines.
    """
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        written = _write(here, files, lines // files)
        cache = here / ".understudy_cache"

        def new() -> float:
            shutil.rmtree(cache, ignore_errors=True)
            return _seconds(here, "-m", "understudy", "lint", "tests")

        def unchanged() -> float:
            return _seconds(here, "-m", "understudy", "lint", "tests")

        new()
        found = interleaved(
            rounds,
            {
                NEW: new,
                UNCHANGED: lambda: (new(), unchanged())[1],
                PARSE: lambda: _seconds(here, "-c", _PARSE),
                START: lambda: _seconds(here, "-m", "understudy", "--version"),
            },
        )
    return written, found


def _write(here: Path, files: int, lines: int) -> int:
    shutil.copytree(_BACKEND / "src", here / "src")
    shutil.copy(_BACKEND / "pyproject.toml", here)
    tests = here / "tests"
    tests.mkdir()
    for name in ("__init__.py", "conftest.py", "fakes.py"):
        shutil.copy(_BACKEND / "tests" / name, tests)
    sources = [
        file.read_text(encoding="utf-8") for file in sorted(_BACKEND.glob("tests/test_*.py"))
    ]
    written = 0
    for number in range(files):
        text = _about(islice(cycle(sources), number, None), lines)
        (tests / f"test_{number}_dao.py").write_text(text, encoding="utf-8")
        written += text.count("\n")
    return written


def _about(sources: islice[str], lines: int) -> str:
    """One source, cut after its last whole test, or the beginning of the next one added."""
    text = ""
    while text.count("\n") < lines:
        text += next(sources)
    parts = text.split("\n\n\n")
    while len(parts) > 2 and sum(part.count("\n") + 3 for part in parts) > lines:
        parts.pop()
    return "\n\n\n".join(parts) + "\n"


def _seconds(here: Path, *arguments: str) -> float:
    begun = time.perf_counter()
    _run(here, arguments)
    return time.perf_counter() - begun


def _run(here: Path, arguments: Sequence[str]) -> None:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=here, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(done.stdout + done.stderr)
