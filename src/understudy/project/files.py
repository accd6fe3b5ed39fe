"""The files of a project: which there are, which are tests, and where its root is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from understudy.project import pytest_config
from understudy.project.pytest_config import PytestConfig

_FOREIGN = frozenset(
    {"__pycache__", "node_modules", "site-packages", "venv", "env", "build", "dist", "htmlcov"}
)
_TEST_FOLDERS = frozenset({"tests", "test", "testing"})
_ROOT_MARKS = ("pyproject.toml", "setup.py", "setup.cfg", "tox.ini", ".git")


@dataclass(frozen=True)
class Place:
    """A line of a file; ``file`` is relative to the project's root."""

    file: Path
    line: int

    def __str__(self) -> str:
        return f"{self.file.as_posix()}:{self.line}"


def absolute(path: Path) -> Path:
    """Return the absolute path, without ``..``; links are not resolved."""
    return Path(os.path.normpath(Path.cwd() / path))


def is_foreign(folder: Path) -> bool:
    """Whether a folder is hidden, made by a tool, an environment or a template of a project."""
    name = folder.name
    return (
        name.startswith(".")
        or name in _FOREIGN
        or name.endswith(".egg-info")
        or "{{" in name
        or (folder / "pyvenv.cfg").exists()
    )


def walk(folder: Path, is_excluded: Callable[[Path], bool] | None = None) -> Iterator[Path]:
    """Yield every file below a folder; foreign and excluded folders and links are not entered."""
    for here, folders, names in os.walk(folder):
        parent = Path(here)
        folders[:] = [
            name
            for name in folders
            if not is_foreign(parent / name)
            and not (is_excluded is not None and is_excluded(parent / name))
        ]
        yield from (parent / name for name in names)


def root_of(folder: Path, known: dict[Path, Path]) -> Path:
    """Return the folder whose pytest configuration applies to a folder.

    Args:
        folder: the folder.
        known: earlier answers; this one is added.
    """
    if folder not in known:
        root = _configured(folder, known) or _marked(folder) or folder
        # The folders between them have the same one.
        for between in (folder, *folder.parents):
            known[between] = root
            if between == root:
                break
    return known[folder]


def _configured(folder: Path, known: dict[Path, Path]) -> Path | None:
    for parent in (folder, *folder.parents):
        if parent in known and parent != folder:
            return known[parent]
        if pytest_config.read(parent) is not None:
            return parent
        if (parent / ".git").exists():
            return None
    return None


def _marked(folder: Path) -> Path | None:
    for parent in (folder, *folder.parents):
        if any((parent / mark).exists() for mark in _ROOT_MARKS):
            return parent
    return None


def is_test_code(path: Path, root: Path, config: PytestConfig) -> bool:
    """Whether a file belongs to the tests: a test file, a conftest.py or a helper beside them."""
    if path.name == "conftest.py" or config.is_test_file(path):
        return True
    folders = path.relative_to(root).parts[:-1] if path.is_relative_to(root) else path.parts[:-1]
    return not _TEST_FOLDERS.isdisjoint(folders)
