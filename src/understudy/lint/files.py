"""Finds the files to check."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path

from understudy.lint import messages, pytest_config
from understudy.lint.finding import Problem

_SKIPPED = frozenset(
    {"__pycache__", "node_modules", "site-packages", "venv", "env", "build", "dist", "htmlcov"}
)
_TEST_FOLDERS = frozenset({"tests", "test", "testing"})
_ROOT_MARKS = ("pyproject.toml", "setup.py", "setup.cfg", "tox.ini", ".git")


def discover(
    paths: Sequence[Path], exclude: Sequence[str], base: Path
) -> tuple[list[Path], list[Problem]]:
    """Return the Python files below some paths, sorted, and the paths that are nothing of the kind.

    Args:
        paths: files and folders.
        exclude: patterns of what to leave out, compared with names and with paths below ``base``.
        base: where the patterns start from.
    """
    found: set[Path] = set()
    problems = []
    for path in paths:
        reason = _not_checkable(path)
        if reason is not None:
            problems.append(Problem(str(path), reason))
        elif path.is_dir():
            found.update(_below(absolute(path), exclude, base))
        else:
            found.add(absolute(path))
    return sorted(found), problems


def absolute(path: Path) -> Path:
    """The path from the root, without ``..``; links are kept as they are."""
    return Path(os.path.normpath(Path.cwd() / path))


def _not_checkable(path: Path) -> str | None:
    if path.is_dir():
        return None
    if not path.exists():
        return messages.no_such_path()
    if path.suffix == ".ipynb":
        return messages.notebook()
    return None if path.suffix == ".py" and path.is_file() else messages.not_a_python_file()


def _below(folder: Path, exclude: Sequence[str], base: Path) -> Iterator[Path]:
    # Links to folders are not followed: so there are no loops, and nothing is checked twice.
    for here, folders, names in os.walk(folder):
        where = Path(here)
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".")
            and "{{" not in name  # a template of a project, no code yet
            and name not in _SKIPPED
            and not is_excluded(where / name, exclude, base)
            and not (where / name / "pyvenv.cfg").exists()
        ]
        for name in names:
            path = where / name
            if name.endswith(".py") and not is_excluded(path, exclude, base):
                yield path


def is_excluded(path: Path, patterns: Iterable[str], base: Path) -> bool:
    """Whether a pattern stands for a path: for its name, or for it or a folder it is in."""
    if not patterns:
        return False
    relative = path.relative_to(base).as_posix() if path.is_relative_to(base) else path.as_posix()
    for pattern in patterns:
        whole = pattern.rstrip("/")
        if fnmatch(path.name, whole) or fnmatch(relative, whole) or fnmatch(relative, f"{whole}/*"):
            return True
    return False


def root_of(folder: Path, known: dict[Path, Path]) -> Path:
    """Return the folder whose pytest configuration counts for a folder.

    ``known`` remembers the answers.
    """
    if folder not in known:
        found = _configured(folder, known)
        known[folder] = found or _marked(folder) or folder
    return known[folder]


def _configured(folder: Path, known: dict[Path, Path]) -> Path | None:
    for each in (folder, *folder.parents):
        if each in known and each != folder:
            return known[each]
        if pytest_config.read(each) is not None:
            return each
        if (each / ".git").exists():
            return None
    return None


def _marked(folder: Path) -> Path | None:
    above = (folder, *folder.parents)
    return next((each for each in above if any((each / m).exists() for m in _ROOT_MARKS)), None)


def is_test_code(path: Path, root: Path, pytest: pytest_config.PytestConfig) -> bool:
    """Whether a file belongs to the tests: they are what the rules are about."""
    if path.name == "conftest.py" or pytest.is_test_file(path):
        return True
    folders = path.relative_to(root).parts[:-1] if path.is_relative_to(root) else path.parts[:-1]
    return not _TEST_FOLDERS.isdisjoint(folders)
