"""Which statements are mutated: those of some files, or on changed lines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from understudy.mutate.statements import Spot, Statement
from understudy.project.changed_lines import ChangedLines
from understudy.project.files import is_test_code
from understudy.project.pytest_config import PytestConfig
from understudy.project.sql_literals import Places, inventory


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
        self._places = Places([] if changed is None else inventory(root).literals)

    def is_test_code(self, path: Path) -> bool:
        """Return whether a file belongs to the tests, whose own statements are not mutated."""
        return is_test_code(path, self._root, self._config)

    def wants(self, statement: Statement) -> bool:
        """Return whether a statement is wanted: its text, or a line that sends it."""
        if not self._paths and self._changed is None:
            return True
        return any(self._wants(statement.sql, spot) for spot in statement.spots)

    def _wants(self, sql: str, spot: Spot) -> bool:
        path = Path(spot.path)
        if self._paths and not any(path.is_relative_to(wanted) for wanted in self._paths):
            return False
        if self._changed is None or self._changed.has_any(path, [spot.line]):
            return True
        return any(
            self._changed.has_any(literal.path, literal.lines)
            for literal in self._places.find(sql, path, spot.line)
        )
