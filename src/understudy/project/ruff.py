"""The format of a project's files, by the ruff of the project."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

_PATIENCE = 30.0  # seconds; it takes hundredths
_STEP = "    "
WIDTH = 88  # as ruff and Black have it, unless they are told otherwise


def program() -> str | None:
    """Return the path of ruff, that of this environment before others; None without one."""
    return shutil.which("ruff", path=str(Path(sys.executable).parent)) or shutil.which("ruff")


def formatted(block: str, depth: int, file: Path) -> str:
    """Return statements in the format of a project's ruff, or as they are if it has none.

    Args:
        block: the statements, not indented.
        depth: the number of columns by which they are indented in the file.
        file: the file that they are for, whose configuration counts.
    """
    levels = depth // len(_STEP)
    around = "".join(f"{_STEP * level}if 1:\n" for level in range(levels))
    text = around + indent(block, _STEP * levels)
    done = _asked(["format"], text, file)
    if done is None:
        return block
    return dedent("\n".join(done.splitlines()[levels:]))


def with_sorted_imports(text: str, before: str, file: Path) -> str:
    """Return the text of a file with its imports in order, if they were in order before.

    Args:
        text: the new text.
        before: the old text.
        file: the file.
    """
    order = ["check", "--select", "I", "--fix", "--quiet"]
    if _asked(order, before, file) != before:
        return text
    return _asked(order, text, file) or text


def _asked(command: Sequence[str], text: str, file: Path) -> str | None:
    """Return what ruff makes of a text; None if the project has no ruff, or it fails."""
    ruff = program()
    if ruff is None or _configuration(file) is None:
        return None
    asked = [ruff, *command, "--no-cache", "--stdin-filename", str(file), "-"]
    try:
        done = subprocess.run(
            asked, input=text.encode(), capture_output=True, timeout=_PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode() if done.returncode == 0 else None


def width(file: Path) -> int:
    """Return how long the lines of a file may be: as ruff is configured, else as it is not."""
    found = (_configuration(file) or {}).get("line-length")
    return found if isinstance(found, int) else WIDTH


def _configuration(file: Path) -> dict[str, Any] | None:
    """Return the configuration of ruff for a file; None if the project has not configured it."""
    for folder in file.resolve().parents:
        for name in ("ruff.toml", ".ruff.toml", "pyproject.toml"):
            try:
                content = tomllib.loads((folder / name).read_text("utf-8"))
            except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
                continue
            if name != "pyproject.toml":
                return content
            if isinstance(found := content.get("tool", {}).get("ruff"), dict):
                return found
    return None
