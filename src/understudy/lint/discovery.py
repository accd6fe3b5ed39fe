"""Finds the files to check."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatch
from pathlib import Path

from understudy.lint.finding import Problem
from understudy.project import pytest_config
from understudy.project.files import absolute, walk


def default_paths(folder: Path) -> list[Path]:
    """Return the paths to check if none is given: pytest's test paths, else the folder."""
    config = pytest_config.read(folder)
    named = [Path(path) for path in config.testpaths] if config else []
    return [path for path in named if path.exists()] or [Path()]


def discover(
    paths: Sequence[Path], exclude: Sequence[str], base: Path
) -> tuple[list[Path], list[Problem]]:
    """Return the Python files below some paths, sorted, and the paths that cannot be checked.

    Args:
        paths: files and folders.
        exclude: patterns of files to leave out, compared with names and with paths below ``base``.
        base: the folder that the patterns are relative to.
    """
    found: set[Path] = set()
    problems = []
    for path in paths:
        if path.is_dir():
            found.update(
                file
                for file in walk(absolute(path), lambda folder: is_excluded(folder, exclude, base))
                if file.suffix == ".py" and not is_excluded(file, exclude, base)
            )
        elif path.suffix == ".py" and path.is_file():
            found.add(absolute(path))
        else:
            problems.append(Problem(str(path), f"not checked: {_reason(path)}"))
    return sorted(found), problems


def _reason(path: Path) -> str:
    if not path.exists():
        return "there is no such file or folder"
    if path.suffix == ".ipynb":
        return "notebooks are not read; move its tests into a .py file"
    return "not a Python file; name files that end with .py, or folders"


def is_excluded(path: Path, patterns: Iterable[str], base: Path) -> bool:
    """Whether a pattern matches a path: its name, or its path or that of a folder it is in."""
    if not patterns:
        return False
    relative = path.relative_to(base).as_posix() if path.is_relative_to(base) else path.as_posix()
    for pattern in patterns:
        whole = pattern.rstrip("/")
        if fnmatch(path.name, whole) or fnmatch(relative, whole) or fnmatch(relative, f"{whole}/*"):
            return True
    return False
