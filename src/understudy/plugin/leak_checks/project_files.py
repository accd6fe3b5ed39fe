"""Which files belong to the project, and how a line of one is shown."""

from __future__ import annotations

import sys
from pathlib import Path
from types import CodeType

_INSTALLED = ("site-packages", "dist-packages")
_HERE = str(Path(__file__).parents[2])


class ProjectFiles:
    """Tells the project's files from those of its dependencies.

    Args:
        root: the project's root.
    """

    def __init__(self, root: Path) -> None:
        self._root = str(root)
        # An environment inside the project, as `.venv` is.
        self._environments = tuple(
            prefix for prefix in {sys.prefix, sys.base_prefix} if prefix.startswith(self._root)
        )

    def is_own(self, file: str) -> bool:
        """Return whether a file belongs to the project."""
        return (
            file.startswith(self._root)
            and not file.startswith(self._environments)
            and not self.is_installed(file)
        )

    def is_installed(self, file: str) -> bool:
        """Return whether a file belongs to a library, or to Understudy."""
        return file.startswith(_HERE) or any(part in file for part in _INSTALLED)

    def shown(self, file: str, line: int) -> str:
        """Return `path:line`, relative to the root if it lies below it."""
        path = Path(file)
        if path.is_relative_to(self._root):
            file = path.relative_to(self._root).as_posix()
        return f"{file}:{line}"

    def of(self, code: CodeType) -> str:
        """Return a function's name and place."""
        name = code.co_qualname.replace(".<locals>", "")
        return f"{name}() of {self.shown(code.co_filename, code.co_firstlineno)}"
