"""A mutant: a source file with one change."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Method:
    """A DAO method: its file, module, class and name."""

    file: Path
    module: str
    owner: str
    name: str


@dataclass(frozen=True)
class Mutant:
    """One change in the source of a DAO method.

    Attributes:
        family: "SQL" or "parameters".
        kind: what was changed, such as "column misspelled".
        edits: tuples (start, end, text): the range from start to end in the file becomes text.
    """

    method: Method
    family: str
    kind: str
    edits: tuple[tuple[int, int, str], ...]

    @property
    def source(self) -> str:
        """The text of the file with the change."""
        text = self._original
        for start, end, replacement in sorted(self.edits, reverse=True):
            text = text[:start] + replacement + text[end:]
        return text

    def __str__(self) -> str:
        text = self._original
        line = text.count("\n", 0, min(start for start, _, _ in self.edits)) + 1
        changes = ", ".join(
            f"{' '.join(text[start:end].split())!r} -> {replacement!r}"
            for start, end, replacement in self.edits
        )
        return f"{self.method.file.name}:{line} {self.method.name}: {self.kind}: {changes}"

    @property
    def _original(self) -> str:
        return self.method.file.read_text(encoding="utf-8")
