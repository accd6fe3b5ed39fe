"""Where a mutant stands in the project's source."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from understudy.mutate.mutants import Mutant
from understudy.mutate.statements import Statement
from understudy.pg import sql
from understudy.project.parsing import Unreadable, decoded, read
from understudy.project.sql_literals import Literal, Places
from understudy.script.excerpt import line_and_column

# The file of statements whose line is unknown. It does not exist.
_NOWHERE = "statements without a known line.sql"
_LANGUAGES = {".py": "python", ".sql": "sql"}
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
        places: where the statements of the project stand.
        statements: the statements of a run.
    """

    def __init__(self, root: Path, places: Places, statements: Sequence[Statement]) -> None:
        self._root = root
        self._places = places
        self._sources: dict[Path, str] = {}
        self._beginnings: dict[str, int] = {}
        self._lost = ""
        for statement in statements:
            if self._literal(statement) is None and not statement.spots:
                self._beginnings[statement.sql] = len(self._lost)
                self._lost += f"{statement.sql}\n\n"

    def locate(self, statement: Statement, mutant: Mutant) -> Located:
        """Return the place of a mutant in its statement, or else the line that sent that."""
        literal = self._literal(statement)
        if literal is not None:
            return self._in_literal(literal, mutant)
        if statement.spots:
            spot = statement.spots[0]
            return self._line(Path(spot.path), spot.line)
        beginning = self._beginnings[statement.sql]
        start = line_and_column(self._lost, beginning + mutant.start)
        end = line_and_column(self._lost, beginning + max(mutant.end, mutant.start + 1))
        return Located(_NOWHERE, "sql", self._lost, start, end)

    def _literal(self, statement: Statement) -> Literal | None:
        """Return the text of a statement in the source, if it is certain."""
        places: list[tuple[Path | None, int]]
        places = [(Path(spot.path), spot.line) for spot in statement.spots] or [(None, 0)]
        for path, line in places:
            found = self._places.find(statement.sql, path, line)
            if len(found) == 1:
                return found[0]
        return None

    def _in_literal(self, literal: Literal, mutant: Mutant) -> Located:
        """Return the tokens of a literal that a mutant changes, or its first line."""
        pieces, sent = sql.pieces(literal.text), sql.pieces(mutant.statement)
        changed = [
            number
            for number, piece in enumerate(sent)
            if piece.start < max(mutant.end, mutant.start + 1) and piece.end > mutant.start
        ]
        if len(pieces) != len(sent) or not changed:
            return self._line(literal.path, literal.line)
        start = self._position(literal, pieces[changed[0]].start)
        end = self._position(literal, pieces[changed[-1]].end - 1)
        if start is None or end is None:
            return self._line(literal.path, literal.line)
        return self._line(literal.path, 0)._replace(start=start, end=(end[0], end[1] + 1))

    def _position(self, literal: Literal, offset: int) -> _Position | None:
        """Return the line and column of a character, or None if its line has other text as well."""
        first = literal.text.rfind("\n", 0, offset) + 1
        text = literal.text[first:].partition("\n")[0]
        line = literal.line_of(offset)
        column = self._line_text(literal.path, line).find(text)
        return None if column < 0 else (line, column + offset - first + 1)

    def _line(self, path: Path, line: int) -> Located:
        text = self._line_text(path, line)
        start = (line, len(text) - len(text.lstrip()) + 1)
        name = path.relative_to(self._root) if path.is_relative_to(self._root) else path
        language = _LANGUAGES.get(path.suffix, "none")
        end = (line, max(len(text), start[1]) + 1)
        return Located(name.as_posix(), language, self._source(path), start, end)

    def _line_text(self, path: Path, line: int) -> str:
        lines = self._source(path).split("\n")
        return lines[line - 1].rstrip("\r") if 0 < line <= len(lines) else ""

    def _source(self, path: Path) -> str:
        """Return the text of a file; empty if it cannot be read any more."""
        if path not in self._sources:
            try:
                self._sources[path] = decoded(read(path))
            except (OSError, Unreadable):
                self._sources[path] = ""
        return self._sources[path]
