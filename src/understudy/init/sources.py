"""The files of a project: which there are, and the syntax trees of its Python files."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

from understudy.project import parsing
from understudy.project.files import walk

_LARGEST_TEXT = 1_000_000


@dataclass(frozen=True)
class Unread:
    """A file that was left out, and why."""

    file: Path
    reason: str


@dataclass(frozen=True)
class Sources:
    """The files below a folder.

    Attributes:
        folder: the folder.
        files: every file, relative to it, sorted; files of tools and of other people are left out.
        trees: the Python files that could be parsed.
        unread: the Python files that could not.
    """

    folder: Path
    files: tuple[Path, ...]
    trees: dict[Path, ast.Module]
    unread: tuple[Unread, ...]

    def text(self, file: Path) -> str:
        """Return the text of a file, or an empty one if it is too large or cannot be read."""
        path = self.folder / file
        try:
            # Opening a pipe would wait for its writer.
            if not path.is_file() or path.stat().st_size > _LARGEST_TEXT:
                return ""
            return path.read_bytes().decode("utf-8-sig", errors="replace")
        except OSError:
            return ""


def read_sources(folder: Path) -> Sources:
    """Read the files below a folder; hidden folders, environments and links are not entered."""
    files = tuple(sorted(file.relative_to(folder) for file in walk(folder)))
    trees: dict[Path, ast.Module] = {}
    unread = []
    for file in files:
        if file.suffix == ".py":
            try:
                trees[file] = parsing.parsed(parsing.decoded(parsing.read(folder / file)))
            except parsing.Unreadable as error:
                unread.append(Unread(file, str(error)))
            except OSError as error:
                unread.append(Unread(file, f"cannot be read: {error.strerror or error}"))
    return Sources(folder, files, trees, tuple(unread))
