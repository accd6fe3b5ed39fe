"""Which statements are mutated: those of some files, or on changed lines."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from understudy.mutate.statements import Spot, Statement
from understudy.project.changed_lines import ChangedLines
from understudy.project.files import is_test_code
from understudy.project.pytest_config import PytestConfig


class Selection:
    """The statements that are wanted.

    Args:
        root: the project's folder.
        config: pytest's configuration there, which tells the test files.
        paths: files and folders; none for all.
        changed: the changed lines; None if it does not matter.
    """

    def __init__(
        self,
        root: Path,
        config: PytestConfig,
        paths: Sequence[Path] = (),
        changed: ChangedLines | None = None,
    ) -> None:
        self._root = root
        self._config = config
        self._paths = paths
        self._changed = changed

    def is_test_code(self, path: Path) -> bool:
        """Return whether a file belongs to the tests, whose own statements are not mutated."""
        return is_test_code(path, self._root, self._config)

    def wants(self, statement: Statement) -> bool:
        """Return whether a statement is wanted."""
        if not self._paths and self._changed is None:
            return True
        return any(self._wants(statement.sql, spot) for spot in statement.spots)

    def _wants(self, sql: str, spot: Spot) -> bool:
        path = Path(spot.path)
        if self._paths and not any(path.is_relative_to(wanted) for wanted in self._paths):
            return False
        if self._changed is None:
            return True
        return any(
            self._changed.has_any(file, lines) for file, lines in _lines(self._root, sql, spot)
        )


def _lines(root: Path, sql: str, spot: Spot) -> Sequence[tuple[Path, Collection[int]]]:
    """Return the lines that send a statement, and those of its text."""
    return [(Path(spot.path), [spot.line])]
