"""Where a mutant stands in the project's source."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from understudy.mutate.mutants import Mutant
from understudy.mutate.statements import Statement
from understudy.project.parsing import Unreadable, decoded, read
from understudy.script.excerpt import line_and_column

# The file of statements whose line is unknown. It does not exist.
_NOWHERE = "statements without a known line.sql"
_Position = tuple[int, int]


class Located(NamedTuple):
    """A part of a file.

    Attributes:
        name: the file's path relative to the project.
        language: its language, as prismjs.com names it.
        source: its text.
        start: its first line and column, counted from 1.
        end: the line and the column after it.
    """

    name: str
    language: str
    source: str
    start: _Position
    end: _Position


class Locator:
    """Finds mutants in the source.

    Args:
        root: the project's folder.
        statements: the statements of a run.
    """

    def __init__(self, root: Path, statements: Sequence[Statement]) -> None:
        self._root = root
        self._sources: dict[str, str | None] = {}
        lost = [one.sql for one in statements if self._source(one) is None]
        self._lost = "\n\n".join(lost)
        self._beginnings: dict[str, int] = {}
        beginning = 0
        for sql in lost:
            self._beginnings[sql] = beginning
            beginning += len(sql) + 2

    def locate(self, statement: Statement, mutant: Mutant) -> Located:
        """Return the place of a mutant: of its text, or of the line that sent its statement."""
        source = self._source(statement)
        if source is None:
            beginning = self._beginnings[statement.sql]
            start = line_and_column(self._lost, beginning + mutant.start)
            end = line_and_column(self._lost, beginning + max(mutant.end, mutant.start + 1))
            return Located(_NOWHERE, "sql", self._lost, start, end)
        spot = statement.spots[0]
        path = Path(spot.path)
        name = path.relative_to(self._root) if path.is_relative_to(self._root) else path
        line = source.splitlines()[spot.line - 1] if spot.line <= source.count("\n") + 1 else ""
        first = len(line) - len(line.lstrip()) + 1
        return Located(
            name.as_posix(), "python", source, (spot.line, first), (spot.line, len(line) + 1)
        )

    def _source(self, statement: Statement) -> str | None:
        """Return the text of the file that sends a statement, or None if it is unknown."""
        if not statement.spots:
            return None
        path = statement.spots[0].path
        if path not in self._sources:
            try:
                self._sources[path] = decoded(read(Path(path)))
            except (OSError, Unreadable):
                self._sources[path] = None
        return self._sources[path]
