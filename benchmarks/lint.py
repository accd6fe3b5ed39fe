"""The time of `understudy lint` on a large suite, in the first run and with nothing changed."""

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

FIRST = "first run"
UNCHANGED = "nothing changed"
PARSE = "ast.parse of each file, in one process"
VERSION = "understudy --version"

_BACKEND = Path(__file__).parent.parent / "examples" / "backend"
_PARSE = (
    "import ast, pathlib\n"
    "for file in pathlib.Path('tests').rglob('*.py'): ast.parse(file.read_bytes())"
)


def measure(files: int, lines: int, rounds: int) -> tuple[int, list[Round]]:
    """Return the number of lines, and the wall-clock seconds of each candidate for each round.

    The suite consists of the tests of the reference backend, repeated and joined until it has as
    many files and lines.
    """
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        written = _write(folder, files, lines // files)
        cache = folder / ".understudy_cache"

        def first_run() -> float:
            shutil.rmtree(cache, ignore_errors=True)
            return _seconds(folder, "-m", "understudy", "lint", "tests")

        def unchanged() -> float:
            return _seconds(folder, "-m", "understudy", "lint", "tests")

        first_run()  # compiles every module
        found = interleaved(
            rounds,
            {
                FIRST: first_run,
                UNCHANGED: lambda: (first_run(), unchanged())[1],
                PARSE: lambda: _seconds(folder, "-c", _PARSE),
                VERSION: lambda: _seconds(folder, "-m", "understudy", "--version"),
            },
        )
    return written, found


def _write(folder: Path, files: int, lines: int) -> int:
    shutil.copytree(_BACKEND / "src", folder / "src")
    shutil.copy(_BACKEND / "pyproject.toml", folder)
    tests = folder / "tests"
    tests.mkdir()
    for name in ("__init__.py", "conftest.py", "fakes.py"):
        shutil.copy(_BACKEND / "tests" / name, tests)
    sources = [
        file.read_text(encoding="utf-8") for file in sorted(_BACKEND.glob("tests/test_*.py"))
    ]
    written = 0
    for number in range(files):
        text = _joined(islice(cycle(sources), number, None), lines)
        (tests / f"test_{number}_dao.py").write_text(text, encoding="utf-8")
        written += text.count("\n")
    return written


def _joined(sources: islice[str], lines: int) -> str:
    """Join sources to at least `lines` lines, and cut the text after a whole test."""
    text = ""
    while text.count("\n") < lines:
        text += next(sources)
    parts = text.split("\n\n\n")
    while len(parts) > 2 and sum(part.count("\n") + 3 for part in parts) > lines:
        parts.pop()
    return "\n\n\n".join(parts) + "\n"


def _seconds(folder: Path, *arguments: str) -> float:
    start = time.perf_counter()
    _run(folder, arguments)
    return time.perf_counter() - start


def _run(folder: Path, arguments: Sequence[str]) -> None:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(done.stdout + done.stderr)
