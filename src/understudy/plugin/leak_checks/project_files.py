"""Which files are the project's own, and how a line of them is named."""

from __future__ import annotations

import sys
from pathlib import Path
from types import CodeType

_INSTALLED = ("site-packages", "dist-packages")
_HERE = str(Path(__file__).parents[2])


class Places:
    """Tells the project's own files from those of what it uses.

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
        """Whether a file is the project's own."""
        return (
            file.startswith(self._root)
            and not file.startswith(self._environments)
            and not self.is_installed(file)
        )

    def is_installed(self, file: str) -> bool:
        """Whether a file is a library's, or ours."""
        return file.startswith(_HERE) or any(part in file for part in _INSTALLED)

    def shown(self, file: str, line: int) -> str:
        """Return `path:line`, the path from the root where it lies below."""
        path = Path(file)
        if path.is_relative_to(self._root):
            file = path.relative_to(self._root).as_posix()
        return f"{file}:{line}"

    def of(self, code: CodeType) -> str:
        """Return a function with the place where it is written."""
        name = code.co_qualname.replace(".<locals>", "")
        return f"{name}() of {self.shown(code.co_filename, code.co_firstlineno)}"
