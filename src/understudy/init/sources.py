"""The files of a project: which there are, and what its Python says. Nothing is imported."""

from __future__ import annotations

import ast
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from understudy.init import messages

# Nobody writes such a file by hand, and parsing it takes seconds.
_LARGEST = 1_000_000
_FOREIGN = {"node_modules", "site-packages", "__pycache__", "build", "dist", "htmlcov", "venv"}


@dataclass(frozen=True)
class Place:
    """A line of a file; `file` is relative to the folder that was looked through."""

    file: Path
    line: int

    def __str__(self) -> str:
        return f"{self.file.as_posix()}:{self.line}"


@dataclass(frozen=True)
class Unread:
    """A file that was left out, and why."""

    file: Path
    reason: str


@dataclass(frozen=True)
class Sources:
    """The files below a folder.

    Attributes:
        folder: where they lie.
        files: every file, relative to it, sorted; those of other people are left out.
        trees: the Python files that could be read.
        unread: those that could not.
    """

    folder: Path
    files: tuple[Path, ...]
    trees: dict[Path, ast.Module]
    unread: tuple[Unread, ...]

    def text(self, file: Path) -> str:
        """The text of a file, with whatever is not UTF-8 replaced; empty where it is too large."""
        path = self.folder / file
        try:
            # Opening a pipe would wait for somebody to write into it.
            if not path.is_file() or path.stat().st_size > _LARGEST:
                return ""
            return path.read_bytes().decode("utf-8-sig", errors="replace")
        except OSError:
            return ""  # it is gone, or closed to us: then it tells us nothing


def read_sources(folder: Path) -> Sources:
    """Read what lies below a folder; hidden folders, environments and links are not entered."""
    files = tuple(sorted(_walk(folder)))
    trees: dict[Path, ast.Module] = {}
    unread = []
    for file in files:
        if file.suffix == ".py":
            try:
                trees[file] = _parse(folder / file)
            except _Unreadable as error:
                unread.append(Unread(file, str(error)))
    return Sources(folder, files, trees, tuple(unread))


class _Unreadable(Exception):
    pass


def _walk(folder: Path) -> Iterator[Path]:
    for parent, names, files in os.walk(folder):
        path = Path(parent)
        names[:] = [name for name in names if not is_foreign(path / name)]
        yield from ((path / name).relative_to(folder) for name in files)


def is_foreign(folder: Path) -> bool:
    """Whether a folder is hidden, made by a tool, or an environment."""
    name = folder.name
    return (
        name.startswith(".")
        or name in _FOREIGN
        or name.endswith(".egg-info")
        or (folder / "pyvenv.cfg").exists()
    )


def _parse(path: Path) -> ast.Module:
    try:
        if not path.is_file():
            raise _Unreadable(messages.no_regular_file())
        if path.stat().st_size > _LARGEST:
            raise _Unreadable(messages.too_large(_LARGEST))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Python thinks of the project's escapes
            return ast.parse(path.read_bytes(), filename=str(path))
    except SyntaxError as error:
        raise _Unreadable(messages.does_not_parse(error)) from error
    except (OSError, ValueError, RecursionError, MemoryError) as error:
        raise _Unreadable(messages.cannot_read(error)) from error
